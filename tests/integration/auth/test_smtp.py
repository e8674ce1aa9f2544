"""Mails on their way to a real SMTP server."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import ssl
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.policy import default
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from slotcast.auth.letters import DEFAULT_TEMPLATES, Letter, LetterKind, sender_address
from slotcast.auth.mail import Dispatch, SmtpPostman, SmtpServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

TIMEOUT_S = 20.0
USER = "mailer"
PASSWORD = "the mailer's password"


class Receiver:
    """Takes mails, or answers *replies* to them, one after the other."""

    def __init__(self, replies: tuple[str, ...] = ()) -> None:
        self.received: list[Any] = []
        self.users: list[str] = []
        self.attempts = 0
        self._replies = list(replies)

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        self.attempts += 1
        if self._replies:
            return self._replies.pop(0)
        self.received.append(envelope)
        return "250 OK"

    def authenticate(self, *given: Any) -> AuthResult:
        login = given[-1]
        is_right = login.password == PASSWORD.encode()
        self.users.append(login.login.decode())
        # Not handled: the server itself is to answer.
        return AuthResult(success=is_right, handled=False)


@asynccontextmanager
async def receiving(receiver: Receiver, **options: Any) -> AsyncGenerator[int]:
    """Run an SMTP server within the block; gives its port."""
    starts_with_tls = options.pop("starts_with_tls", None)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(receiver, **options), "127.0.0.1", 0, ssl=starts_with_tls
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def dispatching(port: int, **changes: Any) -> AsyncGenerator[Dispatch]:
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "user": "",
        "password": "",
        "timeout_s": 5.0,
        **changes,
    }
    dispatch = Dispatch(
        SmtpPostman(SmtpServer(**given)),
        templates=DEFAULT_TEMPLATES,
        sender=sender_address("no-reply@example.com", "Salon Lumière"),
        clock=lambda: dt.datetime.now(dt.UTC),
        retry_after_s=(0.0, 0.0),
    )
    yield dispatch
    await dispatch.stop(timeout_s=TIMEOUT_S)


def post(dispatch: Dispatch) -> None:
    letter = Letter(
        kind=LetterKind.RECOVERY,
        to="mara@example.com",
        email="mara@example.com",
        code="012345",
        link="https://api.example.com/auth/v1/verify?token=" + "x" * 80 + "&type=recovery",
    )
    dispatch.post(dispatch.write(letter))


def outcomes(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [
        record.__dict__["observation"]
        for record in caplog.records
        if "observation" in record.__dict__
    ]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate of 127.0.0.1 that nobody has reason to trust, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(IPv4Address("127.0.0.1"))
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def test_a_mail_arrives_as_it_was_written(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "slotcast")
    receiver = Receiver()
    async with receiving(receiver) as port, dispatching(port) as dispatch:
        post(dispatch)

    [envelope] = receiver.received
    message = message_from_bytes(envelope.content, policy=default)
    text = message.get_body(("plain",))
    assert text is not None
    assert envelope.mail_from == "no-reply@example.com"
    assert envelope.rcpt_tos == ["mara@example.com"]
    assert message["From"] == "Salon Lumière <no-reply@example.com>"
    assert "012345" in text.get_content()
    assert "x" * 80 + "&type=recovery" in text.get_content()
    assert all(len(line) < 998 for line in envelope.content.splitlines())
    assert [type(outcome).__name__ for outcome in outcomes(caplog)] == ["MailDelivered"]


async def test_a_server_that_is_busy_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "slotcast")
    receiver = Receiver(("451 try again later", "451 try again later"))
    async with receiving(receiver) as port, dispatching(port) as dispatch:
        post(dispatch)

    assert len(receiver.received) == 1
    assert outcomes(caplog)[0].attempt == 3


async def test_a_refusal_for_good_is_not_asked_again_and_quotes_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver = Receiver(("550 no such user mara@example.com",))
    async with receiving(receiver) as port, dispatching(port) as dispatch:
        post(dispatch)

    assert receiver.attempts == 1
    [outcome] = outcomes(caplog)
    assert outcome.reason == "SMTPDataError, code 550"
    assert "mara@" not in str(outcome)


async def test_a_server_that_is_not_there_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    async with receiving(Receiver()) as port:
        pass
    async with dispatching(port) as dispatch:
        post(dispatch)

    [outcome] = outcomes(caplog)
    assert outcome.attempt == 3
    assert outcome.reason == "SMTPConnectError"


async def test_a_server_that_says_nothing_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    connections: list[asyncio.StreamWriter] = []

    def stay_silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)

    silent = await asyncio.start_server(stay_silent, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with dispatching(port, timeout_s=0.05) as dispatch:
        post(dispatch)
    for writer in connections:
        writer.close()
    silent.close()

    [outcome] = outcomes(caplog)
    assert outcome.reason.endswith("TimeoutError")


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver()
    for security, options in (
        ("tls", {"starts_with_tls": tls(certificate)}),
        ("starttls", {"tls_context": tls(certificate)}),
    ):
        async with (
            receiving(receiver, **options) as port,
            dispatching(port, security=security, user=USER, password=PASSWORD) as dispatch,
        ):
            post(dispatch)

    assert receiver.received == []
    assert receiver.users == []
    assert len(outcomes(caplog)) == 2


async def test_nothing_goes_out_in_the_clear_where_tls_is_demanded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver = Receiver()
    async with (
        receiving(receiver, authenticator=receiver.authenticate, auth_require_tls=False) as port,
        dispatching(port, security="starttls", user=USER, password=PASSWORD) as dispatch,
    ):
        post(dispatch)

    assert receiver.received == []
    assert receiver.users == []
    [outcome] = outcomes(caplog)
    assert outcome.reason.startswith("SMTP")


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_user_logs_in_under_tls(
    security: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if an authority had signed it.
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    receiver = Receiver()
    options: dict[str, Any] = {"authenticator": receiver.authenticate}
    if security == "tls":
        options |= {"starts_with_tls": tls(certificate), "auth_require_tls": False}
    else:
        options |= {"tls_context": tls(certificate), "require_starttls": True}

    async with (
        receiving(receiver, **options) as port,
        dispatching(port, security=security, user=USER, password=PASSWORD) as dispatch,
    ):
        post(dispatch)

    assert receiver.users == [USER]
    assert len(receiver.received) == 1


async def test_a_wrong_password_is_not_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver()
    async with (
        receiving(receiver, authenticator=receiver.authenticate, auth_require_tls=False) as port,
        dispatching(port, user=USER, password="wrong") as dispatch,
    ):
        post(dispatch)

    # It was tried by each of the methods that the server offers.
    assert set(receiver.users) == {USER}
    [outcome] = outcomes(caplog)
    assert outcome.attempt == 1
    assert outcome.reason == "SMTPAuthenticationError, code 535"
    assert PASSWORD not in repr(dispatch)
