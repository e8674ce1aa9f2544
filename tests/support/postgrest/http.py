"""Requests over one kept connection, and answers byte for byte."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMEOUT_S: Final = 30.0

_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; names of *headers* are in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


class Client:
    """Asks one server, over one connection as long as that lasts."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._prefix = parts.path.rstrip("/")
        self._connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=TIMEOUT_S
        )

    def close(self) -> None:
        self._connection.close()

    def send(
        self,
        method: str,
        path: str,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Answer:
        """
        Ask for *path*; its characters beyond ASCII are encoded, and a slash begins it.

        A kept connection that the server has closed meanwhile is opened anew.
        """
        try:
            return self._send(method, path, headers, body)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self._connection.close()
            return self._send(method, path, headers, body)

    def _send(
        self, method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> Answer:
        names = {name.lower() for name, _ in headers}
        self._connection.putrequest(
            method,
            f"{self._prefix}/{_encoded(path.removeprefix('/'))}",
            skip_host="host" in names,
            skip_accept_encoding=True,
        )
        for name, value in headers:
            self._connection.putheader(name, value.encode())
        if "content-length" not in names and (body or method in _WITH_BODY):
            self._connection.putheader("Content-Length", str(len(body)))
        self._connection.endheaders(body or None)
        response = self._connection.getresponse()
        content = response.read()
        return Answer(
            response.status,
            tuple(
                (name.lower(), value.encode("latin-1").decode(errors="replace"))
                for name, value in response.getheaders()
            ),
            content,
        )


def _encoded(path: str) -> str:
    return "".join(
        one
        if "!" <= one <= "~" and one != "#"
        else "".join(f"%{byte:02X}" for byte in one.encode())
        for one in path
    )
