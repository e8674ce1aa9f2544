"""
What `slotcast dev` makes once and keeps: secrets, keys and ports.

They are in `state.json` in the directory of `slotcast dev`, which only its owner may read.
Beside it is `lock`, which a running `slotcast dev` holds, so that a second one on the same
directory is told so; the operating system lets it go however the process ends.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import secrets
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO, cast, get_type_hints
from uuid import uuid4

from joserfc.jwk import ECKey

from slotcast.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Generator

    from joserfc.jwk import KeyParameters

_STATE_FILE: Final = "state.json"
_LOCK_FILE: Final = "lock"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """
    What one directory's `slotcast dev` is known by.

    Attributes:
        created_at: When it was made, in seconds since the epoch; keys that are JWTs count
            from here, so that they stay the same.
        jwt_secret: Signs API keys and tokens for testing (HS256).
        signing_key: Signs the tokens of users (ES256); a private JWK, as JSON.
        publishable_key: Opaque API key of the role `anon`.
        secret_key: Opaque API key of the role `service_role`.
        database_password: Of the embedded cluster's superuser.
        url: Where the server was when it last ran, such as ``http://127.0.0.1:54321``.
        database_port: TCP port of the embedded cluster when it last ran.
    """

    created_at: int
    jwt_secret: str = dataclasses.field(repr=False)
    signing_key: str = dataclasses.field(repr=False)
    publishable_key: str = dataclasses.field(repr=False)
    secret_key: str = dataclasses.field(repr=False)
    database_password: str = dataclasses.field(repr=False)
    url: str
    database_port: int


_TYPES: Final = get_type_hints(State)


def new(*, created_at: int, url: str, database_port: int) -> State:
    """Make a state with secrets of its own: 256 bits for tokens, 192 for each key."""
    return State(
        created_at=created_at,
        jwt_secret=secrets.token_urlsafe(32),
        signing_key=_new_signing_key(),
        publishable_key=f"sb_publishable_{secrets.token_urlsafe(24)}",
        secret_key=f"sb_secret_{secrets.token_urlsafe(24)}",
        database_password=secrets.token_urlsafe(24),
        url=url,
        database_port=database_port,
    )


def _new_signing_key() -> str:
    parameters: KeyParameters = {
        "kid": str(uuid4()),
        "alg": "ES256",
        "use": "sig",
        "key_ops": ["sign", "verify"],
    }
    return json.dumps(ECKey.generate_key("P-256", parameters).as_dict(private=True))


def load(directory: Path) -> State | None:
    """
    Read the state in *directory*; None when `slotcast dev` has never run there.

    Raises:
        StateError: It cannot be read or is damaged.
    """
    file = directory / _STATE_FILE
    try:
        document = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"cannot read {file}: {error.strerror}; is it another user's?") from error
    except ValueError:
        raise _damaged(file) from None
    return _checked(file, document)


def save(directory: Path, state: State) -> None:
    """
    Keep *state* in *directory*, which is made when it is missing.

    The file is replaced as a whole: a reader, or a crash, sees the old one or the new one.

    Raises:
        StateError: The directory cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # NamedTemporaryFile makes files that only their owner may read.
        with tempfile.NamedTemporaryFile("w", dir=directory, delete=False) as file:
            json.dump(dataclasses.asdict(state), file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(directory / _STATE_FILE)
    except OSError as error:
        raise _unwritable(directory, error) from error


@contextmanager
def hold(directory: Path) -> Generator[None]:
    """
    Have *directory* for this process alone.

    Raises:
        StateError: Another process holds it, or it cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = (directory / _LOCK_FILE).open("a+", encoding="ascii")
    except OSError as error:
        raise _unwritable(directory, error) from error
    with file:
        if not _try_lock(file, fcntl.LOCK_EX):
            raise StateError(
                f"slotcast dev already runs in {directory} (process {_process_id(file)}); stop it,"
                " or name another directory with --directory"
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def holder(directory: Path) -> int | None:
    """Give the id of the process that holds *directory*, or None when none does."""
    try:
        file = (directory / _LOCK_FILE).open(encoding="ascii")
    except OSError:
        return None
    with file:
        return None if _try_lock(file, fcntl.LOCK_SH) else _process_id(file)


def _try_lock(file: TextIO, kind: int) -> bool:
    """Lock *file* until it is closed, without waiting; tell whether that went well."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _process_id(file: TextIO) -> int:
    """Read the id that the holder wrote; 0 in the instant before it has written it."""
    file.seek(0)
    text = file.read()
    return int(text) if text.isdecimal() else 0


def _checked(file: Path, document: Any) -> State:  # noqa: ANN401 - parsed JSON
    """Make a state of the content of *file*; fields of later versions are passed over."""
    if not isinstance(document, dict):
        raise _damaged(file)
    values = cast("dict[str, Any]", document)
    if any(type(values.get(name)) is not kind for name, kind in _TYPES.items()):
        raise _damaged(file)
    return State(**{name: values[name] for name in _TYPES})


def _damaged(file: Path) -> StateError:
    return StateError(
        f"{file} is damaged; restore it, or remove {file.parent} to begin anew without the data"
        " and keys in it"
    )


def _unwritable(directory: Path, error: OSError) -> StateError:
    return StateError(
        f"cannot write to {directory}: {error.strerror}; name another directory with --directory"
    )
