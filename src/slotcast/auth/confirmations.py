"""
Mails that something is confirmed by: an address, a wish to sign in, a change of address.

Each mail carries a one-time token. The token is stored, and what the request needs besides is
counted and checked, in the caller's transaction; the mail is sent once that is committed.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from slotcast.auth import flows, one_time_tokens, store
from slotcast.auth.audit import AuditAction
from slotcast.auth.errors import invalid, too_many, unprocessable
from slotcast.auth.letters import Letter, LetterKind
from slotcast.auth.mail import MailQueueFull
from slotcast.auth.one_time_tokens import TokenKind
from slotcast.auth.pkce import read_challenge
from slotcast.auth.rate_limits import MailUse, mail_too_soon
from slotcast.auth.redirects import Redirects, read_patterns

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from slotcast.auth.endpoints import Body, Request
    from slotcast.auth.errors import AuthError
    from slotcast.auth.mail import Dispatch
    from slotcast.auth.one_time_tokens import OneTimeToken
    from slotcast.auth.pkce import Challenge
    from slotcast.auth.service import AuthService
    from slotcast.auth.store import Connection
    from slotcast.auth.users import User

_ANY_SITE: Final = "http://localhost"
"""Stands for the server's own address while it is not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """
    Why a mail is sent, in the words of all who have one for it.

    Attributes:
        letter: The wording.
        use: What it is counted as.
        token: What it confirms.
        link_type: What its link says that it is.
        method: What PKCE flows, and sessions that come of them, call it.
        action: What the audit log calls asking for it.
    """

    letter: LetterKind
    use: MailUse
    token: TokenKind
    link_type: str
    method: str
    action: AuditAction


SIGN_UP: Final = Purpose(
    letter=LetterKind.CONFIRMATION,
    use=MailUse.CONFIRMATION,
    token=TokenKind.CONFIRMATION,
    link_type="signup",
    method="email/signup",
    action=AuditAction.USER_CONFIRMATION_REQUESTED,
)
INVITE: Final = Purpose(
    letter=LetterKind.INVITE,
    use=MailUse.CONFIRMATION,
    token=TokenKind.CONFIRMATION,
    link_type="invite",
    method="invite",
    action=AuditAction.USER_INVITED,
)
MAGIC_LINK: Final = Purpose(
    letter=LetterKind.MAGIC_LINK,
    use=MailUse.RECOVERY,
    token=TokenKind.RECOVERY,
    link_type="magiclink",
    method="magiclink",
    action=AuditAction.USER_RECOVERY_REQUESTED,
)
RECOVERY: Final = Purpose(
    letter=LetterKind.RECOVERY,
    use=MailUse.RECOVERY,
    token=TokenKind.RECOVERY,
    link_type="recovery",
    method="recovery",
    action=AuditAction.USER_RECOVERY_REQUESTED,
)
EMAIL_CHANGE: Final = Purpose(
    letter=LetterKind.EMAIL_CHANGE,
    use=MailUse.EMAIL_CHANGE,
    token=TokenKind.EMAIL_CHANGE_NEW,
    link_type="email_change",
    method="email_change",
    action=AuditAction.USER_MODIFIED,
)
EMAIL_CHANGE_CURRENT: Final = dataclasses.replace(
    EMAIL_CHANGE, token=TokenKind.EMAIL_CHANGE_CURRENT
)
REAUTHENTICATION: Final = Purpose(
    letter=LetterKind.REAUTHENTICATION,
    use=MailUse.REAUTHENTICATION,
    token=TokenKind.REAUTHENTICATION,
    link_type="",
    method="",
    action=AuditAction.USER_REAUTHENTICATE_REQUESTED,
)


class Confirmations:
    """
    Sends mails that something is confirmed by, and says where their links lead.

    Args:
        dispatch: Delivers them; None on a server that has no mail.
        site_url: The app; empty for the server's own address.
        allow_list: Where links may lead besides, separated by commas.

    Raises:
        SettingsError: The site is no absolute URL, or a pattern of the list is malformed.
    """

    def __init__(self, dispatch: Dispatch | None, *, site_url: str, allow_list: str) -> None:
        self._dispatch = dispatch
        self._redirects = Redirects(read_patterns(allow_list))
        self._redirects.choose(site_url or _ANY_SITE, [])

    def admit(self, service: AuthService, purpose: Purpose, email: str) -> None:
        """
        Count a mail to *email* that is asked for, whether there will be one or not.

        Raises:
            AuthError: There were too many, or there is no mail.
        """
        if self._dispatch is None:
            raise _no_mail()
        service.limits.count_recipient(purpose.use, email)

    async def confirm_sign_up(
        self, service: AuthService, connection: Connection, user: User, request: Request, body: Body
    ) -> User:
        """
        Send a mail by which *user*, new or not confirmed yet, confirms the address.

        Args:
            service: Of this server.
            connection: In a transaction.
            user: Whose address it is.
            request: With *redirect_to*.
            body: Of the request, with the code challenge if there is one.

        Returns:
            The user as the database has it now, with `confirmation_sent_at`.

        Raises:
            AuthError: See `send`; or the code challenge is malformed.
        """
        challenge = read_challenge(body)
        self.admit(service, SIGN_UP, user.email)
        return await self.send(service, connection, user, request, SIGN_UP, challenge)

    async def send(
        self,
        service: AuthService,
        connection: Connection,
        user: User,
        request: Request,
        purpose: Purpose,
        challenge: Challenge | None = None,
    ) -> User:
        """
        Send *user* a mail, whose recipient is counted already.

        Returns:
            The user as the database has it now.

        Raises:
            AuthError: One was sent a moment ago, or there are too many, or there is no mail.
        """
        if purpose is not INVITE:
            _check_interval(service, user, purpose)
        token = one_time_tokens.issue(
            purpose.token,
            user.email,
            digits=service.settings.auth_code_digits,
            is_pkce=challenge is not None,
        )
        user = await one_time_tokens.save(connection, user, token, now=service.now())
        if challenge is not None:
            await flows.begin(connection, user, purpose.method, challenge, now=service.now())
        self._post(service, connection, [self._letter(service, user, request, purpose, token)])
        await service.record(connection, purpose.action, user, request)
        return user

    async def change_email(
        self,
        service: AuthService,
        connection: Connection,
        user: User,
        email: str,
        request: Request,
        body: Body,
    ) -> User:
        """
        Send the mails by which *user* confirms a change to *email*, which nobody has.

        Returns:
            The user as the database has it now, with `email_change`.

        Raises:
            AuthError: See `confirm_sign_up`.
        """
        challenge = read_challenge(body)
        self.admit(service, EMAIL_CHANGE, email)
        return await self.send_change(service, connection, user, email, request, challenge)

    async def send_change(
        self,
        service: AuthService,
        connection: Connection,
        user: User,
        email: str,
        request: Request,
        challenge: Challenge | None = None,
    ) -> User:
        """
        Do what `change_email` says, for a recipient that is counted already.

        Raises:
            AuthError: See `send`.
        """
        _check_interval(service, user, EMAIL_CHANGE)
        user, tokens = await expect_change(
            service, connection, user, email, is_pkce=challenge is not None
        )
        if challenge is not None:
            await flows.begin(connection, user, EMAIL_CHANGE.method, challenge, now=service.now())
        self._post(
            service,
            connection,
            [self._letter(service, user, request, EMAIL_CHANGE, token) for token in tokens],
        )
        return user

    async def check_nonce(
        self, service: AuthService, connection: Connection, user: User, nonce: str
    ) -> None:
        """
        Refuse a *nonce* that was not mailed to *user*; one that was is used up.

        Raises:
            AuthError: It was not, or too long ago.
        """
        account = f"nonce {user.id}"
        service.limits.count_attempt(account)
        is_right = await one_time_tokens.is_expected_code(
            connection, user, TokenKind.REAUTHENTICATION, email=user.email, code=nonce
        )
        if not is_right or is_outdated(service, user, TokenKind.REAUTHENTICATION):
            raise unprocessable("reauthentication_not_valid", "Nonce has expired or is invalid")
        service.limits.forgive_attempts(account)
        await one_time_tokens.clear_one(
            connection, user, TokenKind.REAUTHENTICATION, now=service.now()
        )

    def prepare(self, job: Coroutine[None, None, None]) -> None:
        """
        Run *job*, which sends mails, after the answer.

        So the time of the answer does not tell whether there was somebody to write to.

        Raises:
            AuthError: There are too many, or there is no mail.
        """
        if self._dispatch is None:
            job.close()
            raise _no_mail()
        try:
            self._dispatch.prepare(job)
        except MailQueueFull:
            raise _too_many_mails() from None

    def redirect_target(self, service: AuthService, request: Request, *, wanted: str = "") -> str:
        """
        Say where the links of mails, that *request* asks for, lead in the end.

        Args:
            service: Of this server.
            request: May say it, and where it came from.
            wanted: What else it says.
        """
        referer = request.headers.get("referer", "")
        return self._redirects.choose(service.site_url, [request.redirect_to, wanted, referer])

    def _letter(
        self,
        service: AuthService,
        user: User,
        request: Request,
        purpose: Purpose,
        token: OneTimeToken,
    ) -> Letter:
        target = self.redirect_target(service, request)
        return Letter(
            kind=purpose.letter,
            to=token.email,
            email=user.email,
            new_email=user.email_change,
            code=token.code,
            token_hash=token.link_token,
            link=link(service, token, purpose.link_type, target) if purpose.link_type else "",
            site_url=service.site_url,
            redirect_to=target,
            data=user.raw_user_meta_data,
        )

    def _post(self, service: AuthService, connection: Connection, letters: list[Letter]) -> None:
        """
        Send *letters* once the transaction is committed.

        Raises:
            AuthError: There are too many, or there is no mail, or none to that address.
        """
        dispatch = self._dispatch
        if dispatch is None:
            raise _no_mail()
        try:
            mails = [dispatch.write(letter) for letter in letters]
            dispatch.check(len(letters))
        except MailQueueFull:
            raise _too_many_mails() from None
        except ValueError:
            raise invalid("Unable to validate email address: invalid format") from None
        for mail in mails:
            if not dispatch.is_local:
                service.limits.count_mail()
            service.after_commit(connection, lambda mail=mail: dispatch.post(mail))


async def expect_change(
    service: AuthService, connection: Connection, user: User, email: str, *, is_pkce: bool
) -> tuple[User, list[OneTimeToken]]:
    """
    Expect *user* to confirm a change to *email*.

    Returns:
        The user as the database has it now, and the tokens: that for the new address first,
        and one for the current address if that has to agree.
    """
    now = service.now()
    changes = {"email_change": email, "email_change_confirm_status": 0}
    user = await store.update_user(connection, user.id, changes, now=now)
    # What the current address may have agreed to was another change.
    user = await one_time_tokens.clear_one(
        connection, user, TokenKind.EMAIL_CHANGE_CURRENT, now=now
    )
    addresses = [(TokenKind.EMAIL_CHANGE_NEW, email)]
    if service.settings.auth_secure_email_change == "on" and user.email:
        addresses.append((TokenKind.EMAIL_CHANGE_CURRENT, user.email))
    tokens = [
        one_time_tokens.issue(
            kind, address, digits=service.settings.auth_code_digits, is_pkce=is_pkce
        )
        for kind, address in addresses
    ]
    for token in tokens:
        user = await one_time_tokens.save(connection, user, token, now=now)
    return user, tokens


def link(service: AuthService, token: OneTimeToken, link_type: str, target: str) -> str:
    """Give the link that *token* is confirmed by."""
    query = {"token": token.link_token, "type": link_type, "redirect_to": target}
    return f"{service.url}/verify?{urlencode(query)}"


def is_outdated(service: AuthService, user: User, kind: TokenKind) -> bool:
    """Tell whether the time is over of a token of this kind that was sent to *user*."""
    return one_time_tokens.is_expired(
        getattr(user, kind.sent_column), service.now(), valid_s=service.settings.auth_code_valid_s
    )


def _check_interval(service: AuthService, user: User, purpose: Purpose) -> None:
    """
    Refuse a mail if *user* had one a moment ago, perhaps by another server of a cluster.

    Raises:
        AuthError: The user had.
    """
    interval = timedelta(seconds=service.settings.auth_mail_interval_s)
    sent_at = getattr(user, purpose.token.sent_column)
    if sent_at is not None and service.now() - sent_at < interval:
        raise mail_too_soon((sent_at + interval - service.now()).total_seconds())


def _too_many_mails() -> AuthError:
    return too_many("over_email_send_rate_limit", "email rate limit exceeded")


def _no_mail() -> AuthError:
    return unprocessable(
        "email_provider_disabled",
        "This server cannot send mails: its operator has to set smtp_host",
    )
