from __future__ import annotations

from slotcast.counters import OTHER, ChannelCounts, DeliveryCounts, Histogram


def test_a_value_counts_in_the_first_bucket_that_holds_it() -> None:
    histogram = Histogram([1, 2])

    for value in (0.5, 1, 1.5, 3):
        histogram.observe(value)

    assert histogram.cumulative() == [2, 3, 4]
    assert histogram.total == 6


def test_a_refusal_counts_by_the_code_that_it_begins_with() -> None:
    counts = ChannelCounts()

    counts.refuse("Unauthorized: You do not have permissions: none")
    counts.refuse("Unknown Error on Channel")

    assert counts.refused == {"Unauthorized": 1, OTHER: 1}


def test_names_beyond_the_limit_count_together() -> None:
    delivery = DeliveryCounts()
    channels = ChannelCounts()

    for number in range(1000):
        delivery.table("public", f"t{number}").changes += 1
        channels.refuse(f"Code{number}: text")

    assert len(delivery.tables) == 501
    assert sum(counts.changes for counts in delivery.tables.values()) == 1000
    assert delivery.tables[OTHER].changes == 500
    assert sum(channels.refused.values()) == 1000
    assert len(channels.refused) == 101
