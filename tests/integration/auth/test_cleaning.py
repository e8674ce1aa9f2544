"""What is over is removed, a little at a time, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.accounts import Accounts

ENDED = """
insert into auth.sessions (id, user_id, created_at, not_after)
select gen_random_uuid(), u.id, n.at - interval '100 hours', n.at - n.ago * interval '1 hour'
from auth.users u, (values (%s::timestamptz, 71), (%s::timestamptz, 73)) as n (at, ago)
"""
FLOWS = """
insert into auth.flow_state (id, auth_code, code_challenge_method, code_challenge, provider_type,
                             authentication_method, created_at)
select gen_random_uuid(), 'x', 's256', 'x', 'email', 'magiclink', at - ago * interval '1 hour'
from (values (%s::timestamptz, 23), (%s::timestamptz, 25)) as n (at, ago)
"""


async def counts(served: Accounts) -> tuple[int, int]:
    ((row),) = await served.rows(
        "select (select count(*) from auth.sessions), (select count(*) from auth.flow_state)"
    )
    return row[0], row[1]


@pytest.mark.parametrize("cluster", ["embedded", "system"], indirect=True)
async def test_what_ended_long_ago_goes_with_the_next_sign_in(served: Accounts) -> None:
    await served.rows("delete from auth.flow_state")
    await served.sign_up()
    await served.rows(ENDED, served.clock(), served.clock())
    await served.rows(FLOWS, served.clock(), served.clock())
    assert await counts(served) == (3, 2)

    await served.sign_in()
    assert await counts(served) == (3, 1)

    # Not again for a while.
    await served.rows(ENDED, served.clock(), served.clock())
    await served.sign_in()
    assert await counts(served) == (6, 1)
    served.clock.forward(minutes=10)
    await served.sign_in()
    assert await counts(served) == (6, 1)


@pytest.mark.parametrize(
    "served",
    [{"auth_session_lifetime_s": 3600.0}, {"auth_session_inactivity_s": 3600.0}],
    indirect=True,
)
async def test_sessions_that_the_operator_let_end_go_a_day_later(served: Accounts) -> None:
    await served.sign_up()

    served.clock.forward(hours=24)
    await served.sign_in()
    assert (await counts(served))[0] == 2

    served.clock.forward(hours=1, minutes=1)
    await served.sign_in()
    assert (await counts(served))[0] == 2


async def test_sessions_without_an_end_stay(served: Accounts) -> None:
    await served.sign_up()
    served.clock.forward(days=1000)

    await served.sign_in()

    assert (await counts(served))[0] == 2
