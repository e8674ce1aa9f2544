"""From a request to its plan; the order of the steps decides which mistake is told first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.plan.calling import find_routine, plan_arguments
from slotcast.rest.plan.nodes import ALL, BodyPlan, BuiltinBody, CallPlan, PlannedColumn
from slotcast.rest.plan.nodes import PlannedField as _Field
from slotcast.rest.plan.reading import (
    ReadRules,
    needed_columns,
    plan_read,
    plan_representation,
    plan_source,
)
from slotcast.rest.plan.similarity import VERY_LIKELY, most_similar
from slotcast.rest.plan.writing import plan_write
from slotcast.rest.request.ast import Function, MediaType, Method, Relation, Return
from slotcast.rest.request.media_types import (
    ANY,
    ARRAY_STRIPPED,
    CSV,
    GEO_JSON,
    JSON,
    OBJECT,
    OBJECT_STRIPPED,
)
from slotcast.rest.response.negotiation import negotiate
from slotcast.rest.response.preferences import check_strictness, effective_max_affected
from slotcast.rest.schema import MediaHandler, QualifiedName, Routine, Volatility
from slotcast.rest.schema import Relation as Table

if TYPE_CHECKING:
    from slotcast.rest.plan.nodes import ReadPlan, WritePlan
    from slotcast.rest.request.ast import Request
    from slotcast.rest.schema import SchemaCache

_BAD_REQUEST = 400
_NOT_FOUND = 404

_HINTED_RELATIONS_LIMIT = 500
"""In a schema with as many relations nobody is told which one they may have meant."""

_BUILTINS = {
    ANY: BuiltinBody.JSON,
    JSON: BuiltinBody.JSON,
    CSV: BuiltinBody.CSV,
    GEO_JSON: BuiltinBody.GEO_JSON,
    OBJECT: BuiltinBody.OBJECT,
    OBJECT_STRIPPED: BuiltinBody.OBJECT_STRIPPED,
    ARRAY_STRIPPED: BuiltinBody.JSON_STRIPPED,
}
_VENDORED = frozenset({OBJECT.name, ARRAY_STRIPPED.name})
_DEFAULT_SELECT = (PlannedColumn(_Field(ALL)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRules:
    """
    What the server's configuration says about plans.

    Attributes:
        reading: About reads.
        may_explain: Whether clients may see PostgreSQL's plans.
    """

    reading: ReadRules = field(default_factory=ReadRules)
    may_explain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationRead:
    """A GET or HEAD of a table or view."""

    read: ReadPlan
    body: BodyPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationWrite:
    """A POST, PATCH, PUT or DELETE, and how what was written is read."""

    table: Table
    write: WritePlan
    read: ReadPlan
    body: BodyPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutineCall:
    """A call of a function, and how its result is read."""

    call: CallPlan
    read: ReadPlan
    body: BodyPlan
    is_read_only: bool


Plan: TypeAlias = "RelationRead | RelationWrite | RoutineCall"


def plan(request: Request, cache: SchemaCache, rules: PlanRules) -> Plan:
    """
    Plan a request for a relation or function by any method but OPTIONS.

    Raises:
        RestError: It cannot be planned.
    """
    match request.target:
        case Relation(name) if request.method in (Method.GET, Method.HEAD):
            return _plan_read(request, find_relation(request.schema, name, cache), cache, rules)
        case Relation(name):
            return _plan_write(request, find_relation(request.schema, name, cache), cache, rules)
        case Function(name):
            return _plan_call(request, name, cache, rules)
        case _:
            raise ValueError(request.target)


def find_relation(schema: str, name: str, cache: SchemaCache) -> Table:
    """
    Find a table or view.

    Raises:
        RestError: PGRST205.
    """
    found = cache.relations.get(QualifiedName(schema, name))
    if found is not None:
        return found
    names = [one.name for one in cache.relations if one.schema == schema]
    similar = None
    if len(names) < _HINTED_RELATIONS_LIMIT:
        similar = most_similar(name, names, VERY_LIKELY)
    raise RestError(
        _NOT_FOUND,
        ErrorBody(
            "PGRST205",
            f"Could not find the table '{schema}.{name}' in the schema cache",
            None,
            None if similar is None else f"Perhaps you meant the table '{schema}.{similar}'",
        ),
    )


def _plan_read(
    request: Request, table: Table, cache: SchemaCache, rules: PlanRules
) -> RelationRead:
    read = plan_read(table.name, request.query, request.range, cache, rules.reading)
    body = _plan_body(request, table.name, read, cache, rules)
    check_strictness(request.preferences)
    return RelationRead(read=read, body=body)


def _plan_write(
    request: Request, table: Table, cache: SchemaCache, rules: PlanRules
) -> RelationWrite:
    read = plan_representation(table.name, request.query, cache, rules.reading)
    write = plan_write(request, table, read, cache)
    check_strictness(request.preferences)
    body = _plan_body(request, table.name, read, cache, rules)
    if request.preferences.returning is not Return.REPRESENTATION:
        body = BodyPlan(BuiltinBody.NONE, body.media_type)
    return RelationWrite(table=table, write=write, read=read, body=body)


def _plan_call(request: Request, name: str, cache: SchemaCache, rules: PlanRules) -> RoutineCall:
    routine = find_routine(request, name, cache)
    relation = routine.name
    if routine.returns_row:
        relation = QualifiedName(routine.name.schema, routine.return_type.name)
    read = plan_source(relation, request.query, request.range, cache, rules.reading)
    arguments = plan_arguments(request, routine)
    body = _plan_body(request, relation, read, cache, rules)
    check_strictness(request.preferences)
    _check_countable(request, routine)
    return RoutineCall(
        call=CallPlan(
            routine=routine, arguments=arguments, returning=_returning(read, relation, cache)
        ),
        read=read,
        body=body,
        is_read_only=request.method is not Method.POST
        or routine.volatility is not Volatility.VOLATILE,
    )


def _returning(read: ReadPlan, relation: QualifiedName, cache: SchemaCache) -> tuple[str, ...]:
    """
    List what is needed of a function's result: all columns, since filters may be on any.

    Besides, those that are computed, which only can be where rows still have their type.
    """
    known = cache.relations.get(relation)
    if known is None:
        return (ALL,)
    computed = [name for name in needed_columns(read) if name not in (ALL, *known.columns)]
    return (ALL, *computed)


def _check_countable(request: Request, routine: Routine) -> None:
    """
    Refuse to bound the rows of a function that gives one.

    Raises:
        RestError: PGRST128.
    """
    if effective_max_affected(request.preferences) is not None and not routine.returns_set:
        message = (
            "Function must return SETOF or TABLE when max-affected preference is used with"
            " handling=strict"
        )
        raise RestError(_BAD_REQUEST, ErrorBody("PGRST128", message))


def _plan_body(
    request: Request,
    relation: QualifiedName,
    read: ReadPlan,
    cache: SchemaCache,
    rules: PlanRules,
) -> BodyPlan:
    """
    Choose what the body is.

    Raises:
        RestError: PGRST107.
    """
    has_default_select = read.columns == _DEFAULT_SELECT and not read.children

    def produce(media_type: MediaType) -> tuple[BuiltinBody | MediaHandler, MediaType] | None:
        return _maker(media_type, relation, cache, has_default_select=has_default_select)

    accepted, (maker, made) = negotiate(request.accepted, produce, may_explain=rules.may_explain)
    media_type = made if isinstance(accepted, MediaType) else accepted
    if request.method is Method.HEAD:
        maker = BuiltinBody.NONE
    return BodyPlan(maker, media_type)


def _maker(
    media_type: MediaType,
    relation: QualifiedName,
    cache: SchemaCache,
    *,
    has_default_select: bool,
) -> tuple[BuiltinBody | MediaHandler, MediaType] | None:
    """Find what makes *media_type*; None if nothing does."""
    if media_type.name not in _VENDORED:
        keys: list[tuple[QualifiedName | None, str]] = [(None, media_type.name)]
        if has_default_select:
            keys = [(relation, ANY.name), (relation, media_type.name), *keys]
        for key in keys:
            handler = cache.handlers.get(key)
            if handler is not None:
                return handler, MediaType(handler.content_type)
    builtin = _BUILTINS.get(media_type)
    if builtin is None:
        return None
    return builtin, JSON if media_type == ANY else media_type
