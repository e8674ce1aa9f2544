"""
Which tables decide what policies permit.

What the policies on a table let through depends on rows of other tables: of those that they
select from, of those that views and functions they use select from, and of those that the
policies on all of these select from in turn. `find` follows every such way to its end.

It never guesses. What cannot be followed (a function in a language it does not read, a string
that is executed, the time) is a `Reason`, and then the tables are not the whole truth. What is
followed in vain, such as a function of the same name with other arguments, only adds tables.
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, LiteralString

from slotcast.policies import mentions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

    from slotcast.policies.mentions import Mentions

_FIRST_USER_OID: Final = 16_384
_NODE_LIMIT: Final = 2_000

_OF_THE_TIME: Final = frozenset(
    {"age", "now", "statement_timestamp", "transaction_timestamp", "clock_timestamp", "timeofday"}
)
_OF_THE_CATALOG: Final = ("pg_", "has_", "row_security_active", "to_reg", "txid_", "inet_")
_WHOLE_DATABASE: Final = (
    "query_to_xml",
    "table_to_xml",
    "schema_to_xml",
    "database_to_xml",
    "cursor_to_xml",
)
_HARMLESS_VOLATILE: Final = frozenset({"set_config"})

_POLICIES: Final = """
select c.relname, c.relrowsecurity and (%(reader)s::oid is null or not (
           (select r.rolsuper or r.rolbypassrls from pg_catalog.pg_roles r where r.oid = %(reader)s)
           or (not c.relforcerowsecurity
               and pg_catalog.pg_has_role(%(reader)s, c.relowner, 'USAGE')))),
       array(select e
             from pg_catalog.pg_policy p,
                  unnest(array[pg_catalog.pg_get_expr(p.polqual, p.polrelid),
                               pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)]) as e
             where p.polrelid = c.oid and e is not null
               and p.polcmd = any (%(commands)s::"char"[])),
       array(select d.refclassid::regclass::text || ' ' || d.refobjid
             from pg_catalog.pg_policy p
             join pg_catalog.pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = p.oid
             where p.polrelid = c.oid and d.deptype = 'n'
               and p.polcmd = any (%(commands)s::"char"[]))
from pg_catalog.pg_class c where c.oid = %(oid)s
"""
_RELATION: Final = """
select pg_catalog.format('%%I.%%I', n.nspname, c.relname), c.relkind::text, c.relowner,
       coalesce('security_invoker=true' = any (c.reloptions)
                or 'security_invoker=on' = any (c.reloptions), false),
       case when c.relkind = 'v' then pg_catalog.pg_get_viewdef(c.oid) end,
       array(select d.refclassid::regclass::text || ' ' || d.refobjid
             from pg_catalog.pg_rewrite w
             join pg_catalog.pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
             where w.ev_class = c.oid and d.deptype = 'n'),
       case when c.relkind = 'r' then array(select i.inhrelid from pg_catalog.pg_inherits i
                                            where i.inhparent = c.oid) end
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = %(oid)s
"""
_FUNCTION: Final = """
select p.oid::regprocedure::text, p.proname, l.lanname, p.prokind::text, p.provolatile::text,
       p.proowner, p.prosecdef, p.prosrc,
       case when p.prosqlbody is not null then pg_catalog.pg_get_function_sqlbody(p.oid) end,
       case when l.lanname = 'plpgsql' then pg_catalog.pg_get_functiondef(p.oid) end,
       array(select d.refclassid::regclass::text || ' ' || d.refobjid
             from pg_catalog.pg_depend d
             where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'n'
               and p.prosqlbody is not null),
       (select substr(setting, 13) from unnest(p.proconfig) as setting
        where setting like 'search_path=%%')
from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
where p.oid = %(oid)s
"""
_OPERATORS: Final = (
    "select o.oprcode::oid from pg_catalog.pg_operator o where o.oid = any (%(oids)s)"
)
_NAMED_OPERATORS: Final = """
select o.oprcode::oid from pg_catalog.pg_operator o
where o.oprname = any (%(names)s) and o.oid >= 16384
"""
_SCHEMAS: Final = """
select n.oid from unnest(pg_catalog.string_to_array(%(path)s, ',')) as s(name)
join pg_catalog.pg_namespace n on n.nspname = trim(both '"' from trim(s.name))
union all select oid from pg_catalog.pg_namespace where nspname = 'pg_catalog'
"""
_NAMED_RELATIONS: Final = """
select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relname = %(name)s and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  and (n.nspname = %(schema)s or %(schema)s::text is null and n.oid = any (%(schemas)s))
"""
_NAMED_FUNCTIONS: Final = """
select p.oid from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.proname = %(name)s
  and (n.nspname = %(schema)s or %(schema)s::text is null and n.oid = any (%(schemas)s))
"""


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """
    Why the tables that were found are not all that counts.

    Attributes:
        subject: The table, view or function in question, as SQL names it.
        problem: What about it cannot be followed.
    """

    subject: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """
    What policies depend on.

    Attributes:
        tables: OIDs, without the table whose policies they are.
        reasons: Why these are not all; empty if they are.
        digest: Of all definitions that were read: it changes when a policy, view or function
            on the way does.
    """

    tables: frozenset[int]
    reasons: tuple[Reason, ...]
    digest: str

    @property
    def is_complete(self) -> bool:
        """Whether the policies cannot change their mind unless one of the tables changes."""
        return not self.reasons


@dataclass(frozen=True, slots=True)
class _Node:
    """
    Something that has to be followed.

    Attributes:
        kind: `policies`, `relation` or `function`.
        oid: Of the table or function.
        reader: The role that reads, where that is known: the owner of a view or of a SECURITY
            DEFINER function. None for whoever is judged.
    """

    kind: str
    oid: int
    reader: int | None


async def find(
    connection: AsyncConnection[TupleRow], table: int, *, commands: str, search_path: str
) -> Dependencies:
    """
    Find what the policies on a table depend on.

    Args:
        connection: Any connection.
        table: OID of the table whose policies are in question.
        commands: Of which commands, in letters of `pg_policy.polcmd`, such as ``r*``.
        search_path: Under which functions without one of their own run.
    """
    walk = _Walk(connection, search_path)
    async with connection.transaction():
        # So that PostgreSQL writes all names with their schemas.
        await connection.execute("set local search_path = ''")
        await walk.policies(_Node("policies", table, None), commands)
        await walk.finish()
    if table in walk.tables:
        walk.reasons.add(Reason("the policies", "they select from the table itself"))
    return dataclasses.replace(walk.found(), tables=frozenset(walk.tables - {table}))


async def of_expressions(
    connection: AsyncConnection[TupleRow],
    texts: Iterable[str],
    *,
    search_path: str,
    policies_of: int | None = None,
) -> Dependencies:
    """
    Find what expressions depend on.

    Args:
        connection: With a transaction, and an empty search_path.
        texts: Expressions as PostgreSQL writes them: all names but built-in ones qualified.
        search_path: Under which functions without one of their own run.
        policies_of: OID of a table whose policies for SELECT count, too.
    """
    walk = _Walk(connection, search_path)
    node = _Node("expression", 0, None)
    for text in texts:
        await walk.mentioned(text, mentions.of_expression(text), node, "")
    if policies_of is not None:
        await walk.policies(_Node("policies", policies_of, None), "r*")
    await walk.finish()
    return walk.found()


@dataclass(slots=True)
class _Walk:
    connection: AsyncConnection[TupleRow]
    search_path: str
    tables: set[int] = field(default_factory=set[int])
    reasons: set[Reason] = field(default_factory=set[Reason])
    definitions: set[str] = field(default_factory=set[str])
    _seen: set[_Node] = field(default_factory=set[_Node])
    _open: list[_Node] = field(default_factory=list[_Node])

    def found(self) -> Dependencies:
        """Say what was found."""
        return Dependencies(
            tables=frozenset(self.tables),
            reasons=tuple(sorted(self.reasons)),
            digest=hashlib.sha256("\0".join(sorted(self.definitions)).encode()).hexdigest(),
        )

    async def finish(self) -> None:
        """Follow everything that is open."""
        while self._open:
            node = self._open.pop()
            if len(self._seen) > _NODE_LIMIT:
                self.reasons.add(
                    Reason("the policies", f"they lead to more than {_NODE_LIMIT} objects")
                )
                return
            match node.kind:
                case "policies":
                    await self.policies(node, "r*")
                case "relation":
                    await self._relation(node)
                case _:
                    await self._function(node)

    async def policies(self, node: _Node, commands: str) -> None:
        """Follow the policies on a table, if they hold for whoever reads it."""
        parameters = {"oid": node.oid, "reader": node.reader, "commands": list(commands)}
        for name, applies, expressions, references in await self._rows(_POLICIES, parameters):
            if not applies:
                continue
            self.definitions.update(f"policy {node.oid} {text}" for text in expressions)
            for text in expressions:
                # Their names are qualified wherever that makes a difference, and pg_depend has
                # all that is not built in.
                await self.mentioned(f"a policy on {name}", mentions.of_expression(text), node, "")
            await self._referenced(references, node)

    async def _relation(self, node: _Node) -> None:
        for name, kind, owner, is_invoker, definition, references, children in await self._rows(
            _RELATION, {"oid": node.oid}
        ):
            if node.oid < _FIRST_USER_OID:
                self.reasons.add(Reason(name, "it is a system catalog"))
            elif kind in ("r", "p"):
                self.tables.add(node.oid)
                self._push("policies", node.oid, node.reader)
                for child in children or ():
                    self._push("relation", child, node.reader)
            elif kind == "v":
                self.definitions.add(f"view {node.oid} {owner} {is_invoker} {definition}")
                inner = _Node("relation", node.oid, node.reader if is_invoker else owner)
                await self.mentioned(name, mentions.of_statements(definition), node, "")
                await self._referenced(references, inner)
            else:
                self.reasons.add(Reason(name, "its changes are not in the write-ahead log"))

    async def _function(self, node: _Node) -> None:
        rows = await self._rows(_FUNCTION, {"oid": node.oid})
        for row in rows:
            (
                name,
                short,
                language,
                kind,
                volatility,
                owner,
                is_definer,
                source,
                body,
                definition,
            ) = row[:10]
            references, own_path = row[10:]
            self.definitions.add(
                f"function {node.oid} {owner} {is_definer} {own_path}"
                f" {definition or body or source}"
            )
            reader = owner if is_definer else node.reader
            inner = _Node("function", node.oid, reader)
            path = self.search_path if own_path is None else own_path
            if kind == "a" and node.oid >= _FIRST_USER_OID:
                self.reasons.add(Reason(name, "it is an aggregate that is not built in"))
            elif language in ("internal", "c"):
                self._note_opaque(node.oid, name, short, volatility)
            elif language == "sql":
                found = mentions.of_statements(_statements(body) if body else source)
                await self.mentioned(name, found, inner, "" if body else path)
                await self._referenced(references, inner)
            elif language == "plpgsql":
                await self.mentioned(name, mentions.of_plpgsql(definition), inner, path)
            else:
                self.reasons.add(Reason(name, f"it is written in {language}"))

    def _note_opaque(self, oid: int, name: str, short: str, volatility: str) -> None:
        """Judge a function in C by what it is known to do, or promises."""
        if short in _OF_THE_TIME and oid < _FIRST_USER_OID and volatility != "i":
            self.reasons.add(Reason(name, "it depends on the time"))
        elif volatility == "v" and short not in _HARMLESS_VOLATILE:
            self.reasons.add(Reason(name, "it is volatile"))
        elif volatility == "s" and (
            oid >= _FIRST_USER_OID or short.startswith((*_OF_THE_CATALOG, *_WHOLE_DATABASE))
        ):
            self.reasons.add(Reason(name, "it depends on what cannot be seen from outside"))

    async def mentioned(self, subject: str, found: Mentions, node: _Node, path: str) -> None:
        """Follow what a text mentions, whose names are looked up along *path*."""
        self.reasons.update(Reason(subject, problem) for problem in found.problems)
        schemas = [row[0] for row in await self._rows(_SCHEMAS, {"path": path})]
        for name in found.relations:
            oids = await self._named(_NAMED_RELATIONS, name, schemas)
            for oid in oids:
                self._push("relation", oid, node.reader)
            if not oids and not (len(name) == 1 and name[0] in found.queries):
                self.reasons.add(Reason(subject, f"it reads {'.'.join(name)}, which is not found"))
        for name in found.functions:
            for oid in await self._named(_NAMED_FUNCTIONS, name, schemas):
                self._push("function", oid, node.reader)
        for (oid,) in await self._rows(_NAMED_OPERATORS, {"names": list(found.operators)}):
            self._push("function", oid, node.reader)

    async def _referenced(self, references: Iterable[str], node: _Node) -> None:
        """Follow what `pg_depend` says, given as a catalog and an OID each."""
        operators: list[int] = []
        for catalog, oid in (reference.split() for reference in references):
            match catalog:
                case "pg_class" if int(oid) != node.oid:
                    self._push("relation", int(oid), node.reader)
                case "pg_proc":
                    self._push("function", int(oid), node.reader)
                case "pg_operator":
                    operators.append(int(oid))
                case _:
                    pass
        for (oid,) in await self._rows(_OPERATORS, {"oids": operators}):
            self._push("function", oid, node.reader)

    def _push(self, kind: str, oid: int, reader: int | None) -> None:
        node = _Node(kind, oid, reader)
        if node not in self._seen:
            self._seen.add(node)
            self._open.append(node)

    async def _named(
        self, query: LiteralString, name: Sequence[str], schemas: Sequence[int]
    ) -> list[int]:
        schema = name[-2] if len(name) > 1 else None
        parameters = {"name": name[-1], "schema": schema, "schemas": list(schemas)}
        return [row[0] for row in await self._rows(query, parameters)]

    async def _rows(self, query: LiteralString, parameters: dict[str, Any]) -> list[TupleRow]:
        cursor = await self.connection.execute(query, parameters)
        return await cursor.fetchall()


def _statements(body: str) -> str:
    """Take the statements out of ``BEGIN ATOMIC … END``, or the expression out of ``RETURN …``."""
    text = body.strip()
    if text[:6].upper() == "RETURN":
        return f"select {text[6:]}"
    return text.removeprefix("BEGIN ATOMIC").removesuffix("END")
