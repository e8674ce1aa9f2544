"""What goes wrong around a request costs that request, and nobody else."""

from __future__ import annotations

import asyncio
import math
import threading
from typing import TYPE_CHECKING

import aiohttp
import psycopg
import pytest

from slotcast.counters import DeliveryCounts
from slotcast.rest import pool, shapes
from slotcast.rest.connection import PREPARED_LIMIT
from slotcast.side_thread import QUEUE_LIMIT
from support.postgres import running_cluster
from support.rest import ALICE, BOB, rest

if TYPE_CHECKING:
    from slotcast.rest.request.reading import HttpRequest
    from support.postgres import Database
    from support.rest import Rest

pytestmark = pytest.mark.asyncio(loop_scope="module")

ONE_CONNECTION = {"rest_pool_size": 1}


async def backends(served: Rest, condition: str) -> int:
    connection = await psycopg.AsyncConnection.connect(served.database_url)
    async with connection:
        cursor = await connection.execute(
            "select from pg_stat_activity where datname = current_database()"
            f" and application_name = 'slotcast rest' and {condition}".encode()
        )
        return cursor.rowcount


async def wait_for_backends(served: Rest, condition: str, count: int) -> None:
    async with asyncio.timeout(10):
        while await backends(served, condition) != count:
            pass


@pytest.mark.parametrize(
    "served", [{**ONE_CONNECTION, "rest_statement_timeout_s": 0.3}], indirect=True
)
async def test_a_statement_that_takes_too_long_is_ended_and_the_connection_serves_on(
    served: Rest,
) -> None:
    # The role of secret keys has no timeout of its own.
    headers = {"Authorization": "Bearer sb_secret_test"}
    slow = await served.ask("POST", "/rpc/sleep", body={"seconds": 20}, headers=headers)
    next_one = await served.ask("GET", "/folders")

    assert (slow.status, slow.json["code"]) == (500, "57014")
    assert next_one.status == 200


async def set_timeout(served: Rest, role: str, value: str) -> None:
    """Have requests of *role* end so soon, from the next one on."""
    await served.sql(
        f"""do $$ begin execute format('alter role {role} in database %I set statement_timeout'
        ' = ''{value}''', current_database()); end $$"""
    )
    await served.sql("notify pgrst, 'reload config'")
    async with asyncio.timeout(10):
        while (await served.ask("GET", "/rpc/setting?name=statement_timeout")).json != value:
            pass


async def test_a_statement_takes_no_longer_than_its_role_may_and_the_next_is_served(
    notes: Database,
) -> None:
    async with rest(notes.url, rest_pool_size=2) as served:
        await set_timeout(served, "authenticated", "700ms")
        slow = [
            asyncio.create_task(served.ask("POST", "/rpc/sleep", body={"seconds": 20}))
            for _ in range(2)
        ]
        await wait_for_backends(served, "query like '%sleep%' and state = 'active'", 2)
        waiting = await served.ask("GET", "/folders")
        ended = [await each for each in slow]
        await set_timeout(served, "authenticated", "8s")

    assert waiting.status == 200
    assert [answer.status for answer in ended] == [500, 500]
    assert ended[0].json == {
        "code": "57014",
        "details": None,
        "hint": None,
        "message": "canceling statement due to statement timeout",
    }


@pytest.mark.parametrize(("role", "value"), [("anon", "3s"), ("authenticated", "8s")])
async def test_strangers_and_users_have_the_timeouts_of_supabase(
    served: Rest, role: str, value: str
) -> None:
    found = await served.ask(
        "GET", "/rpc/setting?name=statement_timeout", sub=None if role == "anon" else ALICE
    )

    assert found.json == value


@pytest.mark.parametrize("served", [ONE_CONNECTION], indirect=True)
async def test_the_statement_of_a_client_that_has_gone_is_ended(served: Rest) -> None:
    timeout = aiohttp.ClientTimeout(total=1.5)
    with pytest.raises(TimeoutError):
        await served.session.post(
            served.url + "/rpc/sleep",
            json={"seconds": 30},
            headers={"Authorization": "Bearer sb_secret_test"},
            timeout=timeout,
        )

    await wait_for_backends(served, "query like '%sleep%' and state = 'active'", 0)
    assert (await served.ask("GET", "/folders")).status == 200


@pytest.mark.parametrize("served", [{**ONE_CONNECTION, "rest_pool_timeout_s": 0.2}], indirect=True)
async def test_who_waits_too_long_for_a_connection_is_told_so(served: Rest) -> None:
    slow = asyncio.create_task(served.ask("POST", "/rpc/sleep", body={"seconds": 1.5}))
    await wait_for_backends(served, "query like '%sleep%' and state = 'active'", 1)

    refused = await served.ask("GET", "/folders")

    assert (refused.status, refused.json["code"]) == (504, "PGRST003")
    assert (await slow).json == "slept"


@pytest.mark.parametrize("served", [{"rest_pool_size": 3}], indirect=True)
async def test_many_requests_share_few_connections(served: Rest) -> None:
    answers = await asyncio.gather(*(served.ask("GET", "/folders") for _ in range(50)))

    assert {answer.status for answer in answers} == {200}
    assert await backends(served, "true") <= 3


@pytest.mark.parametrize("served", [{"rest_statements_at_once": 1}], indirect=True)
async def test_slow_statements_leave_room_for_others(served: Rest) -> None:
    slow = [asyncio.create_task(served.ask("POST", "/rpc/sleep", body={"seconds": 30}))]
    slow += [asyncio.create_task(served.ask("POST", "/rpc/sleep", body={"seconds": 30}))]

    await wait_for_backends(served, "query like '%sleep%' and state = 'active'", 2)

    assert (await served.ask("GET", "/folders")).status == 200
    for task in slow:
        task.cancel()
    await asyncio.wait(slow)


async def test_nobody_waits_for_statements_that_have_taken_long_already(
    notes: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_PATIENCE_S", 0.0)
    async with rest(notes.url, rest_statements_at_once=1) as served:
        slow = asyncio.create_task(served.ask("POST", "/rpc/sleep", body={"seconds": 30}))
        await wait_for_backends(served, "query like '%sleep%' and state = 'active'", 1)
        # Whoever had to wait would do so until it is sent away.
        waited: list[object] = []
        monkeypatch.setattr(pool.RestPool, "_wait", waited.append)
        answer = await served.ask("GET", "/folders")
        slow.cancel()
        await asyncio.wait([slow])

    assert answer.status == 200
    assert waited == []


async def test_quick_statements_use_few_connections(
    notes: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine even quick ones are slow.
    monkeypatch.setattr("slotcast.rest.pool._PATIENCE_S", 60.0)
    async with rest(notes.url, rest_statements_at_once=2) as served:
        before = await backends(served, "true")
        answers = await asyncio.gather(*(served.ask("GET", "/folders") for _ in range(30)))

        assert {answer.status for answer in answers} == {200}
        assert await backends(served, "true") <= before + 2


async def test_fewer_still_are_used_while_changes_are_sent(
    notes: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slotcast.rest.pool._PATIENCE_S", 60.0)
    deliveries = DeliveryCounts(sent_at=math.inf)
    async with rest(notes.url, deliveries, rest_statements_beside_changes=1) as served:
        before = await backends(served, "true")
        await asyncio.gather(*(served.ask("GET", "/folders") for _ in range(30)))
        during = await backends(served, "true")
        deliveries.sent_at = -math.inf
        await asyncio.gather(*(served.ask("GET", "/folders") for _ in range(30)))

        assert during == before + 1
        assert await backends(served, "true") > during


async def test_a_connection_that_was_ended_is_replaced(served: Rest) -> None:
    await served.ask("GET", "/folders")
    await served.sql(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where application_name = 'slotcast rest' and datname = current_database()"
    )

    answer = await served.ask_until(200, "/folders")

    assert answer.json[0]["title"] == "inbox"


async def test_a_request_whose_connection_is_ended_is_told_that_it_failed(served: Rest) -> None:
    slow = asyncio.create_task(served.ask("POST", "/rpc/sleep", body={"seconds": 30}))
    await wait_for_backends(served, "query like '%sleep%' and state = 'active'", 1)
    await served.sql(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where application_name = 'slotcast rest' and state = 'active'"
        " and datname = current_database()"
    )

    answer = await slow

    assert answer.status == 503
    assert answer.json["code"] in ("57P01", "PGRST001")


async def test_requests_are_served_again_once_postgresql_is_back() -> None:
    with running_cluster("embedded") as cluster:
        with psycopg.connect(cluster.url(), autocommit=True) as connection:
            connection.execute("create table public.things (); create role anon")
            connection.execute("grant select on public.things to anon")
        async with rest(cluster.url(), rest_schemas="public") as served:
            before = await served.ask("GET", "/things", sub=None)
            await asyncio.to_thread(cluster.stop, "fast")
            down = await served.ask("GET", "/things", sub=None)
            await asyncio.to_thread(cluster.start)
            after = await served.ask("GET", "/things", sub=None)

    assert (before.status, after.status) == (200, 200)
    assert (down.status, down.json["code"]) == (503, "PGRST000")
    assert down.headers["Retry-After"] == "1"


async def test_a_body_that_is_too_large_is_refused(notes: Database) -> None:
    async with rest(notes.url, rest_body_limit_bytes=1000) as served:
        answer = await served.ask("POST", "/notes", body={"body": "x" * 2000})

    assert answer.status == 413


@pytest.mark.parametrize(
    ("path", "settings"),
    [
        ("/folders?select=notes(folders(notes(id)))", {"rest_embed_depth_limit": 2}),
        ("/folders?select=a:notes(id),b:notes(id)", {"rest_embed_limit": 1}),
        ("/folders?id=gt.0&or=(id.eq.1,id.eq.2)", {"rest_filter_limit": 2}),
    ],
)
async def test_a_request_that_asks_for_too_much_is_refused(
    notes: Database, path: str, settings: dict[str, int]
) -> None:
    async with rest(notes.url, **settings) as served:
        answer = await served.ask("GET", path)

    assert (answer.status, answer.json["message"]) == (400, "The request is too complex")


async def test_large_answers_and_payloads_pass_whole(served: Rest) -> None:
    body = [{"body": "x" * 1000} for _ in range(2000)]
    headers = {"Prefer": "return=representation,tx=rollback"}

    answer = await served.ask("POST", "/notes?select=body", body=body, headers=headers)
    await served.ask("DELETE", "/notes?body=like.xxx*")

    assert answer.status == 201
    assert answer.json == body


async def test_what_a_function_sets_for_its_session_is_not_in_the_responses_to_others(
    served: Rest,
) -> None:
    marked = await served.ask("POST", "/rpc/mark", body={})

    answers = [await served.ask("GET", "/folders") for _ in range(5)]

    assert marked.headers.get("X-Mine") == "secret"
    assert all("X-Mine" not in answer.headers for answer in answers)


NOTHING = {"setting": "", "lock": 0, "table": False, "listening": 0, "cursors": 0}


@pytest.mark.parametrize(
    ("value", "headers", "status"),
    [
        ("kept", {}, 200),
        ("failing", {}, 400),
        ("rolled back", {"Prefer": "tx=rollback"}, 200),
    ],
)
@pytest.mark.parametrize(
    "served", [{**ONE_CONNECTION, "rest_tx_end": "commit-allow-override"}], indirect=True
)
async def test_a_function_leaves_nothing_in_the_session_that_others_get(
    served: Rest, value: str, headers: dict[str, str], status: int
) -> None:
    path, body = "/rpc/remember", {"value": value}
    left = await served.ask("POST", path, body=body, headers=headers)

    found = await served.ask("GET", "/rpc/remembered", sub=BOB)

    assert left.status == status
    assert found.json == NOTHING


@pytest.mark.parametrize("served", [ONE_CONNECTION], indirect=True)
async def test_what_a_read_sets_for_its_session_is_not_there_for_others(served: Rest) -> None:
    answers = [
        await served.ask("GET", "/folders?select=tenant&limit=1", sub=sub)
        for sub in (ALICE, BOB, ALICE)
    ]

    assert [answer.json for answer in answers] == [[{"tenant": sub}] for sub in (ALICE, BOB, ALICE)]


async def test_more_shapes_than_a_connection_keeps_are_served(notes: Database) -> None:
    async with rest(notes.url, rest_pool_size=1) as served:
        for number in range(PREPARED_LIMIT + 20):
            answer = await served.ask("GET", f"/folders?select=a{number}:title")
            assert answer.json == [{f"a{number}": "inbox"}]

        assert (await served.ask("GET", "/folders?select=a0:title")).status == 200


@pytest.mark.parametrize("served", [{"rest_prepared_statements": "off"}], indirect=True)
async def test_nothing_is_prepared_behind_a_pooler(served: Rest) -> None:
    read = await served.ask("GET", "/folders?id=eq.1")
    written = await served.ask("PATCH", "/folders?id=eq.0", body={"title": "x"})
    prepared = await served.ask("GET", "/rpc/prepared_count")

    assert (read.status, written.status) == (200, 204)
    assert prepared.json == 0


LARGE_BODIES = {
    "application/json": b"[" + b'{"a": {}},' * 500_000 + b'{"a": {}}]',
    "text/csv": b"a,b\n" + b"1,2\n" * 500_000,
}


@pytest.mark.parametrize("media_type", LARGE_BODIES)
async def test_nobody_waits_while_a_large_body_is_read(served: Rest, media_type: str) -> None:
    loop = asyncio.get_running_loop()
    large = asyncio.create_task(
        served.ask(
            "POST",
            "/folders",
            body=LARGE_BODIES[media_type],
            headers={"Content-Type": media_type},
        )
    )
    longest_s, others = 0.0, 0
    while not large.done():
        begun = loop.time()
        assert (await served.ask("GET", "/folders")).status == 200
        longest_s = max(longest_s, loop.time() - begun)
        others += 1

    assert (await large).json["code"] == "PGRST204"
    assert others > 3
    assert longest_s < 1.0


async def test_large_bodies_beyond_those_that_may_wait_are_refused_for_now(
    served: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_read = threading.Event()
    parse = shapes.ShapeCache.prepared

    def parse_slowly(cache: shapes.ShapeCache, http: HttpRequest) -> shapes.Prepared:
        if http.method == "POST":
            assert may_read.wait(30)
        return parse(cache, http)

    monkeypatch.setattr(shapes.ShapeCache, "prepared", parse_slowly)
    body = [{"body": "x" * 100_000}]
    headers = {"Prefer": "tx=rollback"}
    sending = [
        asyncio.create_task(served.ask("POST", "/notes?columns=body", body=body, headers=headers))
        for _ in range(QUEUE_LIMIT + 2)
    ]
    done, reading = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
    small = await served.ask("GET", "/folders")
    may_read.set()
    sent = [await each for each in reading]
    await served.ask("DELETE", "/notes?body=like.xxx*")

    [refused] = [each.result() for each in done]
    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    assert refused.json["code"] == "PGRSTX01"
    assert small.status == 200
    assert {answer.status for answer in sent} == {201}
