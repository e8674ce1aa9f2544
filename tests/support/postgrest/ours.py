"""Our REST dialect alone, at the root of a server, as PostgREST's cases configure theirs."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from slotcast.settings import Settings
from slotcast.tokens import Keyring
from support.rest import serving_rest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

_SECRET: Final = "reallyreallyreallyreallyverysafe"

_JWK: Final = (
    '{"alg":"RS256","e":"AQAB","key_ops":["verify"],"kty":"RSA","use":"sig","n":"0etQ2Tg187jb04MW'
    "fpuogYGV75IFrQQBxQaGH75eq_FpbkyoLcEpRUEWSbECP2eeFya2yZ9vIO5ScD-lPmovePk4Aa4SzZ8jdjhmAbNykleR"
    "PCxMg0481kz6PQhnHRUv3nF5WP479CnObJKqTVdEagVL66oxnX9VhZG9IZA7k0Th5PfKQwrKGyUeTGczpOjaPqbxlunP"
    "73j9AfnAt4XCS8epa-n3WGz1j-wfpr_ys57Aq-zBCfqP67UYzNpeI1AoXsJhD9xSDOzvJgFRvc3vm2wjAW4LEMwi48rC"
    'plamOpZToIHEPIaPzpveYQwDnB1HFTR1ove9bpKJsHmi-e2uzQ"}'
)

_BASE: Final[Mapping[str, object]] = {
    "jwt_secret": _SECRET,
    "rest_schemas": "test",
    "rest_extra_search_path": "",
    "rest_anon_role": "postgrest_test_anonymous",
    "rest_pre_request": "test.switch_role",
    "rest_tx_end": "rollback-allow-override",
    "rest_max_rows": 0,
    "rest_app_settings": (
        "app.settings.app_host=localhost, app.settings.external_api_secret=0123456789abcdef"
    ),
}

CONFIGURATIONS: Final[Mapping[str, Mapping[str, object]]] = {
    "base": _BASE,
    "maxrows": {**_BASE, "rest_max_rows": 2},
    "unicode": {**_BASE, "rest_schemas": "تست"},
    "noanon": {**_BASE, "rest_anon_role": ""},
    "aud": {**_BASE, "rest_jwt_audience": "youraudience"},
    "jwk": {**_BASE, "jwt_secret": "", "jwks": f'{{"keys":[{_JWK}]}}'},
    "searchpath": {**_BASE, "rest_extra_search_path": 'public, extensions, EXTRA "@/\\#~_-'},
    "multischema": {**_BASE, "rest_schemas": 'v1, v2, SPECIAL "@/\\#~_-'},
    "aggregates": {**_BASE, "rest_aggregates": "on"},
    "headers": {**_BASE, "rest_pre_request": "custom_headers"},
}
"""Settings for each group of cases."""


@asynccontextmanager
async def serving_cases(url: str, options: Mapping[str, object]) -> AsyncGenerator[str]:
    """Serve REST for the database at *url* as *options* say; gives the server's URL."""
    chosen: dict[str, object] = {
        "database_url": url,
        "port": 0,
        "rest_api_key_check": "off",
        **options,
    }
    settings = Settings(**chosen)  # pyright: ignore[reportArgumentType] - checked by Settings itself
    keyring = Keyring(secret=settings.jwt_secret, jwks=settings.jwks)
    async with serving_rest(settings, keyring) as at:
        yield at
