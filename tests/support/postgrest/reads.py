"""
Random valid reads of the schema in ``differential.sql``.

They are made from a seed, not by Hypothesis: one of them takes microseconds, so that tens of
thousands can be asked, and the same number always gives the same request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

# Kinds of columns, and values to compare them with.
_VALUES: Final[Mapping[str, Sequence[str]]] = {
    "int": ("0", "1", "2", "3", "5", "12", "39", "-1", "2147483647"),
    "bigint": ("9007199254740994", "9007199254741000", "0"),
    "numeric": ("1.25", "2.50", "0", "100.5", "1e2", "-3"),
    "float": ("1.51", "1.6", "0", "1.9"),
    "text": (
        "Acme",
        "person 7",
        "c,omma",
        'quo"te',
        "a b",
        "",
        "Zed",
        "Böse & Söhne",
        "*",
        "%",
        "de",
    ),
    "bool": ("true", "false", "t", "0"),
    "date": ("1990-01-01", "2025-01-10", "1981-02-03"),
    "timestamp": ("2024-03-31T01:30:00Z", "2024-03-31 12:00:00+02", "2024-04-01"),
    "mood": ("sad", "fine", "happy"),
    "uuid": ("c4ca4238-a0b9-2382-0dcc-509a6f75849b", "00000000-0000-0000-0000-000000000000"),
    "text[]": ("{a}", "{a,b c}", '{"x,y"}', "{}", "{NULL}"),
    "int[]": ("{1}", "{1,2}", "{}", "{5,2,NULL}"),
    "daterange": ("[2024-01-05,2024-01-20)", "empty", "[2024-01-10,)"),
    "jsonb": ("{}", '{"size": 3}', '{"deep": {"null": null}}', "[]"),
    "tsvector": ("cat", "dog & run", "house", "nothing"),
    "json": (),
}

_ORDERED: Final = ("int", "bigint", "numeric", "float", "text", "date", "timestamp", "mood", "uuid")

_JSON_PATHS: Final = (
    "->size",
    "->>size",
    "->>name",
    "->list->0",
    "->list->>1",
    "->deep->>a-b",
    "->x->y",
    "->k",
    "->>k",
    "->list->>-1",
    '->deep->>"null"',
)


_OPERATORS: Final = {
    "text[]": ("cs", "cd", "ov", "eq", "neq", "gt"),
    "int[]": ("cs", "cd", "ov", "eq", "neq", "gt"),
    "daterange": ("cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj", "eq", "lt"),
    "jsonb": ("cs", "cd", "eq"),
    "tsvector": ("fts", "fts(english)", "plfts", "phfts", "wfts"),
}

_PATTERNS: Final = (
    (("like", "ilike"), ("*o*", "p*", "*7", "%e%", "c,*", "_cme", "Z*")),
    (("match", "imatch"), ("^p", "[0-9]+$", "O", "a|b")),
)


@dataclass(frozen=True, slots=True)
class Table:
    """What can be read: columns and their kinds, the key, and what can be embedded."""

    columns: Mapping[str, str]
    key: Sequence[str]
    embeds: Mapping[str, tuple[str, bool]]
    """How it is written → the table it leads to, and whether that is one row at most."""


TABLES: Final[Mapping[str, Table]] = {
    "company": Table(
        {
            "id": "int",
            "name": "text",
            "founded": "date",
            "rating": "numeric",
            "tags": "text[]",
            "data": "jsonb",
            "parent_id": "int",
        },
        ("id",),
        {
            "person": ("person", False),
            "project": ("project", False),
            "staff": ("person", False),
            "active_person": ("active_person", False),
            "parent_id": ("company", True),
            "company": ("company", False),
            "company!parent_id": ("company", False),
        },
    ),
    "person": Table(
        {
            "id": "int",
            "company_id": "int",
            "name": "text",
            "email": "text",
            "born": "date",
            "height": "float",
            "active": "bool",
            "seen": "timestamp",
            "data": "json",
            "scores": "int[]",
            "mood": "mood",
            "token": "uuid",
            "label": "text",
        },
        ("id",),
        {
            "company": ("company", True),
            "company_id": ("company", True),
            "person_company_id_fkey": ("company", True),
            "badge": ("badge", True),
            "visit": ("visit", False),
            "assignment": ("assignment", False),
            "project!assignment": ("project", False),
            "project!project_lead": ("project", False),
            "project!deputy_id": ("project", False),
            "odd name": ("odd name", False),
        },
    ),
    "project": Table(
        {
            "id": "int",
            "company_id": "int",
            "lead_id": "int",
            "deputy_id": "int",
            "title": "text",
            "budget": "numeric",
            "period": "daterange",
            "document": "tsvector",
            "big": "bigint",
        },
        ("id",),
        {
            "company": ("company", True),
            "owner": ("company", True),
            "person!project_lead": ("person", True),
            "lead_id": ("person", True),
            "project_deputy": ("person", True),
            "person!assignment": ("person", False),
            "assignment": ("assignment", False),
            "active_person!project_lead": ("active_person", True),
        },
    ),
    "assignment": Table(
        {"person_id": "int", "project_id": "int", "hours": "int"},
        ("person_id", "project_id"),
        {"person": ("person", True), "project": ("project", True)},
    ),
    "badge": Table(
        {"person_id": "int", "code": "text"}, ("person_id",), {"person": ("person", True)}
    ),
    "place": Table(
        {"country": "text", "city": "text", "population": "int"},
        ("country", "city"),
        {"visit": ("visit", False), "visit!visit_place": ("visit", False)},
    ),
    "visit": Table(
        {"id": "int", "person_id": "int", "country": "text", "city": "text", "day": "date"},
        ("id",),
        {"place": ("place", True), "person": ("person", True), "visit_place": ("place", True)},
    ),
    "active_person": Table(
        {"id": "int", "company_id": "int", "name": "text", "mood": "mood", "born": "date"},
        ("id",),
        {
            "company": ("company", True),
            "badge": ("badge", True),
            "visit": ("visit", False),
            "assignment": ("assignment", False),
        },
    ),
    "odd name": Table(
        {"Id": "int", "a.b": "text", "x,y": "text", "über": "text", "person_id": "int"},
        ("Id",),
        {"person": ("person", True)},
    ),
}

_ROWS_OF_PERSON: Final = ("people_of?company=2", "people_of?company=3&minimum=9")

_CALLS: Final = (
    "add?a=1",
    "add?a=1&b=5",
    "add?b=1",
    "join_all?words=a&words=b",
    "join_all?words=x",
    "numbers?n=3",
    "numbers?n=0",
    "pair?a=héllo",
    "nothing",
    "add?a=x",
)

_AS_CSV: Final = (("Accept", "text/csv"),)

_HEADERS: Final = (
    (("Accept", "application/vnd.pgrst.object+json"),),
    (("Accept", "application/vnd.pgrst.array+json;nulls=stripped"),),
    (("Accept", "application/vnd.pgrst.object+json;nulls=stripped"),),
    _AS_CSV,
    (("Accept", "image/png"),),
    (("Range", "0-4"),),
    (("Range", "3-"),),
    (("Range", "2-1"),),
    (("Prefer", "count=exact"),),
    (("Prefer", "count=exact"), ("Range", "1-2")),
)


@dataclass(frozen=True, slots=True)
class Read:
    """One request."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()


def random_read(chance: random.Random) -> Read:
    """Make a request that is nearly always a valid one."""
    headers = chance.choice(_HEADERS) if chance.random() < 0.35 else ()
    method = "HEAD" if chance.random() < 0.04 else "GET"
    place = chance.random()
    if place < 0.04:
        return Read(method, "/rpc/" + _encoded(chance.choice(_CALLS)), headers)
    if place < 0.12:
        path, table = f"/rpc/{chance.choice(_ROWS_OF_PERSON)}", "person"
    else:
        table = chance.choice(list(TABLES))
        path = f"/{quote(table)}"
    parameters = _Parameters(chance)
    parameters.add_level(table, (), depth=0)
    query = parameters.text()
    if headers == _AS_CSV and parameters.has_paths:
        # The original moves embeds to the front that a path leads through.
        headers = ()
    separator = "&" if "?" in path else "?"
    return Read(method, path + (separator + query if query else ""), headers)


def _encoded(text: str) -> str:
    return quote(text, safe="?=&:,.()*!->{}[]@$'/\"") if not text.isascii() else text


@dataclass(frozen=True, slots=True)
class _Embed:
    """A chosen embed: its text, how it is addressed, its table's key, and whether it is to-one."""

    text: str
    addressed: str
    key: str
    is_single: bool


class _Parameters:
    """The parameters of one request, level by level."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._pairs: list[tuple[str, str]] = []
        self._select = ""

    @property
    def has_paths(self) -> bool:
        """Whether a parameter is for an embed."""
        return any("." in key for key, _ in self._pairs)

    def text(self) -> str:
        pairs = list(self._pairs)
        if self._select:
            pairs.insert(self._chance.randint(0, len(pairs)), ("select", self._select))
        return "&".join(f"{quote(key)}={quote(value, safe=',.():*!')}" for key, value in pairs)

    def add_level(
        self, name: str, path: tuple[str, ...], depth: int, *, is_spread: bool = False
    ) -> str:
        """Add filters, order and range for a table at *path*; return its part of `select`."""
        table = TABLES[name]
        # Version 12 does not know aggregates in spreads.
        if self._chance.random() < 0.08 and not is_spread:
            select = self._add_aggregates(table, path)
            self._select = select if depth == 0 else self._select
            return select
        items = self._columns(table)
        embeds = self._embeds(table, path, depth)
        select = ",".join([*items, *(embed.text for embed in embeds)])
        to_one = [
            f"{_name(embed.addressed)}({_name(embed.key)})" for embed in embeds if embed.is_single
        ]
        self._add_filters(table, path, [embed.addressed for embed in embeds])
        self._add_order(table, path, to_one)
        self._add_range(path)
        if depth == 0 and (select != "*" or self._chance.random() < 0.5):
            self._select = select
        return select

    def _add_aggregates(self, table: Table, path: tuple[str, ...]) -> str:
        """Group by a column, in whose order the groups come, or by none; return the `select`."""
        chance = self._chance
        kinds = table.columns
        numbers = [name for name, kind in kinds.items() if kind in {"int", "numeric", "float"}]
        items = [chance.choice(("count()", "n:count()", "count()::text"))]
        if numbers:
            function = chance.choice(("sum()", "avg()", "max()::text", "min()", "count()"))
            items.append(f"a:{_name(chance.choice(numbers))}.{function}")
        self._add_filters(table, path, [])
        groups = [name for name, kind in kinds.items() if kind in _ORDERED and name != "label"]
        if chance.random() < 0.7:
            group = _name(chance.choice(groups))
            items.insert(chance.randint(0, len(items)), group)
            self._pairs.append((_key(path, "order"), group))
        return ",".join(items)

    def _columns(self, table: Table) -> list[str]:
        chance = self._chance
        if chance.random() < 0.3:
            return ["*"]
        names = chance.sample(list(table.columns), chance.randint(1, min(4, len(table.columns))))
        return [self._column(name, table.columns[name]) for name in names]

    def _column(self, name: str, kind: str) -> str:
        chance = self._chance
        text = _name(name)
        if kind in {"json", "jsonb"} and chance.random() < 0.7:
            text += chance.choice(_JSON_PATHS)
        elif chance.random() < 0.12:
            text += "::text"
        return (
            f"{chance.choice(('one', 'zwei', 'a b'))}_{name[:1]}:{text}"
            if (chance.random() < 0.12)
            else text
        )

    def _embeds(self, table: Table, path: tuple[str, ...], depth: int) -> list[_Embed]:
        chance = self._chance
        if depth > 2 or not table.embeds or chance.random() < (0.35, 0.6, 0.8)[depth]:
            return []
        found: list[_Embed] = []
        targets = chance.sample(list(table.embeds), chance.randint(1, min(2, len(table.embeds))))
        # Which of two embeds of one table a name means depends on parameters that came before.
        are_alike = len({table.embeds[target][0] for target in targets}) < len(targets)
        for number, target in enumerate(targets):
            inner_table, is_single = table.embeds[target]
            word, _, hint = target.partition("!")
            alias = f"e{depth}{number}" if are_alike or chance.random() < 0.3 else ""
            # Two spreads may have columns of one name, of which JSON readers take the last.
            is_spread = is_single and len(targets) == 1 and chance.random() < 0.25
            name = "" if is_spread else alias
            addressed = name or word
            inner = self.add_level(inner_table, (*path, addressed), depth + 1, is_spread=is_spread)
            text = f"{name}:{_name(word)}" if name else _name(word)
            text += f"!{hint}" if hint else ""
            text += chance.choice(("", "", "", "!inner", "!left"))
            text = ("..." if is_spread else "") + f"{text}({inner})"
            key = TABLES[inner_table].key[0]
            found.append(_Embed(text, addressed, key, is_single and not is_spread))
        return found

    def _add_filters(self, table: Table, path: tuple[str, ...], embeds: list[str]) -> None:
        chance = self._chance
        for _ in range(chance.choice((0, 0, 0, 1, 1, 2))):
            key, value = self._condition(table)
            self._pairs.append((_key((*path,), key), value))
        if chance.random() < 0.15:
            members = [self._member(table, 2) for _ in range(chance.randint(1, 3))]
            word = chance.choice(("or", "and", "not.or", "not.and"))
            self._pairs.append((_key(path, word), f"({','.join(members)})"))
        if embeds and chance.random() < 0.15:
            value = chance.choice(("is.null", "not.is.null"))
            self._pairs.append((_key(path, _name(chance.choice(embeds))), value))

    def _member(self, table: Table, depth: int) -> str:
        chance = self._chance
        if depth and chance.random() < 0.25:
            members = [self._member(table, depth - 1) for _ in range(chance.randint(1, 2))]
            return f"{chance.choice(('and', 'or', 'not.and'))}({','.join(members)})"
        key, text = self._condition(table)
        negation = "not." if text.startswith("not.") else ""
        operator, _, value = text.removeprefix("not.").partition(".")
        if operator != "in" and any(one in value for one in '(),"{}'):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            value = f'"{escaped}"'
        return f"{key}.{negation}{operator}.{value}"

    def _condition(self, table: Table) -> tuple[str, str]:
        chance = self._chance
        name = chance.choice(list(table.columns))
        kind = table.columns[name]
        key = _name(name)
        if kind in {"json", "jsonb"} and (kind == "json" or chance.random() < 0.7):
            key += chance.choice([path for path in _JSON_PATHS if "->>" in path])
            kind = "text"
        negation = "not." if chance.random() < 0.15 else ""
        return key, negation + self._operation(kind)

    def _operation(self, kind: str) -> str:
        chance = self._chance
        value = chance.choice(_VALUES[kind])
        if chance.random() < 0.12:
            return "is." + ("null" if kind != "bool" else chance.choice(("true", "unknown")))
        if kind in _OPERATORS:
            return f"{chance.choice(_OPERATORS[kind])}.{value}"
        if kind == "text" and chance.random() < 0.35:
            operators, patterns = chance.choice(_PATTERNS)
            return f"{chance.choice(operators)}.{chance.choice(patterns)}"
        return self._scalar_operation(kind, _VALUES[kind], value)

    def _scalar_operation(self, kind: str, values: Sequence[str], value: str) -> str:
        chance = self._chance
        choice = chance.random()
        if choice < 0.2:
            chosen = [chance.choice(values) for _ in range(chance.randint(0, 3))]
            quoted = (_quoted(one) if not one.isalnum() else one for one in chosen)
            return f"in.({','.join(quoted)})"
        if choice < 0.3 and kind in {"int", "date", "mood"}:
            quantifier = chance.choice(("any", "all"))
            return f"{chance.choice(('eq', 'gt', 'lte'))}({quantifier}).{{{value},{values[0]}}}"
        operators = ("eq", "neq", "gt", "gte", "lt", "lte", "isdistinct")
        return f"{chance.choice(operators)}.{value}"

    def _add_order(self, table: Table, path: tuple[str, ...], to_one: list[str]) -> None:
        """Order by a key in the end, for what is left open is open to both servers."""
        chance = self._chance
        terms: list[str] = []
        if chance.random() < 0.5:
            names = [name for name, kind in table.columns.items() if kind in _ORDERED]
            terms += [_name(name) for name in chance.sample(names, chance.randint(1, 2))]
        if to_one and chance.random() < 0.2:
            terms.append(chance.choice(to_one))
        terms += [_name(name) for name in table.key]
        directed = [
            term + chance.choice(("", ".asc", ".desc")) + chance.choice(("", "", ".nullsfirst"))
            for term in terms
        ]
        self._pairs.append((_key(path, "order"), ",".join(directed)))

    def _add_range(self, path: tuple[str, ...]) -> None:
        chance = self._chance
        if chance.random() < 0.3:
            self._pairs.append((_key(path, "limit"), chance.choice(("0", "1", "2", "5", "100"))))
        if chance.random() < 0.15:
            self._pairs.append((_key(path, "offset"), chance.choice(("0", "1", "3", "50"))))


def _name(name: str) -> str:
    return f'"{name}"' if any(one in name for one in ".,") else name


def _key(path: tuple[str, ...], last: str) -> str:
    return ".".join([*path, last])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
