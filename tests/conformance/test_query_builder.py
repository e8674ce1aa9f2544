"""
Every method of the official clients' query builders, against the real server.

What is tried stands in `support.library`, as lists of chains. Results are compared with what SQL
gives, or with what one can read off `data/library.sql`. The last test finds the methods that no
chain calls, so that a new version of a client is noticed.

The Python client is the asynchronous one; the other one's builders are generated from its.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest
import pytest_asyncio

from support.library.calls import CALLS
from support.library.embeds import EMBEDS
from support.library.filters import FILTERS, JS_FILTERS, PY_FILTERS
from support.library.people import BY_PEOPLE, JS_BY_PEOPLE, PEOPLE, PY_BY_PEOPLE
from support.library.reads import JS_READS, PY_READS, READS
from support.library.writes import JS_WRITES, PY_WRITES, WRITES
from support.missing import give_up
from support.postgres import migrated_template, temporary_database, unique_name
from support.query_builders import KINDS, Chain, query_clients
from support.server import SECRET_KEY, serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from slotcast.postgres.embedded import Cluster
    from support.library.nouns import Case, Filter
    from support.query_builders import Outcome, QueryClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIBRARY: Final = Path(__file__).parent / "data" / "library.sql"

SERVER: Final = {
    "rest_schemas": "public, archive",
    "rest_plans": "on",
    "rest_aggregates": "on",
    "rest_tx_end": "commit-allow-override",
}


ALIKE: Final = [*READS, *EMBEDS, *CALLS, *WRITES, *BY_PEOPLE]
CASES: Final = {
    "javascript": [*ALIKE, *JS_READS, *JS_WRITES, *JS_BY_PEOPLE],
    "python": [*ALIKE, *PY_READS, *PY_WRITES, *PY_BY_PEOPLE],
}
FILTER_CASES: Final = {
    "javascript": [*FILTERS, *JS_FILTERS],
    "python": [*FILTERS, *PY_FILTERS],
}

UNCALLED: Final = {
    "javascript": {
        "PostgrestBuilder.processResponse": "private",
        "PostgrestClient.decorateFetch": "protected",
        "PostgrestError.toJSON": "of an error, not of a builder",
        "PostgrestQueryBuilder.cloneRequestState": "private",
    },
    "python": {
        "AsyncPostgrestClient.aclose": "ends the client; sends nothing",
        "AsyncPostgrestClient.from_table": "deprecated: from_ by another name, and a warning",
        "BasePostgrestClient.auth": "changes the client: each of PEOPLE with a token calls it",
    },
}
"""Methods that no chain calls, each with the reason."""


IS_POSTGIS_THERE: Final = "select from pg_available_extensions where name = 'postgis'"

PLACES_ON_EARTH: Final = """
create extension postgis;
create table places (id integer primary key, position geometry);
insert into places values (1, 'POINT(10 50)'), (2, 'POINT(-3.5 40.25)');
grant select on places to service_role;
"""


@dataclass(frozen=True, slots=True)
class Library:
    """The server's clients, and its database."""

    clients: Mapping[str, QueryClient]
    connection: psycopg.Connection

    def value(self, statement: str) -> object:
        """Run SQL, which gives one value, as the superuser."""
        found = self.connection.execute(statement.encode()).fetchone()
        assert found is not None
        return found[0]

    def refill(self) -> None:
        """Put back what tests write."""
        self.connection.execute("call refill()")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def library(cluster: Cluster) -> AsyncGenerator[Library]:
    slot = unique_name("slot")
    with (
        temporary_database(cluster, migrated_template(cluster)) as database,
        psycopg.connect(database.url, autocommit=True) as connection,
    ):
        connection.execute(LIBRARY.read_bytes())
        async with serving(database.url, slot, **SERVER) as url, query_clients() as clients:
            for client in clients.values():
                for name, (key, bearer) in PEOPLE.items():
                    await client.connect(name, url, key, bearer)
            yield Library(clients, connection)


def parameters(cases: Mapping[str, list[Any]]) -> list[Any]:
    """Name and give each client's cases."""
    return [
        pytest.param(kind, case, id=f"{kind}-{getattr(case, 'by', 'service')}-{case.name}")
        for kind, of_kind in cases.items()
        for case in of_kind
    ]


@pytest.mark.parametrize(("kind", "case"), parameters(FILTER_CASES))
async def test_a_filter_finds_the_rows_that_sql_finds(
    library: Library, kind: str, case: Filter
) -> None:
    outcome = await library.clients[kind].run("service", case.chain.order("id"))

    expected = library.value(
        f"select jsonb_agg(jsonb_build_object('id', id) order by id) from books where {case.where}"
    )
    assert outcome.error is None
    assert outcome.data == expected
    assert 0 < len(outcome.data) < 6  # or any filter at all would do


@pytest.mark.parametrize(("kind", "case"), parameters(CASES))
async def test_a_chain_gives_what_it_has_to(library: Library, kind: str, case: Case) -> None:
    library.refill()

    outcome = await library.clients[kind].run(case.by, case.chain)

    if case.error:
        assert errors_of(outcome, case) == case.error, outcome
    else:
        assert outcome.error is None
        assert case.shown(outcome.data) == case.data
    assert outcome.count == case.count
    assert outcome.thrown == case.thrown
    if case.status is not None and kind == "javascript":
        assert outcome.status == case.status
    if case.after is not None:
        statement, value = case.after
        assert library.value(statement) == value


def errors_of(outcome: Outcome, case: Case) -> dict[str, object]:
    """Give those members of an outcome's error that *case* tells of."""
    error = outcome.error or {}
    return {member: error.get(member) for member in case.error}


@pytest.mark.parametrize("cluster", ["system"], indirect=True)
async def test_geojson_has_the_geometry_of_each_row(cluster: Cluster, slot_name: str) -> None:
    chain = Chain().from_("places").select("id, position").order("id").geojson()
    with temporary_database(cluster, migrated_template(cluster)) as database:
        with psycopg.connect(database.url, autocommit=True) as connection:
            if connection.execute(IS_POSTGIS_THERE).fetchone() is None:
                give_up("PostGIS is not installed: apt-get install postgresql-15-postgis-3")
            connection.execute(PLACES_ON_EARTH)
        async with serving(database.url, slot_name) as url, query_clients() as clients:
            await clients["javascript"].connect("service", url, SECRET_KEY, None)
            outcome = await clients["javascript"].run("service", chain)

    assert outcome.error is None
    assert outcome.data["type"] == "FeatureCollection"
    assert [
        (feature["geometry"]["coordinates"], feature["properties"])
        for feature in outcome.data["features"]
    ] == [([10.0, 50.0], {"id": 1}), ([-3.5, 40.25], {"id": 2})]


@pytest.mark.parametrize("kind", KINDS)
async def test_every_method_of_the_builders_is_called(library: Library, kind: str) -> None:
    chains = [case.chain for case in (*CASES[kind], *FILTER_CASES[kind])]

    found = await library.clients[kind].survey("service", chains)

    assert found.methods - found.called == set(UNCALLED[kind])
