"""
Mails on their way: written at once, delivered in the background, each with a logged outcome.

Who asked for a mail is answered before it is delivered. That is not only faster: the time of
an answer must not tell whether there was somebody to write to.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

import aiosmtplib

from slotcast.auth.errors import AuthError
from slotcast.auth.letters import compose
from slotcast.observations import Observation, observe, problem

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from datetime import datetime
    from email.headerregistry import Address
    from email.message import EmailMessage

    from slotcast.auth.letters import Letter, LetterKind, Template

WAITING_LIMIT: Final = 200
"""Most mails that are on their way at a time."""
_AT_ONCE: Final = 4
_RETRY_AFTER_S: Final = (2.0, 15.0)
_FIRST_PERMANENT: Final = 500


class MailQueueFull(Exception):
    """So many mails are on their way that no further one is taken."""


class MailRefused(Exception):
    """
    A mail could not be handed over.

    Attributes:
        is_final: Whether it would be refused again.
    """

    def __init__(self, reason: str, *, is_final: bool) -> None:
        super().__init__(reason)
        self.is_final = is_final


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A letter and the message made of it."""

    letter: Letter
    message: EmailMessage


class Postman(Protocol):
    """Takes mails away: to an SMTP server, or into the mailbox of `slotcast dev`."""

    @property
    def is_local(self) -> bool:
        """Whether mails stay on this machine."""
        ...

    async def deliver(self, mail: Mail) -> None:
        """
        Hand *mail* over.

        Raises:
            MailRefused: It could not be.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDelivered(Observation):
    """A mail was handed over."""

    kind: str
    message_id: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailUndelivered(Observation):
    """A mail was given up."""

    level: ClassVar[int] = logging.ERROR
    kind: str
    message_id: str
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailNotWritten(Observation):
    """A mail that somebody asked for was not even written."""

    level: ClassVar[int] = logging.ERROR
    problem: str


class Dispatch:
    """
    Writes mails and sees to their delivery.

    Args:
        postman: Takes the mails.
        templates: How letters are worded.
        sender: Whom they are from.
        clock: Gives the time, with its zone.
        retry_after_s: How long to wait before each further attempt.
    """

    def __init__(
        self,
        postman: Postman,
        *,
        templates: Mapping[LetterKind, Template],
        sender: Address,
        clock: Callable[[], datetime],
        retry_after_s: Sequence[float] = _RETRY_AFTER_S,
    ) -> None:
        self._postman = postman
        self._templates = templates
        self._sender = sender
        self._clock = clock
        self._retry_after_s = retry_after_s
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()

    def check(self, count: int = 1) -> None:
        """
        Make sure that *count* letters would be taken.

        Raises:
            MailQueueFull: They would not.
        """
        if len(self._under_way) + count > WAITING_LIMIT:
            raise MailQueueFull

    @property
    def is_local(self) -> bool:
        """Whether mails stay on this machine."""
        return self._postman.is_local

    def write(self, letter: Letter) -> Mail:
        """
        Make a mail of *letter*.

        Raises:
            ValueError: There can be no mail to that address.
        """
        template = self._templates[letter.kind]
        message = compose(letter, template, sender=self._sender, now=self._clock())
        return Mail(letter=letter, message=message)

    def post(self, mail: Mail) -> None:
        """Have *mail* delivered; what becomes of it is logged."""
        try:
            self.check()
        except MailQueueFull:
            _give_up(mail, 0, "too many mails are on their way")
        else:
            self._begin(self._deliver(mail))

    def prepare(self, job: Coroutine[None, None, None]) -> None:
        """
        Run *job*, which may post mails, while whoever asked for it is answered already.

        Errors of it are logged.

        Raises:
            MailQueueFull: It is not taken.
        """
        try:
            self.check()
        except MailQueueFull:
            job.close()
            raise
        self._begin(_logged(job))

    async def stop(self, *, timeout_s: float) -> None:
        """Wait until all mails are delivered, or give them up after *timeout_s*."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._under_way:
                    await asyncio.wait(self._under_way)
        late = tuple(self._under_way)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _deliver(self, mail: Mail) -> None:
        """Try until *mail* is handed over, refused for good, or enough was tried."""
        attempt = 1
        try:
            for pause_s in (*self._retry_after_s, None):
                try:
                    async with self._slots:
                        await self._postman.deliver(mail)
                except MailRefused as refused:
                    if refused.is_final or pause_s is None:
                        _give_up(mail, attempt, str(refused))
                        return
                else:
                    observe(
                        MailDelivered(
                            kind=mail.letter.kind,
                            message_id=str(mail.message["Message-ID"]),
                            attempt=attempt,
                        )
                    )
                    return
                await asyncio.sleep(pause_s)
                attempt += 1
        except asyncio.CancelledError:
            _give_up(mail, attempt, "the server stops")
            raise


async def _logged(job: Coroutine[None, None, None]) -> None:
    try:
        await job
    except AuthError as refused:
        observe(MailNotWritten(problem=refused.error_code))
    except Exception as error:  # noqa: BLE001 - nobody else is there to hear of it
        observe(MailNotWritten(problem=problem(error)))


def _give_up(mail: Mail, attempt: int, reason: str) -> None:
    observe(
        MailUndelivered(
            kind=mail.letter.kind,
            message_id=str(mail.message["Message-ID"]),
            attempt=attempt,
            reason=reason,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """
    Where mails are handed over.

    Attributes:
        host: Its name or address.
        port: Its TCP port.
        security: `starttls` demands an upgrade, `tls` begins with TLS, `none` is for a relay
            on this machine.
        user: To log in as; empty not to.
        password: The user's.
        timeout_s: Longest that connecting and each of the server's answers may take.
    """

    host: str
    port: int
    security: str
    user: str
    password: str
    timeout_s: float


class SmtpPostman:
    """Hands mails to an SMTP server, each on a connection of its own."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    @property
    def is_local(self) -> bool:
        """Whether mails stay on this machine: as far as we know they do not."""
        return False

    async def deliver(self, mail: Mail) -> None:
        """
        Hand *mail* over.

        Raises:
            MailRefused: The server is out of reach, or refuses. Its words, which may quote
                the address, are not repeated.
        """
        server = self._server
        try:
            await aiosmtplib.send(
                mail.message,
                hostname=server.host,
                port=server.port,
                username=server.user or None,
                password=server.password if server.user else None,
                use_tls=server.security == "tls",
                start_tls=server.security == "starttls",
                timeout=server.timeout_s,
                # Otherwise a DNS query that blocks would ask for it.
                local_hostname=socket.gethostname(),
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            raise _refused("SMTPRecipientsRefused", min(codes, default=0)) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _refused(type(error).__name__, error.code) from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise MailRefused(type(error).__name__, is_final=False) from None


def _refused(kind: str, code: int) -> MailRefused:
    """Make the error for an answer of the server; those from 500 on are final (RFC 5321)."""
    return MailRefused(f"{kind}, code {code}", is_final=code >= _FIRST_PERMANENT)
