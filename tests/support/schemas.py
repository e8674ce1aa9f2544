"""A schema cache made by hand: clients, projects, tasks, users and what joins them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slotcast.rest.relationships import ForeignKey, ViewColumn, ViewColumns, derive, with_view_keys
from slotcast.rest.request.reading import HttpRequest, RequestRules, read_request
from slotcast.rest.schema import (
    Column,
    ComputedRelationship,
    Parameter,
    QualifiedName,
    Relation,
    Routine,
    SchemaCache,
    Volatility,
)

if TYPE_CHECKING:
    from slotcast.rest.request.ast import Request

SCHEMA: Final = "api"


def named(name: str) -> QualifiedName:
    return QualifiedName(SCHEMA, name)


def relation(called: str, key: str, /, *, is_view: bool = False, **types: str) -> Relation:
    """Make a relation whose columns are *types*, and whose primary key is *key*."""
    return Relation(
        name=named(called),
        columns={
            column: Column(name=column, type=type_, base_type=type_)
            for column, type_ in types.items()
        },
        primary_key=tuple(key.split()),
        is_view=is_view,
    )


def foreign_key(
    name: str, table: str, column: str, referenced: str, *, is_unique: bool = False
) -> ForeignKey:
    """Make a key of *column* to the column `id` of *referenced*."""
    return ForeignKey(
        name=name,
        table=named(table),
        referenced=named(referenced),
        columns=((column, "id"),),
        is_unique=is_unique,
    )


_RELATIONS: Final = [
    relation("clients", "id", id="integer", name="text"),
    relation(
        "projects",
        "id",
        id="integer",
        name="text",
        client_id="integer",
        data="jsonb",
        boss="integer",
    ),
    relation("details", "id", id="integer", project_id="integer", text="tsvector"),
    relation("tasks", "id", id="integer", name="text", project_id="integer"),
    relation("users", "id", id="integer", name="text"),
    relation("users_tasks", "user_id task_id", user_id="integer", task_id="integer"),
    relation("people", "id", id="integer", parent_id="integer"),
    relation("projects_view", "", is_view=True, id="integer", client_id="integer"),
]

_FOREIGN_KEYS: Final = [
    foreign_key("projects_client_fkey", "projects", "client_id", "clients"),
    foreign_key("projects_boss_fkey", "projects", "boss", "users"),
    foreign_key("details_project_fkey", "details", "project_id", "projects", is_unique=True),
    foreign_key("tasks_project_fkey", "tasks", "project_id", "projects"),
    foreign_key("users_tasks_user_fkey", "users_tasks", "user_id", "users"),
    foreign_key("users_tasks_task_fkey", "users_tasks", "task_id", "tasks"),
    foreign_key("people_parent_fkey", "people", "parent_id", "people"),
]

_VIEW_COLUMNS: Final = [
    ViewColumn(view=named("projects_view"), name=name, table=named("projects"), table_column=name)
    for name in ("id", "client_id")
]

_COMPUTED: Final = ComputedRelationship(
    source=named("users"), target=named("projects"), function=named("led"), is_to_one=False
)


def parameter(name: str, type_: str = "integer", *, is_required: bool = True) -> Parameter:
    return Parameter(name=name, type=type_, payload_type=type_, is_required=is_required)


_ROUTINES: Final = [
    Routine(
        name=named("add"),
        parameters=(parameter("a"), parameter("b", is_required=False)),
        return_type=QualifiedName("pg_catalog", "int4"),
        volatility=Volatility.IMMUTABLE,
    ),
    Routine(
        name=named("all_projects"),
        return_type=named("projects"),
        returns_set=True,
        returns_row=True,
        volatility=Volatility.STABLE,
    ),
    Routine(name=named("twice"), parameters=(parameter("x"),)),
    Routine(name=named("twice"), parameters=(parameter("x"), parameter("y", is_required=False))),
    Routine(
        name=named("many"),
        parameters=(Parameter(name="v", type="text[]", payload_type="text[]", is_variadic=True),),
    ),
    Routine(name=named("raw"), parameters=(parameter("", "json"),)),
    Routine(name=named("raw_bytes"), parameters=(parameter("", "bytea"),)),
]


def schema_cache() -> SchemaCache:
    views = ViewColumns(_VIEW_COLUMNS)
    relations = with_view_keys({one.name: one for one in _RELATIONS}, views)
    routines: dict[QualifiedName, tuple[Routine, ...]] = {}
    for routine in _ROUTINES:
        routines[routine.name] = (*routines.get(routine.name, ()), routine)
    return SchemaCache(
        relations=relations,
        relationships=derive(_FOREIGN_KEYS, relations, views, [_COMPUTED], [SCHEMA]),
        routines=routines,
    )


CACHE: Final = schema_cache()


def request(
    method: str, path: str, query: str = "", *, body: bytes = b"", **headers: str
) -> Request:
    """Read a request; underscores in the names of *headers* stand for hyphens."""
    sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return read_request(
        HttpRequest(method=method, path=path, query=query.encode(), headers=sent, body=body),
        RequestRules(schemas=(SCHEMA,), may_choose_end=True),
    )
