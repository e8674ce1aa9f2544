"""
Who is present in a topic, and with what.

Theory of operation
-------------------
A topic's state is kept as one part for each server (*node*): a channel's presence is in the
part of the node that the channel is connected to, and only that node changes it. A change
is made in two steps. `TopicPresence.track` and `untrack` say what would change, as a
`Delta` that can be sent to other nodes; `apply` makes it so. Since parts of different nodes
share nothing, deltas of different nodes may be applied in any order.

Clients see a state ``{key: {"metas": [...]}}`` and differences to it. Several channels may
be present under one key, each with a meta of its own, which its ref (`phx_ref`) identifies.
A ref never comes back, which is what makes it safe to add differences up: what came and
went in between was never there.

Metas are kept as JSON text, since that is all that is ever needed of them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from slotcast import strict_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from slotcast.channels.protocol.joins import JsonObject

_NOBODY: Final[Mapping[int, Presence]] = {}

_OURS: Final = ("phx_ref", "phx_ref_prev")
"""Members of a meta that are not the application's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """
    What one channel is present with.

    Attributes:
        owner: The channel's number, unique among all nodes.
        key: What it is present under, which others may share.
        fields: The object it tracks, as JSON text in canonical form.
        ref: Changes whenever the fields do.
        previous_ref: Of the presence that this one replaced, or None.
    """

    owner: int
    key: str
    fields: str
    ref: str
    previous_ref: str | None = None

    @property
    def meta(self) -> str:
        """Give what clients get: the fields and the refs, as JSON text."""
        ours = {"phx_ref": self.ref}
        if self.previous_ref is not None:
            ours["phx_ref_prev"] = self.previous_ref
        head = strict_json.encode({**ours})
        return head if self.fields == "{}" else f"{head[:-1]},{self.fields[1:]}"

    @property
    def size_bytes(self) -> int:
        """How much it adds to the state, about."""
        return len(self.key.encode()) + len(self.fields.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """
    What changes in the part of one node.

    Attributes:
        node: Whose part it is.
        leaves: Presences that are no more, exactly as they were.
        joins: Presences that are new, each after the one of the same owner has left.
    """

    node: str
    leaves: tuple[Presence, ...] = ()
    joins: tuple[Presence, ...] = ()


def encode_fields(payload: JsonObject) -> str:
    """Write what a client tracks as `Presence.fields`; refs of its own making are left out."""
    return strict_json.canonical({k: v for k, v in payload.items() if k not in _OURS})


class TopicPresence:
    """
    The presence state of one topic.

    Attributes:
        size_bytes: How large the state is, about.
    """

    __slots__ = ("_encoded", "_parts", "size_bytes")

    def __init__(self) -> None:
        self._parts: defaultdict[str, dict[int, Presence]] = defaultdict(dict)
        self._encoded: bytes | None = None
        self.size_bytes = 0

    def __bool__(self) -> bool:
        return any(self._parts.values())

    def track(self, node: str, owner: int, key: str, fields: str, ref: str) -> Delta | None:
        """
        Say what changes when *owner* is present with *fields*.

        Args:
            node: The owner's.
            owner: A channel's number.
            key: What it is present under.
            fields: From `encode_fields`.
            ref: A new one.

        Returns:
            The change; None if the owner is present with just that.
        """
        former = self._parts.get(node, _NOBODY).get(owner)
        if former is None:
            return Delta(node=node, joins=(Presence(owner=owner, key=key, fields=fields, ref=ref),))
        if former.fields == fields:
            return None
        present = Presence(owner=owner, key=key, fields=fields, ref=ref, previous_ref=former.ref)
        return Delta(node=node, leaves=(former,), joins=(present,))

    def untrack(self, node: str, owner: int) -> Delta | None:
        """Say what changes when *owner* is present no more; None if it is not present."""
        former = self._parts.get(node, _NOBODY).get(owner)
        return None if former is None else Delta(node=node, leaves=(former,))

    def apply(self, delta: Delta) -> None:
        """Make a change of any node's part."""
        part = self._parts[delta.node]
        for presence in delta.leaves:
            del part[presence.owner]
            self.size_bytes -= presence.size_bytes
        for presence in delta.joins:
            part[presence.owner] = presence
            self.size_bytes += presence.size_bytes
        self._encoded = None

    def encode(self) -> bytes:
        """Give the state as clients get it in `presence_state`: a JSON object."""
        if self._encoded is None:
            present = (presence for part in self._parts.values() for presence in part.values())
            self._encoded = _encode(present).encode()
        return self._encoded


@dataclass(slots=True)
class PendingDiff:
    """
    Adds changes up to one difference for clients.

    Attributes:
        joins: By ref, what clients do not know of yet.
        leaves: By ref, what clients know of and is no more.
    """

    joins: dict[str, Presence] = field(default_factory=dict[str, Presence])
    leaves: dict[str, Presence] = field(default_factory=dict[str, Presence])

    def add(self, delta: Delta) -> None:
        """Add a change that was applied to the state."""
        for presence in delta.leaves:
            if self.joins.pop(presence.ref, None) is None:
                self.leaves[presence.ref] = presence
        for presence in delta.joins:
            self.joins[presence.ref] = presence

    def encode(self) -> bytes | None:
        """Give the payload of `presence_diff`; None if nothing has changed in the end."""
        if not self.joins and not self.leaves:
            return None
        joins, leaves = _encode(self.joins.values()), _encode(self.leaves.values())
        return f'{{"joins":{joins},"leaves":{leaves}}}'.encode()


def _encode(presences: Iterable[Presence]) -> str:
    """Write *presences* as JSON, their metas by their keys."""
    metas: defaultdict[str, list[str]] = defaultdict(list)
    for presence in presences:
        metas[presence.key].append(presence.meta)
    members = (
        f'{strict_json.encode(key)}:{{"metas":[{",".join(of_key)}]}}'
        for key, of_key in metas.items()
    )
    return "{" + ",".join(members) + "}"
