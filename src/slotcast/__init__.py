"""Slotcast keeps apps in step with PostgreSQL."""

from importlib.metadata import version

__version__ = version("slotcast")
