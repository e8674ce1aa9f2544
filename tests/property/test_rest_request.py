"""REST requests: any text gives a request or a clear refusal, and what is written is read back."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

from hypothesis import event, example, given
from hypothesis import strategies as st

from slotcast.rest.errors import RestError
from slotcast.rest.request.ast import (
    Aggregate,
    AllColumns,
    Comparison,
    Condition,
    Connective,
    Direction,
    Embed,
    Field,
    IsTest,
    IsValue,
    Join,
    JsonIndex,
    JsonKey,
    JsonStep,
    LogicTree,
    Membership,
    Nulls,
    Operation,
    Operator,
    OrderTerm,
    Quantifier,
    RowCount,
    SelectedField,
    SelectItem,
    TextSearch,
    TextSearchOperator,
)
from slotcast.rest.request.filters import parse_logic, parse_operation
from slotcast.rest.request.order import parse_order
from slotcast.rest.request.query_string import parse_query
from slotcast.rest.request.reading import HttpRequest, RequestRules, read_request
from slotcast.rest.request.select import parse_select
from slotcast.rest.response.failures import failure, response_to

RULES = RequestRules(schemas=("public", "other"), timezones={"UTC"}, may_choose_end=True)

LETTERS = "abz_09 $-é"
SYNTAX = "\"\\.,:;()!<>-*'[]{}&=%+/\t\n"

any_text = st.text(st.one_of(st.sampled_from(LETTERS + SYNTAX), st.characters(codec="utf-8")))
sentences = st.lists(
    st.sampled_from(
        [
            *SYNTAX,
            *LETTERS,
            "->",
            "->>",
            "::",
            "...",
            "not.",
            "and",
            "or(",
            "in.(",
            "is.null",
            "eq.",
            "like(any).",
            "fts(english).",
            "count()",
            ".sum()",
            "!inner",
            "rel(",
            "asc",
        ]
    ),
    max_size=30,
).map("".join)
hostile = st.one_of(any_text, sentences)


def quoted(text: str) -> str:
    """Write text in quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# Totality ------------------------------------------------------------------------------


def served(http: HttpRequest) -> None:
    """See that *http* is understood, or refused with an error a client can read."""
    error = refusal_of(http)
    event(f"refused: {error.body.code}" if error else "understood")
    assert error is None or (400 <= error.status < 500 and response_to(error).body)


def refusal_of(http: HttpRequest) -> RestError | None:
    """Give the error that *http* is refused with, or None."""
    try:
        read_request(http, RULES)
    except RestError as error:
        return error
    return None


parameters = st.lists(
    st.tuples(
        st.one_of(
            hostile,
            st.sampled_from(["select", "order", "limit", "offset", "or", "a.and", "columns"]),
            st.sampled_from(["on_conflict", "a", "a.b", "a->b", "rel.not.or", "rel.limit"]),
        ),
        hostile,
    ),
    max_size=4,
)


@given(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "X"]),
    st.one_of(st.sampled_from(["/t", "/rpc/f", "/"]), hostile.map(lambda text: "/" + quote(text))),
    parameters,
)
@example("GET", "/t", [("select", "a(" * 5000)])
@example("GET", "/t", [("or", "(" + "and(" * 5000)])
@example("GET", "/t", [("a" + "->b" * 5000, "eq.1")])
@example("GET", "/t", [("a." * 5000 + "b", "eq.1")])
@example("GET", "/t", [("a", "in.(" + '"' * 30_000)])
@example("GET", "/t", [("limit", "9" * 10_000), ("offset", "-" + "9" * 10_000)])
def test_any_url_is_understood_or_refused(
    method: str, path: str, pairs: list[tuple[str, str]]
) -> None:
    query = "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in pairs)

    served(HttpRequest(method=method, path=path, query=query.encode(), body=b"{}"))


@given(st.binary())
def test_any_bytes_of_a_url_are_understood_or_refused(query: bytes) -> None:
    served(HttpRequest(method="GET", path="/t", query=query))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["accept", "content-type", "prefer", "range", "accept-profile", "content-profile"]
            ),
            st.one_of(
                hostile,
                st.lists(
                    st.sampled_from(
                        [
                            "application/json",
                            "text/csv",
                            "application/vnd.pgrst.plan",
                            ";q=",
                            '"',
                            ";options=",
                            'for="',
                            ",",
                            "return=",
                            "minimal",
                            "max-affected=",
                            "1-",
                            "application/x-www-form-urlencoded",
                            "nulls=stripped",
                            "0",
                            "timezone=",
                        ]
                    ),
                    max_size=8,
                ).map("".join),
            ),
        ),
        max_size=4,
    ),
    st.one_of(st.binary(), hostile.map(str.encode)),
    st.sampled_from(["/t", "/rpc/f"]),
)
def test_any_headers_and_body_are_understood_or_refused(
    headers: list[tuple[str, str]], body: bytes, path: str
) -> None:
    served(HttpRequest(method="POST", path=path, headers=headers, body=body))


@given(
    st.one_of(st.sampled_from(["PGRST", "PT404", "PT", "42501", "22023"]), st.text(max_size=5)),
    st.text(),
    st.none() | st.text(),
)
def test_any_error_of_postgresql_makes_a_response(
    sqlstate: str, message: str, detail: str | None
) -> None:
    response = response_to(failure(sqlstate, message, detail, None, is_anonymous=True))

    assert 200 <= response.status <= 999
    assert all("\n" not in value and "\r" not in value for _, value in response.headers)


# Round trips ---------------------------------------------------------------------------

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
steps: st.SearchStrategy[JsonStep] = st.one_of(
    st.builds(JsonKey, names, st.booleans()),
    st.builds(JsonIndex, st.integers(-(10**12), 10**12).map(str), st.booleans()),
)
# An index is one only before a delimiter, and the parenthesis of an embed is none.
fields = st.builds(Field, names, st.lists(steps, max_size=3).map(tuple)).filter(
    lambda field: not (field.json_path and isinstance(field.json_path[-1], JsonIndex))
)
casts = st.none() | st.from_regex("[a-z_][a-z0-9_$ ]*[a-z0-9_]", fullmatch=True)
aliases = st.none() | names


def write_field(field: Field) -> str:
    path = "".join(
        ("->>" if step.as_text else "->")
        + (quoted(step.key) if isinstance(step, JsonKey) else step.index)
        for step in field.json_path
    )
    return quoted(field.name) + path


plain_items: st.SearchStrategy[SelectItem] = st.one_of(
    st.just(AllColumns()),
    st.builds(RowCount, aliases, casts),
    st.builds(SelectedField, fields, aliases, casts),
    st.builds(SelectedField, fields, aliases, casts, st.sampled_from(Aggregate), casts),
)


def embeds(items: st.SearchStrategy[SelectItem]) -> st.SearchStrategy[SelectItem]:
    inner = st.lists(items, max_size=3).map(tuple)
    joins = st.none() | st.sampled_from(Join)
    targets = names.filter(lambda name: name != "count")
    return st.one_of(
        st.builds(Embed, targets, inner, aliases, aliases, joins),
        st.builds(Embed, targets, inner, st.none(), aliases, joins, st.just(value=True)),
    )


items = st.recursive(plain_items, embeds, max_leaves=8)


def write_item(item: SelectItem) -> str:
    match item:
        case AllColumns():
            return "*"
        case RowCount(alias, cast):
            return write_alias(alias) + "count()" + write_cast(cast)
        case SelectedField(field, alias, cast, aggregate, aggregate_cast):
            call = f".{aggregate.value}()" if aggregate else ""
            text = write_alias(alias) + write_field(field) + write_cast(cast) + call
            return text + write_cast(aggregate_cast)
        case Embed(target, inner, alias, hint, join, is_spread):
            head = ("..." if is_spread else write_alias(alias)) + quoted(target)
            head += f"!{quoted(hint)}" if hint is not None else ""
            head += f"!{join.value}" if join else ""
            return f"{head}({','.join(map(write_item, inner))})"


def write_alias(alias: str | None) -> str:
    return "" if alias is None else f"{quoted(alias)}:"


def write_cast(cast: str | None) -> str:
    return "" if cast is None else f"::{cast}"


@given(st.lists(items, max_size=4))
def test_what_is_selected_is_read_back(selected: list[SelectItem]) -> None:
    text = ",".join(map(write_item, selected))

    assert parse_select(text) == tuple(selected)


@given(
    st.lists(
        st.builds(
            OrderTerm,
            fields,
            aliases,
            st.none() | st.sampled_from(Direction),
            st.none() | st.sampled_from(Nulls),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_an_order_is_read_back(terms: list[OrderTerm]) -> None:
    assert parse_order(",".join(map(write_term, terms))) == tuple(terms)


def write_term(term: OrderTerm) -> str:
    field = write_field(term.field)
    text = field if term.embed is None else f"{quoted(term.embed)}({field})"
    if term.direction:
        text += f".{term.direction.value.lower()}"
    if term.nulls:
        text += f".{term.nulls.value.lower().replace(' ', '')}"
    return text


values = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
patterns = {Operator.LIKE, Operator.ILIKE}
quantifiable = [Operator.EQ, Operator.GT, Operator.LTE, Operator.MATCH]
operations: st.SearchStrategy[Operation] = st.one_of(
    st.builds(
        Comparison, st.sampled_from([one for one in Operator if one not in patterns]), values
    ),
    st.builds(Comparison, st.sampled_from(quantifiable), values, st.sampled_from(Quantifier)),
    st.builds(Membership, st.lists(values).map(tuple).filter(lambda found: found != ("",))),
    st.builds(IsTest, st.sampled_from(IsValue)),
    st.builds(
        TextSearch, st.sampled_from(TextSearchOperator), values, st.sampled_from([None, "simple"])
    ),
)


def write_operation(operation: Operation, value: str | None) -> str:
    match operation:
        case Comparison(operator, text, quantifier):
            option = f"({quantifier.value})" if quantifier else ""
            return f"{operator.value}{option}.{text if value is None else value}"
        case Membership(members):
            return f"in.({','.join(map(quoted, members))})"
        case IsTest(what):
            return f"is.{what.value.lower().replace(' ', '_')}"
        case TextSearch(operator, text, language):
            option = f"({language})" if language else ""
            return f"{operator.value}{option}.{text if value is None else value}"


@given(operations, st.booleans())
def test_a_filter_s_value_is_read_back(operation: Operation, is_negated: bool) -> None:
    text = ("not." if is_negated else "") + write_operation(operation, None)

    assert parse_operation(text) == (operation, is_negated)


conditions = st.builds(Condition, fields, operations, st.booleans())
trees = st.recursive(
    st.builds(
        LogicTree,
        st.sampled_from(Connective),
        st.lists(conditions, min_size=1, max_size=3).map(tuple),
        st.booleans(),
    ),
    lambda inner: st.builds(
        LogicTree,
        st.sampled_from(Connective),
        st.lists(st.one_of(conditions, inner), min_size=1, max_size=3).map(tuple),
        st.booleans(),
    ),
    max_leaves=6,
)


def write_member(member: Condition | LogicTree) -> str:
    negation = "not." if member.is_negated else ""
    match member:
        case Condition(field, operation):
            value = operation.value if isinstance(operation, (Comparison, TextSearch)) else ""
            return f"{write_field(field)}.{negation}{write_operation(operation, quoted(value))}"
        case LogicTree(connective, members):
            inner = ",".join(map(write_member, members))
            return f"{negation}{connective.value.lower()}({inner})"


@given(trees)
def test_a_tree_of_conditions_is_read_back(tree: LogicTree) -> None:
    key, parenthesis, rest = write_member(tree).partition("(")

    assert parse_logic(key, parenthesis + rest).tree == tree


@given(st.lists(values))
def test_an_array_literal_means_its_elements(members: list[str]) -> None:
    literal = Membership(tuple(members)).array_literal()

    assert read_array(literal) == members


def read_array(literal: str) -> list[str]:
    """Read an array literal all of whose elements are quoted, as PostgreSQL does."""
    assert literal[0] == "{"
    assert literal[-1] == "}"
    elements: list[str] = []
    rest = literal[1:-1]
    while rest:
        assert rest[0] == '"'
        element, position = "", 1
        while rest[position] != '"':
            position += rest[position] == "\\"
            element += rest[position]
            position += 1
        elements.append(element)
        rest = rest[position + 1 :].removeprefix(",")
    return elements


@given(st.lists(st.tuples(names, values), max_size=4, unique_by=lambda pair: pair[0]))
def test_the_canonical_form_is_its_own(pairs: list[tuple[str, str]]) -> None:
    text = "&".join(f"{quote_plus(key)}={quote_plus('eq.' + value)}" for key, value in pairs)
    try:
        canonical = parse_query(text.encode()).canonical
    except RestError:
        return

    assert parse_query(canonical.encode()).canonical == canonical
