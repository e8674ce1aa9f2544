"""
Every error Slotcast raises on purpose.

::

    SlotcastError
    ├── DecodeError          SLC100  the publisher sent bytes that are not pgoutput
    │   └── TruncatedMessage SLC101
    ├── SpoolError           SLC110  a transaction in progress could not be kept on disk
    ├── SettingsError        SLC200  a setting is unknown or has a bad value
    ├── DatabaseError        SLC300  PostgreSQL is not as it has to be; says what to run
    ├── SlowConsumer         SLC400  a connection did not read fast enough
    ├── ProtocolError        SLC500  a client sent a frame that is not of the protocol
    ├── TokenError           SLC600  a token or API key is not valid
    │   └── ExpiredToken     SLC601
    ├── SubscriptionError    SLC700  a subscription's parameters cannot be served
    ├── ListenError          SLC800  the address to listen on cannot be had
    ├── StateError           SLC900  what `slotcast dev` keeps is damaged or in use
    └── TailError            SLC910  a server sends no changes to `slotcast tail`

Codes are never reused. A message says what happened and what to do about it.
REST has `slotcast.rest.errors.RestError`, whose codes are PostgREST's and PostgreSQL's.
"""

from __future__ import annotations

from typing import ClassVar


class SlotcastError(Exception):
    """The root of all errors."""

    code: ClassVar[str] = "SLC000"


class DecodeError(SlotcastError):
    """The publisher sent bytes that are not pgoutput, or of a version we do not speak."""

    code = "SLC100"


class TruncatedMessage(DecodeError):
    """A pgoutput message ended before its last field."""

    code = "SLC101"


class SpoolError(SlotcastError):
    """A transaction in progress could not be kept on disk; the stream is taken up anew."""

    code = "SLC110"


class SettingsError(SlotcastError):
    """A setting is unknown, missing or has a bad value; the message names it."""

    code = "SLC200"


class DatabaseError(SlotcastError):
    """PostgreSQL is not as the server needs it; the message says what to run."""

    code = "SLC300"


class SlowConsumer(SlotcastError):
    """A connection did not read fast enough, so it is closed."""

    code = "SLC400"
    close_code: ClassVar[int] = 4429


class ProtocolError(SlotcastError):
    """A client sent a frame that is not of the protocol; it is ignored."""

    code = "SLC500"


class TokenError(SlotcastError):
    """
    A token or API key is not valid.

    Attributes:
        reason: The protocol's name for it, such as ``MalformedJWT``, that a join refusal
            begins with.
    """

    code = "SLC600"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class ExpiredToken(TokenError):
    """A token was valid once; its owner needs a new one."""

    code = "SLC601"


class SubscriptionError(SlotcastError):
    """A subscription's parameters cannot be served; the message goes to the client."""

    code = "SLC700"


class ListenError(SlotcastError):
    """The address to listen on cannot be had; the message says how to choose another."""

    code = "SLC800"


class StateError(SlotcastError):
    """What `slotcast dev` keeps is damaged, in use or out of reach; says how to go on."""

    code = "SLC900"


class TailError(SlotcastError):
    """A server cannot be reached or refuses to send changes; says why and how to go on."""

    code = "SLC910"
