"""The official clients' methods for mails and for administrators, behind one interface."""

from __future__ import annotations

import asyncio
import json
import re
from abc import ABC, abstractmethod
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from supabase import AsyncClientOptions, AuthError, acreate_client

from support.account_clients import Outcome
from support.official import NODE, TIMEOUT_S
from support.server import PUBLISHABLE_KEY, SECRET_KEY

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from supabase import AsyncClient

KINDS: Final = ("javascript", "python")
Flow = Literal["implicit", "pkce"]

_DRIVER: Final = Path(__file__).parents[1] / "integration" / "auth" / "js" / "by_mail.mjs"
_OPAQUE: Final = frozenset({"data", "user_metadata", "app_metadata"})


class MailClients(ABC):
    """A user's client and an administrator's; methods and arguments are JavaScript's."""

    @abstractmethod
    async def try_to(self, client: str, method: str, *given: Any) -> Outcome:
        """Call a method of *client*, ``user`` or ``admin``."""

    async def user(self, method: str, *given: Any) -> Any:
        """Call a method of the user's client that has to go well; gives its data."""
        return await self._do("user", method, *given)

    async def admin(self, method: str, *given: Any) -> Any:
        """Call a method of the administrator's client that has to go well; gives its data."""
        return await self._do("admin", method, *given)

    async def _do(self, client: str, method: str, *given: Any) -> Any:
        outcome = await self.try_to(client, method, *given)
        assert outcome.error is None, outcome.error
        return outcome.data


class _JavaScript(MailClients):
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout

    async def try_to(self, client: str, method: str, *given: Any) -> Outcome:
        line = json.dumps({"client": client, "method": method, "args": given})
        self._stdin.write(line.encode() + b"\n")
        answer = json.loads(await asyncio.wait_for(self._stdout.readline(), TIMEOUT_S))
        return Outcome(answer["data"], answer["error"])


class _Python(MailClients):
    def __init__(self, user: AsyncClient, admin: AsyncClient) -> None:
        self._user, self._admin = user, admin

    async def try_to(self, client: str, method: str, *given: Any) -> Outcome:
        target: Any = self._user.auth if client == "user" else self._admin.auth.admin
        try:
            answer = await getattr(target, _snake(method))(*_arguments(method, given))
        except AuthError as error:
            status = getattr(error, "status", None)
            return Outcome(None, {"code": error.code, "status": status, "message": error.message})
        return Outcome(_plain(answer), None)


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)


def _arguments(method: str, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give the arguments as the Python client takes them."""
    match method:
        case "exchangeCodeForSession":
            return ({"auth_code": given[0]},)
        case "listUsers":
            return (given[0]["page"], given[0]["perPage"])
        case _:
            return tuple(map(_renamed, given))


def _renamed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    members = cast("dict[str, Any]", value)
    return {
        _snake(name): member if name in _OPAQUE else _renamed(member)
        for name, member in members.items()
    }


def _plain(answer: Any) -> Any:
    if answer is None:
        return None
    if isinstance(answer, list):
        return {"users": [_plain(user) for user in cast("list[Any]", answer)]}
    return json.loads(answer.model_dump_json())


@asynccontextmanager
async def mail_clients(kind: str, url: str, *, flow: Flow) -> AsyncGenerator[MailClients]:
    """Run clients of *kind*, one of `KINDS`, the user's with this *flow*."""
    if kind == "javascript":
        process = await asyncio.create_subprocess_exec(
            NODE,
            _DRIVER,
            url,
            PUBLISHABLE_KEY,
            SECRET_KEY,
            flow,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield _JavaScript(process)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            await asyncio.wait_for(process.wait(), TIMEOUT_S)
        return
    user = await acreate_client(url, PUBLISHABLE_KEY, AsyncClientOptions(flow_type=flow))
    admin = await acreate_client(url, SECRET_KEY)
    try:
        yield _Python(user, admin)
    finally:
        # A timer to refresh the session would outlive the test.
        await user.auth.close()
        await admin.auth.close()
