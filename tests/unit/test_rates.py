from __future__ import annotations

import pytest

from slotcast.rates import BURST_S, BucketsByKey, Rate, TokenBucket, network_of, spread, sustained


def test_a_burst_is_allowed_after_a_quiet_time_and_no_more() -> None:
    bucket = TokenBucket(Rate(per_s=2.0, burst=3.0), now=100.0)

    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]


def test_it_refills_steadily_up_to_the_burst() -> None:
    bucket = TokenBucket(Rate(per_s=2.0, burst=3.0), now=100.0)
    assert bucket.take(100.0, 3)

    assert bucket.level(100.5) == pytest.approx(1.0)
    assert bucket.take(100.5)
    assert not bucket.take(100.9)
    assert bucket.level(1000.0) == 3.0


def test_what_is_refused_is_not_counted() -> None:
    bucket = TokenBucket(Rate(per_s=1.0, burst=3.0), now=0.0)

    assert not bucket.take(0.0, 4)
    assert bucket.take(0.0, 3)


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    bucket = TokenBucket(Rate(per_s=1.0, burst=1.0), now=100.0)
    assert bucket.take(100.0)

    assert not bucket.take(50.0)
    assert not bucket.take(100.9)
    assert bucket.take(101.0)


def test_rates_made_of_settings() -> None:
    assert sustained(10.0) == Rate(per_s=10.0, burst=10.0 * BURST_S)
    assert spread(5, 30.0) == Rate(per_s=5 / 30.0, burst=5)


def test_each_key_has_a_bucket_of_its_own() -> None:
    buckets: BucketsByKey[str] = BucketsByKey(Rate(per_s=1.0, burst=1.0), keys_limit=10)

    assert buckets.of("a", 0.0).take(0.0)
    assert not buckets.of("a", 0.0).take(0.0)
    assert buckets.of("b", 0.0).take(0.0)


def test_the_key_that_was_quiet_longest_is_forgotten_first() -> None:
    buckets: BucketsByKey[str] = BucketsByKey(Rate(per_s=1.0, burst=1.0), keys_limit=2)
    for key in ("a", "b", "a", "c"):
        buckets.of(key, 0.0).take(0.0)

    assert len(buckets) == 2
    assert not buckets.of("a", 0.0).take(0.0)
    assert buckets.of("b", 0.0).take(0.0)


def test_a_key_that_is_forgotten_begins_anew() -> None:
    buckets: BucketsByKey[str] = BucketsByKey(Rate(per_s=1.0, burst=1.0), keys_limit=2)
    buckets.of("a", 0.0).take(0.0)

    buckets.forget("a")

    assert buckets.of("a", 0.0).take(0.0)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("2001:db8:1:3::", "2001:db8:1:3::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("somewhere", "somewhere"),
    ],
)
def test_a_network_of_ipv6_counts_as_one_client(address: str, network: str) -> None:
    assert network_of(address) == network
