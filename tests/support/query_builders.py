"""
The query builders of the official clients, driven by the same chains of calls.

A `Chain` is written as the Python client is used, and can be run by both clients: for JavaScript
names become ``camelCase``, and keywords the options at the end, as JavaScript calls them.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import httpx
import postgrest
from postgrest import APIError, APIResponse
from postgrest._async import client as python_client
from postgrest._async import request_builder as python_builders
from supabase import AsyncClientOptions, acreate_client

from support.official import NODE, TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping

    from supabase import AsyncClient

KINDS: Final = ("javascript", "python")

_JAVASCRIPT_OPTIONS: Final = {
    "foreign_table": "referencedTable",
    "reference_table": "referencedTable",
    "nullsfirst": "nullsFirst",
}
"""Options whose name is another one there, by the Python client's."""

_DRIVER: Final = Path(__file__).parents[1] / "conformance" / "js" / "query_builder.mjs"


@dataclass(frozen=True, slots=True)
class Call:
    """A method and what it is given; *is_property* if it is not called at all."""

    name: str
    args: tuple[object, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict[str, object])
    is_property: bool = True


@dataclass(frozen=True)
class Chain:
    """Calls on a client, recorded: any attribute is a method of a builder, or a property."""

    calls: tuple[Call, ...] = ()

    def __getattr__(self, name: str) -> Chain:
        if name.startswith("__"):
            raise AttributeError(name)
        return Chain((*self.calls, Call(name)))

    def __call__(self, *args: object, **options: object) -> Chain:
        *before, last = self.calls
        return Chain((*before, Call(last.name, args, options, is_property=False)))

    def in_javascript(self) -> list[tuple[str, list[object]]]:
        """Give methods and arguments as `@supabase/supabase-js` takes them."""
        return [
            (_camel_case(call.name), [*call.args, *([_options(call)] if call.options else [])])
            for call in self.calls
        ]


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What a chain gave.

    Attributes:
        data: What the client gave as such.
        count: How many rows there are in all, if that was asked for.
        error: Its message, code, details and hint; None if there was none.
        status: As HTTP has it; None from the Python client, which does not tell.
        thrown: The name of what the client threw; None if it threw nothing.
    """

    data: Any = None
    count: int | None = None
    error: Mapping[str, Any] | None = None
    status: int | None = None
    thrown: str | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """Public methods as ``Class.method``: those that there are, and those that were called."""

    methods: frozenset[str]
    called: frozenset[str]


class QueryClient(Protocol):
    """A client with a name for each of those as whom it acts."""

    async def connect(self, name: str, url: str, key: str, token: str | None) -> None:
        """Act as *name* with an API key, and with a user's token if there is one."""
        ...

    async def run(self, name: str, chain: Chain) -> Outcome:
        """Run *chain* as *name*."""
        ...

    async def survey(self, name: str, chains: Iterable[Chain]) -> Survey:
        """Find the builders' methods, and which of them *chains* call; nothing is compared."""
        ...


class JavaScriptQueryClient:
    """Clients of @supabase/supabase-js in one Node process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout

    async def connect(self, name: str, url: str, key: str, token: str | None) -> None:
        await self._ask("connect", name, url=url, key=key, token=token)

    async def run(self, name: str, chain: Chain) -> Outcome:
        return Outcome(**await self._ask("run", name, calls=chain.in_javascript()))

    async def survey(self, name: str, chains: Iterable[Chain]) -> Survey:
        calls = [chain.in_javascript() for chain in chains]
        found = await self._ask("survey", name, chains=calls)
        return Survey(frozenset(found["methods"]), frozenset(found["called"]))

    async def close(self) -> None:
        """End the process."""
        self._stdin.close()
        await asyncio.wait_for(self._process.wait(), TIMEOUT_S)

    async def _ask(self, request: str, client: str, **given: object) -> dict[str, Any]:
        line = json.dumps({"request": request, "client": client, **given})
        self._stdin.write(line.encode() + b"\n")
        answer = await asyncio.wait_for(self._stdout.readline(), TIMEOUT_S)
        assert answer, "the driver ended"
        found: dict[str, Any] = json.loads(answer)
        return found


class PythonQueryClient:
    """Clients of the package `supabase`."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._clients: dict[str, AsyncClient] = {}

    async def connect(self, name: str, url: str, key: str, token: str | None) -> None:
        options = AsyncClientOptions(httpx_client=self._http)
        client = self._clients[name] = await acreate_client(url, key, options)
        if token is not None:
            client.postgrest.auth(token)

    async def run(self, name: str, chain: Chain) -> Outcome:
        try:
            answer = await self._build(name, chain).execute()
        except APIError as error:
            return Outcome(error=error.json())
        if isinstance(answer, APIResponse):
            found = cast("Any", answer)  # it holds any JSON
            return Outcome(found.data, found.count)
        return Outcome(answer)

    async def survey(self, name: str, chains: Iterable[Chain]) -> Survey:
        called: set[str] = set()
        for chain in chains:
            builder = self._build(name, chain, called)
            called.add(_owned(builder, "execute"))
        return Survey(frozenset(_methods(_python_classes())), frozenset(called))

    def _build(self, name: str, chain: Chain, called: set[str] | None = None) -> Any:
        builder: Any = self._clients[name]
        for call in chain.calls:
            if called is not None:
                called.add(_owned(builder, call.name))
            found = getattr(builder, call.name)
            builder = found if call.is_property else found(*call.args, **call.options)
        return builder


@asynccontextmanager
async def query_clients() -> AsyncGenerator[Mapping[str, QueryClient]]:
    """Give the clients by their kind, one of `KINDS`."""
    process = await asyncio.create_subprocess_exec(
        NODE,
        _DRIVER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    javascript = JavaScriptQueryClient(process)
    try:
        async with httpx.AsyncClient() as http:
            yield {"javascript": javascript, "python": PythonQueryClient(http)}
    finally:
        await javascript.close()


def _camel_case(name: str) -> str:
    first, *others = name.rstrip("_").split("_")
    return first + "".join(map(str.capitalize, others))


def _options(call: Call) -> dict[str, object]:
    return dict(_option(name, value) for name, value in call.options.items())


def _option(name: str, value: object) -> tuple[str, object]:
    if name == "desc":
        return "ascending", not value
    return _JAVASCRIPT_OPTIONS.get(name) or _camel_case(name), value


def _python_classes() -> set[type]:
    """Give the client, the builders and all that they inherit from."""
    found = [
        member
        for module in (python_client, python_builders)
        for _, member in inspect.getmembers(module, inspect.isclass)
        if member.__name__.endswith(("Builder", "PostgrestClient"))
    ]
    return {base for each in found for base in each.__mro__ if _is_of_library(base)}


def _is_of_library(found: type) -> bool:
    return found.__module__.partition(".")[0] == postgrest.__name__


def _methods(classes: Iterable[type]) -> set[str]:
    return {
        f"{owner.__name__}.{name}"
        for owner in classes
        for name in vars(owner)
        if not name.startswith("_")
    }


def _owned(builder: object, name: str) -> str:
    """Name the class that *builder* has a method of."""
    owner = next(each for each in type(builder).__mro__ if name in vars(each))
    return f"{owner.__name__}.{name}"
