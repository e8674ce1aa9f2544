"""
The way of a transaction slice: who asked, who may see it, encode once, hand over.

The hub is driven by the replication stream, which waits until a batch is handed over: so
order is commit order, and the slot is never confirmed past what was handed over. Questions
to PostgreSQL (filters that Python cannot judge, policies) are put for a whole batch at a
time. When PostgreSQL cannot be asked because it is gone, the hub asks again until it is
back: a batch is never skipped.

What a restarted server finds in its slot was committed before it could have any
subscription. It is kept for a while and given to whoever joins within that time: a client
that was joined before the restart, and joins again by itself, misses nothing of the time
in which it was joined.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict, deque
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias, TypeVar, assert_never

import psycopg
from psycopg_pool import PoolTimeout

from slotcast.changes import UNCHANGED, Operation
from slotcast.counters import DeliveryCounts
from slotcast.errors import SubscriptionError
from slotcast.fanout.payloads import timestamp, with_xid
from slotcast.fanout.row_filters import RowFilter, ask
from slotcast.fanout.subscriptions import (
    ANY,
    Binding,
    Interested,
    Shared,
    Subscription,
    Subscriptions,
    Wording,
)
from slotcast.fanout.xids import FullXids
from slotcast.observations import Observation, observe, problem
from slotcast.postgres.visibility import until_visible
from slotcast.verdicts import Question, Verdict

if TYPE_CHECKING:
    from collections.abc import (
        Awaitable,
        Callable,
        Generator,
        Hashable,
        Iterable,
        Mapping,
        Sequence,
    )

    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool

    from slotcast.changes import Change, Image, TransactionSlice
    from slotcast.claims import Claims
    from slotcast.counters import TableCounts
    from slotcast.fanout.filters import Conditions
    from slotcast.fanout.payloads import Projection
    from slotcast.fanout.subscriptions import Content
    from slotcast.fanout.tables import TableVersion, TableVersions
    from slotcast.lsn import Lsn
    from slotcast.snapshots import Snapshot
    from slotcast.verdicts import Judge, Ruling

T = TypeVar("T")

_Wanted: TypeAlias = "tuple[TransactionSlice, Change, Interested]"

_Recent: TypeAlias = "tuple[int, Lsn, frozenset[tuple[str, str]]]"
"""The id of a transaction (32 bits), where it was committed, and its tables."""

_Message: TypeAlias = "tuple[tuple[int, ...], Ruling]"

_RETRY_DELAY_S: Final = 0.2
_FILTER_TIMEOUT_S: Final = 0.25
_CHANGES_A_TURN: Final = 64
_PAIRS_A_TURN: Final = 8000
"""Most bindings, of all changes together, that are looked at before others get a turn."""
_FRAMES_A_TURN: Final = 8000
RECENT_LIMIT: Final = 10_000
"""Most slices that may be in the log while others do not see yet what they did."""
RESYNC: Final = "resync"
"""Said to clients that have to read again what they show, since changes were lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverDelayed(Observation):
    """PostgreSQL could not be asked about a batch; it is asked again until it answers."""

    level: ClassVar[int] = logging.WARNING
    problem: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLost(Observation):
    """A change could not be handed over because of a defect; its subscribers were told."""

    level: ClassVar[int] = logging.ERROR
    table: str
    problem: str


@dataclass(slots=True)
class _Delivery:
    """
    A change on its way.

    Attributes:
        change: The change.
        version: Its table.
        slice: Its transaction.
        found: The bindings that may get it.
        shared: Those on whom was ruled already; see `Interested`.
        renewal_count: See `Interested`.
        new: The row afterwards, completed.
        old: The row before, completed.
        answers: What PostgreSQL said of filters.
        rulings: On the viewers of *found*.
        old_rulings: On the old image of an UPDATE.
    """

    change: Change
    version: TableVersion
    slice: TransactionSlice
    found: list[tuple[Subscription, Binding]]
    shared: Sequence[Shared] = ()
    renewal_count: int = 0
    new: Image | None = None
    old: Image | None = None
    answers: dict[Conditions, bool | SubscriptionError] = field(
        default_factory=dict["Conditions", "bool | SubscriptionError"]
    )
    rulings: Mapping[Claims, Ruling] = field(default_factory=dict["Claims", "Ruling"])
    old_rulings: Mapping[Claims, Ruling] = field(default_factory=dict["Claims", "Ruling"])

    def subscriptions(self) -> set[Subscription]:
        """Give all who may get it."""
        return _subscriptions(self.found, self.shared)

    @property
    def is_published(self) -> bool:
        """Whether the change is for clients at all, and not for the server's own use."""
        return self.change.operation in self.version.published

    @property
    def judged(self) -> Image:
        """The image that decides who gets the change."""
        image = self.old if self.change.operation is Operation.DELETE else self.new
        if image is None:
            raise AssertionError("a change has the image that its operation calls for")
        return image


class Hub:
    """
    All subscriptions of this process, and the delivery of changes to them.

    Args:
        pool: For questions about tables and filters.
        judge: Rules on who may see what.
        versions: Tell which tables are published to clients; whatever else the stream
            carries reaches nobody.
        record_limit_bytes: Changes above it lose their long values.
        supabase_deletes: Whether the key of a DELETE that a viewer may not see is sent
            all the same.
        recovery_window_s: How long after `start` joining clients get recovered changes.
        recovery_limit_bytes: Most that is kept for them.
        on_delay: Is called when PostgreSQL could not be asked about a batch, which waits.

    Attributes:
        counts: What became of changes.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool[AsyncConnection[TupleRow]],
        judge: Judge,
        *,
        versions: TableVersions,
        record_limit_bytes: int,
        supabase_deletes: bool,
        recovery_window_s: float,
        recovery_limit_bytes: int,
        on_delay: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._judge = judge
        self._record_limit_bytes = record_limit_bytes
        self._supabase_deletes = supabase_deletes
        self._subscriptions = Subscriptions()
        self._versions = versions
        self._on_delay = on_delay
        self.counts = DeliveryCounts()
        self._turn = asyncio.Lock()
        self._xids = FullXids(pool)
        self._recovery = Recovery(recovery_window_s, recovery_limit_bytes)
        self._arrivals: list[Subscription] = []
        self._recent = deque[_Recent]()
        self._forgotten: _Recent | None = None

    def start(self, boot_lsn: Lsn) -> None:
        """
        Begin a life of the server.

        Args:
            boot_lsn: What was committed before it was found in the slot.
        """
        self._recovery.start(boot_lsn)

    async def deliver(self, batch: Sequence[TransactionSlice]) -> None:
        """Hand the changes of *batch* to everybody who asked for them and may see them."""
        for transaction in batch:
            self._remember(transaction)
        async with self._turn:
            settled: list[TransactionSlice] = []
            for slices in by_transaction(batch):
                for each in slices:
                    if self._recovery.keep(each):
                        self.counts.recovered += len(each.changes)
                if self._judge.concerns(slices):
                    # What came before it is ruled on as things were before it.
                    await self._process(settled, self._subscriptions)
                    settled = []
                    await self._until_answered(partial(self._judge.follow, slices))
                settled += slices
            await self._process(settled, self._subscriptions)

    async def add(self, subscription: Subscription) -> None:
        """
        Let *subscription* get every change from now on.

        When this returns it is live. Recovered changes, if any, were sent to it before.
        """
        if subscription.seen is not None:
            self._xids.note(subscription.seen.xmax)
        if not self._recovery.is_open:
            self._include(subscription)
            return
        self._arrivals.append(subscription)
        try:
            async with self._turn:
                await self._admit()
        finally:
            if subscription in self._arrivals:  # given up before it was admitted
                self._arrivals.remove(subscription)

    def _remember(self, transaction: TransactionSlice) -> None:
        """Keep in mind what is in the log, though others may not see yet what it did."""
        if not transaction.changes:
            return
        names = [(each.relation.schema, each.relation.name) for each in transaction.changes]
        self._recent.append((transaction.xid, transaction.commit_lsn, frozenset(names)))
        if len(self._recent) > RECENT_LIMIT:
            self._forgotten = self._recent.popleft()

    def unseen(self, snapshot: Snapshot, bindings: Iterable[Binding]) -> list[tuple[int, Lsn]]:
        """
        Name the transactions that came already and that *snapshot* does not show.

        Args:
            snapshot: Of somebody who joins.
            bindings: To whose tables they have to matter.

        Returns:
            Their ids (32 bits), and where they were committed.
        """
        recent = self._recent
        while recent and snapshot.shows(*recent[0][:2]):
            recent.popleft()  # from now on everybody sees it
        asked = {(binding.schema, binding.table) for binding in bindings}
        found = [
            (xid, commit_lsn)
            for xid, commit_lsn, tables in recent
            if not snapshot.shows(xid, commit_lsn) and _asks_for(asked, tables)
        ]
        if self._forgotten is not None and not snapshot.shows(*self._forgotten[:2]):
            found.append(self._forgotten[:2])  # it stands for all that came before
        return found

    @property
    def subscription_count(self) -> int:
        """How many subscriptions get changes; those of wildcards count once, too."""
        return len(self._subscriptions)

    def readmit(self, subscription: Subscription) -> None:
        """Go on sending to *subscription*, which was live, if it was given up meanwhile."""
        self._include(subscription)

    def remove(self, subscription: Subscription) -> None:
        """Send nothing more to *subscription*."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
            self._judge.release(subscription.claims)

    def _include(self, subscription: Subscription) -> None:
        if subscription not in self._subscriptions:
            self._judge.retain(subscription.claims)
            self._subscriptions.add(subscription)

    def change_claims(self, subscription: Subscription, claims: Claims) -> None:
        """Judge *subscription* as somebody else from now on."""
        if subscription in self._subscriptions:
            self._judge.retain(claims)
            self._judge.release(subscription.claims)
        self._subscriptions.change_claims(subscription, claims)

    @contextmanager
    def knowing(self, claims: Claims) -> Generator[None]:
        """Keep what is learnt of *claims* within the block, for subscriptions to come."""
        self._judge.retain(claims)
        try:
            yield
        finally:
            self._judge.release(claims)

    async def _admit(self) -> None:
        """
        Give all who arrived the recovered changes, in one go, and make them live.

        Everybody who waits for the turn finds that the one before did it, or does it.
        """
        arrivals = list(self._arrivals)
        newcomers = Subscriptions()
        for subscription in arrivals:
            subscription.seen = None
            newcomers.add(subscription)
            if self._recovery.is_incomplete:
                subscription.warn_once(RESYNC)
        await self._process(self._recovery.slices, newcomers)
        for subscription in arrivals:
            if subscription in self._arrivals:
                self._arrivals.remove(subscription)
                self._include(subscription)

    async def _process(
        self, batch: Iterable[TransactionSlice], subscriptions: Subscriptions
    ) -> None:
        if not subscriptions:
            return
        await self._until_answered(self._judge.refresh)
        if subscriptions.want_xids:
            await self._until_answered(self._xids.refresh)
        wanted: list[_Wanted] = []
        pair_count = 0
        for transaction in batch:
            for change in transaction.changes:
                found = self._found(subscriptions, transaction, change)
                if len(found):
                    wanted.append((transaction, change, found))
                    pair_count += len(found)
                if len(wanted) >= _CHANGES_A_TURN or pair_count >= _PAIRS_A_TURN:
                    await self._hand_over(wanted)
                    await asyncio.sleep(0)
                    wanted, pair_count = [], 0
        if wanted:
            await self._hand_over(wanted)

    def _found(
        self, subscriptions: Subscriptions, transaction: TransactionSlice, change: Change
    ) -> Interested:
        """Find whom a change may concern."""
        if self._supabase_deletes and change.operation is Operation.DELETE:
            return subscriptions.interested(change, transaction)  # its key is for everybody
        return subscriptions.interested(change, transaction, partial(self._judge.parties, change))

    async def _hand_over(self, wanted: Sequence[_Wanted]) -> None:
        """Send changes to those who may see them; one that cannot be handled is told of."""
        try:
            deliveries = self._prepare_at_once(wanted)
            if deliveries is None:
                deliveries = await self._until_answered(partial(self._prepare, wanted))
            deliveries = _filtered(deliveries)
            while deliveries:
                if any(delivery.found for delivery in deliveries):
                    await self._until_answered(partial(self._rule, deliveries))
                    await self._until_answered(partial(self._ask_filters, deliveries))
                deliveries = await self._send(deliveries)
        except Exception as error:  # noqa: BLE001 (a defect in one change must not cost the others)
            if len(wanted) > 1:
                for single in wanted:
                    await self._hand_over([single])
            else:
                (_, change, found) = wanted[0]
                self._give_up(change, _subscriptions(found.pairs, found.shared), error)

    async def _until_answered(self, question: Callable[[], Awaitable[T]]) -> T:
        """Put a question to PostgreSQL until it answers; it may be gone for a while."""
        for attempt in count(1):
            try:
                return await question()
            except (psycopg.OperationalError, PoolTimeout) as error:
                self.counts.delays += 1
                if attempt.bit_count() == 1:  # 1, 2, 4 …: a long outage fills no log
                    observe(HandOverDelayed(problem=problem(error), attempt=attempt))
                self._on_delay()
                await asyncio.sleep(_RETRY_DELAY_S)
        raise AssertionError("counting has no end")

    async def _prepare(self, wanted: Sequence[_Wanted]) -> list[_Delivery]:
        """Complete the images of changes, and make their filters known."""
        async with self._pool.connection() as connection:
            deliveries = [
                _Delivery(
                    change=change,
                    version=await self._versions.get(connection, change.relation),
                    slice=transaction,
                    found=_unruled(change, found),
                )
                for transaction, change, found in wanted
            ]
            deliveries = [delivery for delivery in deliveries if delivery.is_published]
            await _complete(connection, deliveries)
            await _bind(connection, deliveries)
        return deliveries

    def _prepare_at_once(self, wanted: Sequence[_Wanted]) -> list[_Delivery] | None:
        """Do what `_prepare` does if nothing of it needs PostgreSQL; else return None."""
        deliveries: list[_Delivery] = []
        for transaction, change, found in wanted:
            version = self._versions.known(change.relation)
            if version is None:
                return None
            if change.operation not in version.published:
                continue
            if not version.is_complete(change.new, change.old) or any(
                binding.conditions and version.row_filter(binding.conditions) is None
                for _, binding in found.pairs
            ):
                return None
            deliveries.append(
                _Delivery(
                    change=change,
                    version=version,
                    slice=transaction,
                    found=found.pairs,
                    shared=found.shared,
                    renewal_count=found.renewal_count,
                    new=change.new,
                    old=change.old,
                )
            )
        return deliveries

    async def _rule(self, deliveries: Sequence[_Delivery]) -> None:
        """Let the judge say who may see what, of those on whom it has not ruled."""
        deliveries = [delivery for delivery in deliveries if delivery.found]
        if not deliveries:
            return
        questions: list[Question] = []
        for delivery in deliveries:
            viewers = frozenset(subscription.claims for subscription, _ in delivery.found)
            images = [delivery.judged]
            if delivery.change.operation is Operation.UPDATE and delivery.old is not None:
                images.append(delivery.old)
            questions += [
                Question(relation=delivery.version.relation, image=image, viewers=viewers)
                for image in images
            ]
        after = {delivery.slice.xid for delivery in deliveries}
        answers = iter(await self._judge.judge(questions, after=after))
        for delivery in deliveries:
            delivery.rulings = next(answers)
            self._subscriptions.acquaint(delivery.change.relation, delivery.rulings)
            if delivery.change.operation is Operation.UPDATE and delivery.old is not None:
                delivery.old_rulings = next(answers)

    async def _ask_filters(self, deliveries: Sequence[_Delivery]) -> None:
        """
        Let PostgreSQL judge the filters that Python cannot.

        Only for those who may see the row: how long a client's regular expression takes, or
        that it fails, would tell of rows that are not for it.
        """
        asked: list[tuple[_Delivery, Conditions]] = []
        pairs: list[tuple[RowFilter, Image]] = []
        for delivery in deliveries:
            for conditions in self._open_filters(delivery):
                row_filter = delivery.version.row_filter(conditions)
                if (
                    isinstance(row_filter, RowFilter)
                    and row_filter.matches(delivery.judged) is None
                ):
                    asked.append((delivery, conditions))
                    pairs.append((row_filter, delivery.judged))
        if pairs:
            async with self._pool.connection() as connection:
                answers = await ask(connection, pairs, timeout_s=_FILTER_TIMEOUT_S)
            for (delivery, conditions), answer in zip(asked, answers, strict=True):
                delivery.answers[conditions] = answer

    def _open_filters(self, delivery: _Delivery) -> set[Conditions]:
        """Collect the filters on a change of those who may learn what they tell."""
        return {
            binding.conditions
            for subscription, binding in delivery.found
            if binding.conditions
            and binding.conditions not in delivery.answers
            and (ruling := delivery.rulings.get(subscription.claims)) is not None
            and self._may_ask(delivery, binding, ruling)
        }

    async def _send(self, deliveries: Iterable[_Delivery]) -> list[_Delivery]:
        """
        Hand frames to the send queues.

        Returns:
            What has to be ruled on again, since a viewer showed another token meanwhile.
        """
        again: list[_Delivery] = []
        sent_count = 0
        for delivery in deliveries:
            try:
                count, changed = self._send_one(delivery)
            except Exception as error:  # noqa: BLE001 (what was sent before must not be sent again)
                self._give_up(delivery.change, delivery.subscriptions(), error)
                continue
            sent_count += count
            if count:
                self.counts.sent_at = asyncio.get_running_loop().time()
            if changed:
                again.append(replace(delivery, found=changed, shared=()))
            if sent_count >= _FRAMES_A_TURN:
                sent_count = 0
                await asyncio.sleep(0)
        return again

    def _send_one(self, delivery: _Delivery) -> tuple[int, list[tuple[Subscription, Binding]]]:
        """
        Send one change to those who may see it.

        Returns:
            To how many it was sent, and whose claims were not ruled on.
        """
        relation = delivery.change.relation
        counts = self.counts.table(relation.schema, relation.name)
        encoder = _Encoder(delivery, self._record_limit_bytes, self._xids)
        changed: list[tuple[Subscription, Binding]] = []
        sent_count = 0
        for shared in delivery.shared:
            if delivery.renewal_count == self._subscriptions.renewal_count:
                sent_count += self._send_shared(delivery, shared, encoder)
            else:
                changed += shared.pairs(delivery.change.operation)
        messages: dict[tuple[Subscription, Content], _Message] = {}
        visible, rulings = Verdict.VISIBLE, delivery.rulings
        for subscription, binding in delivery.found:
            ruling = rulings.get(subscription.claims)
            if ruling is None:
                changed.append((subscription, binding))
                continue
            # Mostly nothing else is to be looked at.
            if (ruling.verdict is not visible or binding.conditions) and not self._lets_through(
                delivery, subscription, binding, counts
            ):
                continue
            key = (subscription, (binding.select, binding.has_xid))
            before = messages.get(key)
            ids = (binding.id,) if before is None else (*before[0], binding.id)
            messages[key] = (ids, ruling)
        for (subscription, content), (ids, ruling) in messages.items():
            wording = Wording(subscription.recipient.encoding, *content, ids)
            old_ruling = delivery.old_rulings.get(subscription.claims)
            frame = encoder.frame(wording, subscription, ruling, old_ruling)
            if frame is not None:
                subscription.recipient.send(frame)
        sent_count += len(messages)
        counts.changes += 1
        counts.deliveries += sent_count
        return sent_count, changed

    def _send_shared(self, delivery: _Delivery, shared: Shared, encoder: _Encoder) -> int:
        """Send a change to those who get the same of it; returns how many messages that are."""
        subscriptions = shared.subscriptions
        wordings = shared.asked.wordings(delivery.change.operation)
        for wording in wordings:
            frame = encoder.frame(wording, subscriptions[0], shared.ruling, shared.old_ruling)
            if frame is not None:
                for subscription in subscriptions:
                    subscription.recipient.send(frame)
        return len(wordings) * len(subscriptions)

    def _lets_through(
        self,
        delivery: _Delivery,
        subscription: Subscription,
        binding: Binding,
        counts: TableCounts,
    ) -> bool:
        """Tell whether a binding gets a change; one that does not is counted, and told why."""
        ruling = delivery.rulings[subscription.claims]
        if not self._is_entitled(delivery, subscription, ruling):
            if ruling.verdict in (Verdict.FAILED, Verdict.TOO_SLOW):
                counts.failed += 1
            else:
                counts.denied += 1
            return False
        if not self._may_ask(delivery, binding, ruling):
            counts.denied += 1
            return False
        return self._passes(delivery, subscription, binding)

    def _give_up(
        self, change: Change, subscriptions: Iterable[Subscription], error: Exception
    ) -> None:
        """Tell those who would have got *change* that they have to read again."""
        relation = change.relation
        self.counts.table(relation.schema, relation.name).lost += 1
        observe(ChangeLost(table=f"{relation.schema}.{relation.name}", problem=problem(error)))
        for subscription in subscriptions:
            subscription.recipient.warn(RESYNC)

    def _is_entitled(self, delivery: _Delivery, subscription: Subscription, ruling: Ruling) -> bool:
        """Tell whether a viewer gets anything of a change; why not, it is told if it has to be."""
        if ruling.verdict is Verdict.FAILED:
            relation = delivery.change.relation
            subscription.warn_once(
                # The whole message may quote a row that the client may not see.
                f"Changes of {relation.schema}.{relation.name} are not sent to you: a policy"
                f" raised an error for your claims (SQLSTATE {ruling.sqlstate})"
            )
        elif ruling.verdict is Verdict.TOO_SLOW:
            # Everybody waited for it once; that is enough.
            self._give_up_on(
                subscription,
                f"the policies of {delivery.change.relation.schema}.{delivery.change.relation.name}"
                " took longer for your claims than the server allows (judge_timeout_s). Make them"
                " faster, then join again",
            )
        elif (
            ruling.verdict is Verdict.UNKNOWABLE
            and delivery.change.operation is not Operation.DELETE  # of those the join tells
        ):
            relation = delivery.change.relation
            subscription.warn_once(
                f"A change of {relation.schema}.{relation.name} was not sent to you: its row image"
                " does not hold all columns that your policies need. That is so for large values"
                " that an update leaves unchanged, unless the table has REPLICA IDENTITY FULL, and"
                " for a moment when a table is altered. Read again what you show"
            )
        return self._learnable(delivery, ruling) is not None

    def _learnable(self, delivery: _Delivery, ruling: Ruling) -> frozenset[str] | None:
        """Name the columns whose values a viewer may learn of a change; None for no change."""
        match ruling.verdict:
            case Verdict.VISIBLE:
                return ruling.readable
            case Verdict.HIDDEN | Verdict.UNKNOWABLE:
                if self._supabase_deletes and delivery.change.operation is Operation.DELETE:
                    return ruling.readable & delivery.version.layout.key_columns
            case Verdict.FAILED | Verdict.TOO_SLOW:
                pass
            case _:
                assert_never(ruling.verdict)
        return None

    def _may_ask(self, delivery: _Delivery, binding: Binding, ruling: Ruling) -> bool:
        """Tell whether a viewer may learn what the filter of *binding* would tell it."""
        learnable = self._learnable(delivery, ruling)
        return learnable is not None and all(
            condition.column in learnable for condition in binding.conditions
        )

    def _passes(self, delivery: _Delivery, subscription: Subscription, binding: Binding) -> bool:
        """Tell whether the filter of *binding* lets a change through that the viewer may see."""
        if not binding.conditions:
            return True
        row_filter = delivery.version.row_filter(binding.conditions)
        answer = delivery.answers.get(binding.conditions)
        if answer is None and isinstance(row_filter, RowFilter):
            answer = row_filter.matches(delivery.judged)
        if isinstance(answer, SubscriptionError):
            self._give_up_on(
                subscription,
                f"a filter on {delivery.change.relation.schema}.{delivery.change.relation.name}"
                f" cannot be evaluated: {answer}",
            )
            return False
        if answer is None:
            # Its token went to and fro while PostgreSQL was asked for others.
            subscription.recipient.warn(RESYNC)
        return answer is True

    def _give_up_on(self, subscription: Subscription, problem: str) -> None:
        """Send nothing more to a subscription, and tell it why."""
        self.remove(subscription)
        subscription.warn_once(f"Nothing more is sent to you on this channel: {problem}")


@dataclass(slots=True)
class _Encoder:
    """Encodes one change, once for each way in which somebody gets it."""

    delivery: _Delivery
    limit_bytes: int
    xids: FullXids
    _frames: dict[Hashable, bytes | None] = field(default_factory=dict["Hashable", "bytes | None"])
    _data: dict[Hashable, bytes | None] = field(default_factory=dict["Hashable", "bytes | None"])
    _encoded: dict[tuple[Projection, bool, bool], bytes] = field(
        default_factory=dict[tuple["Projection", bool, bool], bytes]
    )

    def frame(
        self,
        wording: Wording,
        subscription: Subscription,
        ruling: Ruling,
        old_ruling: Ruling | None,
    ) -> bytes | None:
        """
        Make the frame that a subscription gets, the same one for all who get the same.

        Returns:
            The frame, or None if the viewer's role may read no column.
        """
        # The judge gives those who may see the same one and the same ruling.
        content = (wording.select, wording.has_xid)
        key = (id(ruling), id(old_ruling), content, wording.encoding, wording.ids)
        if key in self._frames:
            return self._frames[key]
        sees_old = self._sees_old(ruling, old_ruling)
        data = self._projected(ruling.readable, content, sees_old=sees_old)
        shared = (wording.encoding, wording.ids, id(data))
        frame = self._data.get(shared)
        if frame is None and data is not None:
            frame = self._data[shared] = subscription.recipient.frame(wording.ids, data)
        self._frames[key] = frame
        return frame

    def _sees_old(self, ruling: Ruling, old_ruling: Ruling | None) -> bool:
        if self.delivery.change.operation is Operation.UPDATE:
            return old_ruling is not None and old_ruling.verdict is Verdict.VISIBLE
        return ruling.verdict is Verdict.VISIBLE

    def _projected(
        self, readable: frozenset[str], content: Content, *, sees_old: bool
    ) -> bytes | None:
        select, has_xid = content
        projection = self.delivery.version.layout.projection(readable, select)
        if projection is None:
            return None
        key = (projection, sees_old, has_xid)
        encoded = self._encoded.get(key)
        if encoded is None:
            encoded = self._encode(projection, sees_old=sees_old)
            if has_xid:
                encoded = with_xid(encoded, self.xids.full(self.delivery.slice.xid))
            self._encoded[key] = encoded
        return encoded

    def _encode(self, projection: Projection, *, sees_old: bool) -> bytes:
        delivery = self.delivery
        layout = delivery.version.layout
        at = timestamp(delivery.slice.committed_at)
        match delivery.change.operation:
            case Operation.INSERT:
                return layout.insert(projection, at, delivery.judged, self.limit_bytes)
            case Operation.UPDATE:
                old = delivery.old if sees_old else None
                return layout.update(projection, at, delivery.judged, old, self.limit_bytes)
            case Operation.DELETE:
                return layout.delete(
                    projection, at, delivery.judged, self.limit_bytes, key_only=not sees_old
                )


class Recovery:
    """
    What was found in the slot at the start, for clients that join again.

    Args:
        window_s: How long it is kept, and how old it may be, in seconds.
        limit_bytes: Most that is kept; beyond it, joining clients are told to resync.
    """

    def __init__(self, window_s: float, limit_bytes: int) -> None:
        self._window_s = window_s
        self._limit_bytes = limit_bytes
        self._boot_lsn: Lsn | None = None
        self._began = 0.0
        self._kept_bytes = 0
        self.slices: list[TransactionSlice] = []
        self.is_incomplete = False

    def start(self, boot_lsn: Lsn) -> None:
        """Open the window: everything committed before *boot_lsn* is recovered."""
        self._boot_lsn = boot_lsn
        self._began = time.time()

    @property
    def is_open(self) -> bool:
        """Whether clients that join may have been joined before the start."""
        if self._boot_lsn is not None and time.time() - self._began > self._window_s:
            self._boot_lsn = None
            self.slices = []
            self.is_incomplete = False
        return self._boot_lsn is not None

    def keep(self, transaction: TransactionSlice) -> bool:
        """
        Keep *transaction* if it was recovered and is recent enough to be missed.

        Returns:
            Whether it is, or was beyond the limit.
        """
        if not self.is_open or self._boot_lsn is None or transaction.commit_lsn >= self._boot_lsn:
            return False
        if not transaction.changes or (
            transaction.committed_at.timestamp() < self._began - self._window_s
        ):
            return False
        self._kept_bytes += sum(
            len(value)
            for change in transaction.changes
            for image in (change.new, change.old)
            for value in image or ()
            if isinstance(value, bytes)
        )
        if self._kept_bytes > self._limit_bytes:
            self.slices = []
            self.is_incomplete = True
        else:
            self.slices.append(transaction)
        return True


def _asks_for(asked: Iterable[tuple[str, str]], tables: Iterable[tuple[str, str]]) -> bool:
    """Tell whether one of *tables* is asked for, by its name or a wildcard."""
    return any(
        schema in (name_of_schema, ANY) and table in (name, ANY)
        for schema, table in asked
        for name_of_schema, name in tables
    )


def by_transaction(batch: Iterable[TransactionSlice]) -> list[list[TransactionSlice]]:
    """Put the slices of each transaction together."""
    return [list(slices) for _, slices in groupby(batch, key=attrgetter("commit_lsn"))]


def _subscriptions(
    pairs: Iterable[tuple[Subscription, Binding]], shared: Iterable[Shared]
) -> set[Subscription]:
    found = {subscription for subscription, _ in pairs}
    return found.union(*(each.subscriptions for each in shared))


def _unruled(change: Change, found: Interested) -> list[tuple[Subscription, Binding]]:
    """Give the bindings of all whom a change may concern, as if none had been ruled on."""
    pairs = list(found.pairs)
    for shared in found.shared:
        pairs += shared.pairs(change.operation)
    return pairs


async def _complete(connection: AsyncConnection[TupleRow], deliveries: Sequence[_Delivery]) -> None:
    """Add to all images what the publisher left out, table by table."""
    by_version: defaultdict[int, list[_Delivery]] = defaultdict(list)
    for delivery in deliveries:
        by_version[id(delivery.version)].append(delivery)
    read_back = [delivery for delivery in deliveries if _is_last_write(delivery)]
    if read_back:
        await until_visible(connection, {delivery.slice.xid for delivery in read_back})
    for group in by_version.values():
        images = [
            (image, delivery.slice.xid if _is_last_write(delivery) else None)
            for delivery in group
            for image in (delivery.change.new, delivery.change.old)
            if image is not None
        ]
        completed = iter(await group[0].version.complete(connection, images))
        for delivery in group:
            delivery.new = None if delivery.change.new is None else next(completed)
            delivery.old = None if delivery.change.old is None else next(completed)


def _is_last_write(delivery: _Delivery) -> bool:
    """
    Tell whether a row is in the table as the change wrote it, if its transaction wrote it last.

    A later write of the same transaction leaves no other trace than its own change. Only the
    last slice has all that come after.
    """
    change = delivery.change
    if change.new is None or UNCHANGED not in change.new or delivery.slice.end_lsn is None:
        return False
    changes = delivery.slice.changes
    later = changes[next(i for i, each in enumerate(changes) if each is change) + 1 :]
    keys = [place for place, column in enumerate(change.relation.columns) if column.is_key]
    return not any(
        image is not None and all(image[place] == change.new[place] for place in keys)
        for each in later
        if each.relation is change.relation
        for image in (each.old, each.new)
    )


async def _bind(connection: AsyncConnection[TupleRow], deliveries: Sequence[_Delivery]) -> None:
    """Prepare to filter changes."""
    conditions: defaultdict[TableVersion, list[Conditions]] = defaultdict(list)
    for delivery in deliveries:
        conditions[delivery.version] += (
            binding.conditions for _, binding in delivery.found if binding.conditions
        )
    for version, wanted in conditions.items():
        await version.bind(connection, wanted)


def _filtered(deliveries: Iterable[_Delivery]) -> list[_Delivery]:
    """Keep the bindings whose filters let changes through, and the changes that have any."""
    for delivery in deliveries:
        delivery.found = [pair for pair in delivery.found if _may_pass(delivery, *pair)]
    return [delivery for delivery in deliveries if delivery.found or delivery.shared]


def _may_pass(delivery: _Delivery, subscription: Subscription, binding: Binding) -> bool:
    """Tell whether the filter of *binding* may let the change through."""
    if not binding.conditions:
        return True
    row_filter = delivery.version.row_filter(binding.conditions)
    if isinstance(row_filter, SubscriptionError):
        subscription.warn_once(f"A filter does not fit its table any more: {row_filter}")
        return False
    return row_filter is not None and row_filter.matches(delivery.judged) is not False
