"""
The recorded scenarios: what is sent, to the letter, and when.

What is answered is compared with the recording, so nothing is asserted here. Topics end in
``~`` because those of the recording do.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import jwt

from support.recorded.stage import RUN, SOME_UUID, USER_1, USER_2
from support.server import ANON_KEY, SECRET

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from support.recorded.stage import Actor, Stage

    Scenario: TypeAlias = Callable[[Stage], Awaitable[None]]

_FAR_FUTURE_S: Final = 2_100_000_000
_ANOTHER_SECRET: Final = "x" * 40
_REPLY_STEP_S: Final = 5

_READ_POLICY: Final = (
    "create policy g_read on realtime.messages for select to authenticated"
    " using (realtime.topic() like 'g-%')"
)
_WRITE_POLICY: Final = (
    "create policy g_write on realtime.messages for insert to authenticated"
    " with check (realtime.topic() like 'g-rw%' and extension = 'broadcast')"
)


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
    await stage.run(_READ_POLICY)
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
    await actor.until(lambda m: m[1:4] == [ref, "realtime:g-tk~", "phx_close"])
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


def _said(event: str, payload: object) -> dict[str, Any]:
    return {"type": "broadcast", "event": event, "payload": payload}


def _kind_3(
    refs: tuple[str, str],
    topic: str,
    event: str,
    payload: bytes,
    *,
    meta: bytes = b"",
    enc: int = 1,
) -> bytes:
    """Make a broadcast in a binary frame."""
    names = [*(part.encode() for part in (*refs, topic, event)), meta]
    return bytes((3, *map(len, names), enc)) + b"".join(names) + payload


async def broadcast(stage: Stage) -> None:
    """Every form of a broadcast, to receivers in both versions of the serializer."""
    name = f"bc{RUN}"
    topic = f"realtime:{name}"
    sender = await stage.enter("a2")
    first = await stage.enter("b1", "1.0.0")
    second = await stage.enter("d2")
    ref = await sender.join(name, {"broadcast": {"self": True, "ack": True}})
    first_ref = await first.join(name, {"broadcast": {"self": False, "ack": False}})
    second_ref = await second.join(name, {})
    stage.note("v2 text broadcast")
    await sender.push(topic, "broadcast", _said("e1", {"n": 1}), ref)
    await stage.settle()
    stage.note("v2 text broadcast with extra keys")
    await sender.push(topic, "broadcast", {"event": "e1", "x": 5}, ref)
    await stage.settle()
    stage.note("v1 broadcast")
    await first.push(topic, "broadcast", _said("e2", {"n": 2}), first_ref)
    await stage.settle()
    frames = {
        "v2 kind 3 JSON": _kind_3((ref, "50"), topic, "e3", b'{"n":3}'),
        "v2 kind 3 JSON with metadata": _kind_3(
            (ref, "51"), topic, "e3", b'{"n":3}', meta=b'{"foo":1}'
        ),
        "v2 kind 3 binary": _kind_3((ref, "52"), topic, "e4", b"\x00\x01\xff", enc=0),
        "kind 3 with stale join_ref": _kind_3(("99", "53"), topic, "e5", b'{"n":5}'),
        "kind 3 with broken JSON": _kind_3((ref, "54"), topic, "e6", b"{nope"),
        "kind 3 truncated header": b"\x03\x01\x02",
    }
    for label, frame in frames.items():
        stage.note(label)
        await sender.send(frame)
        await stage.settle()
    stage.note("text broadcast without join_ref")
    await sender.push(topic, "broadcast", _said("e7", {}))
    await stage.settle()
    stage.note("unicode event")
    await sender.send(_kind_3((ref, "55"), topic, "é✓", '{"ü":"✓"}'.encode()))
    await stage.settle()
    bearer = f"Bearer {ANON_KEY}"
    stage.note("REST batch")
    messages = [
        {"topic": name, "event": "r1", "payload": {"k": 1}},
        {"topic": name, "event": "r2", "payload": {"k": 2}, "private": False},
    ]
    await stage.request("POST", "/api/broadcast", {"messages": messages}, Authorization=bearer)
    stage.note("REST single JSON")
    single = f"/api/broadcast/{name}/events"
    await stage.request("POST", f"{single}/r3", {"k": 3}, Authorization=bearer)
    stage.note("REST single binary")
    await stage.request(
        "POST",
        f"{single}/r4",
        raw=b"\x01\x02",
        Authorization=bearer,
        Content_Type="application/octet-stream",
    )
    stage.note("after leave nothing arrives")
    await second.leave(name, second_ref)
    await sender.push(topic, "broadcast", _said("e8", {}), ref)
    await stage.settle()


async def rest_errors(stage: Stage) -> None:
    """Requests over HTTP, most of which cannot be served."""
    message: dict[str, Any] = {"topic": "x", "event": "r1", "payload": {}}
    bearer = f"Bearer {ANON_KEY}"
    one = {"messages": [message]}
    await stage.request("POST", "/api/broadcast", one)
    await stage.request("POST", "/api/broadcast", one, Authorization="Bearer nope")
    await stage.request("POST", "/api/broadcast", one, apikey=ANON_KEY)
    bodies: list[dict[str, Any]] = [
        {},
        {"messages": []},
        {"messages": [{"topic": "x", "event": "r1"}]},
        {"messages": [{**message, "topic": ""}, {**message, "topic": "y", "event": "r"}]},
        {"messages": [{**message, "payload": "string"}]},
        {"messages": [{**message, "topic": "secret-x", "private": True}]},
    ]
    for body in bodies:
        await stage.request("POST", "/api/broadcast", body, Authorization=bearer)
    single = "/api/broadcast/x/events/e"
    await stage.request("POST", f"{single}?private=true", {"k": 3}, Authorization=bearer)
    for content_type, raw in (
        ("text/plain", b"hi"),
        ("application/json", b"{bad"),
        ("application/json", b"[1,2]"),
    ):
        await stage.request(
            "POST", single, raw=raw, Authorization=bearer, Content_Type=content_type
        )
    for path in ("/api/ping", "/healthcheck", "/api/nothing"):
        await stage.request("GET", path, Authorization=bearer)


def _tells_of_leaving(tracked: dict[str, int]) -> Callable[[list[Any]], bool]:
    """Make a test of messages for a difference in which *tracked* leaves."""

    def is_wanted(message: list[Any]) -> bool:
        diff: dict[str, dict[str, Any]] = message[4] if message[3] == "presence_diff" else {}
        return any(
            tracked.items() <= dict(meta).items()
            for present in diff.get("leaves", {}).values()
            for meta in present["metas"]
        )

    return is_wanted


async def presence(stage: Stage) -> None:
    """Who is present, as members of both versions and an observer get it."""
    topic = "realtime:pr~"
    ann = await stage.enter("a2")
    ben = await stage.enter("b1", "1.0.0")
    observer = await stage.enter("obs")
    ann_ref = await ann.join("pr~", {"presence": {"key": "alice", "enabled": True}})

    async def call(actor: Actor, ref: str, event: str, *payload: object) -> None:
        fields: dict[str, object] = {"type": "presence", "event": event}
        if payload:
            fields["payload"] = payload[0]
        await actor.push(topic, "presence", fields, ref)
        await stage.settle()

    stage.note("track")
    await call(ann, ann_ref, "track", {"x": 1})
    stage.note("second member joins (v1)")
    ben_ref = await ben.join("pr~", {"presence": {"key": "bob", "enabled": True}})
    stage.note("observer with enabled false")
    observer_ref = await observer.join("pr~", {"presence": {"key": "", "enabled": False}})
    stage.note("second tracks")
    await call(ben, ben_ref, "track", {"y": 1})
    stage.note("same payload again")
    await call(ann, ann_ref, "track", {"x": 1})
    stage.note("update")
    await call(ann, ann_ref, "track", {"x": 2})
    stage.note("payload not a map")
    await call(ann, ann_ref, "track", "str")
    stage.note("unknown presence event")
    await call(ann, ann_ref, "dance", {})
    stage.note("untrack")
    await call(ann, ann_ref, "untrack")
    stage.note("untrack again")
    await call(ann, ann_ref, "untrack")
    stage.note("observer tracks (no key)")
    await call(observer, observer_ref, "track", {"z": 1})
    stage.note("same key twice")
    other = await stage.enter("a3")
    other_ref = await other.join("pr~", {"presence": {"key": "bob", "enabled": True}})
    await call(other, other_ref, "track", {"y": 2})
    stage.note("bob's first socket drops")

    await ben.close()
    for actor in (ann, observer, other):
        await actor.until(_tells_of_leaving({"y": 1}))
    await ann.close()
    await observer.close()
    await other.until(_tells_of_leaving({"z": 1}))


async def private(stage: Stage) -> None:
    """Private channels: who may read and who may write, over WebSockets and over HTTP."""
    await stage.run(_READ_POLICY)
    await stage.run(_WRITE_POLICY)
    first, second = await stage.enter("a"), await stage.enter("b")
    user = _token()
    config = {
        "private": True,
        "broadcast": {"self": True, "ack": True},
        "presence": {"key": "k", "enabled": True},
    }
    stage.note("anon denied")
    began = time.monotonic()
    await first.join("g-rw~", {"private": True})
    stage.note(f"after ~{round(time.monotonic() - began)} s")
    stage.note("authenticated, topic without policy")
    await first.join("zz~", {"private": True}, access_token=user)
    stage.note("read+write")
    ref = await first.join("g-rw~", config, access_token=user)
    await second.join("g-rw~", config, access_token=_token(USER_2))
    await first.push("realtime:g-rw~", "broadcast", _said("e", {"n": 1}), ref)
    await second.until(lambda m: m[3] == "broadcast")
    await first.until(lambda m: m[1:4] == ["4", "realtime:g-rw~", "phx_reply"])
    stage.note("presence track (write denied for presence)")
    track = {"type": "presence", "event": "track", "payload": {"x": 1}}
    await first.push("realtime:g-rw~", "presence", track, ref)
    await first.until(lambda m: m[1:4] == ["5", "realtime:g-rw~", "phx_reply"])
    stage.note("read only topic: broadcast with ack")
    read_only = await first.join("g-ro~", config, access_token=user)
    await first.push("realtime:g-ro~", "broadcast", _said("e", {"n": 1}), read_only)
    stage.note("public and private namespaces are separate")
    public = await second.join("g-rw~x", {"broadcast": {"self": True}})
    await first.join("g-rw~x", config, access_token=user)
    await second.push("realtime:g-rw~x", "broadcast", _said("pub", {}), public)
    await stage.settle()
    bearer = f"Bearer {user}"
    stage.note("REST private, authorised")
    message = {"topic": "g-rw~", "event": "r", "payload": {"k": 1}, "private": True}
    await stage.request("POST", "/api/broadcast", {"messages": [message]}, Authorization=bearer)
    for label, name in (
        ("REST single private, authorised", "g-rw~"),
        ("REST private, read-only user topic", "g-ro~"),
    ):
        stage.note(label)
        path = f"/api/broadcast/{name}/events/r2?private=true"
        await stage.request("POST", path, {"k": 2}, Authorization=bearer)


async def presence_limit(stage: Stage) -> None:
    """More presence calls than a channel may make."""
    actor = await stage.enter("a")
    ref = await actor.join("pl~", {"presence": {"key": "k", "enabled": True}})
    for number in range(8):
        fields = {"type": "presence", "event": "track", "payload": {"x": number}}
        await actor.push("realtime:pl~", "presence", fields, ref)
        await stage.settle()


async def big(stage: Stage) -> None:
    """Broadcasts around the largest payload, and a frame that is too large."""
    actor = await stage.enter("a2")
    ref = await actor.join("big~", {"broadcast": {"ack": True, "self": False}})
    topic = "realtime:big~"
    for size_bytes in (2_900_000, 3_000_600):
        stage.note(f"broadcast of about {size_bytes} bytes with ack")
        payload = _said("e", {"x": "z" * size_bytes})
        await actor.send_unnoted(json.dumps([ref, "9", topic, "broadcast", payload]))
    stage.note("kind 3 of 3.0 MB")
    content = b'{"x":"' + b"z" * 3_000_600 + b'"}'
    await actor.send_unnoted(_kind_3((ref, "10"), topic, "e", content))
    stage.note("frame above 5 MB")
    await actor.send_last(json.dumps([ref, "11", topic, "broadcast", {"x": "z" * 5_100_000}]))


_BROADCASTING_TABLE: Final = (
    "create table public.g_bc (id int primary key, v text)",
    (
        "create or replace function public.g_bc_f() returns trigger language plpgsql security"
        " definer as $$ begin perform realtime.broadcast_changes('g-db~', tg_op, tg_op,"
        " tg_table_name, tg_table_schema, new, old); return null; end $$"
    ),
    (
        "create trigger g_bc_t after insert or update or delete on public.g_bc for each row"
        " execute function public.g_bc_f()"
    ),
)


async def db_broadcast(stage: Stage) -> None:
    """Broadcasts from the database, as they come and when they are asked for again."""
    await stage.run(_READ_POLICY)
    since_ms = int(time.time() * 1000) - 1000
    for name, version in (("a2", "2.0.0"), ("b1", "1.0.0")):
        actor = await stage.enter(name, version, _token())
        ready = {"private": True, "broadcast": {"replication_ready": True}}
        await actor.join("g-db~", ready)
        await actor.until(lambda m: m[2:4] == ["realtime:g-db~", "system"])
    await stage.store("select realtime.send('{\"x\": 1}'::jsonb, 'ev', 'g-db~', true)")
    await stage.store("select realtime.send('{\"id\": \"mine\", \"x\": 2}'::jsonb, 'ev', 'g-db~')")
    stage.note("public message does not reach the private channel")
    await stage.store("select realtime.send('{\"x\": 3}'::jsonb, 'ev', 'g-db~', false)")
    stage.note("broadcast_changes through a trigger")
    for statement in _BROADCASTING_TABLE:
        await stage.run(statement)
    await stage.store("insert into public.g_bc values (1,'a')")
    await stage.store("update public.g_bc set v='b'")
    await stage.store("delete from public.g_bc")
    stage.note("binary")
    await stage.store(r"select realtime.send_binary('\x00ff'::bytea, 'bin', 'g-db~', true)")
    stage.note("replay, limit 3, v2 and v1")
    second = await stage.enter("c2", "2.0.0", _token())
    first = await stage.enter("c1", "1.0.0", _token())
    for actor, limit in ((second, 3), (first, 2)):
        replay: dict[str, Any] = {"since": since_ms, "limit": limit}
        ref = await actor.join("g-db~", {"private": True, "broadcast": {"replay": replay}})
        await actor.settle_channel("g-db~", ref)
    stage.note("replay on a public channel")
    await second.join("pub~", {"broadcast": {"replay": {"since": since_ms}}})
    replays: dict[str, tuple[str, dict[str, Any]]] = {
        "replay with a bad since": ("g-x~", {"since": "yesterday"}),
        "replay limit 100": ("g-y~", {"since": since_ms, "limit": 100}),
        "replay {}": ("g-z~", {}),
    }
    for label, (name, replay) in replays.items():
        stage.note(label)
        ref = await second.join(name, {"private": True, "broadcast": {"replay": replay}})
        await second.settle_channel(name, ref)


async def limits(stage: Stage) -> None:
    """More channels than a connection may have, and more messages than it may send."""
    stage.note("105 joins on one socket, as fast as possible")
    crowded = await stage.enter("a")
    await crowded.send_all(
        (f"realtime:lim{number}~", "phx_join", {"config": {}}, f"j{number}", f"j{number}")
        for number in range(105)
    )
    others = [line for line in stage.lines if line[0] == "<" and '"ok"' not in line[2]]
    ok_count = sum(line[0] == "<" for line in stage.lines) - len(others)
    stage.lines[1:] = [["#", f"{ok_count} ok replies, {len(others)} others"], *others]
    await crowded.close()
    stage.note("message flood: 8000 broadcasts with self+ack")
    flooder = await stage.enter("b")
    ref = await flooder.join("flood~", {"broadcast": {"self": False, "ack": False}})
    await flooder.send_all(
        ("realtime:flood~", "broadcast", _said("e", {}), ref, f"b{number}")
        for number in range(8000)
    )
    # How many are left when the channel is closed depends on how fast they were sent.
    stage.lines[:] = [line for line in stage.lines if '"unmatched topic"' not in line[-1]]


SCENARIOS: Final[Mapping[str, Scenario]] = {
    scenario.__name__: scenario
    for scenario in (
        handshake,
        basics,
        join_errors,
        broadcast,
        rest_errors,
        presence,
        private,
        token,
        pg_join,
        pg_events,
        db_broadcast,
        presence_limit,
        big,
        limits,
    )
}
