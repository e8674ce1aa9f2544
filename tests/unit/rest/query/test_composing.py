"""The SQL of requests: what is text, and what is bound."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest

from slotcast.rest.errors import RestError
from slotcast.rest.plan.planning import PlanRules, plan
from slotcast.rest.plan.reading import ReadRules
from slotcast.rest.query.composing import Composed, compose
from support.schemas import CACHE, request

RULES = PlanRules(reading=ReadRules(has_aggregates=True), may_explain=True)
HOSTILE = """'; drop table "x"; -- \\ """


def composed(
    method: str, path: str, query: str = "", *, body: bytes = b"", **headers: str
) -> Composed:
    asked = request(method, path, query, body=body, **headers)
    return compose(plan(asked, CACHE, RULES), asked.preferences, row_limit=100)


def sql(method: str, path: str, query: str = "", *, body: bytes = b"", **headers: str) -> str:
    return composed(method, path, query, body=body, **headers).main.text


def source(text: str) -> str:
    """Give the part of the statement that reads, calls or writes."""
    found = re.match(r"WITH pgrst_source AS \((.*)\)(, pgrst_source_count AS .*)? SELECT", text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("id=eq.1", '"id" = $1'),
        ("id=not.eq.1", 'NOT "api"."projects"."id" = $1'),
        ("id=in.(1,2)", '"id" = ANY ($1)'),
        ("id=in.()", """"id" = ANY ('{}')"""),
        ("id=is.null", '"id" IS NULL'),
        ("id=is.not_null", '"id" IS NOT NULL'),
        ("id=isdistinct.1", '"id" IS DISTINCT FROM $1'),
        ("name=like(any).{a*,b}", '"name" like ANY($1)'),
        ("name=imatch.a", '"name" ~* $1'),
        ("data->a->>0=eq.1", '"data"->$1->>$2::int = $3'),
        ("name->a=eq.1", 'to_jsonb("api"."projects"."name")->$1 = $2'),
        ("name=fts(english).a", "to_tsvector($1, "),
        ("or=(id.eq.1,not.and(id.gt.2,id.lt.5))", "OR NOT ("),
        ('"a\\"b"=eq.1', '"a""b" = $1'),
    ],
)
def test_filters_become_conditions(query: str, condition: str) -> None:
    assert condition in source(sql("GET", "/projects", query))


def test_a_column_that_is_a_document_is_searched_as_it_is() -> None:
    text = source(sql("GET", "/details", "text=plfts.a"))

    assert '"api"."details"."text" @@ plainto_tsquery($1)' in text


@pytest.mark.parametrize(
    "query",
    [
        f"name=eq.{HOSTILE}",
        f"name=in.({HOSTILE})",
        f"name=like.{HOSTILE}",
        f"or=(name.eq.{HOSTILE})",
        "data->'; drop table x;=eq.1",
        f"name=fts(simple).{HOSTILE}",
    ],
)
def test_values_are_never_part_of_the_text(query: str) -> None:
    assert "drop table" not in sql("GET", "/projects", query)


@pytest.mark.parametrize(
    "query",
    [f"select={HOSTILE}", f"order={HOSTILE}", f"{HOSTILE}=eq.1", f"select=x:name::{HOSTILE}"],
)
def test_names_are_quoted_whole_or_refused(query: str) -> None:
    with suppress(RestError):
        text = sql("GET", "/projects", query.replace('"', '\\"'))

        assert "drop table" not in re.sub(r'"(?:[^"]|"")*"', "", text)


def test_the_text_depends_on_the_shape_alone() -> None:
    texts = {sql("GET", "/projects", f"id=eq.{value}&limit={value}") for value in (1, 2, 33)}

    assert len(texts) == 1


def test_an_embed_of_one_is_joined_laterally_as_an_object() -> None:
    text = source(sql("GET", "/projects", "select=id,clients(name)"))

    assert 'row_to_json("projects_clients_1".*)::jsonb AS "clients"' in text
    assert (
        'LEFT JOIN LATERAL (SELECT "clients_1"."name" FROM "api"."clients" AS "clients_1"' in text
    )
    assert '"clients_1"."id" = "api"."projects"."client_id"' in text


def test_an_inner_embed_of_many_drops_parents_and_counts_them_so() -> None:
    text = sql("GET", "/clients", "select=id,projects!inner(id)", prefer="count=exact")

    assert "INNER JOIN LATERAL" in text
    assert '"clients_projects_1"."clients_projects_1" IS NOT NULL' in text
    assert "pgrst_source_count AS (SELECT 1 FROM" in text
    assert "EXISTS (SELECT 1 FROM" in text


def test_a_junction_stands_between() -> None:
    text = source(sql("GET", "/users", "select=tasks(name)"))

    assert '"tasks_1"."id" = "api"."users_tasks"."task_id"' in text
    assert '"api"."users"."id" = "api"."users_tasks"."user_id"' in text


def test_a_computed_relationship_calls_its_function() -> None:
    text = source(sql("GET", "/users", "select=led(id)"))

    assert 'FROM "api"."led"(("users".*)::"api"."users") AS "projects_1"' in text


def test_aggregates_group_by_all_that_is_not_aggregated() -> None:
    text = source(sql("GET", "/tasks", "select=project_id,count(),id.max()::text,projects(name)"))

    assert "COUNT(*)" in text
    assert 'CAST(MAX("api"."tasks"."id") AS text)' in text
    assert text.endswith('GROUP BY "api"."tasks"."project_id", "projects"')


def test_a_spread_of_many_is_arrays_in_one_order() -> None:
    text = source(sql("GET", "/clients", "select=...projects(id,name)&projects.order=name.desc"))

    assert text.count('ORDER BY "clients_projects_1"."clients_projects_1_order_0" DESC') == 2


def test_a_write_without_a_representation_reads_nothing() -> None:
    text = source(sql("POST", "/projects", body=b'{"id":1,"name":"a"}'))

    assert text.endswith(" RETURNING 1")
    assert 'json_to_record(pgrst_payload.json_data) AS _("id" integer, "name" text)' in text


def test_an_upsert_counts_what_it_inserts() -> None:
    text = source(
        sql("POST", "/projects", body=b'[{"id":1}]', prefer="resolution=merge-duplicates")
    )

    assert 'ON CONFLICT("id") DO UPDATE SET "id" = EXCLUDED."id" WHERE' in text
    assert text.count("set_config('pgrst.inserted'") == 2


def test_an_empty_update_changes_nothing() -> None:
    assert source(sql("PATCH", "/projects", body=b"{}")).endswith("WHERE false")


@pytest.mark.parametrize(
    ("method", "path", "body", "call"),
    [
        ("GET", "/rpc/add?a=1", b"", '"api"."add"("a" := $1::integer)'),
        ("GET", "/rpc/many?v=1&v=2", b"", '"api"."many"(VARIADIC "v" := $1::text[])'),
        ("POST", "/rpc/add", b'{"a":1}', '"api"."add"("a" := pgrst_body."a")'),
        ("POST", "/rpc/raw", b'{"a":1}', '"api"."raw"($1::json)'),
    ],
)
def test_functions_are_called_with_what_is_given(
    method: str, path: str, body: bytes, call: str
) -> None:
    name, _, query = path.partition("?")

    assert call in source(sql(method, name, query, body=body))


def test_bytes_are_bound_as_bytes() -> None:
    asked = composed(
        "POST", "/rpc/raw_bytes", body=b"\x00\xff", content_type="application/octet-stream"
    )

    assert asked.main.values[0] == b"\\x00ff"


def test_a_plan_explains_the_statement() -> None:
    accept = 'application/vnd.pgrst.plan+json; for="application/json"; options=analyze|buffers'

    asked = composed("GET", "/projects", accept=accept)

    assert asked.is_explained
    assert asked.main.text.startswith("EXPLAIN (FORMAT JSON, ANALYZE, BUFFERS) WITH")


def test_an_estimate_asks_the_planner_and_counts_up_to_the_bound() -> None:
    asked = composed("GET", "/projects", prefer="count=estimated")

    assert asked.estimate is not None
    assert asked.estimate.text == 'EXPLAIN (FORMAT JSON) SELECT 1 FROM "api"."projects"'
    assert "LIMIT 101" in asked.main.text


@pytest.mark.parametrize(("method", "path"), [("GET", "/users"), ("POST", "/users")])
def test_the_header_of_csv_is_of_the_rows_below_it(method: str, path: str) -> None:
    prefer = "return=representation"

    text = sql(method, path, "select=name", body=b"{}", accept="text/csv", prefer=prefer)

    assert "json_object_keys(json_agg(_postgrest_t) -> 0)" in text
