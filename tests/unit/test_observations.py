from __future__ import annotations

import dataclasses
import io
import json
import logging
from typing import TYPE_CHECKING, ClassVar

import psycopg
import pytest

from slotcast.errors import DatabaseError
from slotcast.observations import Observation, configure_logging, observe, problem

if TYPE_CHECKING:
    from collections.abc import Generator

VALUE = "a value of a row"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SlotLag(Observation):
    level: ClassVar[int] = logging.WARNING
    slot: str
    lag_bytes: int


@pytest.fixture(autouse=True)
def _restored_logging() -> Generator[None]:  # pyright: ignore[reportUnusedFunction] - a fixture
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_has_the_fields_of_an_observation() -> None:
    stream = io.StringIO()
    configure_logging("info", "line", stream)

    observe(SlotLag(slot="my slot", lag_bytes=12))

    assert stream.getvalue().endswith(" WARNING SlotLag slot='my slot' lag_bytes=12\n")


def test_json_is_one_object_a_line() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)

    observe(SlotLag(slot="a\nb", lag_bytes=12))
    logging.getLogger("another").warning("with %s", "arguments")

    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["level"]) == ("SlotLag", "WARNING")
    assert (first["slot"], first["lag_bytes"]) == ("a\nb", "12")
    assert first["time"].endswith("+00:00")
    assert (second["event"], second["logger"]) == ("with arguments", "another")


def fail() -> None:
    raise ValueError(VALUE)


@pytest.mark.parametrize("log_format", ["line", "json"])
def test_an_error_is_logged_with_its_place_and_without_its_words(log_format: str) -> None:
    stream = io.StringIO()
    configure_logging("info", log_format, stream)

    try:
        fail()
    except ValueError:
        logging.getLogger("slotcast").exception("something failed")

    assert "ValueError at test_observations.py:" in stream.getvalue()
    assert "in fail" in stream.getvalue()
    assert VALUE not in stream.getvalue()


def test_debugging_shows_errors_whole() -> None:
    stream = io.StringIO()
    configure_logging("debug", "line", stream)

    try:
        fail()
    except ValueError:
        logging.getLogger("slotcast").exception("something failed")

    assert VALUE in stream.getvalue()


def test_a_problem_of_postgresql_is_told_by_its_code() -> None:
    error = psycopg.errors.InvalidTextRepresentation(VALUE)

    assert problem(error) == "InvalidTextRepresentation (SQLSTATE 22P02)"


def test_the_words_of_a_lost_connection_and_of_our_own_errors_are_told() -> None:
    assert problem(psycopg.OperationalError("refused\n")) == "OperationalError: refused"
    assert problem(DatabaseError("run this")) == "DatabaseError: run this"


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert problem(KeyError(VALUE)) == "KeyError"
