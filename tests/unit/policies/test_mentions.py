from __future__ import annotations

import pytest

from slotcast.policies import mentions


def test_an_expression_mentions_what_its_subqueries_do() -> None:
    found = mentions.of_expression(
        'a = b and exists (with q as (select * from public.teams) select from q, "Odd name" m'
        " where auth.uid() = m.who and m.n === any (select f() from t))"
    )

    assert found.relations == {("public", "teams"), ("q",), ("Odd name",), ("t",)}
    assert found.queries == {"q"}
    assert found.functions == {("auth", "uid"), ("f",)}
    assert found.operators == {"=", "==="}
    assert found.problems == set()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("select current_timestamp", "it depends on the time"),
        ("select localtime(3)", "it depends on the time"),
        ("select 'today'::date", "it may depend on the time ('today')"),
        ("insert into t values (1)", "it writes"),
        ("with q as (delete from t returning *) select * from q", "it writes"),
        ("select * from t tablesample bernoulli (10)", "it reads a sample"),
    ],
)
def test_what_the_same_rows_do_not_decide_is_a_problem(statement: str, problem: str) -> None:
    assert mentions.of_statements(statement).problems == {problem}


def test_a_session_value_is_no_problem() -> None:
    assert mentions.of_expression("current_user = 'ann'").problems == set()


def test_text_that_is_no_sql_is_a_problem() -> None:
    (problem,) = mentions.of_statements("select from where").problems

    assert problem.startswith("its text cannot be parsed")


def test_pl_pgsql_is_read_wherever_it_holds_sql() -> None:
    found = mentions.of_plpgsql("""
        create function f(x int) returns setof int language plpgsql as $f$
        declare
          n int := (select 1 from a);
          c cursor for select 1 from b;
          r record;
        begin
          n := n + (select 1 from d);
          if exists (select from e) then perform g(); end if;
          for r in select * from h loop null; end loop;
          return query select 1 from i;
        end $f$
    """)

    assert found.relations == {(name,) for name in "abdehi"}
    assert found.functions == {("g",)}
    assert found.problems == set()


@pytest.mark.parametrize(
    "statement",
    [
        "execute 'select 1'",
        "return query execute 'select 1'",
        "for x in execute 'select 1' loop null; end loop",
    ],
)
def test_a_string_that_is_executed_is_a_problem(statement: str) -> None:
    found = mentions.of_plpgsql(
        "create function f() returns setof int language plpgsql as"
        f" $f$ declare x int; begin {statement}; end $f$"
    )

    assert found.problems == {"it executes a string as SQL"}
