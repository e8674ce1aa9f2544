"""
``/metrics``: what the stages count, in the text formats that Prometheus reads.

Everything shown stands in `METRICS`, one entry each, from which the reference page is made.
Values are read when somebody asks; nothing is kept here, and each server has a registry of
its own. Labels name tables, topics, reasons and addresses, never a token, a key or a row's
value; topics and addresses, of which there may be any number, only the largest few.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections import defaultdict
from dataclasses import dataclass
from heapq import nlargest
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from slotcast.replication.stream import StreamState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from slotcast.counters import (
        ChannelCounts,
        DeliveryCounts,
        Histogram,
        JudgeCounts,
        SendCounts,
        StreamCounts,
        TableCounts,
    )

    _Family: TypeAlias = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily

LABEL_LIMIT: Final = 100
"""Longest label, in characters; clients choose the names of topics."""


class Stream(Protocol):
    """The replication stream, as far as it is shown."""

    @property
    def state(self) -> StreamState:
        """What it is doing."""
        ...

    @property
    def counts(self) -> StreamCounts:
        """What it brought."""
        ...

    @property
    def handed_over_lsn(self) -> int:
        """Everything before was handed over."""
        ...

    @property
    def confirmed_lsn(self) -> int:
        """Everything before may be forgotten by PostgreSQL."""
        ...

    @property
    def unconfirmed_since(self) -> float | None:
        """When the oldest unconfirmed position was handed over, in the loop's time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """
    A topic that has members here.

    Attributes:
        name: Without ``realtime:``; clients choose it.
        is_private: Which of the two topics of that name.
        member_count: Channels joined.
        message_count: Messages to its members, as long as it has had some.
    """

    name: str
    is_private: bool
    member_count: int
    message_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """
    Where the values are read.

    Attributes:
        stream: The replication stream.
        delivery: The hub's counts.
        subscription_count: Subscriptions that get changes.
        judge: The judge's counts.
        sending: The send queues' counts.
        channels: What clients asked of their channels.
        topics: The topics that have members here.
        backlogs: Address and bytes that wait, for each connection.
        pool: Statistics of psycopg's pool.
        loop_time: The loop's clock.
        wall_time: Unix time.
    """

    stream: Stream
    delivery: DeliveryCounts
    subscription_count: Callable[[], int]
    judge: JudgeCounts
    sending: Callable[[], SendCounts]
    channels: ChannelCounts
    topics: Callable[[], Iterable[Topic]]
    backlogs: Callable[[], Iterable[tuple[str, int]]]
    pool: Callable[[], Mapping[str, int]]
    loop_time: Callable[[], float] = lambda: asyncio.get_running_loop().time()
    wall_time: Callable[[], float] = time.time


_Samples: TypeAlias = "Iterable[tuple[tuple[str, ...], float]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """
    Something that is shown.

    Attributes:
        name: Without the suffix ``_total`` that counters get.
        kind: A counter only ever grows while the server runs.
        help: What it says, for operators.
        labels: The names of its labels.
        read: Gives the values of the labels and the value, for each series. The second
            argument is how many topics and connections may be named.
    """

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    labels: tuple[str, ...] = ()
    read: Callable[[Sources, int], _Samples]

    @property
    def shown_name(self) -> str:
        """The name in queries."""
        return f"{self.name}_total" if self.kind == "counter" else self.name

    def family(self, sources: Sources, top: int) -> _Family:
        """Read the values."""
        kind = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        family = kind(self.name, self.help, labels=self.labels)
        # What is the same when cut counts together: a series may come only once.
        values: defaultdict[tuple[str, ...], float] = defaultdict(float)
        for labels, value in self.read(sources, top):
            values[tuple(label[:LABEL_LIMIT] for label in labels)] += value
        for labels, value in values.items():
            family.add_metric(labels, value)
        return family


@dataclass(frozen=True, slots=True, kw_only=True)
class HistogramMetric:
    """
    A distribution that is shown.

    Attributes:
        name: Its buckets are ``<name>_bucket``, with ``_count`` and ``_sum`` beside them.
        help: What it says, for operators.
        read: Gives it.
    """

    name: str
    help: str
    read: Callable[[Sources], Histogram]

    kind: Literal["histogram"] = "histogram"
    labels: tuple[str, ...] = ()

    @property
    def shown_name(self) -> str:
        """The name in queries, without suffixes."""
        return self.name

    def family(self, sources: Sources, _top: int) -> _Family:
        """Read the values."""
        histogram = self.read(sources)
        bounds = [*map(str, histogram.bounds), "+Inf"]
        buckets = list(zip(bounds, histogram.cumulative(), strict=True))
        family = HistogramMetricFamily(self.name, self.help)
        family.add_metric([], buckets, histogram.total)
        return family


def _one(read: Callable[[Sources], float]) -> Callable[[Sources, int], _Samples]:
    """Show one value without labels."""
    return lambda sources, _top: [((), read(sources))]


def _by_table(read: Callable[[TableCounts], int]) -> Callable[[Sources, int], _Samples]:
    """Show a value of each table."""
    return lambda sources, _top: [
        ((table,), read(counts)) for table, counts in sources.delivery.tables.items()
    ]


def _by_topic(read: Callable[[Topic], int]) -> Callable[[Sources, int], _Samples]:
    """Show a value of the topics in which it is largest."""
    return lambda sources, top: [
        ((topic.name, str(topic.is_private).lower()), read(topic))
        for topic in nlargest(top, sources.topics(), key=read)
    ]


def _backlogs(sources: Sources, top: int) -> _Samples:
    waiting = (backlog for backlog in sources.backlogs() if backlog[1] > 0)
    return [((remote,), size) for remote, size in nlargest(top, waiting, key=lambda it: it[1])]


def _lag_bytes(sources: Sources, _top: int) -> _Samples:
    stream = sources.stream
    seen = stream.counts.seen_lsn
    for position, lsn in (
        ("handed_over", stream.handed_over_lsn),
        ("confirmed", stream.confirmed_lsn),
    ):
        # Before the first position is known there is nothing to be behind.
        yield (position,), max(seen - lsn, 0) if lsn else 0


def _lag_seconds(sources: Sources, _top: int) -> _Samples:
    stream = sources.stream
    counts = stream.counts
    pending_s = (
        0.0
        if counts.pending_since is None
        else max(sources.wall_time() - counts.pending_since, 0.0)
    )
    lost_s = 0.0 if counts.lost_at is None else sources.loop_time() - counts.lost_at
    handed_over_s = max(pending_s, lost_s)
    unconfirmed = stream.unconfirmed_since
    unconfirmed_s = 0.0 if unconfirmed is None else max(sources.loop_time() - unconfirmed, 0.0)
    yield ("handed_over",), handed_over_s
    yield ("confirmed",), max(handed_over_s, unconfirmed_s)


def _states(sources: Sources, _top: int) -> _Samples:
    state = sources.stream.state
    return [((each.name.lower(),), float(each is state)) for each in StreamState]


def _silence_s(sources: Sources) -> float:
    heard_at = sources.stream.counts.heard_at
    return 0.0 if heard_at is None else sources.loop_time() - heard_at


def _pool(key: str) -> Callable[[Sources, int], _Samples]:
    return _one(lambda sources: sources.pool().get(key, 0))


METRICS: Final[tuple[Metric | HistogramMetric, ...]] = (
    Metric(
        name="slotcast_replication_lag_bytes",
        kind="gauge",
        help="WAL between what PostgreSQL last spoke of and what was handed over to send queues,"
        " or confirmed, so that PostgreSQL may forget it.",
        labels=("position",),
        read=_lag_bytes,
    ),
    Metric(
        name="slotcast_replication_lag_seconds",
        kind="gauge",
        help="Age of the oldest commit that is not handed over, or not confirmed. While the"
        " stream is not live, at least the time since it was. Confirmation follows hand-over by"
        " replay_window_s on purpose.",
        labels=("position",),
        read=_lag_seconds,
    ),
    Metric(
        name="slotcast_replication_silence_seconds",
        kind="gauge",
        help="Time since PostgreSQL last said anything on the stream; keepalives come at least"
        " every wal_sender_timeout.",
        read=_one(_silence_s),
    ),
    Metric(
        name="slotcast_replication_state",
        kind="gauge",
        help="1 for what the stream is doing, 0 for everything else. Changes flow when live is 1.",
        labels=("state",),
        read=_states,
    ),
    Metric(
        name="slotcast_replication_connections",
        kind="counter",
        help="How often the slot was taken: the first time, and after each loss.",
        read=_one(lambda sources: sources.stream.counts.connections),
    ),
    Metric(
        name="slotcast_replication_received_bytes",
        kind="counter",
        help="Bytes of the stream, repetitions after a loss included.",
        read=_one(lambda sources: sources.stream.counts.received_bytes),
    ),
    Metric(
        name="slotcast_replication_transactions",
        kind="counter",
        help="Transactions decoded.",
        read=_one(lambda sources: sources.stream.counts.transactions),
    ),
    Metric(
        name="slotcast_replication_changes",
        kind="counter",
        help="Row changes decoded, whether or not anybody asked for them.",
        read=_one(lambda sources: sources.stream.counts.changes),
    ),
    Metric(
        name="slotcast_changes",
        kind="counter",
        help="Changes that passed the filter of somebody who asked for them.",
        labels=("table",),
        read=_by_table(lambda counts: counts.changes),
    ),
    Metric(
        name="slotcast_deliveries",
        kind="counter",
        help="Changes given to channels, once for each channel that got one.",
        labels=("table",),
        read=_by_table(lambda counts: counts.deliveries),
    ),
    Metric(
        name="slotcast_denied",
        kind="counter",
        help="Bindings from which row level security or grants kept a change.",
        labels=("table",),
        read=_by_table(lambda counts: counts.denied),
    ),
    Metric(
        name="slotcast_policy_failures",
        kind="counter",
        help="Bindings from which a change was kept since a policy raised or took too long for"
        " their claims. Each viewer was told.",
        labels=("table",),
        read=_by_table(lambda counts: counts.failed),
    ),
    Metric(
        name="slotcast_lost_changes",
        kind="counter",
        help="Changes that a defect kept from everybody; who asked for them was told to read"
        " again. Anything but 0 is worth a report.",
        labels=("table",),
        read=_by_table(lambda counts: counts.lost),
    ),
    Metric(
        name="slotcast_recovered_changes",
        kind="counter",
        help="Changes found in the slot at the start, for clients that join again.",
        read=_one(lambda sources: sources.delivery.recovered),
    ),
    Metric(
        name="slotcast_hand_over_delays",
        kind="counter",
        help="How often a batch of changes waited since PostgreSQL could not be asked.",
        read=_one(lambda sources: sources.delivery.delays),
    ),
    HistogramMetric(
        name="slotcast_judge_round_trip_seconds",
        help="Time in which PostgreSQL ruled on a batch of row images, waiting for a connection"
        " included. Joins ask, too.",
        read=lambda sources: sources.judge.round_trip_s,
    ),
    Metric(
        name="slotcast_decided_pairs",
        kind="counter",
        help="Pairs of row image and viewer that were ruled on without asking PostgreSQL.",
        read=_one(lambda sources: sources.judge.decided),
    ),
    Metric(
        name="slotcast_judged_pairs",
        kind="counter",
        help="Pairs of row image and viewer that PostgreSQL ruled on.",
        read=_one(lambda sources: sources.judge.pairs),
    ),
    Metric(
        name="slotcast_connections",
        kind="gauge",
        help="WebSockets that are open.",
        read=_one(lambda sources: sum(1 for _ in sources.backlogs())),
    ),
    Metric(
        name="slotcast_opened_connections",
        kind="counter",
        help="WebSockets that were opened with a valid API key.",
        read=_one(lambda sources: sources.channels.connections),
    ),
    Metric(
        name="slotcast_channels",
        kind="gauge",
        help="Channels joined.",
        read=_one(lambda sources: sum(topic.member_count for topic in sources.topics())),
    ),
    Metric(
        name="slotcast_subscriptions",
        kind="gauge",
        help="Channels that get changes of tables.",
        read=_one(lambda sources: sources.subscription_count()),
    ),
    Metric(
        name="slotcast_joins",
        kind="counter",
        help="Joins accepted.",
        read=_one(lambda sources: sources.channels.accepted),
    ),
    Metric(
        name="slotcast_refused_joins",
        kind="counter",
        help="Joins refused, by the code that the reason begins with.",
        labels=("code",),
        read=lambda sources, _top: [
            ((code,), count) for code, count in sources.channels.refused.items()
        ],
    ),
    Metric(
        name="slotcast_received_messages",
        kind="counter",
        help="Messages of clients: broadcast, presence, access_token.",
        labels=("kind",),
        read=lambda sources, _top: [
            ((kind,), count) for kind, count in sources.channels.received.items()
        ],
    ),
    Metric(
        name="slotcast_ignored_frames",
        kind="counter",
        help="Frames that are not of the protocol.",
        read=_one(lambda sources: sources.channels.ignored),
    ),
    Metric(
        name="slotcast_sent_frames",
        kind="counter",
        help="WebSocket frames sent.",
        read=_one(lambda sources: sources.sending().frames),
    ),
    Metric(
        name="slotcast_sent_bytes",
        kind="counter",
        help="Bytes of WebSocket frames sent.",
        read=_one(lambda sources: sources.sending().sent_bytes),
    ),
    Metric(
        name="slotcast_writes",
        kind="counter",
        help="Writes to sockets; frames of one turn of the event loop go out together.",
        read=_one(lambda sources: sources.sending().writes),
    ),
    Metric(
        name="slotcast_slow_consumers",
        kind="counter",
        help="Connections closed since they did not read fast enough.",
        read=_one(lambda sources: sources.sending().overflows),
    ),
    Metric(
        name="slotcast_connection_queue_bytes",
        kind="gauge",
        help="What waits for a connection, for the metrics_top connections that are furthest"
        " behind.",
        labels=("remote",),
        read=_backlogs,
    ),
    Metric(
        name="slotcast_topic_channels",
        kind="gauge",
        help="Channels of a topic, for the metrics_top topics with the most.",
        labels=("topic", "private"),
        read=_by_topic(lambda topic: topic.member_count),
    ),
    Metric(
        name="slotcast_topic_messages",
        kind="gauge",
        help="Broadcasts and presence changes of a topic since it has members, for the"
        " metrics_top topics with the most.",
        labels=("topic", "private"),
        read=_by_topic(lambda topic: topic.message_count),
    ),
    Metric(
        name="slotcast_pool_size",
        kind="gauge",
        help="Connections to PostgreSQL for judging and catalog queries.",
        read=_pool("pool_size"),
    ),
    Metric(
        name="slotcast_pool_idle",
        kind="gauge",
        help="Those of them that nobody uses at the moment.",
        read=_pool("pool_available"),
    ),
    Metric(
        name="slotcast_pool_waiting",
        kind="gauge",
        help="Requests that wait for a connection.",
        read=_pool("requests_waiting"),
    ),
    Metric(
        name="slotcast_pool_queued_requests",
        kind="counter",
        help="Requests that had to wait for a connection.",
        read=_pool("requests_queued"),
    ),
    Metric(
        name="slotcast_pool_connection_failures",
        kind="counter",
        help="Attempts to connect to PostgreSQL that failed.",
        read=_pool("connections_errors"),
    ),
)
"""Everything that is shown besides Prometheus' own `process_…`."""


class _Stages(Collector):
    """Reads all of `METRICS` when it is asked."""

    def __init__(self, sources: Sources, top: int) -> None:
        self._sources = sources
        self._top = top

    def describe(self) -> list[_Family]:
        """Claim no names: they are known to be unique, and reading is for whoever asks."""
        return []

    def collect(self) -> Iterator[_Family]:
        """Read all values."""
        for metric in METRICS:
            yield metric.family(self._sources, self._top)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer."""

    status: HTTPStatus
    body: bytes
    headers: Mapping[str, str]


class MetricsPage:
    """
    Answers requests for ``/metrics``.

    Args:
        sources: Where the values are read.
        token: Who shows it as a bearer token is answered; None answers everybody.
        top: How many topics and connections are named at most.
    """

    def __init__(self, sources: Sources, *, token: str | None, top: int) -> None:
        self._token = token
        self._registry = CollectorRegistry()
        self._registry.register(_Stages(sources, top))
        ProcessCollector(registry=self._registry)

    def answer(self, *, authorization: str, accept: str) -> Answer:
        """
        Write the page.

        Args:
            authorization: The request's header, or nothing.
            accept: The request's header, or nothing; Prometheus asks for OpenMetrics by it.
        """
        if self._token is not None and not _shows(authorization, self._token):
            return Answer(
                status=HTTPStatus.UNAUTHORIZED,
                body=b'{"error": "This page needs the metrics_token as a bearer token"}',
                headers={
                    "WWW-Authenticate": 'Bearer realm="metrics"',
                    "Content-Type": "application/json",
                },
            )
        encode, content_type = choose_encoder(accept)
        return Answer(
            status=HTTPStatus.OK,
            body=encode(self._registry),
            headers={"Content-Type": content_type, "Cache-Control": "no-store"},
        )


def _shows(authorization: str, token: str) -> bool:
    """Tell whether the header carries *token*, in the same time whatever it carries."""
    scheme, _, shown = authorization.partition(" ")
    is_same = hmac.compare_digest(shown.strip().encode(), token.encode())
    return scheme.lower() == "bearer" and is_same
