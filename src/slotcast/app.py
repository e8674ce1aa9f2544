"""
The composition root: builds the stages, joins them, owns the tasks. Read it first.

::

    replication.run ──slices──▶ hub.deliver ──questions──▶ oracle.judge
                                    │ frames
    http ──sockets──▶ realtime ──subscriptions──▶ hub
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import psycopg
from psycopg_pool import PoolTimeout

import slotcast
from slotcast.auth.opening import open_service
from slotcast.channels.large_messages import LargeMessages
from slotcast.channels.participant import TopicLimits
from slotcast.channels.server import Changes, ChannelLimits, PrivateChannels, RealtimeServer
from slotcast.channels.stored import StoredMessages
from slotcast.channels.topics import Topics
from slotcast.errors import DatabaseError
from slotcast.fanout.hub import Hub
from slotcast.fanout.registration import Registrar
from slotcast.fanout.tables import TableVersions
from slotcast.observations import Observation, observe
from slotcast.policies.channel_access import PolicyAccess
from slotcast.policies.channel_watch import ChannelWatch, WatchedAccess
from slotcast.policies.judge import PolicyJudge
from slotcast.policies.oracle import Oracle
from slotcast.policies.store import PolicyStore
from slotcast.policies.watched_tables import WatchedTables
from slotcast.postgres import migrations
from slotcast.postgres.pool import make_pool
from slotcast.postgres.probe import Probe
from slotcast.rates import spread, sustained
from slotcast.replication.stream import Replication, StreamState
from slotcast.rest.opening import open_rest
from slotcast.side_thread import SideThread
from slotcast.tokens import Keyring
from slotcast.transports.apps import WebApps
from slotcast.transports.auth import AuthApi
from slotcast.transports.bounded_http import HttpLimits
from slotcast.transports.broadcasts import BroadcastApi, BroadcastLimits
from slotcast.transports.http import HttpServer, system_routes
from slotcast.transports.inspector import InspectorPage
from slotcast.transports.mailbox import MailboxPages
from slotcast.transports.metrics import MetricsPage, Sources, Topic
from slotcast.transports.rest import RestApi
from slotcast.transports.start_page import StartPage, Tour
from slotcast.transports.websocket import WebSocketLimits

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool
    from starlette.routing import BaseRoute

    from slotcast.auth.mailbox import Mailbox
    from slotcast.changes import TransactionSlice
    from slotcast.settings import Settings
    from slotcast.transports.demo import DemoPages

PRIVATE_PUBLICATION: Final = "slotcast_private"
"""Holds what the server reads for itself; the system migrations make it under this name."""

_NO_KEY: Final = "YOUR_API_KEY"
_START_PATIENCE_S: Final = 5.0
_PRESENCE_WINDOW_S: Final = 30.0
_STREAM_POOL_SIZE: Final = 2
_READY_TIMEOUT_S: Final = 2.0

_ARE_MESSAGES_STREAMED: Final = """
select from pg_publication_tables
where pubname = %s and schemaname = 'realtime' and tablename = 'messages'
"""
_DESCRIBE: Final = """
select current_setting('server_version'),
       array(select format('%%I.%%I', schemaname, tablename)
             from pg_publication_tables where pubname = %s order by 1)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving(Observation):
    """The server listens; joins are answered as soon as the stream is live."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Observation):
    """The server has stopped; everything handed over is confirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesNotStreamed(Observation):
    """Broadcasts from SQL are not delivered until the owner of `realtime.messages` runs *fix*."""

    level: ClassVar[int] = logging.WARNING
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """
    What the start page invites to try.

    Attributes:
        table: A published table, in schema `public`.
        statement: SQL that changes a row of it.
        dashboard: Where the dashboard shows it.
        booking: Where the booking app does.
    """

    table: str
    statement: str
    dashboard: str
    booking: str


async def serve(
    settings: Settings,
    *,
    sample: Sample | None = None,
    mailbox: Mailbox | None = None,
    demo: DemoPages | None = None,
) -> None:
    """
    Serve until SIGINT, SIGTERM or, unless it is ignored as under nohup, SIGHUP.

    Args:
        settings: With a database URL, and a secret or a JWKS.
        sample: For the start page; by default it names a published table.
        mailbox: Takes all mails, and everybody who reaches the server may read them at
            ``/mail``; None to send mails as *settings* say.
        demo: Accounts and a customer for everybody who reaches the server; None for none.

    Raises:
        SlotcastError: The server cannot start; the message says what to do. It may come
            within an ExceptionGroup.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    stop_signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        stop_signals.append(signal.SIGHUP)
    for number in stop_signals:
        loop.add_signal_handler(number, stopping.set)
    try:
        async with running(settings, sample=sample, mailbox=mailbox, demo=demo) as url:
            observe(Serving(url=url))
            await stopping.wait()
    finally:
        for number in stop_signals:
            loop.remove_signal_handler(number)
    observe(Stopped())


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    sample: Sample | None = None,
    mailbox: Mailbox | None = None,
    demo: DemoPages | None = None,
) -> AsyncGenerator[str]:
    """
    Run the server within the block; gives its URL. See `serve`.

    On the way out clients are told to come back later, and what they were sent is confirmed.

    Raises:
        SlotcastError: See `serve`.
    """
    keyring = Keyring(
        secret=settings.jwt_secret,
        jwks=settings.jwks,
        publishable_key=settings.publishable_key,
        secret_key=settings.secret_key,
    )
    pool = make_pool(
        settings.database_url,
        size=settings.pool_size,
        statement_timeout_s=settings.judge_timeout_s,
    )
    # Changes never wait for a connection behind what clients ask for, however much that is.
    stream_pool = make_pool(
        settings.database_url,
        size=_STREAM_POOL_SIZE,
        statement_timeout_s=settings.judge_timeout_s,
    )
    watched = WatchedTables(publication=settings.publication)
    judge = _judge(settings, stream_pool, pool, watched)
    hub = Hub(
        stream_pool,
        judge,
        versions=TableVersions(
            publication=settings.publication, private_publication=PRIVATE_PUBLICATION
        ),
        record_limit_bytes=settings.record_limit_bytes,
        supabase_deletes=settings.delete_events == "supabase",
        recovery_window_s=settings.recovery_window_s,
        recovery_limit_bytes=settings.recovery_limit_bytes,
        on_delay=lambda: replication.let_go(),  # noqa: PLW0108 - it is made below
    )
    started = asyncio.Event()
    begun = asyncio.Event()

    def follow(state: StreamState) -> None:
        if state is StreamState.LIVE and replication.boot_lsn is not None and not begun.is_set():
            hub.start(replication.boot_lsn)
            begun.set()
        if state in (StreamState.LIVE, StreamState.WAITING):
            started.set()

    replication = Replication(
        settings.database_url,
        slot=settings.slot,
        publications=[settings.publication, PRIVATE_PUBLICATION],
        replay_window_s=settings.replay_window_s,
        on_state=follow,
    )
    async with asyncio.TaskGroup() as tasks, AsyncExitStack() as opened:
        watch = ChannelWatch(
            pool,
            watched=watched,
            search_path=settings.search_path,
            kept_s=settings.channel_policies_kept_s,
            on_change=lambda: realtime.reauthorize(),  # noqa: PLW0108 - it is made below
        )
        topics = Topics(
            asyncio.get_running_loop().call_soon,
            presence_limit_bytes=settings.presence_state_limit_bytes,
            is_outdated=watch.is_outdated,
        )
        messages = StoredMessages(pool, topics)
        access = WatchedAccess(PolicyAccess(pool, search_path=settings.search_path), watch)
        router = _Router(watch, messages, hub)
        streaming = tasks.create_task(replication.run(router.deliver))
        # The stream's own checks come first, since they say best what is wrong. A slot that
        # is being created may wait for long transactions; that is no reason not to listen.
        with suppress(TimeoutError):
            async with asyncio.timeout(_START_PATIENCE_S):
                await started.wait()
        await opened.enter_async_context(pool)
        await opened.enter_async_context(stream_pool)
        await _check_migrations(pool)
        auth = (
            await opened.enter_async_context(open_service(settings, keyring, pool, mailbox=mailbox))
            if settings.auth == "on"
            else None
        )
        rest = (
            RestApi(
                await opened.enter_async_context(open_rest(settings, keyring, hub.counts)),
                path=settings.rest_path,
                body_limit_bytes=settings.rest_body_limit_bytes,
                bodies_limit_bytes=settings.rest_bodies_limit_bytes,
            )
            if settings.rest == "on"
            else None
        )
        realtime = RealtimeServer(
            keyring=keyring,
            changes=Changes(
                registrar=Registrar(pool, judge, tasks, publication=settings.publication),
                hub=hub,
                wait_live=replication.wait_live,
            ),
            tasks=tasks,
            limits=channel_limits(settings),
            topics=topics,
            large_messages=LargeMessages(opened.enter_context(SideThread("messages"))),
            private=PrivateChannels(access=access, messages=messages),
        )
        looking_after = tasks.create_task(
            messages.look_after(kept_days=settings.messages_kept_days)
        )
        front = _Front(settings, pool, tasks, replication, sample, has_mailbox=mailbox is not None)
        sources = Sources(
            stream=replication,
            delivery=hub.counts,
            subscription_count=lambda: hub.subscription_count,
            judge=judge.counts,
            channels=realtime.counts,
            topics=lambda: _sizes(topics),
            sending=lambda: server.send_counts,
            backlogs=lambda: server.backlogs(),  # noqa: PLW0108 - it is made below
            pool=pool.get_stats,
        )
        server = HttpServer(
            host=settings.host,
            port=settings.port,
            routes=[
                *BroadcastApi(
                    keyring=keyring,
                    topics=topics,
                    limits=broadcast_limits(settings),
                    side_thread=opened.enter_context(SideThread("broadcasts")),
                    access=access,
                ).routes(),
                *(AuthApi(auth).routes() if auth else ()),
                *(MailboxPages(mailbox).routes() if mailbox else ()),
                *(demo.routes() if demo else ()),
                *_app_routes(settings, is_demo=demo is not None),
                *system_routes(
                    readiness=front.readiness,
                    page=front.page,
                    inspection=front.inspection if settings.inspector == "on" else None,
                    metrics=_metrics_page(settings, sources),
                ),
            ],
            open_session=realtime.open_session,
            front=rest,
            http_limits=HttpLimits(
                connection_limit=settings.max_http_connections,
                head_timeout_s=settings.http_head_timeout_s,
                body_timeout_s=settings.http_body_timeout_s,
                idle_timeout_s=settings.http_idle_timeout_s,
            ),
            limits=WebSocketLimits(
                frame_limit_bytes=settings.frame_limit_bytes,
                send_queue_limit_bytes=settings.send_queue_limit_bytes,
                connection_limit=settings.max_concurrent_users,
                idle_timeout_s=settings.idle_timeout_s,
            ),
        )
        router.realtime, router.server = realtime, server
        host, port = await server.start()
        # What there is by now stays: looking through it for garbage would only hold up changes.
        gc.collect()
        gc.freeze()
        front.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        if auth:
            auth.api_url = front.url
        try:
            yield front.url
        finally:
            # The stream ends while everybody is still joined: what it would hand over to
            # nobody stays in the slot, for those who join again.
            await _end(streaming, looking_after)
            _part(realtime, mailbox)
            await server.stop()


def _judge(
    settings: Settings,
    stream_pool: AsyncConnectionPool[AsyncConnection[TupleRow]],
    pool: AsyncConnectionPool[AsyncConnection[TupleRow]],
    watched: WatchedTables,
) -> Oracle | PolicyJudge:
    """Make whoever knows who may see what."""
    oracle = Oracle(stream_pool, search_path=settings.search_path)
    if settings.policies == "oracle":
        return oracle
    store = PolicyStore(stream_pool, watched, search_path=settings.search_path)
    return PolicyJudge(store, oracle, join_pool=pool)


def _app_routes(settings: Settings, *, is_demo: bool) -> Iterator[BaseRoute]:
    """Serve the web apps, if they are wanted."""
    if settings.apps == "on":
        yield from WebApps(publishable_key=settings.publishable_key, is_demo=is_demo).routes()


async def _end(*tasks: asyncio.Task[None]) -> None:
    """Cancel *tasks*, and wait until they are over."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _part(realtime: RealtimeServer, mailbox: Mailbox | None) -> None:
    """Send everybody away who would stay for as long as they are let."""
    realtime.drain()
    if mailbox:
        mailbox.close()


def broadcast_limits(settings: Settings) -> BroadcastLimits:
    """Give what may be sent over HTTP."""
    return BroadcastLimits(
        body_limit_bytes=settings.frame_limit_bytes,
        payload_limit_bytes=round(settings.max_payload_size_in_kb * 1000),
        messages=sustained(settings.http_message_rate_per_s),
    )


def channel_limits(settings: Settings) -> ChannelLimits:
    """Give what connections and channels may do."""
    return ChannelLimits(
        channels_per_connection=settings.max_channels_per_client,
        join_timeout_s=settings.join_timeout_s,
        channelless_timeout_s=settings.channelless_timeout_s,
        joins=sustained(settings.max_joins_per_second),
        messages=sustained(settings.max_events_per_second),
        topic=TopicLimits(
            broadcast_limit_bytes=round(settings.max_payload_size_in_kb * 1000),
            presence_calls=spread(
                settings.max_client_presence_events_per_window, _PRESENCE_WINDOW_S
            ),
            presence_limit_bytes=settings.presence_limit_bytes,
            presence_keys_limit=settings.presence_keys_limit,
        ),
    )


class _Router:
    """
    Gives changes to those they are for, in the order of the stream.

    Attributes:
        realtime: Whose channels policies open; None until there are any.
        server: Whose clients get the changes; None until it serves.
    """

    def __init__(self, watch: ChannelWatch, messages: StoredMessages, hub: Hub) -> None:
        self.realtime: RealtimeServer | None = None
        self.server: HttpServer | None = None
        self._watch = watch
        self._messages = messages
        self._hub = hub

    async def deliver(self, batch: Sequence[TransactionSlice]) -> None:
        """Hand *batch* over: to the server itself, to private channels, to subscribers."""
        is_asking = False
        for transaction in batch:
            for change in transaction.changes:
                if self._watch.concerns(change):
                    self._watch.changed(transaction.xid)
                    # Once a batch: nobody is asked before all of it was looked through.
                    if self.realtime is not None and not is_asking:
                        self.realtime.reauthorize()
                        is_asking = True
                self._messages.deliver(change)
        await self._hub.deliver(batch)
        if self.server is not None:
            self.server.flush()  # nothing more is coming that could be joined


class _Front:
    """What the pages that everybody may ask for show."""

    def __init__(
        self,
        settings: Settings,
        pool: AsyncConnectionPool[AsyncConnection[TupleRow]],
        tasks: asyncio.TaskGroup,
        replication: Replication,
        sample: Sample | None,
        *,
        has_mailbox: bool,
    ) -> None:
        self.url = ""
        self._settings = settings
        self._alive = Probe(pool, tasks, "select 1", timeout_s=_READY_TIMEOUT_S)
        self._description = Probe(
            pool, tasks, _DESCRIBE, [settings.publication], timeout_s=_READY_TIMEOUT_S
        )
        self._replication = replication
        self._sample = sample
        self._has_mailbox = has_mailbox
        # Not one that we could sign: whoever opens the page would have a key that nobody gave out.
        self._anon_key = settings.publishable_key or _NO_KEY

    async def readiness(self) -> list[str]:
        """List what keeps the server from being ready; nothing when it is."""
        reasons: list[str] = []
        if not self._replication.live:
            reasons.append(f"the replication stream is {self._replication.state.value}")
        try:
            await self._alive.answer()
        except DatabaseError as error:
            reasons.append(f"PostgreSQL does not answer: {error}")
        return reasons

    async def page(self) -> StartPage:
        """Describe what runs, for the start page."""
        version, tables = await self._describe_database()
        table, statement = (
            (self._sample.table, self._sample.statement)
            if self._sample
            else (
                tables[0].partition(".")[2] if tables else "your_table",
                "-- insert, update or delete a row of a published table",
            )
        )
        return StartPage(
            version=slotcast.__version__,
            url=self.url,
            anon_key=self._anon_key,
            postgres_version=version,
            slot=self._settings.slot,
            publication=self._settings.publication,
            tables=tables,
            is_live=self._replication.live,
            sample_table=table,
            sample_sql=statement,
            has_inspector=self._settings.inspector == "on",
            has_mailbox=self._has_mailbox,
            tour=self._tour(),
        )

    def _tour(self) -> Tour | None:
        """Show the apps, where they are served; the demo's as the people of the demo."""
        if self._settings.apps != "on":
            return None
        if self._sample is None:
            return Tour(dashboard="/dashboard/", booking="/book/", has_customer=False)
        return Tour(
            dashboard=self._sample.dashboard, booking=self._sample.booking, has_customer=True
        )

    async def inspection(self) -> InspectorPage:
        """Say what the inspector begins with."""
        _, tables = await self._describe_database()
        return InspectorPage(
            api_key=self._anon_key,
            publication=self._settings.publication,
            tables=tables,
        )

    async def _describe_database(self) -> tuple[str, tuple[str, ...]]:
        try:
            version, tables = await self._description.answer()
        except DatabaseError:
            return "unreachable", ()
        return version, tuple(tables)


def _metrics_page(settings: Settings, sources: Sources) -> MetricsPage | None:
    """Make the page of metrics for whoever may read it; None for nobody."""
    token = None if settings.metrics == "open" else settings.metrics_token
    if settings.metrics == "off" or token == "":
        return None
    return MetricsPage(sources, token=token, top=settings.metrics_top)


def _sizes(topics: Topics) -> Iterator[Topic]:
    for key, member_count, message_count in topics.sizes():
        yield Topic(
            name=key.name,
            is_private=key.is_private,
            member_count=member_count,
            message_count=message_count,
        )


async def _check_migrations(pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
    """Refuse a database whose system migrations the server cannot use."""
    try:
        await _look_for_migrations(pool)
    except (psycopg.Error, PoolTimeout) as error:
        raise DatabaseError(f"PostgreSQL could not be examined: {error}") from error


async def _look_for_migrations(pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select current_user, has_schema_privilege(oid, 'USAGE')"
            " from pg_namespace where nspname = 'slotcast'"
        )
        row = await cursor.fetchone()
        if row is not None and not row[1]:
            raise DatabaseError(
                f"the role {row[0]} may not use the schema slotcast: run"
                f' GRANT USAGE ON SCHEMA slotcast TO "{row[0]}";'
            )
        if row is None or await migrations.pending(
            connection, migrations.discover(migrations.SYSTEM)
        ):
            raise DatabaseError(
                "the database lacks Slotcast's system migrations: run `slotcast migrate` with the"
                " same database_url, as a role that may create schemas and roles"
            )
        cursor = await connection.execute(_ARE_MESSAGES_STREAMED, [PRIVATE_PUBLICATION])
        if await cursor.fetchone() is None:
            observe(
                MessagesNotStreamed(
                    fix=f"alter publication {PRIVATE_PUBLICATION} add table realtime.messages"
                )
            )
