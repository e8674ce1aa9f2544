from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotcast.auth.redirects import Redirects, read_patterns, with_fragment, with_query
from slotcast.errors import SettingsError

SITE = "https://salon.example.com/app"


def is_allowed(url: str, *patterns: str, site: str = SITE) -> bool:
    return Redirects(patterns).choose(site, [url]) == url and url != site


@pytest.mark.parametrize(
    "url",
    [
        "https://salon.example.com",
        "https://salon.example.com/reset?x=1#y",
        "https://salon.example.com:443/",
        "https://SALON.example.com/",
    ],
)
def test_links_may_lead_anywhere_in_the_app(url: str) -> None:
    assert is_allowed(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/reset",
        "//evil.example",
        "http://salon.example.com",
        "https://salon.example.com:8443/",
        "https://evil.example/",
        "https://salon.example.com.evil.example/",
        "https://salon.example.com@evil.example/",
        "https://evil.example@salon.example.com/",
        "https://evil.example\\@salon.example.com/",
        "https://evil.example\\.salon.example.com/",
        "https://salon.example.com\n.evil.example/",
        " https://salon.example.com/",
        "https://salon.example.com:99999999/",
        "https://[salon.example.com/",
        "javascript:alert(1)",
        "javascript://salon.example.com/%0aalert(1)",
        "data:text/html,x",
        "https://salon.example.com/" + "x" * 4000,
    ],
)
def test_links_lead_nowhere_else(url: str) -> None:
    assert not is_allowed(url)
    assert Redirects([]).choose(SITE, [url]) == SITE


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        ("https://a.example.org/x", "https://a.example.org/x"),
        ("https://a.example.org/x#fragment", "https://a.example.org/x"),
        ("https://a.example.org", "https://a.example.org"),
        ("https://a.example.org", "https://a.example.org/"),
        ("https://pr-7.example.org/", "https://*.example.org/"),
        ("https://a.b.example.org/x", "https://**.example.org/*"),
        ("https://a.example.org/x/y.html?z=1", "https://a.example.org/**"),
        ("https://a.example.org/x/y", "https://a.example.org**"),
        ("myapp://callback", "myapp://**"),
        ("myapp://callback/path", "myapp://callback/*"),
        ("com.example.app:/callback", "com.example.app:/callback"),
        ("https://a1.example.org/", "https://a[0-9].example.org/"),
        ("https://ab.example.org/", "https://a[!0-9].example.org/"),
        ("https://b.example.org/", "https://{a,b}.example.org/"),
        ("https://x.example.org/", "https://?.example.org/"),
        ("http://localhost:5173/x", "http://localhost:*/**"),
        ("http://127.0.0.1:5173/x", "http://127.0.0.1:*/**"),
        ("http://[::1]:5173/x", "**"),
    ],
)
def test_patterns_allow_what_they_describe(url: str, pattern: str) -> None:
    assert is_allowed(url, pattern)


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        ("https://a.b.example.org/", "https://*.example.org/"),
        ("https://a.example.org/x/y", "https://a.example.org/*"),
        ("https://a.example.org/xy", "https://a.example.org/x"),
        ("https://evil.example/?.example.org/", "https://*.example.org/"),
        ("https://evil?.example.org/", "https://*.example.org/"),
        ("https://evil.example/x.example.org/", "https://**.example.org/"),
        ("https://evil.example?x.example.org/", "https://**.example.org/**"),
        ("https://a5.example.org/", "https://a[!0-9].example.org/"),
        ("https://axexample.org/", "https://a.example.org/"),
        ("http://192.0.2.7/", "**"),
        ("http://[2001:db8::1]/", "**"),
        ("http://3221225991/", "**"),
        ("http://0xc0.0x00.0x02.0x07/", "**"),
        ("http://192.0.2.7./", "**"),
        ("javascript:alert(1)", "**"),
        ("https://user@a.example.org/", "**"),
        ("myapp2://callback", "myapp://**"),
    ],
)
def test_patterns_allow_nothing_else(url: str, pattern: str) -> None:
    assert not is_allowed(url, pattern)


@pytest.mark.parametrize("site", ["http://localhost:54321", "http://127.0.0.1:54321"])
def test_on_this_machine_every_name_and_port_is_the_app(site: str) -> None:
    assert is_allowed("http://localhost:5173/x", site=site)
    assert is_allowed("http://127.0.0.1:5173/x", site=site)
    assert is_allowed("http://[::1]:5173/x", site=site)
    assert not is_allowed("http://127.0.0.2:5173/x", site=site)
    assert not is_allowed("http://localhost.example.com:5173/x", site=site)
    assert not is_allowed("http://localhost:5173/x", site=SITE)


def test_the_first_allowed_wish_counts() -> None:
    redirects = Redirects(["https://a.example.org/**"])

    assert redirects.choose(SITE, ["https://evil.example/", "https://a.example.org/x"]) == (
        "https://a.example.org/x"
    )


@given(
    host=st.sampled_from(["evil.example", "salon.example.com.evil.example", "evil"]),
    before=st.text(st.sampled_from("/\\@:?#%.x\t\n"), max_size=6),
    after=st.text(st.sampled_from("/\\@:?#%.x\t\n"), max_size=6),
)
def test_no_spelling_leads_to_another_host(host: str, before: str, after: str) -> None:
    redirects = Redirects(["https://*.example.com/**"])

    chosen = redirects.choose(SITE, [f"https:{before}{host}{after}salon.example.com/"])

    assert (urlsplit(chosen).hostname or "").endswith(".example.com")
    assert "evil" not in (urlsplit(chosen).hostname or "")


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ("", []),
        (" , ", []),
        ("a://x", ["a://x"]),
        ("a://x, b://**,", ["a://x", "b://**"]),
        ("https://{a,b}.example.com,c://{d,e}/f", ["https://{a,b}.example.com", "c://{d,e}/f"]),
    ],
)
def test_a_list_is_taken_apart_at_commas_but_for_alternatives(
    text: str, patterns: list[str]
) -> None:
    assert read_patterns(text) == patterns


@pytest.mark.parametrize("pattern", ["https://[a", "https://{a,b", "https://a/[]"])
def test_a_malformed_pattern_is_refused_at_once(pattern: str) -> None:
    with pytest.raises(SettingsError, match="auth_uri_allow_list"):
        Redirects([pattern])


@pytest.mark.parametrize("site", ["", "salon.example.com", "/app"])
def test_the_site_has_to_be_an_absolute_url(site: str) -> None:
    with pytest.raises(SettingsError, match="auth_site_url"):
        Redirects([]).choose(site, [])


def test_parameters_are_added_where_they_belong() -> None:
    assert with_query("https://a.example/x?y=1&code=old#z", {"code": "new"}) == (
        "https://a.example/x?y=1&code=new#z"
    )
    assert with_fragment(
        "https://a.example/x?y=1#z", {"type": "recovery", "access_token": "a b"}
    ) == ("https://a.example/x?y=1#access_token=a+b&type=recovery")
    assert with_query("myapp://callback", {"code": "c"}) == "myapp://callback?code=c"
