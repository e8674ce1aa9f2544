"""
Where links in mails may lead: to the app itself, and to what the operator allows besides.

Without this list anybody could have a mail sent in the app's name whose link hands the
session over to a page of theirs.

A pattern is a glob over the whole URL without its fragment: ``?`` and ``*`` stand for one and
for any number of characters other than ``.`` and ``/``, ``**`` for any characters, ``[abc]``
and ``[!abc]`` for one of a set, ``{a,b}`` for either. In the host, ``**`` stays within the host.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from slotcast.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_URL_LIMIT_CHARACTERS: Final = 2048
_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS: Final = {"http": 80, "https": 443}
_SCRIPTS: Final = frozenset({"javascript", "data", "vbscript", "file", "blob", "about"})
_AMBIGUOUS: Final = re.compile(r"[\x00-\x20\x7f\\]")
"""What browsers drop from URLs or read as something else."""
_NUMERIC_HOST: Final = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)(\.(0[xX][0-9a-fA-F]*|[0-9]+))*\.?")
"""What browsers take for an IPv4 address, in any of its notations."""
_SEPARATOR: Final = re.compile(r",(?![^{}]*\})")
_IN_HOST: Final = "[^/?#]*"
_WILDCARDS: Final = {"*": "[^./]*", "?": "[^./]"}


class Redirects:
    """
    Decides where links may lead.

    Args:
        patterns: What is allowed besides the app.

    Raises:
        SettingsError: A pattern is malformed.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple(_compile(pattern) for pattern in patterns)

    def choose(self, site_url: str, wanted: Sequence[str]) -> str:
        """
        Give the first of *wanted* that is allowed, else the site's URL.

        Args:
            site_url: Where the app is.
            wanted: What the request asks for, and where it came from; may be anything.

        Raises:
            SettingsError: The site's URL is none.
        """
        site = _split(site_url)
        if site is None or not site.hostname:
            raise SettingsError(f"auth_site_url is {site_url!r}; it must be an absolute URL")
        return next((url for url in wanted if self._is_allowed(site, url)), site_url)

    def _is_allowed(self, site: SplitResult, url: str) -> bool:
        parts = _split(url)
        if parts is None or parts.scheme in _SCRIPTS:
            return False
        if _is_site(site, parts):
            return True
        if _is_remote_address(parts.hostname or ""):
            return False
        compared = _comparable(url, parts)
        return any(
            pattern.fullmatch(form) is not None for pattern in self._patterns for form in compared
        )


def read_patterns(text: str) -> list[str]:
    """Take a list apart at its commas, but for those between braces."""
    patterns = (pattern.strip() for pattern in _SEPARATOR.split(text))
    return [pattern for pattern in patterns if pattern]


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    """Add *parameters* to the query of *url*; those of the same names are replaced."""
    parts = urlsplit(url)
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name not in parameters
    ]
    return urlunsplit(parts._replace(query=urlencode([*kept, *parameters.items()])))


def with_fragment(url: str, parameters: Mapping[str, str]) -> str:
    """Put *parameters*, in alphabetical order, in the place of the fragment of *url*."""
    return urlunsplit(urlsplit(url)._replace(fragment=urlencode(sorted(parameters.items()))))


def _split(url: str) -> SplitResult | None:
    """Take *url* apart; None if it is not absolute, or not understood the same by everybody."""
    if not url or len(url) > _URL_LIMIT_CHARACTERS or _AMBIGUOUS.search(url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    # Whoever reads https://site@elsewhere should not have to know which of the two counts.
    if not parts.scheme or "@" in parts.netloc:
        return None
    # Browsers read https:elsewhere as https://elsewhere.
    if parts.scheme in _PORTS and not parts.hostname:
        return None
    return parts


def _is_site(site: SplitResult, parts: SplitResult) -> bool:
    """Tell whether *parts* are of the app; on this machine it may have any name and port."""
    if parts.scheme != site.scheme:
        return False
    if site.hostname in _LOCAL_NAMES:
        return parts.hostname in _LOCAL_NAMES
    return (parts.hostname, _port(parts)) == (site.hostname, _port(site))


def _comparable(url: str, parts: SplitResult) -> tuple[str, ...]:
    """
    Give *url* without its fragment, and with the slash that a bare host is short of.

    With a query after the host, only with the slash: a pattern's ``*`` that stands in the
    host must not reach into the query.
    """
    plain = url.partition("#")[0]
    if parts.path or not parts.netloc:
        return (plain,)
    before, question_mark, query = plain.partition("?")
    rooted = f"{before}/{question_mark}{query}"
    return (rooted,) if question_mark else (plain, rooted)


def _port(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)


def _is_remote_address(host: str) -> bool:
    """Tell whether *host* is an IP address other than this machine's own."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return _NUMERIC_HOST.fullmatch(host) is not None


def _compile(pattern: str) -> re.Pattern[str]:
    """
    Translate a glob.

    Raises:
        SettingsError: It is malformed.
    """
    scheme, separator, rest = pattern.partition("://")
    host, slash, path = rest.partition("/")
    # At its very end ** stands for whatever follows the host, too.
    ends_open = not slash and host.endswith("**")
    if ends_open:
        host, path = host.removesuffix("**"), "**"
    try:
        if not separator:
            return re.compile(_translate(pattern, across=".*"))
        return re.compile(
            _translate(scheme, across=_IN_HOST)
            + "://"
            + _translate(host, across=_IN_HOST)
            + slash
            + _translate(path, across=".*")
        )
    except (re.error, ValueError):
        raise SettingsError(f"auth_uri_allow_list holds {pattern!r}, which is malformed") from None


def _translate(glob: str, *, across: str) -> str:
    """
    Translate a part of a glob.

    Args:
        glob: The part.
        across: What ``**`` stands for.

    Raises:
        ValueError: A set or an alternative is not closed.
    """
    made: list[str] = []
    depth = 0
    for piece in _pieces(glob):
        if piece == "**":
            made.append(across)
        elif piece in _WILDCARDS:
            made.append(_WILDCARDS[piece])
        elif len(piece) > 1:
            made.append(_set(piece) if piece[0] == "[" else re.escape(piece[1]))
        elif piece == "{" or (depth and piece in "},"):
            made.append({"{": "(?:", "}": ")", ",": "|"}[piece])
            depth += {"{": 1, "}": -1, ",": 0}[piece]
        else:
            made.append(re.escape(piece))
    if depth:
        raise ValueError("an alternative is not closed")
    return "".join(made)


def _pieces(glob: str) -> Iterator[str]:
    """
    Take a glob apart: ``**``, a set with its brackets, an escape, or a character each.

    Raises:
        ValueError: A set is not closed.
    """
    position = 0
    while position < len(glob):
        length = 1
        if glob.startswith(("**", "\\"), position):
            length = len(glob[position : position + 2])
        elif glob[position] == "[":
            length = glob.index("]", position + 2) + 1 - position
        yield glob[position : position + length]
        position += length


def _set(piece: str) -> str:
    """Translate a set; its ranges mean the same in regular expressions."""
    is_negated = piece.startswith("[!")
    characters = re.sub(r"([\\^\[])", r"\\\1", piece[2:-1] if is_negated else piece[1:-1])
    return f"[^{characters}]" if is_negated else f"[{characters}]"
