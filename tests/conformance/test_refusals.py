"""What clients are told when they ask for what they cannot have, word for word."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

import jwt
import psycopg
import pytest
from websockets.frames import CloseCode

from support.phoenix import phoenix_client
from support.server import SECRET, serving, token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from support.phoenix import PhoenixClient
    from support.postgres import Database

TABLES: Final = """
create table public.visits (
  id int primary key, day date, price numeric, done bool, guest uuid, note text, secret text
);
revoke select on public.visits from anon, authenticated;
grant select (id, day, price, done, guest, note) on public.visits to anon;
create table public.plain (id int primary key);
create table public.hidden (id int primary key);
revoke select on public.hidden from anon;
create table public.owned (id int primary key, owner text);
alter table public.owned enable row level security;
create policy own on public.owned for select using (owner = auth.role());
alter publication supabase_realtime
  add table public.visits, public.plain, public.hidden, public.owned;
"""
FAR_FUTURE_S: Final = 2_100_000_000

VISITS: Final = {"event": "*", "schema": "public", "table": "visits"}
PLAIN: Final = {"event": "*", "schema": "public", "table": "plain"}

REFUSED: Final = "Unable to subscribe to changes with given parameters. "
EXCEPTION: Final = f"{REFUSED}An exception happened so please check your connect parameters: "


@pytest.fixture
async def client(database: Database, slot_name: str) -> AsyncGenerator[PhoenixClient]:
    """A client of a server whose database has the tables above."""
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as owner:
        await owner.execute(TABLES)
    async with serving(database.url, slot_name) as url, phoenix_client(url) as connected:
        yield connected


async def told(client: PhoenixClient, name: str, *bindings: dict[str, Any]) -> dict[str, Any]:
    """Join, and give what the first `system` message says."""
    reply = await client.join(name, bindings)
    assert reply["status"] == "ok"
    system = await client.until(lambda m: m[3] == "system" and m[2] == f"realtime:{name}")
    return system[4]


def refusal(name: str, message: str) -> dict[str, Any]:
    return {
        "channel": name,
        "extension": "postgres_changes",
        "status": "error",
        "message": message,
    }


async def test_a_join_is_refused_with_a_code_and_a_sentence(client: PhoenixClient) -> None:
    signed = {"role": "anon", "exp": FAR_FUTURE_S}
    joins: dict[str, dict[str, Any]] = {
        "InvalidJWTToken: Token expiration time is invalid": {
            "access_token": jwt.encode({**signed, "exp": "soon"}, SECRET, "HS256")
        },
        "InvalidJWTToken: Fields `role` and `exp` are required in JWT": {
            "access_token": jwt.encode({**signed, "role": None}, SECRET, "HS256")
        },
        "JwtSignatureError: Failed to validate JWT signature": {
            "access_token": jwt.encode(signed, SECRET[::-1], "HS256")
        },
        "UnableToReplayMessages: Replay is not allowed for public channels": {
            "config": {"broadcast": {"replay": {"since": 0}}}
        },
        "RealtimeDisabledForConfiguration: Error parsing `filter` params: ['wrong']".replace(
            "'", '"'
        ): {
            "config": {
                "postgres_changes": [{**VISITS, "filter": "wrong"}],
                "postgres_changes_options": {"wait": True},
            }
        },
    }

    replies = {
        reason: await client.reply(await client.push(f"realtime:{number}", "phx_join", payload))
        for number, (reason, payload) in enumerate(joins.items())
    }

    assert replies == {
        reason: {"status": "error", "response": {"reason": reason}} for reason in joins
    }


async def test_a_subscription_that_cannot_be_is_refused_in_a_system_message(
    client: PhoenixClient,
) -> None:
    too_many = ",".join(map(str, range(101)))
    cases: list[tuple[dict[str, Any], str]] = [
        (
            {"filter": f"id=in.({too_many})"},
            (
                f'[{{"id", "in", "{{{too_many}}}", false}}], select: nil]. Exception: ERROR P0001'
                " (raise_exception) too many values for `in` filter. Maximum 100"
            ),
        ),
        (
            {"filter": "id=in.(1,x)"},
            (
                '[{"id", "in", "{1,x}", false}], select: nil]. Exception: ERROR 22P02'
                ' (invalid_text_representation) invalid input syntax for type integer: "x"'
            ),
        ),
        (
            {"filter": "day=not.eq.soon"},
            (
                '[{"day", "eq", "soon", true}], select: nil]. Exception: ERROR 22007'
                ' (invalid_datetime_format) invalid input syntax for type date: "soon"'
            ),
        ),
        (
            {"filter": "guest=eq.me", "select": ["id"]},
            (
                '[{"guest", "eq", "me", false}], select: ["id"]]. Exception: ERROR 22P02'
                ' (invalid_text_representation) invalid input syntax for type uuid: "me"'
            ),
        ),
        (
            {"filter": "price=is.unknown"},
            (
                '[{"price", "is", "unknown", false}], select: nil]. Exception: ERROR P0001'
                " (raise_exception) is unknown filter requires a boolean column, got numeric"
            ),
        ),
        (
            {"filter": "done=is.maybe"},
            (
                '[{"done", "is", "maybe", false}], select: nil]. Exception: ERROR P0001'
                " (raise_exception) invalid value for is filter: must be null, true, false, or"
                " unknown"
            ),
        ),
        (
            {"filter": "id=imatch.^1"},
            (
                '[{"id", "imatch", "^1", false}], select: nil]. Exception: ERROR P0001'
                " (raise_exception) operator imatch requires a text-compatible column type, got"
                " integer"
            ),
        ),
        (
            {"filter": "note=imatch.("},
            (
                '[{"note", "imatch", "(", false}], select: nil]. Exception: ERROR P0001'
                " (raise_exception) invalid regular expression for imatch filter: invalid regular"
                " expression: parentheses () not balanced"
            ),
        ),
        (
            {"filter": 'note=eq."a,b",secret=eq.x'},
            (
                '[{"note", "eq", "a,b", false}, {"secret", "eq", "x", false}], select: nil].'
                " Exception: ERROR P0001 (raise_exception) invalid column for filter secret"
            ),
        ),
        (
            {"select": ["note", "secret"]},
            (
                '[], select: ["note", "secret"]]. Exception: ERROR P0001 (raise_exception)'
                " invalid column for select secret"
            ),
        ),
    ]
    start = f"{EXCEPTION}[event: *, schema: public, table: visits, filters: "

    messages = [
        await told(client, str(number), {**VISITS, **more})
        for number, (more, _) in enumerate(cases)
    ]

    assert messages == [
        refusal(str(number), start + message) for number, (_, message) in enumerate(cases)
    ]


async def test_what_was_asked_for_is_shown_in_the_words_of_the_server(
    client: PhoenixClient,
) -> None:
    unpublished = {"event": "update", "schema": "public", "table": "no\tne", "filter": "a=eq.b"}
    assert await told(client, "missing", unpublished) == refusal(
        "missing",
        f"{REFUSED}Please check Realtime is enabled for the given connect parameters:"
        ' [event: UPDATE, schema: public, table: no\tne, filters: [{"a", "eq", "b", false}],'
        " select: nil]",
    )

    nothing = {"event": "*", "note": None, "of": [1, "x", {"deep": True}]}
    assert await told(client, "nothing", nothing) == refusal(
        "nothing",
        "No subscription params provided. Please provide at least a `schema` or `table` to"
        ' subscribe to: %{"event" => "*", "note" => nil, "of" => [1, "x", %{"deep" => true}]}',
    )


@pytest.mark.parametrize(
    "binding",
    [
        {**PLAIN, "filter": None},
        {"event": "*", "table": "plain", "filter": "id=eq.1"},
        {"event": "*", "table": "plain"},
    ],
)
async def test_what_is_left_out_of_a_binding_is_no_reason_to_refuse_it(
    client: PhoenixClient, binding: dict[str, Any]
) -> None:
    assert (await told(client, "lax", binding))["message"] == "Subscribed to PostgreSQL"


async def test_one_bad_binding_makes_all_of_the_channel_fail(client: PhoenixClient) -> None:
    message = await told(client, "both", PLAIN, {**PLAIN, "filter": "wrong"})
    good = await told(client, "good", PLAIN)

    assert message == refusal("both", 'Error parsing `filter` params: ["wrong"]')
    assert good["message"] == "Subscribed to PostgreSQL"
    # A later join of the bad channel is a new one: the channel itself stayed joined.
    reply = await client.reply(await client.push("realtime:both", "phx_leave", {}))
    closed = await client.until(lambda m: m[3] == "phx_close" and m[2] == "realtime:both")
    assert reply == {"status": "ok", "response": {}}
    assert closed[4] == {}


async def test_what_will_not_come_is_told_after_the_join_and_what_mends_it(
    client: PhoenixClient,
) -> None:
    bindings = [{"event": "*", "schema": "public", "table": name} for name in ("hidden", "owned")]
    live = await told(client, "warned", *bindings)
    await client.reply(await client.push("phoenix", "heartbeat", {}))

    assert live["status"] == "ok"
    notices = [m[4] for m in client.messages if m[3] == "system" and m[4] != live]
    assert notices == [
        {"channel": "warned", "extension": "slotcast", "status": "ok", "message": message}
        for message in (
            (
                "Changes of public.hidden are not sent to you: the role anon may not select any of"
                " its columns. If it should: GRANT SELECT ON public.hidden TO anon;"
            ),
            (
                "DELETE events of public.owned are not sent to you: only the key of a deleted row"
                " is logged, which its row level security policies cannot be judged on. To get"
                " them: ALTER TABLE public.owned REPLICA IDENTITY FULL;"
            ),
        )
    ]


async def test_a_new_token_is_followed_by_word_of_the_new_subscription(
    client: PhoenixClient,
) -> None:
    await client.subscribe("plain", PLAIN, access_token=token("one"))
    before = len(client.messages)

    await client.push("realtime:plain", "access_token", {"access_token": token("two")})
    again = await client.until(lambda m: m[3] == "system", after=before)

    assert again[4] == {
        "channel": "plain",
        "extension": "postgres_changes",
        "status": "ok",
        "message": "Subscribed to PostgreSQL",
    }


async def test_a_new_token_that_may_not_subscribe_is_told_so(client: PhoenixClient) -> None:
    filtered = {**VISITS, "filter": "note=eq.x"}
    await client.subscribe("visits", filtered)
    before = len(client.messages)

    await client.push("realtime:visits", "access_token", {"access_token": token("two")})
    refused = await client.until(lambda m: m[3] == "system", after=before)

    assert refused[4] == refusal(
        "visits",
        f"{EXCEPTION}[event: *, schema: public, table: visits, filters:"
        ' [{"note", "eq", "x", false}], select: nil]. Exception: ERROR P0001 (raise_exception)'
        " invalid column for filter note",
    )


async def test_a_server_that_stops_tells_every_channel_and_ends_none(
    database: Database, slot_name: str
) -> None:
    async with AsyncExitStack() as stack:
        async with serving(database.url, slot_name) as url:
            client = await stack.enter_async_context(phoenix_client(url))
            await client.join("one")
            await client.join("two")
        close_code = await client.closed()

    # A phx_close would make clients forget the channel instead of joining it again.
    assert [m[2:] for m in client.messages if m[3] != "phx_reply"] == [
        [
            f"realtime:{name}",
            "system",
            {
                "channel": name,
                "extension": "system",
                "status": "ok",
                "message": "Server requested disconnect",
            },
        ]
        for name in ("one", "two")
    ]
    assert close_code == CloseCode.SERVICE_RESTART
