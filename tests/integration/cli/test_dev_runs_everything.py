from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import psycopg
import pytest
from jwt import PyJWKSet, decode, get_unverified_header

from slotcast.appointments import demo
from slotcast.cli.dev import SAMPLE
from support.postgres import temporary_directory

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

START_TIMEOUT_S = 60
ENVIRONMENT = {name: value for name, value in os.environ.items() if "SLOTCAST_" not in name}


@pytest.fixture
def directory() -> Generator[Path]:
    with temporary_directory() as parent:
        yield parent / "state"


async def start(*arguments: str | Path) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", "import sys; from slotcast.cli import main; sys.exit(main())", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )


async def output(*arguments: str | Path, exit_code: int = 0) -> str:
    """Run a command to its end; give its output, or its errors when it has to fail."""
    process = await start(*arguments)
    out, err = await process.communicate()
    assert process.returncode == exit_code, err.decode()
    return (err if exit_code else out).decode()


async def line_with(stream: asyncio.StreamReader | None, text: str) -> str:
    """Wait for a line that contains *text*."""
    assert stream is not None
    seen = ""
    async with asyncio.timeout(START_TIMEOUT_S):
        async for line in stream:
            seen += line.decode()
            if text in line.decode():
                return line.decode()
    pytest.fail(f"it ended without {text!r}:\n{seen}")


@asynccontextmanager
async def dev(
    directory: Path, *, ended_by: signal.Signals = signal.SIGTERM
) -> AsyncGenerator[Process]:
    """Run `slotcast dev` until it serves; end it afterwards."""
    process = await start("dev", "--directory", directory, "--port", "0")
    try:
        await line_with(process.stderr, " Serving ")
        yield process
        process.send_signal(ended_by)
        await asyncio.wait_for(process.communicate(), START_TIMEOUT_S)
        assert process.returncode == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def status(directory: Path) -> dict[str, str]:
    return json.loads(await output("status", "--directory", directory, "-o", "json"))


async def execute(url: str, statement: str) -> None:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute(statement.encode())


async def sign_in(names: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sign the owner in with the demo's password; gives the session and the public keys."""
    credentials = {"email": demo.OWNER.email, "password": demo.PASSWORD}
    async with aiohttp.ClientSession(
        names["API_URL"], headers={"apikey": names["ANON_KEY"]}
    ) as http:
        async with http.post("/auth/v1/token?grant_type=password", json=credentials) as answer:
            session = await answer.json()
        async with http.get("/auth/v1/.well-known/jwks.json") as answer:
            return session, await answer.json()


@asynccontextmanager
async def tail(directory: Path, table: str, *options: str) -> AsyncGenerator[Process]:
    """Follow *table* from when it is live until the end of the block."""
    process = await start("tail", "--directory", directory, table, "-o", "json", *options)
    try:
        await line_with(process.stderr, f"following public.{table}")
        yield process
    finally:
        process.kill()
        await process.communicate()


async def mail_for_a_forgotten_password(names: dict[str, str]) -> str:
    """Ask for a mail, and look for it at /mail; gives its kind."""
    async with aiohttp.ClientSession(names["API_URL"]) as http:
        body, headers = {"email": demo.OWNER.email}, {"apikey": names["ANON_KEY"]}
        async with http.post("/auth/v1/recover", json=body, headers=headers) as response:
            assert response.status == 200
        async with http.get("/mail/api/events") as events:
            async for line in events.content:
                if line == b"data: 1\n":
                    break
        async with http.get("/mail/api/messages") as response:
            [mail] = (await response.json())["messages"]
    return mail["kind"]


async def demo_accounts(names: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Give role and workspace of those that sign-in screens offer, by address."""
    async with (
        aiohttp.ClientSession(names["API_URL"]) as http,
        http.get("/demo.json") as response,
    ):
        accounts = (await response.json())["accounts"]
    assert {account["password"] for account in accounts} == {demo.PASSWORD}
    return {account["email"]: (account["role"], account["workspace"]) for account in accounts}


async def let_customer(names: dict[str, str], action: str) -> dict[str, Any]:
    """Have the simulated customer do something; gives what he did."""
    async with (
        aiohttp.ClientSession(names["API_URL"]) as http,
        http.post("/demo/customer", json={"action": action}) as response,
    ):
        assert response.status == 200
        return await response.json()


async def test_one_command_serves_and_the_others_work_with_it(directory: Path) -> None:
    rename = "update public.appointments set customer_name = 'Renamed' where workspace_id = '{}'"
    async with dev(directory):
        names = await status(directory)
        again = await output("dev", "--directory", directory, exit_code=1)
        token = await output("token", "--directory", directory, "--sub", str(demo.OWNER.id))
        kind_of_mail = await mail_for_a_forgotten_password(names)
        offered = await demo_accounts(names)
        deeds = [await let_customer(names, action) for action in ("book", "move", "cancel")]
        async with tail(directory, "appointments", "--as", token.strip()) as following:
            await execute(names["DB_URL"], rename.format(demo.SALON_ID))
            change: dict[str, Any] = json.loads(await line_with(following.stdout, "Renamed"))
        session, keys = await sign_in(names)
        missing = await output("tail", "--directory", directory, "missing", exit_code=1)
        migrated = await output("migrate", "--directory", directory, "--appointments")

    assert "slotcast dev already runs in" in again
    assert kind_of_mail == "recovery"
    assert offered == {
        account.email: (account.role, account.workspace_slug) for account in demo.ACCOUNTS
    }
    assert [(deed["action"], deed["was"] is None) for deed in deeds] == [
        ("book", True),
        ("move", False),
        ("cancel", False),
    ]
    assert deeds[2]["appointment"]["status"] == "cancelled"
    assert (change["type"], change["record"]["customer_name"]) == ("UPDATE", "Renamed")
    assert session["user"]["id"] == str(demo.OWNER.id)
    signed_with = PyJWKSet.from_dict(keys)[get_unverified_header(session["access_token"])["kid"]]
    assert decode(session["access_token"], signed_with, ["ES256"], audience="authenticated")
    assert missing.startswith("slotcast tail: the server refuses: ")
    assert migrated == "up to date\n"


async def test_everything_stops_and_a_second_start_finds_it_again(directory: Path) -> None:
    async with dev(directory):
        before = await status(directory)
        await execute(before["DB_URL"], "update public.appointments set customer_name = 'Kept'")

    with pytest.raises(psycopg.OperationalError, match="refused"):
        await psycopg.AsyncConnection.connect(before["DB_URL"])

    # As the terminal does when it is closed.
    async with dev(directory, ended_by=signal.SIGHUP):
        after = await status(directory)
        async with await psycopg.AsyncConnection.connect(after["DB_URL"]) as connection:
            cursor = await connection.execute(
                "select id from public.appointments where customer_name = 'Kept'"
            )
            assert await cursor.fetchone() is not None
        # What the start page invites to try shows something to whoever has the public key.
        async with tail(directory, SAMPLE.table) as following:
            await execute(after["DB_URL"], SAMPLE.statement)
            assert "Haircut" in await line_with(following.stdout, "UPDATE")

    with pytest.raises(psycopg.OperationalError, match="refused"):
        await psycopg.AsyncConnection.connect(after["DB_URL"])
    del before["API_URL"], after["API_URL"]
    assert before == after


async def test_serve_says_how_to_name_a_database() -> None:
    message = await output("serve", exit_code=1)

    assert message.startswith("slotcast serve: no database_url is set: export SLOTCAST_")
    assert message.count("\n") == 1


async def test_serve_says_when_a_database_cannot_be_reached() -> None:
    unreachable = "postgresql://nobody@127.0.0.1:1/none"

    message = await output("serve", "--database-url", unreachable, exit_code=1)

    assert message.splitlines()[-1].startswith("slotcast serve: ")
    assert "Traceback" not in message
