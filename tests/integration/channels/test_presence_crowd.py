"""A crowd that comes, changes, goes and dies: in the end all see who is really there."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from support.channels import channel_server
from support.phoenix import phoenix_client

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from support.phoenix import Message, PhoenixClient

TOPIC: Final = "realtime:crowd"
MEMBER_COUNT: Final = 200
KEY_COUNT: Final = 120
"""Fewer than members, so that some share a key."""
STEP_COUNT: Final = 8
"""What each of them does, at most."""
TIME_LIMIT_S: Final = 60.0

State = dict[str, dict[str, dict[str, Any]]]
"""Of each key the metas by their refs."""


class Merged:
    """Who is present, as Phoenix's client works it out of a state and the diffs after it."""

    def __init__(self) -> None:
        self.state: State = {}
        self.problems: list[str] = []

    def take(self, message: Message) -> None:
        match message[3]:
            case "presence_state":
                self.state = _by_ref(message[4])
            case "presence_diff":
                # Joins first, then leaves: an update is both under one key.
                for key, metas in _by_ref(message[4]["joins"]).items():
                    self.state.setdefault(key, {}).update(metas)
                for key, metas in _by_ref(message[4]["leaves"]).items():
                    self._leave(key, metas)
            case _:
                pass

    def _leave(self, key: str, metas: dict[str, dict[str, Any]]) -> None:
        for ref in metas:
            if self.state.get(key, {}).pop(ref, None) is None:
                self.problems.append(f"{key} left with {ref}, which was never there")
        if not self.state.get(key):
            self.state.pop(key, None)

    @property
    def who(self) -> dict[str, list[Any]]:
        """By key, what its members track, in an order of their own."""
        return {
            key: sorted((meta["n"], meta["member"]) for meta in metas.values())
            for key, metas in self.state.items()
        }


def _by_ref(encoded: dict[str, Any]) -> State:
    return {
        key: {meta["phx_ref"]: meta for meta in entry["metas"]} for key, entry in encoded.items()
    }


def merge(client: PhoenixClient) -> Merged:
    """Merge what a client got since it last joined the topic."""
    joined = max((i for i, m in enumerate(client.messages) if m[3] == "presence_state"), default=0)
    merged = Merged()
    for message in client.messages[joined:]:
        if message[2] == TOPIC:
            merged.take(message)
    return merged


@dataclass(slots=True)
class Member:
    number: int
    client: PhoenixClient
    tracked: int | None = None
    is_joined: bool = False
    is_dead: bool = False

    @property
    def key(self) -> str:
        return f"key-{self.number % KEY_COUNT}"

    async def join(self) -> None:
        presence = {"key": self.key, "enabled": True}
        await self._push("phx_join", {"config": {"presence": presence}})
        self.is_joined = True

    async def leave(self) -> None:
        await self._push("phx_leave", {})
        self.is_joined, self.tracked = False, None

    async def track(self, number: int) -> None:
        payload = {"n": number, "member": self.number}
        await self._push("presence", {"event": "track", "payload": payload})
        self.tracked = number

    async def untrack(self) -> None:
        await self._push("presence", {"event": "untrack"})
        self.tracked = None

    def die(self) -> None:
        self.client.connection.transport.abort()
        self.is_dead, self.is_joined, self.tracked = True, False, None

    async def _push(self, event: str, payload: dict[str, Any]) -> None:
        """Push and wait until the server says that it is done."""
        seen = len(self.client.messages)
        ref = await self.client.push(TOPIC, event, payload)
        reply = await self.client.until(lambda m: m[3] == "phx_reply" and m[1] == ref, after=seen)
        assert reply[4]["status"] == "ok"


async def live(member: Member, chance: random.Random) -> None:
    """Do at random what members do, as long as the member is alive."""
    for number in range(STEP_COUNT):
        if member.is_dead:
            return
        if not member.is_joined:
            await member.join()
            continue
        step = chance.choices(["track", "untrack", "leave", "die"], [60, 15, 20, 5])[0]
        match step:
            case "track":
                await member.track(number)
            case "untrack":
                await member.untrack()
            case "leave":
                await member.leave()
            case _:
                member.die()


async def sees(client: PhoenixClient, expected: dict[str, list[Any]]) -> None:
    """Wait until a client sees those; it may take the server a while to learn of a death."""
    while merge(client).who != expected:
        await client.settle()


@asynccontextmanager
async def crowd(url: str) -> AsyncGenerator[list[Member]]:
    """Connect the members."""
    async with AsyncExitStack() as connected:
        yield [
            Member(number, await connected.enter_async_context(phoenix_client(url)))
            for number in range(MEMBER_COUNT)
        ]


def truth(members: list[Member]) -> dict[str, list[Any]]:
    present: dict[str, list[Any]] = {}
    for member in members:
        if member.tracked is not None:
            present.setdefault(member.key, []).append((member.tracked, member.number))
    return {key: sorted(metas) for key, metas in present.items()}


@pytest.mark.parametrize("seed", [1, 2])
async def test_everybody_who_is_left_sees_who_is_really_there(seed: int) -> None:
    chance = random.Random(seed)
    async with (
        channel_server(
            max_client_presence_events_per_window=1000, send_queue_limit_bytes=256 * 1024
        ) as server,
        asyncio.timeout(TIME_LIMIT_S),
        crowd(server.url) as members,
    ):
        stalled = members[:5]
        for member in stalled:
            await member.join()
            await member.track(0)
            member.client.connection.transport.pause_reading()

        lively = members[5:]
        await asyncio.gather(*(live(member, random.Random(chance.random())) for member in lively))
        # What a stalled client did not read yet waits for it.
        for member in stalled:
            member.client.connection.transport.resume_reading()
        survivors = [member for member in lively if not member.is_dead]
        for member in survivors:
            if not member.is_joined:
                await member.join()
        expected = truth(members)
        for member in (*survivors, *stalled):
            await sees(member.client, expected)

        assert sum(member.is_dead for member in lively) > 10
        assert len(expected) > 20
        assert any(len(metas) > 1 for metas in expected.values())
        assert [merge(member.client).problems for member in survivors] == [[]] * len(survivors)

        for member in members:
            if not member.is_dead:
                member.die()
        async with phoenix_client(server.url) as last:
            await last.join("crowd", presence={"key": "last", "enabled": True})
            await sees(last, {})
