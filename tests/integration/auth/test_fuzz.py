"""Whatever anybody sends to any endpoint, it is never the server that fails."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import defaultdict
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from slotcast.auth.endpoints import Access
from slotcast.transports.auth import ENDPOINTS, AuthApi
from slotcast.transports.http import application
from support.accounts import EMAIL, PASSWORD, accounts
from support.server import ANON_KEY, SECRET_KEY

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from slotcast.auth.endpoints import Endpoint
    from support.accounts import Accounts
    from support.postgres import Database

UNLIMITED: Final = dict.fromkeys(
    (
        "auth_requests_per_5_min",
        "auth_tokens_per_5_min",
        "auth_verifications_per_5_min",
        "auth_anonymous_per_h",
        "auth_attempts_per_10_min",
        "auth_mails_per_h",
    ),
    0,
)
EXAMPLES: Final = 15
"""Requests to each endpoint."""
NOBODY: Final = "00000000-0000-0000-0000-000000000000"
CHALLENGE: Final = "x" * 43

# Far more is refused than accepted, so what is likely to be accepted is likely to be drawn.
GOOD: Final[dict[str, list[Any]]] = {
    "email": [EMAIL, EMAIL.upper(), "bob@mail.example"],
    "password": [PASSWORD, "battery staple"],
    "phone": ["", "+1 555 0100"],
    "data": [{}, {"name": "Ann"}],
    "type": ["signup", "invite", "magiclink", "recovery", "email_change", "email"],
    "token": ["123456"],
    "token_hash": ["pkce_" + "0" * 56],
    "refresh_token": ["AAAA"],
    "code_challenge": [CHALLENGE],
    "code_challenge_method": ["s256", "plain"],
    "auth_code": [NOBODY],
    "code_verifier": [CHALLENGE],
    "create_user": [True, False],
    "nonce": ["123456"],
    "current_password": [PASSWORD],
    "new_email": ["carl@mail.example"],
    "user_metadata": [{"name": "Ann"}],
    "app_metadata": [{"plan": "pro"}],
    "role": ["authenticated"],
    "aud": ["authenticated"],
    "id": [NOBODY],
    "ban_duration": ["24h", "none", "-1h", "9999999h"],
    "email_confirm": [True],
    "password_hash": ["$2b$10$JQ.IED7Y.wkZcfWrs9KkJuw09yQMZj8Nquh7NJKP.ybhj2M4ppq/W"],
    "should_soft_delete": [True, False],
    "redirect_to": ["http://127.0.0.1:54321/x", "//evil.example"],
}
QUERY: Final[dict[str, list[str]]] = {
    "grant_type": ["password", "refresh_token", "pkce"],
    "scope": ["global", "local", "others"],
    "page": ["1", "0", "99999999999999999999", "-1"],
    "per_page": ["10", "0", "99999999999999999999"],
    "filter": ["ann", "%", "\\"],
    "sort": ["created_at desc", "created_at asc"],
    "type": ["signup", "recovery"],
    "token": ["x"],
    "redirect_to": ["http://127.0.0.1:54321/x"],
    "provider": ["github"],
}
TEXT: Final = st.text(st.characters(codec="utf-8"), max_size=40)
SCALAR: Final = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
JSON: Final = SCALAR | st.dictionaries(TEXT, SCALAR, max_size=3) | st.lists(SCALAR, max_size=3)
BODIES: Final = (
    st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(good) for name, good in GOOD.items()}
    ).map(json.dumps)
    | st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(good) | JSON for name, good in GOOD.items()}
    ).map(json.dumps)
    | JSON.map(json.dumps)
).map(str.encode) | st.binary(max_size=40)
QUERIES: Final = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(good) | TEXT for name, good in QUERY.items()}
)
HEADERS: Final = st.fixed_dictionaries(
    {},
    optional={
        "x-supabase-api-version": st.sampled_from(["2024-01-01", "x"]),
        "x-jwt-aud": st.sampled_from(["authenticated", "other"]),
        "user-agent": st.sampled_from(["x" * 3000, "\x7f\xff".encode("latin-1")]),
        "redirect_to": st.just("http://evil.example"),
        "referer": st.just("http://evil.example/x?y#z"),
    },
)


class Background:
    """Runs coroutines on a loop in a thread of its own, for tests that are not coroutines."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Fuzzed:
    """Accounts with a user who is there again whenever a request has removed them."""

    def __init__(self, served: Accounts, http: httpx.AsyncClient) -> None:
        self._served = served
        self._http = http
        self._session: dict[str, Any] = {}

    async def request(
        self, endpoint: Endpoint, who: str, place: str, content: bytes, **given: Any
    ) -> int:
        """Send a request as somebody, and give its status."""
        session = await self._signed_in()
        tokens = {"user": session["access_token"], "admin": SECRET_KEY, "anon": ANON_KEY}
        headers = {"apikey": ANON_KEY, **given["headers"]}
        if who:
            headers["authorization"] = f"Bearer {tokens.get(who, who)}"
        path = endpoint.path
        for name in ("user_id", "identity_id", "factor_id"):
            path = path.replace(f"{{{name}}}", session["user"]["id"] if place == "own" else place)
        body = content.replace(b'"AAAA"', json.dumps(session["refresh_token"]).encode())
        answer = await self._http.request(
            endpoint.method, f"/auth/v1{path}", params=given["query"], content=body, headers=headers
        )
        return answer.status_code

    async def _signed_in(self) -> dict[str, Any]:
        """Give a session that is alive, of a user with a password that is known."""
        if not self._session or (await self._served.user(self._session)).status != 200:
            await self._served.rows("delete from auth.users")
            self._session = await self._served.sign_up()
        return self._session


@contextmanager
def fuzzed(url: str) -> Generator[tuple[Fuzzed, Background]]:
    background = Background()
    stack = AsyncExitStack()

    async def start() -> Fuzzed:
        served = await stack.enter_async_context(
            accounts(url, **UNLIMITED, auth_mail_interval_s=0.0, auth_manual_linking="on")
        )
        app = application(AuthApi(served.service).routes())
        # A handler that fails raises here, with its own traceback.
        transport = httpx.ASGITransport(app)
        http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        await stack.enter_async_context(http)
        return Fuzzed(served, http)

    try:
        yield background.run(start()), background
    finally:
        background.run(stack.aclose())
        background.stop()


def test_no_request_makes_the_server_fail(shared_database: Database) -> None:
    answered: defaultdict[str, set[int]] = defaultdict(set)

    with fuzzed(shared_database.url) as (users, background):

        def try_out(endpoint: Endpoint) -> None:
            @settings(max_examples=EXAMPLES, deadline=None, database=None)
            @given(
                who=st.sampled_from(["user", "user", "admin", "admin", "", "anon", "x", "a.b.c"]),
                place=st.sampled_from(["own", "own", NOBODY, "x", "%00", "%C3%28"]),
                content=BODIES,
                query=QUERIES,
                headers=HEADERS,
            )
            def request(who: str, place: str, content: bytes, **given: Any) -> None:
                status = background.run(users.request(endpoint, who, place, content, **given))
                answered[f"{endpoint.method} {endpoint.path}"].add(status)
                assert status < 500

            request()

        for endpoint in ENDPOINTS:
            try_out(endpoint)

    served = {name for name, statuses in answered.items() if statuses & {200, 204, 303}}
    # Not all was refused at the door.
    assert served & {"POST /signup", "POST /recover", "POST /otp"}
    assert served & {"GET /user", "PUT /user", "POST /logout"}
    assert served & {f"{e.method} {e.path}" for e in ENDPOINTS if e.access is Access.ADMIN}
