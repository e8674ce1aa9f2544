"""
Compiling policies: from their expressions to rules and facts.

What the compiler knows how to evaluate becomes a rule (`slotcast.policies.rules`); what is
the same for every row becomes a fact that PostgreSQL evaluates (`slotcast.policies.facts`);
what is left is opaque, and costs a question to PostgreSQL only when it decides. Nothing is
guessed: types come from PostgreSQL's parser, dependencies from its catalog, and the bodies of
functions are read as PostgreSQL understands them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final, LiteralString, cast

import psycopg
from postgast import PgQueryError
from postgast import pg_query_pb2 as pb
from psycopg import sql

from slotcast.changes import ReplicaIdentity
from slotcast.policies import bodies, dependencies, rules, shapes, trees
from slotcast.policies.facts import Computed, Fact, Source
from slotcast.policies.rules import (
    NEVER,
    Among,
    And,
    Case,
    Coalesce,
    Column,
    ColumnTruth,
    ComputedTruth,
    Constant,
    Equal,
    Exists,
    FactTruth,
    Is,
    IsNull,
    Literal,
    Not,
    OneOf,
    Opaque,
    Or,
    Same,
    Scalar,
)
from slotcast.policies.shapes import ROWS_LIMIT
from slotcast.policies.trees import NotCompiled
from slotcast.postgres.catalog import table_by_oid
from slotcast.postgres.types import TypeCatalog, TypeKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

    from slotcast.changes import Relation
    from slotcast.policies.facts import FactId
    from slotcast.policies.rules import Operand, Rule
    from slotcast.policies.trees import Node


_NESTING_LIMIT: Final = 6
_WIDENED: Final = frozenset({"int4", "int8"})
_KINDS: Final = {
    2950: "uuid",
    20: "int",
    21: "int",
    23: "int",
    25: "text",
    1043: "text",
    16: "bool",
}
_SINGLE: Final = frozenset({"having_clause", "limit_offset", "limit_count", "with_clause"})
_PLAIN_SUBQUERY: Final = (
    "distinct_clause",
    "group_clause",
    "having_clause",
    "window_clause",
    "values_lists",
    "sort_clause",
    "limit_offset",
    "limit_count",
    "with_clause",
    "locking_clause",
)

_ACCESS: Final = """
select a.readable, a.unconditional, a.condition is null,
       array(select n::text from slotcast.needed_columns(%(oid)s, %(role)s) n),
       c.relname::text
from slotcast.row_access(%(oid)s, %(role)s) a, pg_catalog.pg_class c where c.oid = %(oid)s
"""
_POLICIES: Final = """
select policy::text, permissive, expression from slotcast.row_policies(%s, %s) order by "position"
"""
_RELATION: Final = """
select c.oid::int8, c.relkind::text, c.relnamespace < 16384 and c.oid < 16384,
       exists (select from pg_catalog.pg_inherits i
               where i.inhparent = c.oid or i.inhrelid = c.oid),
       array(select a.attname::text from pg_catalog.pg_attribute a
             join pg_catalog.pg_collation l on l.oid = a.attcollation
             where a.attrelid = c.oid and a.attnum > 0 and not l.collisdeterministic)
from pg_catalog.pg_class c where c.oid = %s
"""
_READ: Final = """
select pg_catalog.format('explain select from %%I.%%I', n.nspname, c.relname)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = %s
"""
_NAMED: Final = "select pg_catalog.to_regclass(%s)::oid::int8"
_SEES_ALL: Final = """
select bool_and((not c.relrowsecurity or r.rolsuper or r.rolbypassrls
                 or (not c.relforcerowsecurity
                     and pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE')))
                and pg_catalog.has_schema_privilege(r.oid, c.relnamespace, 'USAGE')
                and pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT'))
from pg_catalog.pg_class c, pg_catalog.pg_roles r
where c.oid = %s and (r.rolname = %s or r.rolname = current_user)
"""
_ARE_IMMUTABLE: Final = """
select coalesce(bool_and(p.provolatile = 'i'), true)
from pg_catalog.pg_proc p
where p.proname = any (%s) and p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
"""
_TIMES: Final = {
    1082: "date",
    1083: "time",
    1114: "timestamp",
    1184: "timestamptz",
    1186: "interval",
    1266: "timetz",
}
_STABLE_OPERATORS: Final = frozenset({"@@", "||"})
_IMMUTABLE_CASTS: Final = frozenset({"text", "varchar", "int2", "int4", "int8", "numeric", "bool"})
_IMMUTABLE_TYPES: Final = frozenset({16, 20, 21, 23, 25, 1042, 1043, 1700, 2950, 3802})


@dataclass(frozen=True, slots=True)
class Policy:
    """
    One policy, and what became of it.

    Attributes:
        name: Its name.
        is_permissive: Whether it is.
        expression: Its USING expression.
        problems: Why PostgreSQL has to be asked about (parts of) it; empty if it was compiled.
    """

    name: str
    is_permissive: bool
    expression: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """
    What one role may see of one version of a table.

    Attributes:
        relation: The table.
        role: The role.
        readable: Names of the columns it may select.
        is_unconditional: Whether it sees every row.
        rule: Which rows a viewer of that role sees; None when there is no such role or table.
        needed: Places of the columns without which no row can be judged.
        policies: The policies that apply, in the order of evaluation.
        facts: All facts that *rule* asks for, those that others are read through first.
        computed: The expressions that PostgreSQL computes from a row.
    """

    relation: Relation
    role: str
    readable: frozenset[str]
    is_unconditional: bool
    rule: Rule | None
    needed: tuple[int, ...] = ()
    policies: tuple[Policy, ...] = ()
    facts: tuple[Fact, ...] = ()
    computed: tuple[Computed, ...] = ()


@dataclass(frozen=True, slots=True)
class _Scope:
    """
    Where an expression stands.

    Attributes:
        relation: The table whose row it is about.
        table: The table's name in the expression.
        ambiguous: Columns of it whose collation does not tell all texts apart.
        role: Whose policies apply to tables that it reads.
        definer: The owner of the SECURITY DEFINER function that it is in, if it is in one.
        depth: How many subqueries and functions it is in.
        is_asked_whether_true: Whether false and NULL make no difference there.
    """

    relation: Relation
    table: str
    ambiguous: frozenset[str]
    role: str
    definer: str | None = None
    depth: int = 0
    is_asked_whether_true: bool = True

    def place(self, name: str) -> int | None:
        """Tell where in an image the column *name* is."""
        for place, column in enumerate(self.relation.columns):
            if column.name == name:
                return place
        return None


@dataclass(frozen=True, slots=True)
class _Value:
    """An operand, and the kind of its values: those of one kind compare by their text."""

    operand: Operand
    kind: str


@dataclass(slots=True)
class Compiler:
    """
    Compiles the policies on tables.

    Args:
        connection: With a transaction open that may write (and is rolled back).
        search_path: Under which functions without one of their own run.
        known: All facts there are; those that are needed again are used again.
        unwatchable: Tables whose changes do not come, and why.
    """

    connection: AsyncConnection[TupleRow]
    search_path: str
    known: dict[FactId, Fact]
    unwatchable: Mapping[int, dependencies.Reason]
    types: TypeCatalog = field(default_factory=TypeCatalog)
    _accesses: dict[tuple[int, str], Access] = field(default_factory=dict[tuple[int, str], Access])
    _numbers: count[int] = field(default_factory=count)

    async def access(self, relation: Relation, role: str, *, depth: int = 0) -> Access:
        """Compile what *role* may see of *relation*."""
        rows = await self._rows(_ACCESS, {"oid": relation.oid, "role": role})
        if not rows:
            return Access(relation, role, frozenset(), is_unconditional=False, rule=None)
        ((readable, unconditional, is_nobody, needed, name),) = rows
        if unconditional or is_nobody:
            rule = rules.ALWAYS if unconditional else None
            return Access(
                relation, role, frozenset(readable), is_unconditional=unconditional, rule=rule
            )
        scope = await self._scope(relation, name, role, None, depth)
        restrictive: list[Rule] = []
        permissive: list[Rule] = []
        policies: list[Policy] = []
        for policy, is_permissive, text in await self._rows(_POLICIES, [relation.oid, role]):
            rule = await self._policy(text, scope)
            problems = tuple(dict.fromkeys(rules.problems_of(rule)))
            policies.append(Policy(policy, is_permissive, text, problems))
            (permissive if is_permissive else restrictive).append(rule)
        rule = rules.both([*restrictive, Or(tuple(permissive)) if permissive else NEVER])
        if readable and rules.problems_of(rule):
            refusal = await self._refusal(relation, role)
            if refusal is not None:
                rule = Opaque(refusal)
                policies = [
                    replace(policy, problems=(*policy.problems, refusal)) for policy in policies
                ]
        names = {column.name: place for place, column in enumerate(relation.columns)}
        return Access(
            relation,
            role,
            frozenset(readable),
            is_unconditional=False,
            rule=rule,
            needed=tuple(sorted(names[name] for name in needed if name in names)),
            policies=tuple(policies),
            facts=tuple(shapes.in_order(rules.facts_of(rule))),
            computed=tuple(rules.computed_of(rule)),
        )

    async def _refusal(self, relation: Relation, role: str) -> str | None:
        """
        Tell why PostgreSQL lets *role* select nothing from a table at all, if that is so.

        Before it evaluates anything, it checks privileges on all tables that policies select
        from, also where that is not reached in the end. What is compiled finds them out when its
        facts are read; for the rest a query is planned, which does not run.
        """
        try:
            async with self.connection.transaction(force_rollback=True):
                ((query,),) = await self._rows(_READ, [relation.oid])
                await self.connection.execute("select set_config('request.jwt.claims', '{}', true)")
                await self._become(role)
                await self.connection.execute(cast("LiteralString", query))
        except psycopg.Error as error:
            self._raise_if_broken()
            return f"{relation.schema}.{relation.name}: {error.diag.message_primary}"
        return None

    async def _policy(self, text: str, scope: _Scope) -> Rule:
        try:
            node = trees.with_row(trees.expression(text), scope.table)
        except PgQueryError as error:
            return Opaque(f"its text cannot be parsed: {error}")
        return await self._rule(node, scope)

    async def _scope(
        self, relation: Relation, table: str, role: str, definer: str | None, depth: int
    ) -> _Scope:
        rows = await self._rows(_RELATION, [relation.oid])
        ambiguous: frozenset[str] = frozenset(rows[0][4]) if rows else frozenset()
        await self.types.load(self.connection, (c.type_oid for c in relation.columns))
        return _Scope(relation, table, ambiguous, role, definer, depth)

    # Rules

    async def _rule(self, node: Node, scope: _Scope) -> Rule:
        """Compile a boolean expression; what cannot be is opaque."""
        try:
            return await self._compiled(node, scope)
        except NotCompiled as error:
            problem = str(error)
        try:
            if not trees.is_about_row(node):
                return FactTruth(await self._scalar(node, scope))
            computed = await self._computed(node, scope)
            if computed is not None:
                return computed
        except NotCompiled as error:
            problem = str(error)
        return Opaque(problem)

    async def _compiled(self, node: Node, scope: _Scope) -> Rule:  # noqa: C901, PLR0911, PLR0912
        """
        Compile a boolean expression by its form.

        Raises:
            NotCompiled: It has none that is known here.
        """
        match node:
            case pb.BoolExpr():
                if node.boolop == pb.NOT_EXPR:
                    scope = replace(scope, is_asked_whether_true=False)
                parts = tuple([await self._rule(trees.unwrapped(arg), scope) for arg in node.args])
                match node.boolop:
                    case pb.AND_EXPR:
                        return And(parts)
                    case pb.OR_EXPR:
                        return Or(parts)
                    case _:
                        return Not(parts[0])
            case pb.A_Const() if node.WhichOneof("val") == "boolval" or node.isnull:
                return Constant(None if node.isnull else node.boolval.boolval)
            case pb.ColumnRef() if trees.is_about_row(node):
                place, kind = self._column(node, scope)
                if kind != "bool":
                    raise NotCompiled("a column is not boolean")
                return ColumnTruth(place)
            case pb.NullTest() if isinstance(trees.unwrapped(node.arg), pb.BoolExpr):
                scope = replace(scope, is_asked_whether_true=False)
                test = Is(await self._rule(trees.unwrapped(node.arg), scope), None)
                return test if node.nulltesttype == pb.IS_NULL else Not(test)
            case pb.NullTest() if trees.is_about_row(node):
                value = await self._any_value(trees.unwrapped(node.arg), scope)
                test = IsNull(value)
                return test if node.nulltesttype == pb.IS_NULL else Not(test)
            case pb.BooleanTest():
                scope = replace(scope, is_asked_whether_true=False)
                part = await self._rule(trees.unwrapped(node.arg), scope)
                return shapes.boolean_test(part, node.booltesttype)
            case pb.CoalesceExpr():
                scope = replace(scope, is_asked_whether_true=False)
                return Coalesce(
                    tuple([await self._rule(trees.unwrapped(arg), scope) for arg in node.args])
                )
            case pb.CaseExpr():
                return await self._case(node, scope)
            case pb.A_Expr():
                return await self._operation(node, scope)
            case pb.SubLink():
                return await self._subquery(node, scope)
            case pb.FuncCall():
                return await self._call(node, scope)
            case _:
                raise NotCompiled(f"{shapes.shown(node)} is not compiled")

    async def _case(self, node: Node, scope: _Scope) -> Rule:
        if node.HasField("arg"):
            raise NotCompiled(f"{shapes.shown(node)} is not compiled")
        scope = replace(scope, is_asked_whether_true=False)
        branches = [
            (
                await self._rule(trees.unwrapped(when.case_when.expr), scope),
                await self._rule(trees.unwrapped(when.case_when.result), scope),
            )
            for when in node.args
        ]
        otherwise: Rule = Constant(None)
        if node.HasField("defresult"):
            otherwise = await self._rule(trees.unwrapped(node.defresult), scope)
        return Case(tuple(branches), otherwise)

    async def _operation(self, node: Node, scope: _Scope) -> Rule:
        name = trees.operator(node)
        match node.kind, name:
            case pb.AEXPR_OP, "=" | "<>" if node.HasField("lexpr"):
                left, right = await self._pair(node, scope)
                equal = Equal(left, right)
                return equal if name == "=" else Not(equal)
            case pb.AEXPR_DISTINCT | pb.AEXPR_NOT_DISTINCT, "=":
                left, right = await self._pair(node, scope)
                same = Same(left, right)
                return same if node.kind == pb.AEXPR_NOT_DISTINCT else Not(same)
            case pb.AEXPR_OP_ANY, "=":
                operand = await self._value(trees.unwrapped(node.lexpr), scope)
                return await self._any_of(operand, trees.unwrapped(node.rexpr), scope)
            case pb.AEXPR_OP_ALL, "<>":
                operand = await self._value(trees.unwrapped(node.lexpr), scope)
                return Not(await self._any_of(operand, trees.unwrapped(node.rexpr), scope))
            case _:
                raise NotCompiled(f"{shapes.shown(node)} is not compiled")

    async def _pair(self, node: Node, scope: _Scope) -> tuple[Operand, Operand]:
        if not trees.is_about_row(node) and not trees.has(node, pb.RangeVar):
            raise NotCompiled("it is the same for all rows")  # and one fact as a whole
        left = await self._value(trees.unwrapped(node.lexpr), scope)
        right = await self._value(trees.unwrapped(node.rexpr), scope)
        if left.kind != right.kind:
            raise NotCompiled(f"{shapes.shown(node)} compares {left.kind} with {right.kind}")
        if left.kind == "bool" and any(isinstance(v.operand, Scalar) for v in (left, right)):
            raise NotCompiled(f"{shapes.shown(node)} compares truth values")
        return left.operand, right.operand

    async def _computed(self, node: Node, scope: _Scope) -> Rule | None:
        """Let PostgreSQL compute what depends on the row alone, and on nothing that changes."""
        names = trees.row_columns(node)
        places = [scope.place(name) for name in names]
        if None in places or trees.has(node, pb.SubLink, pb.SQLValueFunction, pb.RowExpr):
            return None
        if not await self._is_immutable(node, scope):
            return None
        # Not its alias in a subquery: it is evaluated on the row alone.
        text = trees.text_of(trees.without_row(node, scope.relation.name))
        found = [place for place in places if place is not None]
        return ComputedTruth(Computed(scope.relation, text, tuple(sorted(found))))

    async def _is_immutable(self, node: Node, scope: _Scope) -> bool:
        """Tell whether an expression over the row alone is the same for ever and for everybody."""
        types = {
            known.oid
            for name in trees.row_columns(node)
            if (place := scope.place(name)) is not None
            and (known := self.types.base(scope.relation.columns[place].type_oid)) is not None
        }
        times = {_TIMES[oid] for oid in types & _TIMES.keys()}
        functions: list[str] = []
        for message, _ in trees.messages(node):
            match message:
                case pb.FuncCall():
                    name = trees.function_name(message)
                    if len(name) > 1:
                        return False
                    functions += name
                case pb.A_Expr():
                    name = trees.operator(message)
                    if not name or name in _STABLE_OPERATORS or (times and name in "+-"):
                        return False
                case pb.TypeCast():
                    name = trees.type_name(message)
                    times |= {name} & set(_TIMES.values())
                    if not shapes.is_constant(message) and (
                        name not in _IMMUTABLE_CASTS or not types <= _IMMUTABLE_TYPES
                    ):
                        return False
                case _:
                    pass
        ((are_immutable,),) = await self._rows(_ARE_IMMUTABLE, [functions])
        return are_immutable and len(times) < 2  # noqa: PLR2004 (two kinds of time)

    # Values

    async def _any_value(self, node: Node, scope: _Scope) -> Operand:
        """Compile a value of which only matters whether it is NULL."""
        if isinstance(node, pb.ColumnRef):
            place = self._place(node, scope)
            known = self.types.base(scope.relation.columns[place].type_oid)
            if known is None or known.kind is TypeKind.COMPOSITE:
                raise NotCompiled(f"{shapes.shown(node)} is a composite")
            return Column(place)
        return (await self._value(node, scope)).operand

    async def _value(self, node: Node, scope: _Scope) -> _Value:
        """
        Compile a value.

        Raises:
            NotCompiled: It is not one whose text form tells equal values from others.
        """
        match node:
            case pb.TypeCast() if trees.is_about_row(node):
                return _cast(await self._value(trees.unwrapped(node.arg), scope), node)
            case pb.ColumnRef() if trees.is_about_row(node):
                place, kind = self._column(node, scope)
                return _Value(Column(place), kind)
            case _ if trees.is_about_row(node):
                raise NotCompiled(f"{shapes.shown(node)} depends on the row")
            case _:
                pass
        constant = await self._constant(node, scope)
        if constant is not None:
            return constant
        kind = await self._kind(trees.text_of(node), scope)
        if isinstance(node, pb.SubLink) and trees.has(node, pb.RangeVar):
            try:
                fact = await self._sole(node, scope)
            except NotCompiled:
                fact = await self._scalar(node, scope)
        else:
            fact = await self._scalar(node, scope)
        return _Value(Scalar(fact), kind)

    def _column(self, node: Node, scope: _Scope) -> tuple[int, str]:
        place = self._place(node, scope)
        column = scope.relation.columns[place]
        name = column.name
        kind = self._kind_of(column.type_oid)
        if kind is None:
            known = self.types.get(column.type_oid)
            called = known.display_name if known is not None else "unknown"
            raise NotCompiled(f"column {name} is of type {called}")
        if name in scope.ambiguous:
            raise NotCompiled(f"the collation of column {name} is not deterministic")
        return place, kind

    def _place(self, node: Node, scope: _Scope) -> int:
        parts = trees.fields_of(node)
        place = scope.place(parts[-1]) if parts[0] == trees.ROW else None
        if place is None:
            raise NotCompiled(f"{shapes.shown(node)} is not a column of the table")
        return place

    def _kind_of(self, type_oid: int) -> str | None:
        known = self.types.base(type_oid)
        if known is None:
            return None
        return f"enum {known.oid}" if known.kind is TypeKind.ENUM else _KINDS.get(known.oid)

    async def _constant(self, node: Node, scope: _Scope) -> _Value | None:
        inner = node
        while isinstance(inner, pb.TypeCast):
            inner = trees.unwrapped(inner.arg)
        if not isinstance(inner, pb.A_Const):
            return None
        text = trees.text_of(node)
        kind = await self._kind(text, scope)
        ((value,),) = await self._asked(f"select ({text})::text")
        if kind == "bool" and value is not None:
            value = value[0]
        return _Value(Literal(None if value is None else value.encode()), kind)

    async def _kind(self, text: str, scope: _Scope) -> str:
        """Tell of which kind an expression is that does not depend on the row."""
        oid = await self._type(text, scope)
        await self.types.load(self.connection, [oid])
        kind = self._kind_of(oid)
        if kind is None:
            known = self.types.get(oid)
            called = known.display_name if known is not None else "unknown"
            raise NotCompiled(f"{text} is of type {called}")
        if kind == "text" and "COLLATE" in text.upper():
            raise NotCompiled(f"{text} has a collation of its own")
        return kind

    async def _type(self, text: str, scope: _Scope) -> int:
        """Let PostgreSQL's parser tell the type of an expression, as the viewer's role."""
        try:
            async with self.connection.transaction():
                if scope.definer is None:
                    await self._become(scope.role)
                cursor = await self.connection.execute(
                    cast("LiteralString", f"select ({text}) limit 0").replace("%", "%%"), []
                )
                description = cursor.description
                if scope.definer is None:
                    await self._become("none")
        except psycopg.Error as error:
            self._raise_if_broken()
            raise NotCompiled(f"{text}: {error.diag.message_primary}") from error
        if description is None:
            raise AssertionError("a SELECT has a description")
        return description[0].type_code

    # Facts

    async def _scalar(self, node: Node, scope: _Scope) -> Fact:
        """Make the fact that an expression is which does not depend on the row."""
        text = trees.text_of(node)
        found = await self._dependencies(text, scope)
        return self._fact(
            f"select ({text})::text", found.tables, found.digest, is_set=False, as_server=False
        )

    async def _sole(self, node: Node, scope: _Scope) -> Fact:
        """Make the fact that a scalar subquery is, from the rows of its table."""
        if node.sub_link_type != pb.EXPR_SUBLINK:
            raise NotCompiled(f"{shapes.shown(node)} is not compiled")
        select = trees.unwrapped(node.subselect)
        target = trees.unwrapped(select.target_list[0].res_target.val)
        fact, kinds = await self._set(select, [target], scope)
        if kinds[0] == "bool":
            raise NotCompiled("it is boolean")
        return fact

    async def _dependencies(self, text: str, scope: _Scope) -> dependencies.Dependencies:
        found = await dependencies.of_expressions(
            self.connection, [text], search_path=self.search_path
        )
        self._check_dependencies(found)
        if scope.definer is not None and (found.tables or "current_user" in text.lower()):
            raise NotCompiled(f"{text} is evaluated as {scope.definer}")
        return found

    def _check_dependencies(self, found: dependencies.Dependencies) -> None:
        """Refuse what can change without being noticed."""
        unwatched = [self.unwatchable[oid] for oid in found.tables & self.unwatchable.keys()]
        for reason in (*found.reasons, *unwatched):
            raise NotCompiled(f"{reason.subject}: {reason.problem}")

    def _fact(
        self,
        query: str,
        tables: frozenset[int],
        digest: str,
        *,
        is_set: bool,
        as_server: bool,
        null_if_empty: bool = False,
    ) -> Fact:
        made = Fact(query, is_set, as_server, null_if_empty, tables, digest)
        return self.known.setdefault(made.identity, made)

    async def _set(
        self, select: Node, keys: Sequence[Node], scope: _Scope, *, null_if_empty: bool = False
    ) -> tuple[Fact, list[str]]:
        """
        Make the fact that the rows of a subquery on one table are.

        Args:
            select: The subquery; what joins it to the row is left out.
            keys: What its rows contribute.
            scope: Where it stands.
            null_if_empty: Whether it is NULL as a whole without rows.

        Returns:
            The fact, and the kinds of its keys.
        """
        self._check_plain(select)
        if len(select.from_clause) != 1:
            raise NotCompiled("it reads several tables")
        table = trees.unwrapped(select.from_clause[0])
        if not isinstance(table, pb.RangeVar) or scope.depth >= _NESTING_LIMIT:
            raise NotCompiled("it does not read a plain table")
        if any(trees.has(key, pb.FuncCall) for key in keys):
            raise NotCompiled("it may aggregate")
        inner, relation_kind = await self._inner(table, scope)
        if relation_kind != "r":
            raise NotCompiled(f"{table.relname} is not a plain table")
        conditions = (
            trees.conjuncts(trees.unwrapped(select.where_clause))
            if select.HasField("where_clause")
            else []
        )
        independent = [part for part in conditions if not trees.is_about_row(part)]
        if inner.relation.oid in self.unwatchable:
            reason = self.unwatchable[inner.relation.oid]
            raise NotCompiled(f"{reason.subject}: {reason.problem}")
        if scope.definer is not None:
            await self._check_definer(inner.relation.oid, scope.definer)
        return await self._rows_of(
            trees.from_text(table), inner, independent, keys, null_if_empty=null_if_empty
        )

    def _check_plain(self, select: Node) -> None:
        """Refuse what changes which rows a subquery has."""
        for name in _PLAIN_SUBQUERY:
            value = getattr(select, name)
            if name == "distinct_clause" and len(value) == 1 and not value[0].WhichOneof("node"):
                continue
            if select.op != pb.SETOP_NONE or (
                select.HasField(name) if name in _SINGLE else len(value)
            ):
                raise NotCompiled("the subquery does more than select rows")

    async def _inner(self, table: Node, scope: _Scope) -> tuple[_Scope, str]:
        """Find the table that a subquery reads."""
        name = sql.Identifier(*filter(None, [table.schemaname, table.relname])).as_string(None)
        ((oid,),) = await self._rows(_NAMED, [name])
        found = None if oid is None else await table_by_oid(self.connection, oid)
        if found is None:
            raise NotCompiled(f"{name} is not found")
        ((_, kind, is_system, is_inherited, _),) = await self._rows(_RELATION, [oid])
        if is_system or is_inherited:
            kind = "other"
        alias = table.alias.aliasname or table.relname
        inner = await self._scope(found.relation, alias, scope.role, scope.definer, scope.depth + 1)
        return inner, kind

    async def _check_definer(self, oid: int, definer: str) -> None:
        """Make sure that the server sees of a table what *definer* does: all of it."""
        ((sees_all,),) = await self._rows(_SEES_ALL, [oid, definer])
        if not sees_all:
            raise NotCompiled(f"{definer}, or the server, does not see all of a table")

    async def _rows_of(
        self,
        source: str,
        scope: _Scope,
        conditions: Sequence[Node],
        keys: Sequence[Node],
        *,
        null_if_empty: bool,
    ) -> tuple[Fact, list[str]]:
        relation = scope.relation
        identity = tuple(n for n, column in enumerate(relation.columns) if column.is_key)
        names = [relation.columns[place].name for place in identity]
        if relation.replica_identity not in (ReplicaIdentity.DEFAULT, ReplicaIdentity.FULL) or any(
            self._kind_of(relation.columns[place].type_oid) in (None, "bool") for place in identity
        ):
            names = []
        operands = [await self._value(trees.with_row(key, scope.table), scope) for key in keys]
        if any(operand.kind == "bool" for operand in operands):
            raise NotCompiled("it selects truth values")
        texts = [trees.text_of(key) for key in keys]
        condition_texts = [trees.text_of(condition) for condition in conditions]
        found = await self._dependencies_of_rows(relation.oid, [*texts, *condition_texts], scope)
        fact = self._fact(
            shapes.rows_query(source, scope.table, names, texts, condition_texts),
            found.tables | {relation.oid},
            # Which policies apply to the rows depends on the role.
            f"{found.digest} {scope.definer or scope.role} {relation}",
            is_set=True,
            as_server=scope.definer is not None,
            null_if_empty=null_if_empty,
        )
        if fact.source is None and names:
            marked = [trees.with_row(condition, scope.table) for condition in conditions]
            fact.source = await self._source(fact, identity, operands, marked, scope)
        return fact, [operand.kind for operand in operands]

    async def _dependencies_of_rows(
        self, oid: int, texts: Sequence[str], scope: _Scope
    ) -> dependencies.Dependencies:
        found = await dependencies.of_expressions(
            self.connection,
            texts,
            search_path=self.search_path,
            policies_of=oid if scope.definer is None else None,
        )
        self._check_dependencies(found)
        if scope.definer is not None and (
            found.tables or any("current_user" in text.lower() for text in texts)
        ):
            raise NotCompiled(f"it is evaluated as {scope.definer}")
        return found

    async def _source(
        self,
        fact: Fact,
        identity: tuple[int, ...],
        keys: Sequence[_Value],
        conditions: Sequence[Node],
        scope: _Scope,
    ) -> Source | None:
        """Tell how the rows of a table make *fact*, unless only PostgreSQL can."""
        parts = [await self._rule(condition, scope) for condition in conditions]
        if scope.definer is None:
            access = await self._nested(scope)
            if access.rule is None:
                return None
            if not access.is_unconditional:
                parts.append(access.rule)
        rule = rules.both(parts) if parts else rules.ALWAYS
        if rules.problems_of(rule):
            return None
        for inner in rules.facts_of(rule):
            if inner.tables:
                inner.derived.append(fact)
        return Source(
            scope.relation, identity, tuple(key.operand for key in keys), rule, shapes.link(rule)
        )

    async def _nested(self, scope: _Scope) -> Access:
        """Compile the policies of a table that a subquery reads."""
        key = (scope.relation.oid, scope.role)
        if key in self._accesses:
            return self._accesses[key]
        # Whoever comes here again, through a policy that reads its own table, finds it opaque.
        self._accesses[key] = Access(
            scope.relation, scope.role, frozenset(), is_unconditional=False, rule=None
        )
        access = await self.access(scope.relation, scope.role, depth=scope.depth)
        self._accesses[key] = access
        return access

    # Subqueries

    async def _subquery(self, node: Node, scope: _Scope) -> Rule:
        select = trees.unwrapped(node.subselect)
        match node.sub_link_type:
            case pb.EXISTS_SUBLINK:
                return await self._exists(select, scope)
            case pb.ANY_SUBLINK if not node.oper_name or (
                len(node.oper_name) == 1 and node.oper_name[0].string.sval == "="
            ):
                if trees.is_about_row(select) and scope.is_asked_whether_true:
                    return await self._exists(shapes.with_equality(select, node), scope)
                operand = await self._value(trees.unwrapped(node.testexpr), scope)
                fact, kind = await self._selected(select, scope)
                return _among(operand, fact, kind)
            case pb.EXPR_SUBLINK:
                target = shapes.only_target(select)
                if target is not None:
                    return await self._rule(target, replace(scope, depth=scope.depth + 1))
                raise NotCompiled(f"{shapes.shown(node)} is not compiled")
            case _:
                raise NotCompiled(f"{shapes.shown(node)} is not compiled")

    async def _exists(self, select: Node, scope: _Scope) -> Rule:
        conditions = (
            trees.conjuncts(trees.unwrapped(select.where_clause))
            if select.HasField("where_clause")
            else []
        )
        if any(trees.is_about_row(unwrapped) for unwrapped in shapes.apart_from_where(select)):
            raise NotCompiled("the subquery uses the row elsewhere than in its conditions")
        links = [
            shapes.joined(condition) for condition in conditions if trees.is_about_row(condition)
        ]
        operands = [await self._value(outer, scope) for _, outer in links]
        keys = [inner for inner, _ in links]
        self._check_plain(select)
        if any(
            isinstance(m, pb.FuncCall) for t in select.target_list for m, _ in trees.messages(t)
        ):
            raise NotCompiled("the subquery may aggregate")
        try:
            fact, kinds = await self._set(select, keys, scope)
        except NotCompiled:
            if scope.definer is not None:
                raise
            fact, kinds = await self._joined_set(select, keys, conditions, scope)
        if [operand.kind for operand in operands] != kinds:
            raise NotCompiled("it compares values of different types")
        return Exists(tuple(operand.operand for operand in operands), fact)

    async def _joined_set(
        self, select: Node, keys: Sequence[Node], conditions: Sequence[Node], scope: _Scope
    ) -> tuple[Fact, list[str]]:
        """Make the fact of a subquery on anything, which is asked for again at every change."""
        query = trees.copied(select)
        del query.target_list[:]
        query.ClearField("where_clause")
        independent = [trees.text_of(c) for c in conditions if not trees.is_about_row(c)]
        texts = [trees.text_of(key) for key in keys]
        source = trees.query_text(query).removeprefix("SELECT").strip()
        where = f" where {' and '.join(f'({text})' for text in independent)}" if independent else ""
        columns = ", ".join(f"({text}) as k{n}" for n, text in enumerate(texts)) or "1 as k0"
        rows = f"select {columns} {source}{where}"
        kinds = [await self._kind(f"(select {text} {source} limit 1)", scope) for text in texts]
        return await self._generic_set(rows, len(texts), scope), kinds

    async def _generic_set(self, rows: str, width: int, scope: _Scope) -> Fact:
        found = await self._dependencies(f"exists ({rows})", scope)
        values = ", ".join(f"s.k{n}::text" for n in range(width))
        query = (
            "select pg_catalog.json_build_array(false, (select pg_catalog.json_agg("
            "pg_catalog.json_build_array(pg_catalog.json_build_array(s.n::text),"
            f" pg_catalog.json_build_array({values})))"
            f" from (select s.*, pg_catalog.row_number() over () as n from ({rows}) s"
            f" limit {ROWS_LIMIT + 1}) s))::text"
        )
        return self._fact(query, found.tables, found.digest, is_set=True, as_server=False)

    async def _selected(self, select: Node, scope: _Scope) -> tuple[Fact, str]:
        """Make the fact that ``IN (select …)`` compares with."""
        if trees.is_about_row(select):
            raise NotCompiled("the subquery of IN uses the row")
        if len(select.target_list) != 1:
            raise NotCompiled("IN compares several columns")
        target = trees.unwrapped(select.target_list[0].res_target.val)
        try:
            if not select.from_clause and isinstance(target, pb.FuncCall):
                return await self._function_rows(target, scope)
            fact, kinds = await self._set(select, [target], scope)
        except NotCompiled:
            text = trees.query_text(select)
            kind = await self._kind(f"(select k0 from ({text}) s (k0) limit 1)", scope)
            if kind == "bool":
                raise
            return await self._generic_set(f"select s.k0 from ({text}) s (k0)", 1, scope), kind
        return fact, kinds[0]

    async def _any_of(self, operand: _Value, node: Node, scope: _Scope) -> Rule:
        """Compile ``= ANY (array)``."""
        if trees.is_about_row(node):
            raise NotCompiled("the array depends on the row")
        text = trees.text_of(node)
        kind = await self._kind(f"(({text}))[1]", scope)
        if kind != operand.kind or kind == "bool":
            raise NotCompiled(f"{text} holds {kind}, compared with {operand.kind}")
        if shapes.is_constant(node):
            rows = await self._asked(f"select u.e::text from unnest(({text})) as u(e)")
            values = [row[0] for row in rows]
            texts = frozenset(value.encode() for value in values if value is not None)
            ((is_null,),) = await self._asked(f"select ({text}) is null")
            if is_null:
                return Constant(None)
            return OneOf(operand.operand, texts, None in values)
        try:
            fact = await self._array(node, kind, scope)
        except NotCompiled:
            fact = await self._generic_array(text, scope)
        return Among(operand.operand, fact)

    async def _array(self, node: Node, kind: str, scope: _Scope) -> Fact:
        """Make the fact that an array is, from the rows that it is made of."""
        match node:
            case pb.TypeCast():
                return await self._array(trees.unwrapped(node.arg), kind, scope)
            case pb.SubLink(sub_link_type=pb.ARRAY_SUBLINK):
                select = trees.unwrapped(node.subselect)
                target = trees.unwrapped(select.target_list[0].res_target.val)
                if isinstance(target, pb.FuncCall) and not select.from_clause:
                    fact, found = await self._function_rows(target, scope)
                    return shapes.of_kind(fact, found, kind)
                fact, kinds = await self._set(select, [target], scope)
                return shapes.of_kind(fact, kinds[0], kind)
            case pb.SubLink(sub_link_type=pb.EXPR_SUBLINK):
                select = trees.unwrapped(node.subselect)
                target = shapes.only_target(select)
                if target is not None:
                    return await self._array(target, kind, scope)
                return await self._aggregate(select, kind, scope)
            case pb.FuncCall():
                body, inner = await self._body(node, scope)
                return await self._array(body, kind, inner)
            case _:
                raise NotCompiled(f"{shapes.shown(node)} is not compiled")

    async def _aggregate(self, select: Node, kind: str, scope: _Scope) -> Fact:
        """Make the fact that ``select [coalesce(]array_agg(x)[, '{}')] from …`` is."""
        target = trees.unwrapped(select.target_list[0].res_target.val)
        is_null_if_empty = True
        if isinstance(target, pb.CoalesceExpr):
            first, *others = (trees.unwrapped(arg) for arg in target.args)
            if len(others) != 1 or not shapes.is_empty_array(others[0]):
                raise NotCompiled("COALESCE gives something else than an empty array")
            target, is_null_if_empty = first, False
        if (
            not isinstance(target, pb.FuncCall)
            or trees.function_name(target) != ("array_agg",)
            or len(target.args) != 1
            or target.HasField("agg_filter")
        ):
            raise NotCompiled(f"{shapes.shown(target)} is not compiled")
        key = trees.unwrapped(target.args[0])
        fact, kinds = await self._set(select, [key], scope, null_if_empty=is_null_if_empty)
        return shapes.of_kind(fact, kinds[0], kind)

    async def _generic_array(self, text: str, scope: _Scope) -> Fact:
        found = await self._dependencies(text, scope)
        query = (
            "select pg_catalog.json_build_array(x.v is null, (select pg_catalog.json_agg("
            "pg_catalog.json_build_array(pg_catalog.json_build_array(u.n::text),"
            " pg_catalog.json_build_array(u.e::text)))"
            " from pg_catalog.unnest(x.v) with ordinality as u(e, n)"
            f" where u.n <= {ROWS_LIMIT + 1}))::text from (select ({text}) as v offset 0) x"
        )
        return self._fact(query, found.tables, found.digest, is_set=True, as_server=False)

    # Functions

    async def _call(self, node: Node, scope: _Scope) -> Rule:
        """Compile the call of a boolean function by what its body says."""
        body, inner = await self._body(node, scope)
        rule = await self._rule(body, inner)
        problems = rules.problems_of(rule)
        if problems:
            raise NotCompiled(problems[0])
        return rule

    async def _function_rows(self, node: Node, scope: _Scope) -> tuple[Fact, str]:
        """Make the fact that the rows of a set-returning function are."""
        body, inner = await self._body(node, scope)
        if not isinstance(body, pb.SubLink) or body.sub_link_type != pb.ARRAY_SUBLINK:
            raise NotCompiled(f"{shapes.shown(node)} does not return rows of a subquery")
        select = trees.unwrapped(body.subselect)
        target = trees.unwrapped(select.target_list[0].res_target.val)
        fact, kinds = await self._set(select, [target], inner)
        return fact, kinds[0]

    async def _body(self, node: Node, scope: _Scope) -> tuple[Node, _Scope]:
        """Read the body of a function, with the arguments of this call in it."""
        if scope.depth >= _NESTING_LIMIT:
            raise NotCompiled("functions call each other too deeply")
        function = await bodies.find(self.connection, node, role=scope.definer or scope.role)
        if isinstance(function, str):
            raise NotCompiled(function)
        body = await bodies.read(self.connection, function, search_path=self.search_path)
        if isinstance(body, str):
            raise NotCompiled(body)
        definer = function.owner if function.is_definer else scope.definer
        arguments = bodies.arguments(function, node)
        inner = replace(scope, definer=definer, depth=scope.depth + 1)
        return trees.with_arguments(body, function.name, arguments), inner

    # PostgreSQL

    async def _become(self, role: str) -> None:
        await self.connection.execute("select set_config('role', %s, true)", [role])

    async def _rows(self, query: LiteralString, parameters: Any) -> list[TupleRow]:  # noqa: ANN401
        cursor = await self.connection.execute(query, parameters)
        return await cursor.fetchall()

    async def _asked(self, query: str) -> list[TupleRow]:
        """Evaluate a constant; one that cannot be is not compiled."""
        try:
            async with self.connection.transaction():
                cursor = await self.connection.execute(cast("LiteralString", query))
                return await cursor.fetchall()
        except psycopg.Error as error:
            self._raise_if_broken()
            raise NotCompiled(f"{query}: {error.diag.message_primary}") from error

    def _raise_if_broken(self) -> None:
        if self.connection.broken:
            raise psycopg.OperationalError("the connection was lost while policies were compiled")


def _cast(value: _Value, node: Node) -> _Value:
    """Give a value another type, where its text form stays as it is."""
    name = trees.type_name(node)
    if name in ("text", "varchar") and value.kind != "bool":
        return _Value(value.operand, "text")
    if name == value.kind or (name in _WIDENED and value.kind == "int"):
        return value
    raise NotCompiled(f"{shapes.shown(node)} is a cast that is not compiled")


def _among(operand: _Value, fact: Fact, kind: str) -> Rule:
    if operand.kind != kind:
        raise NotCompiled(f"IN compares {operand.kind} with {kind}")
    return Among(operand.operand, fact)
