"""
Which columns of tables a view shows, read from its rewrite rule.

PostgreSQL keeps a view as a node tree, and notes for every column of its result from which
column of which relation it comes, if it shows one as it is. In the text form of the tree::

    ({QUERY … :targetList ({TARGETENTRY :expr {VAR …} :resno 1 … :resorigtbl 16400
     :resorigcol 1 :resjunk false} …) …})

Only the outermost query's target list counts, so braces are counted; those that are part
of names are behind a backslash.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TOKEN: Final = re.compile(
    r"\\. | (?P<open>\{) | (?P<close>\}) | (?P<list> :targetList\ \( )"
    r"| :(?P<name> resno | resorigtbl | resorigcol | resjunk )\ (?P<value> \w+ )",
    re.VERBOSE | re.DOTALL,
)
_QUERY_DEPTH: Final = 1
_ENTRY_DEPTH: Final = 2


class Origin(NamedTuple):
    """Where a column of a view comes from: a relation's OID, and a column's number there."""

    relation: int
    column: int


def origins(rule: str) -> dict[int, Origin]:
    """
    Read a rewrite rule.

    Args:
        rule: The text of `pg_rewrite.ev_action`.

    Returns:
        By number of the view's column; those that are expressions are missing.
    """
    found: dict[int, Origin] = {}
    for entry in _entries(rule):
        table = int(entry.get("resorigtbl", "0"))
        if table and entry.get("resjunk") == "false":
            found[int(entry["resno"])] = Origin(table, int(entry["resorigcol"]))
    return found


def _entries(rule: str) -> Iterator[Mapping[str, str]]:
    """Give the members of each entry of the outermost target list that we look for."""
    depth = 0
    is_in_list = False
    entry: dict[str, str] = {}
    for token in _TOKEN.finditer(rule):
        match token.lastgroup:
            case "open":
                depth += 1
            case "close":
                if is_in_list and depth == _ENTRY_DEPTH:
                    if "resno" not in entry:
                        return
                    yield entry
                    entry = {}
                depth -= 1
            case "list":
                is_in_list = is_in_list or depth == _QUERY_DEPTH
            case "value":
                if is_in_list and depth == _ENTRY_DEPTH:
                    entry[token["name"]] = token["value"]
            case _:
                pass


def trace(views: Mapping[int, Mapping[int, Origin]], view: int, column: int) -> Origin | None:
    """
    Follow a view's column through other views to the table it comes from.

    Views may have been replaced so that they show each other; then there is no table.

    Args:
        views: What `origins` found, by OID of the view.
        view: The OID of the view to begin with.
        column: A number of one of its columns.
    """
    origin = views[view].get(column)
    passed = {view}
    while origin is not None and origin.relation in views:
        if origin.relation in passed:
            return None
        passed.add(origin.relation)
        origin = views[origin.relation].get(origin.column)
    return origin
