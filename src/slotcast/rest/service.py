"""
REST, joined: request → plan → query → response.

Everything but the transaction itself is computed without waiting. What depends on the
database's schema is one frozen object, `_Loaded`, that a reload replaces.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import slotcast
from slotcast.rest.configuration import ISOLATION, RestConfiguration
from slotcast.rest.connection import text
from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.gateway import KeyRefused, key_response
from slotcast.rest.openapi import describe
from slotcast.rest.outcome import check, respond
from slotcast.rest.plan.planning import (
    Plan,
    PlanRules,
    RelationRead,
    RelationWrite,
    RoutineCall,
    find_relation,
    plan,
)
from slotcast.rest.plan.reading import ReadRules
from slotcast.rest.query.composing import Composed, compose
from slotcast.rest.query.statement import Statement, identifier
from slotcast.rest.request.ast import Function, Method, Relation, Root, TransactionEnd
from slotcast.rest.request.media_types import ANY, JSON, OPENAPI
from slotcast.rest.request.reading import HttpRequest, RequestRules, read_request
from slotcast.rest.response.answer import Response
from slotcast.rest.response.failures import response_to
from slotcast.rest.response.negotiation import content_type, negotiate
from slotcast.rest.response.preferences import effective_max_affected
from slotcast.rest.schema import QualifiedName, Volatility
from slotcast.rest.shapes import Prepared, ShapeCache
from slotcast.rest.transaction import StatementsLost, Work, run
from slotcast.side_thread import SideThread, SideThreadBusy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg.pq.abc import PGresult

    from slotcast.claims import Claims
    from slotcast.rest.gateway import Gateway
    from slotcast.rest.pool import RestPool
    from slotcast.rest.query.statement import Value
    from slotcast.rest.request.ast import Request
    from slotcast.rest.schema import SchemaCache
    from slotcast.rest.turns import Turns

_QUICK_BODY_BYTES: Final = 64 * 1024
"""Largest body that is read at once; larger ones are read in a thread, beside all else."""

_UNAVAILABLE: Final = 503
_RETRY_AFTER: Final = (("Retry-After", "1"),)
_OPTIONS: Final = "OPTIONS"
_DELETE: Final = "DELETE"
_DESCRIPTIONS: Final = frozenset({OPENAPI, JSON, ANY})
_USABLE: Final = """
select (select json_agg(c.relname)
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = $1 and c.relkind in ('v', 'r', 'm', 'f', 'p')
          and (has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')
            or has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE'))),
       (select json_agg(p.proname)
        from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where n.nspname = $1 and has_function_privilege(p.oid, 'execute'))
"""
_UNSENT: Final = frozenset({"cookie"})


_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class RestLimits:
    """
    What a single request may ask for.

    Attributes:
        depth_limit: Deepest nesting of embeds.
        embed_limit: Most embeds.
        condition_limit: Most conditions.
    """

    depth_limit: int = 10
    embed_limit: int = 100
    condition_limit: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """What was read from the database, and what follows from it."""

    cache: SchemaCache
    configuration: RestConfiguration
    role_settings: Mapping[str, Mapping[str, str]]
    request_rules: RequestRules
    shapes: ShapeCache
    search_paths: Mapping[str, str]
    pre_request: Statement | None


class RestService:
    """
    Serves requests.

    Args:
        pool: Connections that may act as the roles of tokens.
        turns: Let requests go on.
        gateway: Says who sends a request.
        limits: What a single request may ask for.
    """

    def __init__(self, pool: RestPool, turns: Turns, gateway: Gateway, limits: RestLimits) -> None:
        self._pool = pool
        self._turns = turns
        self._gateway = gateway
        self._limits = limits
        self._loaded: _Loaded | None = None
        self._bodies = SideThread("rest bodies")

    def close(self) -> None:
        """Read no more large bodies."""
        self._bodies.close()

    def use(
        self,
        cache: SchemaCache,
        configuration: RestConfiguration,
        role_settings: Mapping[str, Mapping[str, str]],
    ) -> None:
        """Serve by what was read from the database, from the next request on."""
        extra = configuration.extra_search_path
        request_rules = RequestRules(
            schemas=configuration.schemas,
            timezones=cache.time_zones,
            may_choose_end=configuration.ending.may_be_chosen,
            is_root_served=configuration.is_described,
            root_function=configuration.root_function,
        )
        plan_rules = PlanRules(
            reading=ReadRules(
                row_limit=configuration.row_limit,
                has_aggregates=configuration.has_aggregates,
                depth_limit=self._limits.depth_limit,
                embed_limit=self._limits.embed_limit,
                condition_limit=self._limits.condition_limit,
            ),
            may_explain=configuration.may_explain,
        )

        def prepare(http: HttpRequest) -> Prepared:
            request = read_request(http, request_rules)
            planned = plan(request, cache, plan_rules)
            composed = compose(planned, request.preferences, row_limit=configuration.row_limit)
            return Prepared(request, planned, composed, request.query.canonical)

        self._gateway.follow(configuration.anonymous_role)
        self._loaded = _Loaded(
            cache=cache,
            configuration=configuration,
            role_settings=role_settings,
            request_rules=request_rules,
            shapes=ShapeCache(prepare),
            search_paths={
                schema: ", ".join(map(identifier, (schema, *extra)))
                for schema in configuration.schemas
            },
            pre_request=_pre_request(configuration),
        )

    async def admit(self, http: HttpRequest) -> Claims | Response:
        """Say who sends a request, by its head; or refuse it, whatever its body says."""
        await self._turns.wait()
        try:
            return self._gateway.identify(self._gateway.with_key_of_url(http), time.time())
        except KeyRefused as refused:
            return key_response(refused)
        except RestError as error:
            return response_to(error, has_body=http.method != "HEAD")

    async def answer(self, http: HttpRequest, claims: Claims) -> Response:
        """Serve a request of whom `admit` named; whatever is wrong is told in the response."""
        try:
            return await self._serve(self._gateway.with_key_of_url(http), claims)
        except RestError as error:
            return response_to(error, has_body=http.method != "HEAD")

    async def _serve(self, http: HttpRequest, claims: Claims) -> Response:
        loaded = self._loaded
        if loaded is None:
            message = "Could not query the database for the schema cache. Retrying."
            raise RestError(_UNAVAILABLE, ErrorBody("PGRST002", message), headers=_RETRY_AFTER)
        if http.method == _OPTIONS:
            return _options(read_request(http, loaded.request_rules), loaded.cache)
        if http.path == "/" and loaded.configuration.root_function is None:
            return await self._describe(http, claims, loaded)
        prepared = await self._prepared(http, loaded)
        results = await self._run(_work(http, prepared, claims, loaded))
        return respond(prepared, results, loaded.configuration.row_limit)

    async def _prepared(self, http: HttpRequest, loaded: _Loaded) -> Prepared:
        # Shapes, which are the loop's own, are not remembered of what is that large; but the body
        # of a DELETE is not looked at, and has one all the same.
        if len(http.body) <= _QUICK_BODY_BYTES or http.method == _DELETE:
            return loaded.shapes.prepared(http)
        try:
            return await self._bodies.run(partial(loaded.shapes.prepared, http))
        except SideThreadBusy:
            body = ErrorBody("PGRSTX01", "Too many large bodies wait to be read")
            raise RestError(_UNAVAILABLE, body, headers=_RETRY_AFTER) from None

    async def _run(self, work: Work) -> Sequence[PGresult]:
        # Whatever a function did to prepared statements it may have done on every connection.
        for _ in range(self._pool.size):
            with suppress(StatementsLost):
                return await self._run_once(work)
        try:
            return await self._run_once(work)
        except StatementsLost as lost:
            raise lost.refusal from None

    async def _run_once(self, work: Work) -> Sequence[PGresult]:
        connection = await self._pool.acquire()
        try:
            return await run(connection, work)
        finally:
            self._pool.release(connection)

    async def _describe(self, http: HttpRequest, claims: Claims, loaded: _Loaded) -> Response:
        """Describe what the caller's role may use."""
        request = read_request(http, loaded.request_rules)
        negotiate(
            request.accepted, lambda one: one if one in _DESCRIPTIONS else None, may_explain=False
        )
        own = loaded.role_settings.get(claims.role, {})
        work = Work(
            settings=_settings(http, request, None, claims, loaded, own),
            before=loaded.pre_request,
            statements=[Statement(_USABLE, (request.schema,))],
            is_read_only=True,
            is_kept=False,
            is_anonymous=claims.role == loaded.configuration.anonymous_role,
        )
        [result] = await self._run(work)
        description = describe(
            loaded.cache,
            request.schema,
            relations=frozenset(json.loads(text(result, 0) or "[]")),
            routines=frozenset(json.loads(text(result, 1) or "[]")),
            version=slotcast.__version__,
        )
        body = _encode(description).encode()
        is_head = request.method is Method.HEAD
        return Response(
            status=200,
            headers=(
                ("Content-Type", content_type(OPENAPI)),
                *(() if is_head else (("Content-Length", str(len(body))),)),
            ),
            body=b"" if is_head else body,
        )


def _work(http: HttpRequest, prepared: Prepared, claims: Claims, loaded: _Loaded) -> Work:
    """Say what the request does in its transaction."""
    request, planned, composed = prepared.request, prepared.plan, prepared.composed
    own = loaded.role_settings.get(claims.role, {})
    isolation = own.get(ISOLATION)
    if isinstance(planned, RoutineCall) and planned.call.routine.isolation is not None:
        isolation = planned.call.routine.isolation
    statements = [composed.main]
    if composed.estimate is not None:
        statements.append(composed.estimate)
    chosen = request.preferences.transaction

    def look(results: Sequence[PGresult]) -> None:
        check(request, planned, results[0])

    return Work(
        settings=_settings(http, request, planned, claims, loaded, own),
        before=loaded.pre_request,
        statements=statements,
        is_read_only=_is_read_only(planned),
        is_kept=chosen is TransactionEnd.COMMIT
        or (chosen is None and loaded.configuration.ending.is_kept),
        isolation=isolation,
        check=look if _is_checked(request, planned, composed) else None,
        is_call=isinstance(planned, RoutineCall) or loaded.pre_request is not None,
        is_anonymous=claims.role == loaded.configuration.anonymous_role,
    )


def _pre_request(configuration: RestConfiguration) -> Statement | None:
    if configuration.pre_request is None:
        return None
    parts = configuration.pre_request.split(".", 1)
    return Statement(f"SELECT {'.'.join(identifier(part.strip()) for part in parts)}()")


def _is_read_only(planned: Plan) -> bool:
    match planned:
        case RelationRead():
            return True
        case RoutineCall():
            return planned.is_read_only
        case RelationWrite():
            return False


def _is_checked(request: Request, planned: Plan, composed: Composed) -> bool:
    """Whether the result may be one that the client does not want."""
    return not composed.is_explained and (
        planned.body.is_object
        or request.method is Method.PUT
        or effective_max_affected(request.preferences) is not None
    )


def _settings(
    http: HttpRequest,
    request: Request,
    planned: Plan | None,
    claims: Claims,
    loaded: _Loaded,
    own: Mapping[str, str],
) -> list[tuple[str, Value]]:
    """
    List what the transaction sets, in an order that matters.

    What roles have set must come before the role itself, which may not be allowed to.
    """
    settings: list[tuple[str, Value]] = [("search_path", loaded.search_paths[request.schema])]
    settings += ((name, value) for name, value in own.items() if name != ISOLATION)
    settings += (
        ("role", claims.role),
        ("request.jwt.claims", claims.document),
        ("request.method", http.method),
        ("request.path", unquote(http.path)),
        ("request.headers", _headers_document(http)),
        ("request.cookies", _cookies_document(http)),
        # What a function may have set for its whole session is for nobody else's response.
        ("response.headers", ""),
        ("response.status", ""),
    )
    if request.preferences.timezone is not None:
        settings.append(("timezone", request.preferences.timezone))
    if isinstance(planned, RoutineCall):
        settings += planned.call.routine.settings
    settings += loaded.configuration.application_settings
    return settings


def _headers_document(http: HttpRequest) -> str:
    sent = {name: value for name, value in http.headers if name not in _UNSENT}
    return _encode(sent)


def _cookies_document(http: HttpRequest) -> str:
    header = http.header("cookie")
    if header is None:
        return "{}"
    pairs = (one.strip().partition("=") for one in header.split(";") if one.strip())
    cookies = {name: value for name, _, value in pairs}
    return _encode(cookies)


def _options(request: Request, cache: SchemaCache) -> Response:
    """Say which methods the target has."""
    methods = ["OPTIONS", "GET", "HEAD"]
    match request.target:
        case Relation(name):
            table = find_relation(request.schema, name, cache)
            methods += ["POST"] if table.is_insertable else []
            is_replaceable = table.is_insertable and table.is_updatable and table.primary_key
            methods += ["PUT"] if is_replaceable else []
            methods += ["PATCH"] if table.is_updatable else []
            methods += ["DELETE"] if table.is_deletable else []
        case Function(name):
            routines = cache.routines.get(QualifiedName(request.schema, name), ())
            is_volatile = bool(routines) and routines[0].volatility is Volatility.VOLATILE
            methods = ["OPTIONS", "POST"] if is_volatile else [*methods, "POST"]
        case Root():
            pass
    return Response(
        status=200,
        headers=(
            ("Allow", ",".join(methods)),
            ("Access-Control-Allow-Origin", "*"),
            ("Content-Length", "0"),
        ),
    )
