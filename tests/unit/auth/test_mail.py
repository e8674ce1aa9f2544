from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from email.headerregistry import Address
from typing import TYPE_CHECKING

import pytest

from slotcast.auth.letters import DEFAULT_TEMPLATES, Letter, LetterKind
from slotcast.auth.mail import WAITING_LIMIT, Dispatch, MailQueueFull, MailRefused
from slotcast.auth.mailbox import WATCHERS_LIMIT, Mailbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotcast.auth.mail import Mail, Postman

TIMEOUT_S = 10.0


def clock() -> datetime:
    return datetime(2026, 11, 23, 12, tzinfo=UTC)


def dispatch(postman: Postman, retry_after_s: Sequence[float] = (0.0, 0.0)) -> Dispatch:
    return Dispatch(
        postman,
        templates=DEFAULT_TEMPLATES,
        sender=Address(addr_spec="no-reply@example.com"),
        clock=clock,
        retry_after_s=retry_after_s,
    )


def letter(to: str = "mara@example.com") -> Letter:
    return Letter(kind=LetterKind.RECOVERY, to=to, email=to, code="123456", link="http://x/")


class Refusing:
    """Refuses so many mails, and takes all others."""

    @property
    def is_local(self) -> bool:
        return False

    def __init__(self, count: int, *, is_final: bool = False) -> None:
        self.attempts = 0
        self._count = count
        self._is_final = is_final

    async def deliver(self, mail: Mail) -> None:
        del mail
        self.attempts += 1
        if self.attempts <= self._count:
            raise MailRefused("SMTPConnectError", is_final=self._is_final)


class Stuck:
    """Takes forever."""

    @property
    def is_local(self) -> bool:
        return False

    async def deliver(self, mail: Mail) -> None:
        del mail
        await asyncio.Event().wait()


def send(outgoing: Dispatch, to: str = "mara@example.com") -> None:
    outgoing.post(outgoing.write(letter(to)))


def outcomes(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


async def test_a_mail_is_tried_again_until_it_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "slotcast")
    postman = Refusing(2)
    outgoing = dispatch(postman)

    send(outgoing)
    await outgoing.stop(timeout_s=TIMEOUT_S)

    assert postman.attempts == 3
    assert outcomes(caplog) == ["MailDelivered"]


async def test_a_mail_is_given_up_after_some_attempts(caplog: pytest.LogCaptureFixture) -> None:
    postman = Refusing(100)
    outgoing = dispatch(postman)

    send(outgoing)
    await outgoing.stop(timeout_s=TIMEOUT_S)

    assert postman.attempts == 3
    assert outcomes(caplog) == ["MailUndelivered"]


async def test_a_mail_that_is_refused_for_good_is_not_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    postman = Refusing(100, is_final=True)
    outgoing = dispatch(postman)

    send(outgoing)
    await outgoing.stop(timeout_s=TIMEOUT_S)

    assert postman.attempts == 1
    assert outcomes(caplog) == ["MailUndelivered"]


async def test_outcomes_name_neither_codes_nor_addresses(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    outgoing = dispatch(Refusing(0))

    send(outgoing)
    await outgoing.stop(timeout_s=TIMEOUT_S)

    logged = "".join(repr(getattr(record, "observation", record)) for record in caplog.records)
    assert "MailDelivered" in logged
    assert "mara@" not in logged
    assert "123456" not in logged + repr(letter())


async def test_no_more_mails_are_taken_than_may_be_on_their_way(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outgoing = dispatch(Stuck())
    for _ in range(WAITING_LIMIT):
        send(outgoing)

    with pytest.raises(MailQueueFull):
        outgoing.check()
    send(outgoing)

    assert outcomes(caplog) == ["MailUndelivered"]
    await outgoing.stop(timeout_s=0.01)
    assert set(outcomes(caplog)) == {"MailUndelivered"}


async def test_the_mailbox_keeps_the_newest_mails_and_forgets_the_oldest() -> None:
    mailbox = Mailbox(clock, mails_limit=2)
    outgoing = dispatch(mailbox)
    for name in ("a", "b", "c"):
        send(outgoing, f"{name}@example.com")
    await outgoing.stop(timeout_s=TIMEOUT_S)

    assert [mail.mail.letter.to for mail in mailbox.mails] == ["c@example.com", "b@example.com"]
    assert [mail.number for mail in mailbox.mails] == [3, 2]
    assert mailbox.find(1) is None
    found = mailbox.find(3)
    assert found is not None
    assert "123456" in found.text
    assert "<h1" in found.html


async def test_who_watches_the_mailbox_is_told_of_changes_until_it_is_closed() -> None:
    mailbox = Mailbox(clock)
    outgoing = dispatch(mailbox)
    seen: list[int] = []

    async def watch() -> None:
        async for count in mailbox.changes():
            seen.append(count)
            if count == 0 and len(seen) == 1:
                send(outgoing)
            elif count == 1:
                mailbox.clear()
            else:
                mailbox.close()

    await asyncio.wait_for(watch(), TIMEOUT_S)

    assert seen == [0, 1, 0]


async def test_no_more_watch_the_mailbox_than_may() -> None:
    mailbox = Mailbox(clock)
    watchers = [mailbox.changes() for _ in range(WATCHERS_LIMIT)]
    for watcher in watchers:
        await anext(watcher)

    assert [count async for count in mailbox.changes()] == []

    await watchers[0].aclose()
    late = mailbox.changes()
    assert await anext(late) == 0
    for watcher in (*watchers, late):
        await watcher.aclose()


async def test_a_job_may_send_mails_and_its_errors_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "slotcast")
    outgoing = dispatch(Refusing(0))

    async def work() -> None:
        send(outgoing)

    async def fail() -> None:
        raise RuntimeError("mara@example.com")

    outgoing.prepare(work())
    outgoing.prepare(fail())
    await outgoing.stop(timeout_s=TIMEOUT_S)

    assert sorted(outcomes(caplog)) == ["MailDelivered", "MailNotWritten"]
    assert "mara@" not in repr([vars(record) for record in caplog.records])


async def test_no_job_is_begun_while_too_many_mails_are_on_their_way() -> None:
    outgoing = dispatch(Stuck())
    for _ in range(WAITING_LIMIT):
        send(outgoing)

    async def work() -> None:
        raise AssertionError

    with pytest.raises(MailQueueFull):
        outgoing.prepare(work())

    await outgoing.stop(timeout_s=0.0)
