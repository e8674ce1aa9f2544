"""What may be done in a time: rates, the buckets that count against them, and for whom."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final, Generic, TypeVar

K = TypeVar("K")

BURST_S: Final = 5.0
"""How many seconds' worth may happen at once, after a quiet time."""

_NETWORK_BITS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """
    How often something may happen.

    Attributes:
        per_s: How often in the long run.
        burst: How often at once, after a quiet time.
    """

    per_s: float
    burst: float


def sustained(per_s: float) -> Rate:
    """Make the rate of what may happen *per_s* times a second, with `BURST_S` to spare."""
    return Rate(per_s=per_s, burst=per_s * BURST_S)


def spread(count: int, over_s: float) -> Rate:
    """Make the rate of what may happen *count* times in *over_s* seconds."""
    return Rate(per_s=count / over_s, burst=count)


class TokenBucket:
    """
    Counts what happens against a `Rate`: full at first, and refilled steadily.

    Args:
        rate: What is allowed.
        now: Any clock's seconds, the same as the methods get.
    """

    __slots__ = ("_at", "_level", "rate")

    def __init__(self, rate: Rate, now: float) -> None:
        self.rate = rate
        self._level = rate.burst
        self._at = now

    def take(self, now: float, count: float = 1.0) -> bool:
        """Count *count* events; False, and nothing is counted, if they are too many."""
        level = self.level(now)
        if level < count:
            return False
        self._level = level - count
        self._at = now
        return True

    def level(self, now: float) -> float:
        """Tell how many events would be allowed at once."""
        elapsed_s = max(now - self._at, 0.0)
        return min(self._level + elapsed_s * self.rate.per_s, self.rate.burst)


class BucketsByKey(Generic[K]):
    """
    A `TokenBucket` for each key, such as a client's address.

    Args:
        rate: What is allowed to each key.
        keys_limit: Most keys that are known; of more, those that were quiet longest are
            forgotten.
    """

    __slots__ = ("_buckets", "_keys_limit", "_rate")

    def __init__(self, rate: Rate, *, keys_limit: int) -> None:
        self._rate = rate
        self._keys_limit = keys_limit
        self._buckets: OrderedDict[K, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def of(self, key: K, now: float) -> TokenBucket:
        """Give the bucket of *key*, a full one if the key is new."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(self._rate, now)
            if len(self._buckets) > self._keys_limit:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return bucket

    def forget(self, key: K) -> None:
        """Let *key* begin anew."""
        self._buckets.pop(key, None)


def network_of(address: str) -> str:
    """
    Give what counts as one client: an IPv4 address, or a /64 of IPv6.

    Everybody with one address of IPv6 has plenty, all in the same network.

    Args:
        address: Of IPv4 or IPv6, with a zone or without; anything else counts by itself.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(IPv6Address(int(parsed) >> _NETWORK_BITS << _NETWORK_BITS))
    return str(parsed)
