"""The private channel on which a workspace's members see who else is looking."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from slotcast.appointments import demo
from support.phoenix import PhoenixClient, phoenix_client
from support.salon import VIEWER_ID, insert_salon
from support.server import serving, token

if TYPE_CHECKING:
    from uuid import UUID

    from support.postgres import Database

SALON = f"workspace:{demo.SALON_ID}"
STUDIO = f"workspace:{demo.STUDIO_ID}"

NOTHING = (False, False, None)
PRESENCE_ONLY = (False, True, None)


def access(url: str, who: UUID, topic: str, *, may_write: bool) -> tuple[Any, ...] | None:
    """Ask whether *who* may broadcast, be present, and which error the policies raised."""
    claims = json.dumps({"sub": str(who), "role": "authenticated"})
    with psycopg.connect(url) as connection:
        answer = connection.execute(
            "select broadcast, presence, failure from slotcast.channel_access("
            "%s, array['authenticated'], %s, array['{}'], %s, 'public')",
            [[topic], [claims], may_write],
        )
        return answer.fetchone()


@pytest.mark.parametrize("may_write", [False, True], ids=["see", "show"])
@pytest.mark.parametrize("who", [demo.OWNER.id, demo.STAFF.id, VIEWER_ID])
def test_members_may_be_present_and_nothing_else(
    salon_url: str, who: UUID, *, may_write: bool
) -> None:
    assert access(salon_url, who, SALON, may_write=may_write) == PRESENCE_ONLY


@pytest.mark.parametrize("may_write", [False, True], ids=["see", "show"])
@pytest.mark.parametrize(
    ("who", "topic"),
    [
        (demo.CUSTOMER.id, SALON),
        (demo.STRANGER.id, SALON),
        (demo.OWNER.id, STUDIO),
        (demo.OWNER.id, "workspace:"),
        (demo.OWNER.id, "workspace:salon"),
        (demo.OWNER.id, str(demo.SALON_ID)),
    ],
)
def test_nobody_else_gets_in_and_no_other_topic_raises(
    salon_url: str, who: UUID, topic: str, *, may_write: bool
) -> None:
    assert access(salon_url, who, topic, may_write=may_write) == NOTHING


async def enter(client: PhoenixClient, who: UUID) -> dict[str, Any]:
    presence = {"enabled": True, "key": str(who)}
    return await client.join(SALON, access_token=token(who), private=True, presence=presence)


@pytest.mark.parametrize("cluster", ["embedded"], indirect=True)
async def test_members_see_each_other_come_until_they_are_removed(
    database: Database, slot_name: str
) -> None:
    await insert_salon(database.url)
    track = {"type": "presence", "event": "track", "payload": {"view": "day"}}

    async with (
        serving(database.url, slot_name) as url,
        phoenix_client(url) as owner,
        phoenix_client(url) as staff,
        await psycopg.AsyncConnection.connect(database.url, autocommit=True) as administrator,
    ):
        await enter(owner, demo.OWNER.id)
        await enter(staff, demo.STAFF.id)
        await staff.push(f"realtime:{SALON}", "presence", track, "1")
        seen = await owner.until(
            lambda m: m[3] == "presence_diff" and str(demo.STAFF.id) in m[4]["joins"]
        )
        await administrator.execute(
            "delete from public.workspace_members where user_id = %s", [demo.STAFF.id]
        )
        await staff.until(lambda m: m[3] == "phx_close")
        await owner.until(
            lambda m: m[3] == "presence_diff" and str(demo.STAFF.id) in m[4]["leaves"]
        )

    assert seen[4]["joins"][str(demo.STAFF.id)]["metas"][0]["view"] == "day"
