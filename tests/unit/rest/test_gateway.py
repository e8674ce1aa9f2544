"""The API key in the URL, where programs put it that cannot send headers."""

from __future__ import annotations

import pytest

from slotcast.rest.gateway import Gateway, KeyRefused
from slotcast.rest.request.reading import HttpRequest
from slotcast.tokens import Keyring

KEY = "sb_publishable_of_the_test"
KEYRING = Keyring(secret="a-secret-that-is-longer-than-32-bytes", publishable_key=KEY)


def request(query: bytes, *headers: tuple[str, str]) -> HttpRequest:
    return HttpRequest(method="GET", path="/things", query=query, headers=headers)


@pytest.mark.parametrize(
    ("query", "left"),
    [
        (b"apikey=" + KEY.encode(), b""),
        (b"id=eq.1&apikey=" + KEY.encode(), b"id=eq.1"),
        (b"apikey=" + KEY.encode() + b"&id=eq.1&apikey=other", b"id=eq.1"),
        (b"apikey=sb%5Fpublishable_of_the_test&select=a%26b", b"select=a%26b"),
    ],
)
def test_a_key_in_the_url_counts_and_is_no_filter(query: bytes, left: bytes) -> None:
    gateway = Gateway(KEYRING, is_key_needed=True)

    found = gateway.with_key_of_url(request(query))

    assert found.query == left
    assert found.header("apikey") == KEY
    assert gateway.identify(found, 0.0).role == "anon"


def test_a_header_wins_over_the_url() -> None:
    gateway = Gateway(KEYRING, is_key_needed=True)

    found = gateway.with_key_of_url(request(b"apikey=wrong", ("apikey", KEY)))

    assert found.query == b""
    assert found.header("apikey") == KEY
    with pytest.raises(KeyRefused):
        gateway.identify(gateway.with_key_of_url(request(b"apikey=wrong")), 0.0)


@pytest.mark.parametrize("query", [b"", b"id=eq.1", b"xapikey=eq.1", b"note=eq.apikey=1"])
def test_what_only_looks_like_a_key_stays(query: bytes) -> None:
    http = request(query)

    assert Gateway(KEYRING, is_key_needed=True).with_key_of_url(http) is http


def test_without_keys_it_is_a_column_like_any_other() -> None:
    http = request(b"apikey=eq.1")

    assert Gateway(KEYRING, is_key_needed=False).with_key_of_url(http) is http
