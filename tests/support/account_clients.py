"""The official clients with users of their own, behind one interface."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from postgrest.exceptions import APIError
from realtime.types import RealtimePostgresChangesListenEvent
from supabase import AsyncClientOptions, AuthError, acreate_client

from support.official import NODE, TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from realtime import RealtimeSubscribeStates
    from supabase import AsyncClient

KINDS: Final = ("javascript", "python")

_DRIVER: Final = Path(__file__).parents[1] / "integration" / "auth" / "js" / "driver.mjs"


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What a call gave.

    Attributes:
        data: As the JavaScript client has it, in JSON; None if there was an error.
        error: Its name, message, code and status; None if there was none.
    """

    data: Any
    error: dict[str, Any] | None

    @property
    def code(self) -> str:
        """The error's code, empty if there was no error."""
        return "" if self.error is None else self.error["code"]


class AccountClient(ABC):
    """
    A client, with what happened to it.

    Attributes:
        events: Names of the changes of its user's state that it told of.
        inserted: Rows of which it was told that they were inserted.
    """

    def __init__(self) -> None:
        self.events: list[str] = []
        self.inserted: list[dict[str, Any]] = []
        self._news = asyncio.Event()

    @abstractmethod
    async def try_to(self, call: str, **given: Any) -> Outcome:
        """Make a call of the driver's, and wait for its outcome."""

    async def do(self, call: str, **given: Any) -> Any:
        """Make a call that has to go well, and give its data."""
        outcome = await self.try_to(call, **given)
        assert outcome.error is None, outcome.error
        return outcome.data

    async def until(self, is_there: Callable[[], bool]) -> None:
        """Wait until *is_there*, which may look at what happened, finds it true."""
        async with asyncio.timeout(TIMEOUT_S):
            while not is_there():
                self._news.clear()
                await self._news.wait()

    def _tell(self) -> None:
        self._news.set()


class JavaScriptAccountClient(AccountClient):
    """A client of @supabase/supabase-js in a Node process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        super().__init__()
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._outcomes: dict[int, asyncio.Future[Outcome]] = {}
        self._reader = asyncio.create_task(self._read())

    async def try_to(self, call: str, **given: Any) -> Outcome:
        number = len(self._outcomes)
        self._outcomes[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "call": call, "given": given})
        self._stdin.write(line.encode() + b"\n")
        return await asyncio.wait_for(self._outcomes[number], TIMEOUT_S)

    async def close(self) -> None:
        """End the process."""
        self._stdin.close()
        await asyncio.wait_for(self._process.wait(), TIMEOUT_S)
        await self._reader

    async def _read(self) -> None:
        async for line in self._stdout:
            match json.loads(line):
                case {"id": number, "data": data, "error": error}:
                    self._outcomes[number].set_result(Outcome(data, error))
                case {"event": event}:
                    self.events.append(event)
                case {"inserted": row}:
                    self.inserted.append(row)
                case happening:
                    raise AssertionError(f"the driver said something unknown: {happening}")
            self._tell()


class PythonAccountClient(AccountClient):
    """A client of the package `supabase`."""

    def __init__(self, client: AsyncClient) -> None:
        super().__init__()
        self._client = client
        client.auth.on_auth_state_change(self._note)

    async def try_to(self, call: str, **given: Any) -> Outcome:
        try:
            return Outcome(await getattr(self, f"_{call}")(**given), None)
        except AuthError as error:
            shown = {"name": error.name, "message": error.message, "code": error.code}
            return Outcome(None, {**shown, "status": getattr(error, "status", None)})
        except APIError as error:
            return Outcome(None, {"name": "", "message": error.message, "code": error.code})

    async def close(self) -> None:
        """Close the connection."""
        await self._client.remove_all_channels()
        await self._client.realtime.close()
        # A timer to refresh the session would outlive the test.
        await self._client.auth.close()

    def _note(self, event: str, _session: object) -> None:
        self.events.append(event)
        self._tell()

    async def _signUp(self, **given: Any) -> Any:  # noqa: N802 - the driver's name
        return _plain(await self._client.auth.sign_up(given))  # pyright: ignore[reportArgumentType]

    async def _signIn(self, **given: Any) -> Any:  # noqa: N802
        return _plain(await self._client.auth.sign_in_with_password(given))  # pyright: ignore[reportArgumentType]

    async def _signInAnonymously(self) -> Any:  # noqa: N802
        return _plain(await self._client.auth.sign_in_anonymously())

    async def _signOut(self, **given: Any) -> Any:  # noqa: N802
        await self._client.auth.sign_out(given)  # pyright: ignore[reportArgumentType]

    async def _refresh(self) -> Any:
        return _plain(await self._client.auth.refresh_session())

    async def _setSession(self, **given: str) -> Any:  # noqa: N802
        return _plain(await self._client.auth.set_session(**given))

    async def _session(self) -> Any:
        return {"session": _plain(await self._client.auth.get_session())}

    async def _user(self) -> Any:
        return _plain(await self._client.auth.get_user())

    async def _claims(self) -> Any:
        found = await self._client.auth.get_claims()
        assert found is not None
        return {"claims": found["claims"], "header": found["headers"]}

    async def _updateUser(self, **given: Any) -> Any:  # noqa: N802
        return _plain(await self._client.auth.update_user(given))  # pyright: ignore[reportArgumentType]

    async def _insert(self, *, table: str, row: Any) -> Any:
        inserting: Any = self._client.table(table).insert(row)  # pyright: ignore[reportUnknownMemberType] - the library's
        answer: Any = await inserting.execute()
        return answer.data[0]

    async def _watch(self, *, table: str) -> Any:
        subscribed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def told(status: RealtimeSubscribeStates, _error: Exception | None) -> None:
            if not subscribed.done():
                subscribed.set_result(status.value)

        def note(payload: Any) -> None:
            self.inserted.append(payload["data"]["record"])
            self._tell()

        channel = self._client.channel("inserts")
        insert = RealtimePostgresChangesListenEvent.Insert
        channel.on_postgres_changes(insert, note, schema="public", table=table)
        await channel.subscribe(told)
        return await asyncio.wait_for(subscribed, TIMEOUT_S)


def _plain(answer: Any) -> Any:
    return None if answer is None else json.loads(answer.model_dump_json())


@asynccontextmanager
async def account_client(kind: str, url: str, key: str) -> AsyncGenerator[AccountClient]:
    """Run a client of *kind*, one of `KINDS`, with an API key and nobody signed in."""
    if kind == "python":
        # Of its own it would make one whenever its user changes, and close only the last.
        options = AsyncClientOptions(httpx_client=httpx.AsyncClient())
        client = PythonAccountClient(await acreate_client(url, key, options))
    else:
        client = JavaScriptAccountClient(
            await asyncio.create_subprocess_exec(
                NODE,
                _DRIVER,
                url,
                key,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=1 << 20,
            )
        )
    try:
        yield client
    finally:
        await client.close()
