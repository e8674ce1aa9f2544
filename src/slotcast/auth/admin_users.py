"""Accounts as administrators see and change them."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

from slotcast.auth import (
    addresses,
    audit,
    callers,
    one_time_tokens,
    passwords,
    sessions,
    store,
    users,
)
from slotcast.auth.account import email_exists, refusing_taken_email
from slotcast.auth.audit import AuditAction
from slotcast.auth.endpoints import Access, Answer, Endpoint
from slotcast.auth.errors import AuthError, invalid
from slotcast.auth.sign_up import SAVING_FAILED
from slotcast.auth.users import AUDIENCE, ROLE, User

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from slotcast.auth.endpoints import Body, Request
    from slotcast.auth.service import AuthService
    from slotcast.auth.store import Connection
    from slotcast.claims import JsonValue

PAGE_DEFAULT: Final = 50
PAGE_LIMIT: Final = 1000
"""Most entries of a page."""

_DURATION: Final = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:h|ms|m|s|us|µs|ns))+")
_DURATION_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|m|s|us|µs|ns)")
_UNIT_S: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_LONGEST_BAN: Final = timedelta(days=292 * 365)
"""What Go's durations, which clients write them for, can hold."""
_SORT: Final = re.compile(r"created_at(?: (asc|desc))?")
_NAME_LIMIT: Final = 255


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """
    Which entries of a list are wanted.

    Attributes:
        number: From 1 on.
        size: Entries of a page.
    """

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many entries come before it."""
        return (self.number - 1) * self.size


def read_page(request: Request) -> Page:
    """
    Read which page is wanted.

    Raises:
        AuthError: It is no number.
    """
    return Page(
        number=max(_number(request, "page", 1), 1),
        size=min(max(_number(request, "per_page", PAGE_DEFAULT), 1), PAGE_LIMIT),
    )


def page_headers(page: Page, total: int, path: str) -> Mapping[str, str]:
    """Say how many entries there are, and where the next page and the last one are."""
    last = max(-(-total // page.size), 1)
    places = [("next", page.number + 1)] if page.number < last else []
    links = [
        f'<{path}?{urlencode({"page": number, "per_page": page.size})}>; rel="{name}"'
        for name, number in [*places, ("last", last)]
    ]
    return {"X-Total-Count": str(total), "Link": ", ".join(links)}


def _number(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    if not text:
        return default
    # Beyond that PostgreSQL could not count either.
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise invalid(f"Bad Pagination Parameters: {name} must be a number")
    return int(text)


async def show_list(service: AuthService, request: Request) -> Answer:
    """Give a page of the users, the newest first."""
    page = read_page(request)
    order = _SORT.fullmatch(request.query.get("sort", "") or "created_at desc")
    if order is None:
        raise invalid("Bad Sort Parameters: only created_at can be sorted by")
    async with service.transaction() as connection:
        total, found = await store.list_users(
            connection,
            audience=_audience(request),
            containing=request.query.get("filter", "").replace("\x00", ""),
            is_ascending=order[1] == "asc",
            offset=page.offset,
            limit=page.size,
        )
    return Answer(
        body={"users": [users.to_json(user) for user in found], "aud": _audience(request)},
        headers=page_headers(page, total, "/admin/users"),
    )


async def show(service: AuthService, request: Request) -> Answer:
    """Give one user."""
    async with service.transaction() as connection:
        user = await _find(connection, request)
    return Answer(body=users.to_json(user))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """
    What a user is to be like, as far as the request says.

    Attributes:
        email: As it is stored; empty for no change, as are *password* and *role*.
        is_confirmed: Whether the address counts as confirmed.
        ban: None for no change, zero to lift it.
    """

    email: str
    is_confirmed: bool
    password: str = dataclasses.field(repr=False)
    password_hash: str = dataclasses.field(repr=False)
    user_metadata: dict[str, JsonValue]
    app_metadata: dict[str, JsonValue]
    role: str
    ban: timedelta | None


def _read_wish(body: Body) -> _Wish:
    """
    Read what a user is to be like.

    Raises:
        AuthError: A member is malformed, or says what cannot be.
    """
    email, role = body.text("email"), body.text("role")
    password, password_hash = body.text("password"), body.text("password_hash")
    if body.text("phone"):
        raise AuthError(
            HTTPStatus.BAD_REQUEST, "phone_provider_disabled", "Unsupported phone provider"
        )
    if password and password_hash:
        raise invalid("Only a password or a password hash should be provided")
    passwords.check_length(password)
    if password_hash:
        passwords.check_hash(password_hash)
    if len(role) > _NAME_LIMIT:
        raise invalid(f"role cannot be longer than {_NAME_LIMIT} characters")
    return _Wish(
        email=addresses.normalised(email) if email else "",
        is_confirmed=body.flag("email_confirm"),
        password=password,
        password_hash=password_hash,
        user_metadata=users.checked_metadata(body.object("user_metadata") or {}),
        app_metadata=users.checked_metadata(body.object("app_metadata") or {}),
        role=role,
        ban=read_ban(body.text("ban_duration")),
    )


def read_ban(text: str) -> timedelta | None:
    """
    Read how long somebody is banned, as Go writes durations: ``24h``, ``1h30m``, ``0.5s``.

    Returns:
        None when nothing is said, zero for ``none``.

    Raises:
        AuthError: It is malformed, or too long.
    """
    if not text:
        return None
    if text == "none":
        return timedelta()
    if not _DURATION.fullmatch(text):
        raise invalid("invalid format for ban duration: write it like 24h or 1h30m, or none")
    parts = _DURATION_PART.findall(text)
    seconds = sum(float(count) * _UNIT_S[unit] for count, unit in parts)
    if seconds > _LONGEST_BAN.total_seconds():
        raise invalid(f"ban duration cannot be longer than {_LONGEST_BAN.days * 24}h")
    return timedelta(seconds=seconds)


async def create(service: AuthService, request: Request) -> Answer:
    """Make a user, without any mail."""
    body = request.body()
    wish = _read_wish(body)
    if not wish.email:
        raise invalid("Cannot create a user without either an email or phone")
    user_id = callers.as_uuid(body.text("id")) if body.text("id") else uuid4()
    if user_id is None:
        raise invalid("ID must conform to the uuid v4 format")
    now = service.now()
    user = User(
        id=user_id,
        aud=_audience(request),
        role=wish.role or ROLE,
        email=wish.email,
        encrypted_password=await _hashed(service, wish),
        banned_until=now + wish.ban if wish.ban else None,
        raw_user_meta_data=wish.user_metadata,
        raw_app_meta_data=users.email_provider() | users.merged({}, wish.app_metadata),
    )
    if wish.is_confirmed:
        user = users.confirmed(user, now)
    async with service.transaction(SAVING_FAILED) as connection:
        if await store.find_user(connection, user_id):
            raise AuthError(
                HTTPStatus.UNPROCESSABLE_ENTITY, "user_already_exists", "The id is taken"
            )
        inserted = await store.insert_user(connection, user, now=now)
        if inserted is None:
            raise email_exists()
        await _record(service, connection, AuditAction.USER_SIGNED_UP, request, inserted)
    return Answer(body=users.to_json(inserted))


async def change(service: AuthService, request: Request) -> Answer:
    """Change a user, at once and without any mail."""
    wish = _read_wish(request.body())
    hashed = await _hashed(service, wish)
    now = service.now()
    async with service.transaction("Error updating user") as connection:
        user = await _find(connection, request, for_update=True)
        changes = _changes(user, wish, hashed, now)
        with refusing_taken_email():
            user = await store.update_user(connection, user.id, changes, now=now)
        if wish.email or wish.is_confirmed:
            await _change_identity(connection, user, now)
        if hashed or "email" in changes:
            # Mails to a former address must not sign anybody in any more.
            user = await one_time_tokens.clear(connection, user, now=now)
        if hashed or wish.ban:
            await sessions.end_all(connection, user.id)
        await _record(service, connection, AuditAction.USER_MODIFIED, request, user)
        user = await store.get_user(connection, user.id)
    return Answer(body=users.to_json(user))


def _changes(user: User, wish: _Wish, hashed: str, now: datetime) -> dict[str, object]:
    """Give the columns that change."""
    changes: dict[str, object] = {}
    if wish.email and wish.email != user.email:
        changes |= {"email": wish.email, "is_anonymous": False}
    if wish.is_confirmed and not user.is_confirmed:
        changes |= {"email_confirmed_at": now, "confirmation_token": ""}
    if hashed:
        changes["encrypted_password"] = hashed
    if wish.role:
        changes["role"] = wish.role
    if wish.ban is not None:
        changes["banned_until"] = now + wish.ban if wish.ban else None
    metadata = wish.user_metadata | ({"email_verified": True} if wish.is_confirmed else {})
    if metadata:
        changes["raw_user_meta_data"] = users.merged(user.raw_user_meta_data, metadata)
    if wish.app_metadata:
        changes["raw_app_meta_data"] = users.merged(user.raw_app_meta_data, wish.app_metadata)
    return changes


async def _change_identity(connection: Connection, user: User, now: datetime) -> None:
    """Have the identity of *user* say what the user's row does."""
    if not user.email:
        return
    if not any(identity["provider"] == "email" for identity in user.identities):
        await store.insert_identity(connection, user, now=now)
        return
    data: dict[str, JsonValue] = {"email": user.email, "email_verified": user.is_confirmed}
    await store.update_identity(connection, user.id, data, now=now)


async def delete(service: AuthService, request: Request) -> Answer:
    """Delete a user; softly, the row stays and tells nothing of the person any more."""
    is_soft = bool(request.content) and request.body().flag("should_soft_delete")
    async with service.transaction("Error deleting user") as connection:
        user = await _find(connection, request, for_update=True)
        await _record(service, connection, AuditAction.USER_DELETED, request, user)
        if is_soft:
            await _obscure(service, connection, user)
        else:
            await store.delete_user(connection, user.id)
    return Answer(body={})


async def _obscure(service: AuthService, connection: Connection, user: User) -> None:
    """Replace whatever tells who *user* was by hashes, which can be found again if known."""
    now = service.now()
    await sessions.end_all(connection, user.id)
    await store.delete_one_time_tokens(connection, user.id)
    for identity in user.identities:
        identity_id, provider_id = UUID(str(identity["identity_id"])), str(identity["id"])
        await store.obscure_identity(connection, identity_id, _hash(user, provider_id), now=now)
    await store.update_user(
        connection,
        user.id,
        {
            **store.NO_ONE_TIME_TOKENS,
            "email": _hash(user, user.email) if user.email else None,
            "phone": _hash(user, user.phone)[: store.PHONE_LIMIT] if user.phone else None,
            "email_change": "",
            "phone_change": "",
            "encrypted_password": None,
            "raw_user_meta_data": {},
            "raw_app_meta_data": {},
            "deleted_at": user.deleted_at or now,
        },
        now=now,
    )


def _hash(user: User, text: str) -> str:
    return hashlib.sha256(f"{user.id}{text}".encode()).hexdigest()


async def show_factors(service: AuthService, request: Request) -> Answer:
    """Give the further factors that a user signs in with: none."""
    async with service.transaction() as connection:
        await _find(connection, request)
    return Answer(body=[])


async def show_audit(service: AuthService, request: Request) -> Answer:
    """Give a page of what was done, the newest first."""
    page = read_page(request)
    async with service.transaction() as connection:
        total, entries = await audit.read(connection, offset=page.offset, limit=page.size)
    return Answer(body=[*entries], headers=page_headers(page, total, "/admin/audit"))


async def _find(connection: Connection, request: Request, *, for_update: bool = False) -> User:
    """
    Find the user whom the path names.

    Raises:
        AuthError: There is none.
    """
    user_id = callers.as_uuid(request.path["user_id"])
    if user_id is None:
        raise AuthError(HTTPStatus.NOT_FOUND, "validation_failed", "user_id must be an UUID")
    user = await store.find_user(connection, user_id, for_update=for_update)
    if user is None:
        raise AuthError(HTTPStatus.NOT_FOUND, "user_not_found", "User not found")
    return user


async def _hashed(service: AuthService, wish: _Wish) -> str:
    """Give the hash of the password that is wished for, empty for none."""
    return await service.passwords.hash(wish.password) if wish.password else wish.password_hash


async def _record(
    service: AuthService,
    connection: Connection,
    action: AuditAction,
    request: Request,
    user: User,
) -> None:
    await audit.record(
        connection,
        action,
        audit.admin_actor(request.claims.role if request.claims else ""),
        address=request.address,
        now=service.now(),
        traits={"user_id": str(user.id), "user_email": user.email, "user_phone": user.phone},
    )


def _audience(request: Request) -> str:
    """
    Give the audience of the users that a request is about.

    Raises:
        AuthError: There can be no such audience.
    """
    audience = request.headers.get("x-jwt-aud") or AUDIENCE
    if len(audience) > _NAME_LIMIT:
        raise invalid(f"The audience cannot be longer than {_NAME_LIMIT} characters")
    return audience


_USER: Final = "/admin/users/{user_id}"

ENDPOINTS: Final = (
    Endpoint(method="GET", path="/admin/users", handler=show_list, access=Access.ADMIN),
    Endpoint(method="POST", path="/admin/users", handler=create, access=Access.ADMIN),
    Endpoint(method="GET", path=_USER, handler=show, access=Access.ADMIN),
    Endpoint(method="PUT", path=_USER, handler=change, access=Access.ADMIN),
    Endpoint(method="DELETE", path=_USER, handler=delete, access=Access.ADMIN),
    Endpoint(method="GET", path=_USER + "/factors", handler=show_factors, access=Access.ADMIN),
    Endpoint(method="GET", path="/admin/audit", handler=show_audit, access=Access.ADMIN),
)
