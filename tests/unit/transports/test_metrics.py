from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from slotcast.counters import ChannelCounts, DeliveryCounts, JudgeCounts, SendCounts, StreamCounts
from slotcast.replication.stream import StreamState
from slotcast.transports.metrics import LABEL_LIMIT, METRICS, MetricsPage, Sources, Topic

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKEN = "a-token-for-the-metrics-page"


class FakeStream:
    """A stream that is where the test wants it."""

    def __init__(self) -> None:
        self.state = StreamState.LIVE
        self.counts = StreamCounts()
        self.handed_over_lsn = 0
        self.confirmed_lsn = 0
        self.unconfirmed_since: float | None = None


def sources(
    stream: FakeStream | None = None,
    *,
    topics: Sequence[Topic] = (),
    backlogs: Sequence[tuple[str, int]] = (),
) -> Sources:
    return Sources(
        stream=stream or FakeStream(),
        delivery=DeliveryCounts(),
        subscription_count=lambda: 0,
        judge=JudgeCounts(),
        sending=SendCounts,
        channels=ChannelCounts(),
        topics=lambda: topics,
        backlogs=lambda: backlogs,
        pool=dict,
        loop_time=lambda: 100.0,
        wall_time=lambda: 1000.0,
    )


def shown(given: Sources, name: str, *, top: int = 10) -> dict[tuple[str, ...], float]:
    """Give the values of one metric by those of its labels."""
    answer = MetricsPage(given, token=None, top=top).answer(authorization="", accept="")
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
        if sample.name == name
    }


def topic(name: str, members: int) -> Topic:
    return Topic(name=name, is_private=False, member_count=members, message_count=0)


def test_lag_in_bytes_is_measured_from_what_postgresql_last_spoke_of() -> None:
    stream = FakeStream()
    stream.counts.seen_lsn = 1000
    stream.handed_over_lsn = 900
    stream.confirmed_lsn = 600

    lag = shown(sources(stream), "slotcast_replication_lag_bytes")

    assert lag == {("handed_over",): 100, ("confirmed",): 400}


def test_lag_in_seconds_is_the_age_of_the_oldest_commit_that_waits() -> None:
    stream = FakeStream()
    stream.counts.pending_since = 997.0
    stream.unconfirmed_since = 95.0

    lag = shown(sources(stream), "slotcast_replication_lag_seconds")

    assert lag == {("handed_over",): 3, ("confirmed",): 5}


def test_a_stream_that_is_lost_lags_at_least_since_then() -> None:
    stream = FakeStream()
    stream.state = StreamState.LOST
    stream.counts.lost_at = 60.0

    lag = shown(sources(stream), "slotcast_replication_lag_seconds")
    state = shown(sources(stream), "slotcast_replication_state")

    assert lag == {("handed_over",): 40, ("confirmed",): 40}
    assert state["lost",] == 1
    assert state["live",] == 0


def test_only_the_largest_topics_and_queues_are_named() -> None:
    given = sources(
        topics=[topic(f"room-{number}", number) for number in range(50)],
        backlogs=[("10.0.0.1:1", 0), ("10.0.0.2:2", 5), ("10.0.0.3:3", 7)],
    )

    assert shown(given, "slotcast_topic_channels", top=2) == {
        ("false", "room-49"): 49,
        ("false", "room-48"): 48,
    }
    assert shown(given, "slotcast_connection_queue_bytes") == {
        ("10.0.0.3:3",): 7,
        ("10.0.0.2:2",): 5,
    }
    assert shown(given, "slotcast_connections") == {(): 3}
    assert shown(given, "slotcast_topic_channels", top=0) == {}
    assert shown(given, "slotcast_channels", top=0) == {(): sum(range(50))}


def test_names_that_are_equal_when_cut_count_together() -> None:
    given = sources(topics=[topic("x" * LABEL_LIMIT + ending, 1) for ending in "ab"])

    assert shown(given, "slotcast_topic_channels") == {("false", "x" * LABEL_LIMIT): 2}


def test_a_name_that_looks_like_the_format_stays_a_name() -> None:
    hostile = 'x"} 1\nslotcast_channels 99\n\\'
    given = sources(topics=[topic(hostile, 1)])

    assert shown(given, "slotcast_topic_channels") == {("false", hostile): 1}
    assert shown(given, "slotcast_channels") == {(): 1}


def test_a_round_trip_is_counted_in_its_bucket() -> None:
    given = sources()
    given.judge.round_trip_s.observe(0.003)

    buckets = shown(given, "slotcast_judge_round_trip_seconds_bucket")

    assert buckets["0.0025",] == 0
    assert buckets["0.005",] == 1
    assert buckets["+Inf",] == 1


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("", HTTPStatus.UNAUTHORIZED),
        (f"Basic {TOKEN}", HTTPStatus.UNAUTHORIZED),
        (f"Bearer {TOKEN}x", HTTPStatus.UNAUTHORIZED),
        ("Bearer ☀", HTTPStatus.UNAUTHORIZED),
        (f"Bearer {TOKEN}", HTTPStatus.OK),
        (f"bearer  {TOKEN} ", HTTPStatus.OK),
    ],
)
def test_only_the_token_opens_the_page(authorization: str, status: HTTPStatus) -> None:
    page = MetricsPage(sources(), token=TOKEN, top=10)

    answer = page.answer(authorization=authorization, accept="")

    assert answer.status == status
    assert (b"slotcast_channels" in answer.body) is (status == HTTPStatus.OK)


def test_openmetrics_is_given_to_who_asks_for_it() -> None:
    page = MetricsPage(sources(), token=None, top=10)

    answer = page.answer(authorization="", accept="application/openmetrics-text; version=1.0.0")

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.body.endswith(b"# EOF\n")


def test_names_are_unique_and_say_what_they_are() -> None:
    names = [metric.name for metric in METRICS]

    assert len(names) == len(set(names))
    assert all(name.startswith("slotcast_") for name in names)
    assert not any(name.endswith("_total") for name in names)
