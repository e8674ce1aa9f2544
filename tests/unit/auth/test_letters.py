from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotcast.auth.letters import (
    DEFAULT_TEMPLATES,
    Letter,
    LetterKind,
    Template,
    compose,
    read_templates,
    sender_address,
)
from slotcast.errors import SettingsError

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SENDER = Address("Salon", addr_spec="no-reply@example.com")


def letter(**changes: Any) -> Letter:
    values: dict[str, Any] = {
        "kind": LetterKind.RECOVERY,
        "to": "mara@example.com",
        "email": "mara@example.com",
        "code": "012345",
        "link": "http://127.0.0.1/auth/v1/verify?token=abc&type=recovery",
        "site_url": "http://127.0.0.1",
        **changes,
    }
    return Letter(**values)


def sent(given_letter: Letter, template: Template | None = None) -> EmailMessage:
    """Compose, and read what would go over the wire."""
    chosen = template or DEFAULT_TEMPLATES[given_letter.kind]
    written = compose(given_letter, chosen, sender=SENDER, now=NOW).as_bytes()
    return message_from_bytes(written, policy=default)  # pyright: ignore[reportReturnType]


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return part.get_content()


@pytest.mark.parametrize("kind", LetterKind)
def test_every_kind_says_its_code_and_its_link_in_text_and_in_html(kind: LetterKind) -> None:
    message = sent(letter(kind=kind))

    assert "012345" in body(message, "plain")
    assert "012345" in body(message, "html")
    has_link = kind is not LetterKind.REAUTHENTICATION
    assert ("verify?token=abc&type=recovery" in body(message, "plain")) is has_link
    assert ("verify?token=abc&amp;type=recovery" in body(message, "html")) is has_link
    assert "{" not in body(message, "plain")


def test_headers_say_who_writes_to_whom_and_that_it_is_a_machine() -> None:
    message = sent(letter())

    assert message["From"] == "Salon <no-reply@example.com>"
    assert message["To"] == "mara@example.com"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@example.com>")
    assert message["Date"] == "Mon, 23 Nov 2026 12:00:00 +0000"


def test_values_cannot_become_headers() -> None:
    evil = "x\r\nBcc: victim@example.com\r\n\r\nBuy!"
    template = Template(subject="For {{ .Data.name }}", text="Hello {{ .Data.name }}")

    message = sent(letter(data={"name": evil}), template)

    assert message["Bcc"] is None
    assert message["Subject"] == "For x Bcc: victim@example.com Buy!"
    assert not message.is_multipart()


def test_values_cannot_become_markup() -> None:
    template = Template(subject="s", text="t", html="<p>{{ .Data.name }}</p>")

    message = sent(letter(data={"name": "<script>alert('1')</script>"}), template)

    assert body(message, "html").strip() == (
        "<p>&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;</p>"
    )


@pytest.mark.parametrize(
    "address",
    [
        "",
        "mara",
        "mara@",
        "@example.com",
        "mara@example.com\r\nBcc: victim@example.com",
        "mara@example.com, victim@example.com",
        "Mara <mara@example.com>",
        "mara@example.com\x00",
        "mära@example.com",
        '"\r\n"@example.com',
    ],
)
def test_what_is_not_exactly_one_address_gets_no_mail(address: str) -> None:
    with pytest.raises(ValueError, match="not an email address"):
        compose(letter(to=address), DEFAULT_TEMPLATES[LetterKind.RECOVERY], sender=SENDER, now=NOW)


@given(
    address=st.text(max_size=60),
    name=st.recursive(st.text() | st.integers() | st.none(), st.lists, max_leaves=5),
)
def test_whatever_is_given_there_is_one_recipient_or_none(address: str, name: Any) -> None:
    template = Template(subject="{{ .Data.name }}", text="{{ .Data.name }}", html="{{.Email}}")
    try:
        message = sent(letter(to=address, email=address, data={"name": name}), template)
    except ValueError:
        return

    assert message["To"] == address
    assert [name.lower() for name in message.keys()].count("to") == 1  # noqa: SIM118 - with repetitions
    assert message["Bcc"] is None
    assert message["Cc"] is None


def test_members_of_the_metadata_are_found_at_any_depth_and_may_be_missing() -> None:
    template = Template(
        subject="{{.Data.a.b}}", text="{{ .Data.a }} {{ .Data.none.at.all }}{{ .Data.a.b.c }}!"
    )

    message = sent(letter(data={"a": {"b": 7}}), template)

    assert message["Subject"] == "7"
    assert body(message, "plain").strip() == '{"b":7} !'


@pytest.mark.parametrize(
    "text",
    ["{{ if .Data }}", "{{ .Secret }}", "{{ .Token.x }}", "{{ printf .Token }}", "{{}}", "{{ x }}"],
)
def test_a_placeholder_that_cannot_be_filled_in_is_refused_at_once(text: str) -> None:
    with pytest.raises(SettingsError, match="a mail template says"):
        Template(subject="s", text=text)


def test_files_replace_parts_of_our_templates(tmp_path: Path) -> None:
    (tmp_path / "recovery.html").write_text("<b>{{ .Token }}</b>")
    (tmp_path / "recovery.subject.txt").write_text("Zurücksetzen\n", encoding="utf-8")
    (tmp_path / "invite.txt").write_text("Come: {{ .ConfirmationURL }}")

    templates = read_templates(tmp_path)

    recovery, invite = templates[LetterKind.RECOVERY], templates[LetterKind.INVITE]
    assert recovery.subject == "Zurücksetzen"
    assert recovery.html == "<b>{{ .Token }}</b>"
    assert recovery.text == DEFAULT_TEMPLATES[LetterKind.RECOVERY].text
    assert (invite.text, invite.html) == ("Come: {{ .ConfirmationURL }}", None)
    assert templates[LetterKind.MAGIC_LINK] == DEFAULT_TEMPLATES[LetterKind.MAGIC_LINK]


def test_a_folder_with_a_mistake_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not a directory"):
        read_templates(tmp_path / "none")

    (tmp_path / "invite.html").write_text("{{ range .Data }}")
    with pytest.raises(SettingsError, match=r"invite: .*range"):
        read_templates(tmp_path)

    (tmp_path / "invite.html").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_templates(tmp_path)


@pytest.mark.parametrize("address", ["", "nobody", "a@b.c, d@e.f"])
def test_a_sender_has_to_be_an_address(address: str) -> None:
    with pytest.raises(SettingsError, match="smtp_sender"):
        sender_address(address, "Salon")
