"""The bodies of responses as SQL; PostgreSQL makes them whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from slotcast.rest.plan.nodes import BuiltinBody
from slotcast.rest.query.calling import SCALAR
from slotcast.rest.query.statement import qualified
from slotcast.rest.schema import MediaHandler

if TYPE_CHECKING:
    from slotcast.rest.schema import Routine

ROWS = "_postgrest_t"
"""What the rows of the response are called; the original's name, as errors may show it."""

# Of the rows of the response: those of a function or a write have columns that nobody selected.
_CSV_HEADER = (
    f"(SELECT coalesce(string_agg(k, ','), '') FROM json_object_keys(json_agg({ROWS}) -> 0) k)"
)
_CSV_LINES = f"coalesce(string_agg(substring({ROWS}::text, 2, length({ROWS}::text) - 2), '\n'), '')"


def body_sql(maker: BuiltinBody | MediaHandler, routine: Routine | None) -> str:
    """
    Write the expression that makes the body of all rows.

    Args:
        maker: What it is.
        routine: The function that the rows come from, if they do.
    """
    if isinstance(maker, MediaHandler):
        return _handled(maker, routine)
    match maker:
        case BuiltinBody.NONE:
            return "''::text"
        case BuiltinBody.JSON | BuiltinBody.JSON_STRIPPED:
            return _json(routine, is_stripped=maker is BuiltinBody.JSON_STRIPPED)
        case BuiltinBody.OBJECT | BuiltinBody.OBJECT_STRIPPED:
            return _object(routine, is_stripped=maker is BuiltinBody.OBJECT_STRIPPED)
        case BuiltinBody.CSV:
            return f"{_CSV_HEADER} || '\n' || {_CSV_LINES}"
        case BuiltinBody.GEO_JSON:
            features = f"coalesce(json_agg(ST_AsGeoJSON({ROWS})::json), '[]')"
            return f"json_build_object('type', 'FeatureCollection', 'features', {features})"
        case _:
            assert_never(maker)


def _json(routine: Routine | None, *, is_stripped: bool) -> str:
    if routine is not None and not routine.returns_set:
        return _object(routine, is_stripped=is_stripped)
    value = ROWS
    if routine is not None and routine.is_set_of_scalar:
        value = f"{ROWS}.{SCALAR}"
    return f"coalesce({_stripped(f'json_agg({value})', is_stripped=is_stripped)}, '[]')"


def _object(routine: Routine | None, *, is_stripped: bool) -> str:
    value = ROWS
    if routine is not None and not routine.returns_row:
        value = f"{ROWS}.{SCALAR}"
    return f"coalesce({_stripped(f'json_agg({value})->0', is_stripped=is_stripped)}, 'null')"


def _stripped(text: str, *, is_stripped: bool) -> str:
    return f"json_strip_nulls({text})" if is_stripped else text


def _handled(handler: MediaHandler, routine: Routine | None) -> str:
    function = qualified(handler.function)
    if routine is not None and routine.is_scalar:
        return f"{function}({ROWS}.{SCALAR})"
    if handler.row_type is None:
        return f"{function}({ROWS})"
    return f"{function}({ROWS}::{qualified(handler.row_type)})"
