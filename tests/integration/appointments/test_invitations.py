"""Into a workspace come those whom its admins invite, once, with the address that was invited."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import psycopg
import pytest
from psycopg import errors

from slotcast.appointments import demo
from slotcast.appointments.demo import CUSTOMER, OTHER_CUSTOMER, OWNER, STAFF, STRANGER
from support.clusters import embedded_cluster
from support.desk import acting, hint_of
from support.salon import VIEWER_ID

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection

cluster = embedded_cluster

OPEN_ONES: Final = b"select email, role from public.workspace_invitations"


def invite(
    connection: Connection, by: UUID = OWNER.id, *, email: str = CUSTOMER.email, role: str = "staff"
) -> str:
    """Invite Clara, unless somebody else is named; gives the token."""
    with acting(connection, by):
        row = connection.execute(
            "select public.invite_member(%s, %s, %s)", [demo.SALON_ID, email, role]
        ).fetchone()
    assert row is not None
    return row[0]


def accept(connection: Connection, token: str, account: demo.Account = CUSTOMER) -> str:
    """Accept as somebody whose token has their address, as those of Auth have."""
    claims = {"role": "authenticated", "sub": str(account.id), "email": account.email}
    with acting(connection, account.id):
        connection.execute(
            "select set_config('request.jwt.claims', %s, true)", [json.dumps(claims)]
        )
        row = connection.execute("select public.accept_invitation(%s)", [token]).fetchone()
    assert row is not None
    return row[0]


def role_of(connection: Connection, account: demo.Account) -> str | None:
    row = connection.execute(
        "select role from public.workspace_members where workspace_id = %s and user_id = %s",
        [demo.SALON_ID, account.id],
    ).fetchone()
    return None if row is None else row[0]


@pytest.mark.parametrize("role", ["owner", "admin", "staff", "viewer"])
def test_who_is_invited_and_accepts_is_a_member(salon: Connection, role: str) -> None:
    token = invite(salon, email=f" {CUSTOMER.email.upper()} ", role=role)

    assert role_of(salon, CUSTOMER) is None
    assert accept(salon, token) == demo.SALON_SLUG
    assert role_of(salon, CUSTOMER) == role


def test_an_invitation_is_good_for_one_time(salon: Connection) -> None:
    token = invite(salon)
    accept(salon, token)
    salon.execute("delete from public.workspace_members where user_id = %s", [CUSTOMER.id])

    with pytest.raises(psycopg.Error) as refused:
        accept(salon, token)

    assert hint_of(refused.value) == "no_such_invitation"
    assert role_of(salon, CUSTOMER) is None


@pytest.mark.parametrize(
    "end",
    [
        "update public.workspace_invitations set expires_at = now()",
        "delete from public.workspace_invitations",
        f"delete from public.workspace_members where user_id = '{STAFF.id}'",
        f"update public.workspace_members set role = 'staff' where user_id = '{STAFF.id}'",
    ],
    ids=["too old", "taken back", "author gone", "author no admin any more"],
)
def test_an_invitation_ends(salon: Connection, end: str) -> None:
    salon.execute(
        "update public.workspace_members set role = 'admin' where user_id = %s", [STAFF.id]
    )
    token = invite(salon, STAFF.id)
    salon.execute(end.encode())

    with pytest.raises(psycopg.Error) as refused:
        accept(salon, token)

    assert hint_of(refused.value) == "no_such_invitation"
    assert role_of(salon, CUSTOMER) is None


def test_a_new_invitation_takes_the_place_of_the_former_one(salon: Connection) -> None:
    former, token = invite(salon, role="admin"), invite(salon, role="viewer")

    with pytest.raises(psycopg.Error) as refused:
        accept(salon, former)
    accept(salon, token)

    assert hint_of(refused.value) == "no_such_invitation"
    assert role_of(salon, CUSTOMER) == "viewer"


def test_a_token_in_other_hands_is_worth_nothing_and_stays_good(salon: Connection) -> None:
    token = invite(salon)

    with pytest.raises(errors.InsufficientPrivilege) as refused:
        accept(salon, token, OTHER_CUSTOMER)
    accept(salon, token)

    assert hint_of(refused.value) == "other_address"
    assert role_of(salon, OTHER_CUSTOMER) is None
    assert role_of(salon, CUSTOMER) == "staff"


@pytest.mark.parametrize("email", [STAFF.email, f" {STAFF.email.upper()} ", OWNER.email])
def test_members_are_not_invited(salon: Connection, email: str) -> None:
    with pytest.raises(errors.RaiseException) as refused:
        invite(salon, email=email, role="owner")

    assert hint_of(refused.value) == "member_already"


def test_who_has_become_a_member_meanwhile_keeps_their_role(salon: Connection) -> None:
    token = invite(salon, role="owner")
    salon.execute(
        "insert into public.workspace_members (workspace_id, user_id, role)"
        " values (%s, %s, 'viewer')",
        [demo.SALON_ID, CUSTOMER.id],
    )
    accept(salon, token)

    assert role_of(salon, CUSTOMER) == "viewer"


@pytest.mark.parametrize("who", [STAFF.id, VIEWER_ID, CUSTOMER.id, STRANGER.id])
def test_only_admins_invite(salon: Connection, who: UUID) -> None:
    with pytest.raises(errors.InsufficientPrivilege) as refused:
        invite(salon, who)

    assert hint_of(refused.value) == "only_admins"


def test_only_owners_make_owners(salon: Connection) -> None:
    salon.execute(
        "update public.workspace_members set role = 'admin' where user_id = %s", [STAFF.id]
    )
    accept(salon, invite(salon, STAFF.id, role="admin"))

    with pytest.raises(errors.InsufficientPrivilege) as refused:
        invite(salon, STAFF.id, role="owner")

    assert hint_of(refused.value) == "only_owners"
    assert role_of(salon, CUSTOMER) == "admin"


def test_only_owners_replace_and_take_back_what_makes_an_owner(salon: Connection) -> None:
    salon.execute(
        "update public.workspace_members set role = 'admin' where user_id = %s", [STAFF.id]
    )
    take_back = b"delete from public.workspace_invitations"
    invite(salon, role="owner")
    invite(salon, email="somebody@mail.example")

    with pytest.raises(errors.InsufficientPrivilege) as refused:
        invite(salon, STAFF.id, role="viewer")
    with acting(salon, STAFF.id):
        assert salon.execute(take_back).rowcount == 1
        assert salon.execute(OPEN_ONES).fetchall() == [(CUSTOMER.email, "owner")]

    assert hint_of(refused.value) == "only_owners"
    assert accept(salon, invite(salon, role="owner")) == demo.SALON_SLUG
    invite(salon, email="somebody@mail.example", role="owner")
    with acting(salon, OWNER.id):
        assert salon.execute(take_back).rowcount == 1


@pytest.mark.parametrize(
    ("email", "role"), [("nobody", "staff"), ("a b@mail.example", "staff"), ("a@b", "king")]
)
def test_what_makes_no_sense_is_refused(salon: Connection, email: str, role: str) -> None:
    with pytest.raises(errors.CheckViolation):
        invite(salon, email=email, role=role)


def test_nobody_is_flooded_with_invitations(salon: Connection) -> None:
    for number in range(100):
        invite(salon, email=f"{number}@mail.example")

    with pytest.raises(errors.RaiseException) as refused:
        invite(salon)

    assert hint_of(refused.value) == "too_many_invitations"
    assert invite(salon, email="7@mail.example")  # which is no further one


def test_admins_see_invitations_and_take_them_back_and_nobody_reads_a_token(
    salon: Connection,
) -> None:
    invite(salon)
    for other in (STAFF.id, CUSTOMER.id, STRANGER.id):
        with acting(salon, other):
            assert salon.execute(OPEN_ONES).fetchall() == []
            assert salon.execute("delete from public.workspace_invitations").rowcount == 0

    with acting(salon, OWNER.id):
        assert salon.execute(OPEN_ONES).fetchall() == [(CUSTOMER.email, "staff")]
        assert salon.execute("delete from public.workspace_invitations").rowcount == 1
    for column in ("token_hash", "*"):
        query = f"select {column} from public.workspace_invitations".encode()
        with pytest.raises(errors.InsufficientPrivilege), acting(salon, OWNER.id):
            salon.execute(query)


@pytest.mark.parametrize(
    "call", ["select invite_member(null, 'a@b', 'staff')", "select accept_invitation('x')"]
)
def test_visitors_neither_invite_nor_accept(salon: Connection, call: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege), acting(salon, None, "anon"):
        salon.execute(call.encode())
