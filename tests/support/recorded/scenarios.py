"""
The recorded scenarios: what is sent, to the letter, and when.

What is answered is compared with the recording, so nothing is asserted here. Topics end in
``~`` because those of the recording do.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import jwt

from support.recorded.stage import SOME_UUID, USER_1, USER_2
from support.server import ANON_KEY, SECRET

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from support.recorded.stage import Actor, Stage

    Scenario: TypeAlias = Callable[[Stage], Awaitable[None]]

_FAR_FUTURE_S: Final = 2_100_000_000
_ANOTHER_SECRET: Final = "x" * 40
_REPLY_STEP_S: Final = 5


def _token(
    user: str | None = USER_1, role: str = "authenticated", *, expires_in_s: float = 3600.0
) -> str:
    claims = {"role": role, "exp": time.time() + expires_in_s}
    return _sign(claims if user is None else {**claims, "sub": user})


def _sign(claims: Mapping[str, Any], secret: str = SECRET) -> str:
    return jwt.encode(dict(claims), secret, "HS256")


async def handshake(stage: Stage) -> None:
    """Keys and versions, good and bad."""
    attempts: dict[str, dict[str, Any]] = {
        "no apikey": {"key": None},
        "garbage key": {"key": "nonsense"},
        "wrong signature": {"key": _sign({"role": "anon", "exp": _FAR_FUTURE_S}, _ANOTHER_SECRET)},
        "expired": {"key": _token(None, "anon", expires_in_s=-100.0)},
        "no role": {"key": _sign({"exp": _FAR_FUTURE_S})},
        "no exp": {"key": _sign({"role": "anon"})},
        "vsn 3.0.0": {"version": "3.0.0"},
        "vsn 1.0.1": {"version": "1.0.1"},
        "vsn missing": {"version": None},
        "x-api-key header": {"key": None, "headers": {"x-api-key": ANON_KEY}},
    }
    for label, arguments in attempts.items():
        stage.note(label)
        actor = await stage.connect("h", **arguments)
        if actor is not None:
            stage.note("accepted")
            await actor.close()


async def basics(stage: Stage) -> None:
    """Heartbeats, joins, leaves and malformed frames, in both versions of the serializer."""
    for version in ("1.0.0", "2.0.0"):
        await _basics(stage, await stage.enter(f"v{version[0]}", version))


async def _basics(stage: Stage, actor: Actor) -> None:
    broadcast: dict[str, Any] = {"type": "broadcast", "event": "e", "payload": {}}
    await actor.push("phoenix", "heartbeat", {})
    stage.note("push to a topic not joined")
    await actor.push("realtime:nope", "broadcast", broadcast)
    stage.note("leave a topic not joined")
    await actor.push("realtime:nope", "phx_leave", {})
    stage.note("unknown topic family")
    await actor.push("room:1", "phx_join", {})
    stage.note("join with empty config")
    first = await actor.join("b~", {})
    stage.note("unknown event")
    await actor.push("realtime:b~", "whatever", {"a": 1}, first)
    stage.note("join the same topic again on this socket")
    second = await actor.join("b~", {})
    stage.note("leave")
    await actor.leave("b~", second)
    stage.note("join with no config at all (old API)")
    await actor.join("old~")
    stage.note("join realtime: (no sub topic)")
    await actor.join("", {}, ref="77")
    stage.note("malformed frames")
    for text in ("not json", '{"a":1}', "[1,2]", "[]"):
        await actor.send(text)
    stage.note("still alive?")
    await actor.push("phoenix", "heartbeat", {})


async def join_errors(stage: Stage) -> None:
    """Joins with bad tokens, and with a configuration of odd types."""
    actor = await stage.enter("a")
    tokens = {
        "expired": _token(expires_in_s=-50.0),
        "malformed": "abc",
        "bad signature": _sign({"role": "authenticated", "exp": _FAR_FUTURE_S}, _ANOTHER_SECRET),
        "no role": _sign({"exp": _FAR_FUTURE_S}),
        "sb_ key is ignored": "sb_publishable_x",
    }
    for label, token in tokens.items():
        stage.note(label)
        began = time.monotonic()
        await actor.join(f"je-{label.replace(' ', '-')}", {}, access_token=token)
        duration_s = round((time.monotonic() - began) / _REPLY_STEP_S) * _REPLY_STEP_S
        stage.note(f"reply after about {duration_s} s")
    stage.note("string booleans")
    flags = {"broadcast": {"self": "true", "ack": "TRUE"}, "private": "false"}
    await actor.join("strbool~", flags)
    stage.note("wrong types in config")
    presence = {"key": 5, "enabled": "maybe"}
    odd = {"broadcast": {"self": 1}, "presence": presence, "postgres_changes": None}
    await actor.join("wrong~", odd)
    stage.note("user_token alias")
    await actor.join("ut~", {}, user_token=_token())


async def token(stage: Stage) -> None:
    """Tokens that are pushed to a joined channel, and one that expires."""
    stage.note(  # not run: this schema comes with private channels
        "SQL create policy g_read on realtime.messages for select to authenticated"
        " using (realtime.topic() like 'g-%')"
    )
    actor = await stage.enter("a")
    topic = "realtime:tk~"
    ref = await actor.join("tk~", {}, access_token=_token())
    pushes: dict[str, dict[str, str | None]] = {
        "same/new valid": {"access_token": _token(USER_2)},
        "null": {"access_token": None},
        "sb_": {"access_token": "sb_x"},
        "empty": {"access_token": ""},
        "no key": {},
        "malformed": {"access_token": "bad"},
    }
    for label, payload in pushes.items():
        stage.note(label)
        await actor.push(topic, "access_token", payload, ref)
    bad_tokens = {"expired": _token(expires_in_s=-60.0), "no role": _sign({"exp": _FAR_FUTURE_S})}
    for label, bad_token in bad_tokens.items():
        ref = await actor.join("tk~", {}, access_token=_token())
        stage.note(label)
        await actor.push(topic, "access_token", {"access_token": bad_token}, ref)
    stage.note("private: new token loses read")
    ref = await actor.join("g-tk~", {"private": True}, access_token=_token())
    await actor.push("realtime:g-tk~", "access_token", {"access_token": ANON_KEY}, ref)
    stage.note("token expires while joined (exp 4 s)")  # one second shows it as well
    ref = await actor.join("ex~", {}, access_token=_token(expires_in_s=1.0))
    await actor.until(lambda m: m[1:4] == [ref, "realtime:ex~", "phx_close"])


_PLAIN: Final = {"event": "*", "schema": "public", "table": "g_plain"}
_FILTERS: Final = (
    "a=eq.x",
    "",
    "wrong",
    "zz=eq.1",
    "n=eq.abc",
    "a=foo.1",
    "n=in.1,2",
    "n=in.(1,2)",
    "a=eq.x,n=gt.1",
    "a=eq.x,,n=gt.1",
    "a=not.eq.x",
    "n=like.1%",
    "a=is.banana",
    "a=is.true",
    "a=match.[",
)
_JOINED_BINDINGS: Final[tuple[dict[str, Any], ...]] = (
    _PLAIN,
    {**_PLAIN, "event": "insert"},
    {**_PLAIN, "event": "bogus"},
    {"event": "INSERT", "schema": "public", "table": "g_unpub"},
    {"event": "INSERT", "schema": "public", "table": "missing"},
    {"event": "INSERT", "schema": "nope", "table": "g_plain"},
    {"event": "*", "schema": "public"},
    {"event": "*", "schema": "*"},
    {"event": "*", "table": "g_plain"},
    {"event": "*"},
    *({**_PLAIN, "filter": text} for text in _FILTERS),
    {**_PLAIN, "select": ["id", "a"]},
    {**_PLAIN, "select": "id"},
    {"event": "*", "schema": "public", "table": "*", "select": ["id"]},
    {**_PLAIN, "select": ["nocol"]},
    {**_PLAIN, "extra": "kept"},
)


async def pg_join(stage: Stage) -> None:
    """Bindings, good and bad: how they are repeated, and what is said of them."""
    for statement in (
        (
            "create table if not exists public.g_plain"
            " (id int primary key, a text, n int, secret text)"
        ),
        (
            "do $$ begin alter publication supabase_realtime add table public.g_plain;"
            " exception when duplicate_object then null; end $$"
        ),
        "create table if not exists public.g_unpub (id int primary key)",
    ):
        await stage.run(statement)
    actor = await stage.enter("a")
    for number, binding in enumerate(_JOINED_BINDINGS, 1):
        ref = await actor.join(f"pj{number}~", {"postgres_changes": [binding]})
        await actor.leave(f"pj{number}~", ref)
    stage.note("two bindings, one equal pair, and null entries")
    several = [_PLAIN, None, _PLAIN, {**_PLAIN, "event": "INSERT"}]
    await actor.join("pjm~", {"postgres_changes": several})
    stage.note("postgres_changes null")
    await actor.join("pjn~", {"postgres_changes": None})


_TABLES: Final = (
    "create table public.g_ev (id int primary key, a text, n int)",
    "create table public.g_full (id int primary key, a text, n int)",
    "alter table public.g_full replica identity full",
    "create table public.g_rls (id int primary key, owner uuid, a text)",
    "alter table public.g_rls enable row level security",
    "alter table public.g_rls replica identity full",
    (
        "create policy p on public.g_rls for select to authenticated using (owner ="
        " (nullif(current_setting('request.jwt.claims', true),'')::jsonb ->> 'sub')::uuid)"
    ),
    (
        "create table public.g_types (id bigint primary key, i2 int2, i8 int8, n numeric,"
        " f8 float8, b bool, t text, vc varchar(9), c5 char(5), u uuid, d date, ti time,"
        " ts timestamp, tz timestamptz, iv interval, j json, jb jsonb, by bytea, ta text[],"
        " ia int[], r int4range, ip inet, bt bit(3), mo money, nul text)"
    ),
    (
        "grant select, insert, update, delete on public.g_ev, public.g_full, public.g_rls,"
        " public.g_types to anon, authenticated"
    ),
    (
        "alter publication supabase_realtime add table public.g_ev, public.g_full, public.g_rls,"
        " public.g_types"
    ),
)
_CHANGES: Final = (
    "insert into public.g_ev values (1,'one',null)",
    "update public.g_ev set a='two' where id=1",
    "update public.g_ev set a='two' where id=1",
    "update public.g_ev set id=2 where id=1",
    "delete from public.g_ev",
    "insert into public.g_ev select g, 'bulk', g from generate_series(10,13) g",
    "truncate public.g_ev",
    "insert into public.g_full values (1,'x',1)",
    "update public.g_full set a='zz'",
    "delete from public.g_full",
    f"insert into public.g_rls values (1,'{USER_1}','mine')",
    f"update public.g_rls set owner='{USER_2}'",
    "delete from public.g_rls",
    (
        "insert into public.g_types values (1, 2, 9007199254740993, 10.50, 0.1, true, 'té\"x',"
        f" 'vc', 'ab', '{SOME_UUID}', '2026-01-02', '10:11:12.5', '2026-01-02 03:04:05.123456',"
        " '2026-01-02 03:04:05.123456+02', '1 day 02:03:04', '{\"b\": 1}', '{\"b\": [1, null]}',"
        r" '\xdeadbeef', array['a','b,c',null], array[1,2], '[1,5)', '10.0.0.1', B'101',"
        " 12.34, null)"
    ),
)


def _all_of(table: str, **more: object) -> dict[str, object]:
    return {"event": "*", "schema": "public", "table": table, **more}


async def pg_events(stage: Stage) -> None:
    """Changes of tables with every identity, of every type, under row level security, large."""
    for statement in _TABLES:
        await stage.run(statement)
    anonymous = await stage.enter("anon2")
    first = await stage.enter("user1v1", "1.0.0", _token(USER_1))
    second = await stage.enter("user2", "2.0.0", _token(USER_2))
    stage.note(
        "subscribe (waits until system ok; the real server notices a changed publication"
        " within ~60 s)"
    )
    several = [
        _all_of("g_ev"),
        {"event": "INSERT", "schema": "public", "table": "g_ev"},
        {"event": "UPDATE", "schema": "public", "table": "g_ev", "filter": "a=eq.two"},
        {"event": "DELETE", "schema": "public", "table": "g_ev", "filter": "id=eq.1"},
        {"event": "DELETE", "schema": "public", "table": "g_ev", "filter": "a=eq.two"},
    ]
    filtered = {"event": "DELETE", "schema": "public", "table": "g_full", "filter": "a=eq.zz"}
    await anonymous.join("ev~", {"postgres_changes": several})
    await anonymous.join("full~", {"postgres_changes": [_all_of("g_full"), filtered]})
    await anonymous.join("types~", {"postgres_changes": [_all_of("g_types")]})
    await anonymous.join("sel~", {"postgres_changes": [_all_of("g_ev", select=["n"])]})
    for actor in (anonymous, first, second):
        await actor.join("rls~", {"postgres_changes": [_all_of("g_rls")]})
    for statement in _CHANGES:
        await stage.change(statement)
    stage.note("large: text of 1.2 MB")
    await stage.change("insert into public.g_ev values (99, repeat('x',1200000), 5)")
    stage.note("large broadcast of a 900 KB row")
    await stage.change("insert into public.g_ev values (98, repeat('y',900), 5)")


SCENARIOS: Final[Mapping[str, Scenario]] = {
    scenario.__name__: scenario
    for scenario in (handshake, basics, join_errors, token, pg_join, pg_events)
}
