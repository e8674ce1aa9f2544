"""
What the server notices about itself, as data.

Code says *what* happened, `observe(SlotLag(lag_bytes=…))`; the logger decides how to show
it. An observation never holds a secret or a row's values.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, TextIO, TypeAlias

from slotcast.errors import SlotcastError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    _ExcInfo: TypeAlias = (
        tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    )

_logger = logging.getLogger("slotcast")

_CONNECTION_ERRORS: Final = frozenset({"OperationalError", "PoolTimeout", "StreamBroken"})
"""Errors whose words come from libpq, the pool or the system, and tell of no rows."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Something that happened; subclasses carry its fields."""

    level: ClassVar[int] = logging.INFO


def problem(error: BaseException) -> str:
    """
    Describe *error* without its message, which may quote a row's values or a filter.

    Returns:
        Its kind, PostgreSQL's code for it if it came from there, and where it arose. Errors
        of connections, which have no code, and those of ours are described by their words.
    """
    kind = type(error).__name__
    sqlstate = getattr(error, "sqlstate", None)
    if sqlstate is not None:
        return f"{kind} (SQLSTATE {sqlstate})"
    if isinstance(error, SlotcastError) or kind in _CONNECTION_ERRORS:
        return f"{kind}: {str(error).strip()}"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{kind} at {_place(frames[-1])}" if frames else kind


def _place(frame: traceback.FrameSummary) -> str:
    return f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}"


def observe(observation: Observation) -> None:
    """Report *observation* to the log."""
    if _logger.isEnabledFor(observation.level):
        _logger.log(
            observation.level, type(observation).__name__, extra={"observation": observation}
        )


class _Formatter(logging.Formatter):
    """
    What both formats share: the fields of an observation, and errors without their words.

    Args:
        is_verbose: Whether errors are shown whole. Their messages may quote rows, so that is
            for debugging only.
    """

    default_msec_format = "%s.%03d"

    def __init__(self, *, is_verbose: bool) -> None:
        super().__init__()
        self._is_verbose = is_verbose

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 (the library's name)
        """Write where an error arose, and its message only when debugging."""
        error = ei[1]
        if self._is_verbose or error is None:
            return super().formatException(ei)
        lines = [f"  {_place(frame)}" for frame in traceback.extract_tb(error.__traceback__)]
        return "\n".join(["Traceback (most recent call last):", *lines, problem(error)])

    def fields(self, record: logging.LogRecord) -> Mapping[str, str]:
        """Give the fields of the observation that *record* reports, if it does."""
        observation = getattr(record, "observation", None)
        if not isinstance(observation, Observation):
            return {}
        return {
            field.name: str(getattr(observation, field.name))
            for field in dataclasses.fields(observation)
        }


class _LineFormatter(_Formatter):
    """``2026-01-02 03:04:05.678 INFO SlotLag lag_bytes=12``, one line an event."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{self.formatTime(record)} {record.levelname} {record.getMessage()}"
        for name, value in self.fields(record).items():
            shown = value if value and not set(value) & set(' "=\n') else repr(value)
            line += f" {name}={shown}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class _JsonFormatter(_Formatter):
    """``{"time": …, "level": "INFO", "event": "SlotLag", "lag_bytes": "12"}`` and a line end."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, str] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **self.fields(record),
        }
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return json.dumps(document, ensure_ascii=False)


def configure_logging(level: str, log_format: str = "line", stream: TextIO = sys.stderr) -> None:
    """
    Write log lines of *level* and above to *stream*.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        log_format: ``line`` for people, ``json`` for programs: one object a line.
        stream: Where the lines go.
    """
    formatter = _JsonFormatter if log_format == "json" else _LineFormatter
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter(is_verbose=level == "debug"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
