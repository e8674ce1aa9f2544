"""
What the server notices about itself, as data.

Code says *what* happened, `observe(SlotLag(lag_bytes=…))`; the logger decides how to show
it. An observation never holds a secret or a row's values.
"""

from __future__ import annotations

import dataclasses
import logging
import sys
from typing import ClassVar, TextIO

_logger = logging.getLogger("slotcast")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Something that happened; subclasses carry its fields."""

    level: ClassVar[int] = logging.INFO


def observe(observation: Observation) -> None:
    """Report *observation* to the log."""
    if _logger.isEnabledFor(observation.level):
        _logger.log(
            observation.level, type(observation).__name__, extra={"observation": observation}
        )


class _LineFormatter(logging.Formatter):
    """``2026-01-02T03:04:05 INFO SlotLag lag_bytes=12``, one line an event."""

    default_msec_format = "%s.%03d"

    def format(self, record: logging.LogRecord) -> str:
        line = f"{self.formatTime(record)} {record.levelname} {record.getMessage()}"
        observation = getattr(record, "observation", None)
        if isinstance(observation, Observation):
            for field in dataclasses.fields(observation):
                value = str(getattr(observation, field.name))
                shown = value if value and not set(value) & set(' "=\n') else repr(value)
                line += f" {field.name}={shown}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def configure_logging(level: str, stream: TextIO = sys.stderr) -> None:
    """
    Write log lines of *level* and above to *stream*.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        stream: Where the lines go.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
