from __future__ import annotations

from slotcast.rest.view_columns import Origin, origins, trace


def entry(number: int, table: int, column: int, *, is_junk: bool = False) -> str:
    junk = "true" if is_junk else "false"
    return (
        f"{{TARGETENTRY :expr {{VAR :varno 1}} :resno {number} :resname a\\{{b"
        f" :ressortgroupref 0 :resorigtbl {table} :resorigcol {column} :resjunk {junk}}}"
    )


def query(*entries: str, subquery: str = "<>") -> str:
    return f"{{QUERY :rtable ({subquery}) :targetList ({' '.join(entries)}) :onConflict <>}}"


def test_columns_of_the_outermost_query_have_origins() -> None:
    rule = f"({query(entry(1, 100, 3), entry(2, 0, 0), subquery=query(entry(1, 999, 9)))})"

    assert origins(rule) == {1: Origin(100, 3)}


def test_columns_that_are_not_shown_have_none() -> None:
    assert origins(f"({query(entry(1, 100, 3, is_junk=True))})") == {}


def test_a_column_is_followed_through_views() -> None:
    views = {1: {1: Origin(2, 5)}, 2: {5: Origin(100, 3)}}

    assert trace(views, 1, 1) == Origin(100, 3)
    assert trace(views, 1, 2) is None


def test_views_that_show_each_other_show_no_table() -> None:
    views = {1: {1: Origin(2, 1)}, 2: {1: Origin(1, 1)}}

    assert trace(views, 1, 1) is None
