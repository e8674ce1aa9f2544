"""
What policies permit: the seams between those who ask and those who know.

Who may see a row image is a `Question`, whose answer is a `Ruling` for each viewer. A `Party`
is what can be told of many viewers at once, and without waiting. What may be read on a private
channel is `Permissions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from slotcast.changes import Change, Image, Relation, TransactionSlice
    from slotcast.claims import Claims


class Verdict(Enum):
    """Whether PostgreSQL would let a viewer SELECT a row image."""

    VISIBLE = "the policies let the viewer see it"
    HIDDEN = "the policies hide it from the viewer"
    UNKNOWABLE = "the image does not hold the columns that the policies need"
    FAILED = "a policy raised an error for this viewer"
    TOO_SLOW = "the policies took longer for this viewer than the server allows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """
    What one viewer may see of one image.

    Attributes:
        verdict: Whether the row may be seen at all.
        readable: Names of the columns the viewer's role may SELECT.
        unconditional: Whether the viewer sees every row of the table, so that no image
            has to be judged.
        sqlstate: Of the error that the policies raised; only with FAILED.
    """

    verdict: Verdict
    readable: frozenset[str]
    unconditional: bool = False
    sqlstate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """
    Who of some viewers may see a row image?

    Attributes:
        relation: The table of the image.
        image: Values in the order of `relation.columns`; absent ones are not judged on.
        viewers: Distinct claims, each of which gets a ruling.
    """

    relation: Relation
    image: Image
    viewers: frozenset[Claims]


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """
    Viewers of whom the same is known about a change.

    Attributes:
        viewers: Who they are, each once.
        ruling: On the image that decides who gets the change: the new one, or that of a deleted
            row. None if it has yet to be asked for.
        old_ruling: On the old image of an UPDATE, where the change has one and *ruling* is
            not None.
    """

    viewers: Collection[Claims]
    ruling: Ruling | None = None
    old_ruling: Ruling | None = None


class Judge(Protocol):
    """Whoever can answer questions: the oracle, or compiled policies before it."""

    async def judge(
        self, questions: Sequence[Question], *, after: Collection[int] = ()
    ) -> list[Mapping[Claims, Ruling]]:
        """
        Rule on every viewer of every question.

        Args:
            questions: Any number.
            after: Ids of transactions whose effects on other tables, such as memberships,
                count. A commit is logged an instant before others can see it.

        Returns:
            For each question, in order, a ruling for each of its viewers.

        Raises:
            psycopg.OperationalError: PostgreSQL could not be asked; nothing is decided,
                so ask again.
        """
        ...

    def retain(self, claims: Claims) -> None:
        """Keep what is known of a viewer; `release` is called as often."""
        ...

    def release(self, claims: Claims) -> None:
        """Keep nothing of a viewer any more, unless it was retained for others, too."""
        ...

    async def admit(self, relations: Sequence[Relation], viewers: Collection[Claims]) -> None:
        """
        Learn what decides on rows of some tables for viewers, who were retained.

        Whatever is committed after this returns is ruled on as of its commit.

        Raises:
            psycopg.OperationalError: PostgreSQL could not be asked.
        """
        ...

    async def refresh(self) -> None:
        """
        Take notice of policies, functions, roles and privileges that were defined anew.

        Raises:
            psycopg.OperationalError: PostgreSQL could not be asked.
        """
        ...

    def parties(self, change: Change) -> Sequence[Party] | None:
        """
        Tell who may see a change, of all on whom was ruled for its table before.

        What is told of them holds until `follow` is called.

        Args:
            change: As the stream brings it.

        Returns:
            All of them, perhaps others, too, nobody twice; None for anybody.
        """
        ...

    def concerns(self, slices: Sequence[TransactionSlice]) -> bool:
        """Tell whether `follow` has to be called before changes of *slices* are ruled on."""
        ...

    async def follow(self, slices: Sequence[TransactionSlice]) -> None:
        """
        Take notice of a transaction, in the order of the stream.

        Args:
            slices: All of it, or as much as came together of a huge one.

        Raises:
            psycopg.OperationalError: PostgreSQL could not be asked; tell again.
        """
        ...


Extension: TypeAlias = Literal["broadcast", "presence"]
"""What policies on `realtime.messages` may tell apart: its column `extension`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """
    What may be read on a channel.

    Attributes:
        broadcast: Whether broadcasts are delivered.
        presence: Whether the presence state and its differences are.
    """

    broadcast: bool
    presence: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing may be read, so that the channel cannot be joined."""
        return not (self.broadcast or self.presence)
