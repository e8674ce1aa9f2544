"""
What mails say: templates, and the messages that are made of them.

A template is text with placeholders in the syntax that templates for Supabase are written
in: ``{{ .Token }}``, ``{{ .Data.first_name }}``. There are no conditions or loops; whatever
else stands between double braces is refused when the template is read, not when somebody
waits for the mail.

Values never become structure: in HTML they are escaped, in headers they cannot begin a line.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from slotcast import strict_json
from slotcast.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from slotcast.claims import JsonValue

_PLACEHOLDER: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME: Final = re.compile(r"\s*\.([A-Za-z]+)((?:\.\w+)*)\s*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SUBJECT_LIMIT_CHARACTERS: Final = 200


class LetterKind(StrEnum):
    """Why a mail is sent. A value is the name of a template's file."""

    CONFIRMATION = "confirmation"
    INVITE = "invite"
    MAGIC_LINK = "magic_link"
    RECOVERY = "recovery"
    EMAIL_CHANGE = "email_change"
    REAUTHENTICATION = "reauthentication"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """
    A mail that is to be written.

    Attributes:
        kind: Decides about the template.
        to: The address it goes to.
        email: The user's address; *to* unless it is to be changed.
        new_email: The address it is to be changed to; empty for other kinds.
        code: The one-time code to type in.
        token_hash: The token of the link, for templates that build links of their own.
        link: What to open; empty when there is only a code.
        site_url: Where the app is.
        redirect_to: Where the link leads in the end.
        data: The user's metadata.
    """

    kind: LetterKind
    to: str
    email: str
    code: str = field(repr=False)
    token_hash: str = field(default="", repr=False)
    link: str = field(default="", repr=False)
    new_email: str = ""
    site_url: str = ""
    redirect_to: str = ""
    data: Mapping[str, JsonValue] = field(default_factory=dict[str, "JsonValue"], repr=False)

    def values(self) -> dict[str, JsonValue]:
        """Give what templates may name."""
        return {
            "SiteURL": self.site_url,
            "ConfirmationURL": self.link,
            "Token": self.code,
            "TokenHash": self.token_hash,
            "Email": self.email,
            "NewEmail": self.new_email,
            "SendingTo": self.to,
            "RedirectTo": self.redirect_to,
            "Data": dict(self.data),
        }


_KNOWN: Final = frozenset(
    Letter(kind=LetterKind.CONFIRMATION, to="", email="", code="").values(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """
    The wording of one kind of mail.

    Attributes:
        subject: One line.
        text: For those who read plain text.
        html: The same for everybody else; None to send the text only.
    """

    subject: str
    text: str
    html: str | None = None

    def __post_init__(self) -> None:
        """
        Check every placeholder.

        Raises:
            SettingsError: One cannot be filled in.
        """
        for part in (self.subject, self.text, self.html or ""):
            for found in _PLACEHOLDER.finditer(part):
                name = _NAME.fullmatch(found[1])
                if name is None or name[1] not in _KNOWN or (name[2] and name[1] != "Data"):
                    known = ", ".join(f".{name}" for name in sorted(_KNOWN))
                    raise SettingsError(
                        f"a mail template says {found[0]}; it may name {known}, members of .Data"
                    )


def compose(letter: Letter, template: Template, *, sender: Address, now: datetime) -> EmailMessage:
    """
    Write the mail that *letter* asks for.

    Args:
        letter: What it says, and to whom.
        template: How it says it.
        sender: Whom it is from.
        now: When it is written; with a time zone.

    Raises:
        ValueError: There can be no mail to that address.
    """
    values = letter.values()
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = _address(letter.to)
    message["Subject"] = _one_line(_filled(template.subject, values, str))
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.domain)
    # Nobody's holiday notice answers a machine (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_filled(template.text, values, str), cte="quoted-printable")
    if template.html is not None:
        message.add_alternative(
            _filled(template.html, values, html.escape), subtype="html", cte="quoted-printable"
        )
    return message


def sender_address(email: str, name: str) -> Address:
    """
    Make the address that mails come from.

    Raises:
        SettingsError: It is none.
    """
    try:
        return Address(display_name=name, addr_spec=_address(email).addr_spec)
    except ValueError:
        raise SettingsError(f"smtp_sender is {email!r}; it must be an email address") from None


def _address(email: str) -> Address:
    """
    Check that *email* is one address and nothing besides.

    Raises:
        ValueError: It is not.
    """
    try:
        address = Address(addr_spec=email)
    except (HeaderParseError, ValueError, IndexError, AttributeError):
        # The parser of the standard library fails in several ways.
        raise ValueError("it is not an email address") from None
    is_whole = bool(address.username and address.domain) and address.addr_spec == email
    if not is_whole or _CONTROL.search(email) or not email.isascii():
        raise ValueError("it is not an email address")
    return address


def _one_line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()[:_SUBJECT_LIMIT_CHARACTERS]


def _filled(text: str, values: Mapping[str, JsonValue], escape: Callable[[str], str]) -> str:
    def fill(found: re.Match[str]) -> str:
        return escape(_shown(_look_up(found[1].strip(), values)))

    return _PLACEHOLDER.sub(fill, text)


def _look_up(path: str, values: Mapping[str, JsonValue]) -> JsonValue:
    """Give what *path*, such as ``.Data.name``, names; None if there is no such thing."""
    found: JsonValue = dict(values)
    for name in path.split(".")[1:]:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _shown(value: JsonValue) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case _:
            return strict_json.encode(value)


def read_templates(folder: Path | None) -> Mapping[LetterKind, Template]:
    """
    Give the templates: those in *folder*, and ours for what it leaves out.

    Args:
        folder: May hold ``confirmation.html``, ``confirmation.txt``,
            ``confirmation.subject.txt`` and so on, in UTF-8; None for ours alone. With HTML
            and no text of its own, a kind is sent as HTML with our text.

    Raises:
        SettingsError: The folder or a file cannot be read, or holds an unknown placeholder.
    """
    if folder is None:
        return DEFAULT_TEMPLATES
    if not folder.is_dir():
        raise SettingsError(f"auth_mail_templates is {folder}, which is not a directory")
    return {kind: _read_template(folder, kind) for kind in LetterKind}


def _read_template(folder: Path, kind: LetterKind) -> Template:
    default = DEFAULT_TEMPLATES[kind]
    subject = _read(folder / f"{kind}.subject.txt")
    text, markup = _read(folder / f"{kind}.txt"), _read(folder / f"{kind}.html")
    has_only_text = text is not None and markup is None
    try:
        return Template(
            subject=default.subject if subject is None else subject.strip(),
            text=default.text if text is None else text,
            html=None if has_only_text else markup or default.html,
        )
    except SettingsError as error:
        raise SettingsError(f"{folder}, {kind}: {error}") from None


def _read(file: Path) -> str | None:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the mail template {file} cannot be read: {error}") from error


_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body style="margin:0;padding:32px 16px;font:16px/1.5 system-ui,-apple-system,sans-serif">
<div style="max-width:480px;margin:0 auto">
<h1 style="font-size:22px;line-height:1.2;margin:0 0 16px">{title}</h1>
<p style="margin:0 0 24px">{body}</p>
{action}{code}<p style="margin:24px 0 0;font-size:13px;opacity:.7">{closing}</p>
</div></body></html>
"""

_ACTION: Final = """\
<p style="margin:0 0 24px"><a href="{{{{ .ConfirmationURL }}}}" style="display:inline-block;\
padding:12px 20px;border-radius:8px;background:#4353c9;color:#fff;text-decoration:none;\
font-weight:600">{label}</a></p>
"""

_CODE: Final = """\
<p style="margin:0">{introduction}</p>
<p style="margin:4px 0 0;font:600 28px/1.3 ui-monospace,Menlo,Consolas,monospace;\
letter-spacing:.12em">{{{{ .Token }}}}</p>
"""


def _wording(*, subject: str, body: str, label: str, closing: str) -> Template:
    """Make a template of ours; without *label* there is no link, only the code."""
    introduction = "Or enter this code:" if label else "Enter this code:"
    link = f"{label}:\n{{{{ .ConfirmationURL }}}}\n\n" if label else ""
    return Template(
        subject=subject,
        text=f"{body}\n\n{link}{introduction} {{{{ .Token }}}}\n\n{closing}\n",
        html=_PAGE.format(
            title=subject,
            body=body,
            action=_ACTION.format(label=label) if label else "",
            code=_CODE.format(introduction=introduction),
            closing=closing,
        ),
    )


DEFAULT_TEMPLATES: Final[Mapping[LetterKind, Template]] = {
    LetterKind.CONFIRMATION: _wording(
        subject="Confirm your email address",
        body="You signed up with {{ .Email }}. Please confirm that this address is yours.",
        label="Confirm",
        closing="If that was not you, ignore this mail: nothing happens without a confirmation.",
    ),
    LetterKind.INVITE: _wording(
        subject="You have been invited",
        body="You have been invited to {{ .SiteURL }}.",
        label="Accept the invitation",
        closing="If you did not expect this, ignore it: nothing happens unless you accept.",
    ),
    LetterKind.MAGIC_LINK: _wording(
        subject="Your sign-in link",
        body="Sign in as {{ .Email }}.",
        label="Sign in",
        closing="It works once. If you did not ask for it, ignore this mail.",
    ),
    LetterKind.RECOVERY: _wording(
        subject="Reset your password",
        body="Somebody, we hope you, asked to reset the password of {{ .Email }}.",
        label="Choose a new password",
        closing="If that was not you, ignore this mail: your password stays as it is.",
    ),
    LetterKind.EMAIL_CHANGE: _wording(
        subject="Confirm your new email address",
        body="The address {{ .Email }} is to be changed to {{ .NewEmail }}.",
        label="Confirm the change",
        closing="If that was not you, do not confirm it, and change your password.",
    ),
    LetterKind.REAUTHENTICATION: _wording(
        subject="Your confirmation code",
        body="Somebody, we hope you, is about to change something important in your account.",
        label="",
        closing="It works once. If that was not you, change your password.",
    ),
}
