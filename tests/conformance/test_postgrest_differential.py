"""
The server beside PostgREST 12.0.2: the same random reads, the same answers.

`SLOTCAST_DIFFERENTIAL_READS` says how many are asked (400 by default), and
`SLOTCAST_DIFFERENTIAL_SEED` which come first.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from typing import TYPE_CHECKING, Final

import psycopg
import pytest

from support.postgres import temporary_database
from support.postgrest.fixtures import CONFORMANCE
from support.postgrest.http import Client
from support.postgrest.original import need_original, original
from support.postgrest.ours import serving_cases
from support.postgrest.reads import random_read
from support.server import SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from slotcast.postgres.embedded import Cluster
    from support.postgrest.http import Answer
    from support.postgrest.reads import Read

READS: Final = int(os.environ.get("SLOTCAST_DIFFERENTIAL_READS", "400"))
SEED: Final = int(os.environ.get("SLOTCAST_DIFFERENTIAL_SEED", "1"))

CSV: Final = "text/csv; charset=utf-8"

THEIRS: Final = {
    "db-schemas": "shop",
    "db-anon-role": "shop_reader",
    "db-aggregates-enabled": "true",
}
OURS: Final = {
    "jwt_secret": SECRET,
    "rest_schemas": "shop",
    "rest_anon_role": "shop_reader",
    "rest_max_rows": 0,
    "rest_aggregates": "on",
}


@pytest.mark.parametrize("cluster", ["system"], indirect=True)
async def test_random_reads_are_answered_like_the_original_does(
    cluster: Cluster, tmp_path: Path
) -> None:
    need_original()
    with temporary_database(cluster) as database:
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute((CONFORMANCE / "differential.sql").read_bytes())
        async with (
            original(database.url, tmp_path, THEIRS) as theirs,
            serving_cases(database.url, OURS) as ours,
        ):
            answered, differences = await asyncio.to_thread(compare, ours, theirs)

    assert differences == []
    assert answered > 0.6 * READS


def compare(ours: str, theirs: str) -> tuple[int, list[str]]:
    """Ask both servers; count the reads that both could answer, and tell what differed."""
    our_client, their_client = Client(ours), Client(theirs)
    answered = 0
    differences: list[str] = []
    for number in range(SEED, SEED + READS):
        read = random_read(random.Random(number))
        our_answer = our_client.send(read.method, read.path, read.headers)
        their_answer = their_client.send(read.method, read.path, read.headers)
        answered += our_answer.status < 300
        difference = difference_between(our_answer, their_answer)
        if difference and not is_deliberate(read, our_answer, their_answer):
            differences.append(f"{number}: {read}: {difference}")
    our_client.close()
    their_client.close()
    return answered, differences


def difference_between(ours: Answer, theirs: Answer) -> str | None:
    """Say what differs of status, body and Content-Range; None if nothing does."""
    if ours.status != theirs.status:
        return f"status {ours.status} {ours.body!r} instead of {theirs.status} {theirs.body!r}"
    if ours.body != theirs.body and parsed(ours) != parsed(theirs):
        return f"body {ours.body!r} instead of {theirs.body!r}"
    mine, other = ours.header("content-range"), theirs.header("content-range")
    return None if mine == other or ours.status >= 400 else f"{mine} instead of {other}"


def parsed(answer: Answer) -> object:
    """Read JSON; the white space between rows is nobody's business."""
    if "json" in (answer.header("content-type") or "") and answer.body:
        found: object = json.loads(answer.body)
        return found
    return answer.body


def code(answer: Answer) -> str:
    """Give the code of an error; empty if there is no body."""
    if answer.status < 400 or not answer.body:
        return ""
    found: str = json.loads(answer.body)["code"]
    return found


def lines(answer: Answer) -> bytes:
    """Give all but the first line."""
    return answer.body.partition(b"\n")[2]


def message(answer: Answer) -> str:
    """Give the message of an error."""
    found: str = json.loads(answer.body)["message"]
    return found


def is_deliberate(read: Read, ours: Answer, theirs: Answer) -> bool:
    """Whether ours is the answer of later versions, or better on purpose."""
    if code(ours) == code(theirs) == "PGRST116":
        # Version 13 words the message anew.
        return ours.status == theirs.status
    is_csv = ours.header("content-type") == theirs.header("content-type") == CSV
    if is_csv and read.path.startswith("/rpc/"):
        # The header of the original's CSV has a function's columns in another order than its
        # lines have them.
        return lines(ours) == lines(theirs)
    if (ours.status, theirs.status) == (406, 415):
        # Version 13 answers with the status that HTTP has for it.
        return code(ours) == code(theirs)
    if theirs.status == 400 and read.path.startswith("/rpc/") and code(theirs) in _UNSELECTED:
        # The original cannot filter or order the rows of a function by what is not selected.
        return True
    if code(theirs) == "42846":
        # It takes a column of another embed for the row that a computed relationship is of.
        return "cannot cast type jsonb to" in message(theirs)
    # PostgreSQL names the first of several missing columns, and hints at others by aliases of
    # the statement: both depend on the order of its joins.
    return code(ours) == code(theirs) == "42703"


_UNSELECTED: Final = frozenset({"42703", "42846", ""})
"""Codes for columns that are not there; HEAD has none."""
