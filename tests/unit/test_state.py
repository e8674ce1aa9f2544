from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from slotcast import state
from slotcast.errors import StateError

if TYPE_CHECKING:
    from pathlib import Path


def new() -> state.State:
    return state.new(created_at=1_800_000_000, url="http://127.0.0.1:54321", database_port=54322)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    kept = new()

    state.save(tmp_path / "made", kept)

    assert state.load(tmp_path / "made") == kept


def test_nothing_is_known_of_a_directory_where_dev_never_ran(tmp_path: Path) -> None:
    assert state.load(tmp_path) is None
    assert state.load(tmp_path / "missing") is None


def test_only_the_owner_may_read_the_secrets(tmp_path: Path) -> None:
    state.save(tmp_path, new())

    state.save(tmp_path, new())

    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_secrets_are_long_differ_and_are_not_shown() -> None:
    one, other = new(), new()

    for name in ("jwt_secret", "signing_key", "publishable_key", "secret_key", "database_password"):
        secret = getattr(one, name)
        assert len(secret) >= 32
        assert secret != getattr(other, name)
        assert secret not in repr(one)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"created_at": 1}',
        b'{"created_at": "yesterday"}',
    ],
)
def test_a_damaged_file_is_named_with_a_way_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.json").write_bytes(content)

    with pytest.raises(StateError, match=r"state\.json is damaged; restore it, or remove"):
        state.load(tmp_path)


@pytest.mark.parametrize("name", ["jwt_secret", "database_port", "url"])
def test_a_field_that_is_missing_or_of_another_type_is_damage(tmp_path: Path, name: str) -> None:
    state.save(tmp_path, new())
    file = tmp_path / "state.json"
    document = json.loads(file.read_text())

    file.write_text(json.dumps({**document, name: None}))
    with pytest.raises(StateError, match="damaged"):
        state.load(tmp_path)

    del document[name]
    file.write_text(json.dumps(document))
    with pytest.raises(StateError, match="damaged"):
        state.load(tmp_path)


def test_fields_of_later_versions_are_passed_over(tmp_path: Path) -> None:
    kept = new()
    state.save(tmp_path, kept)
    file = tmp_path / "state.json"

    file.write_text(json.dumps({**json.loads(file.read_text()), "later": [1]}))

    assert state.load(tmp_path) == kept


def test_a_file_in_place_of_the_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StateError, match="--directory"):
        state.save(tmp_path / "file", new())
    with pytest.raises(StateError, match="--directory"), state.hold(tmp_path / "file"):
        pass


def test_a_held_directory_names_its_holder_and_refuses_a_second(tmp_path: Path) -> None:
    assert state.holder(tmp_path) is None

    with state.hold(tmp_path):
        assert state.holder(tmp_path) == os.getpid()
        with pytest.raises(StateError, match=f"process {os.getpid()}"), state.hold(tmp_path):
            pass

    assert state.holder(tmp_path) is None
    with state.hold(tmp_path):
        pass


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    program = (
        "import pathlib, signal, sys\n"
        "from slotcast import state\n"
        "with state.hold(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    signal.pause()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert state.holder(tmp_path) == process.pid

        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)

    assert state.holder(tmp_path) is None
