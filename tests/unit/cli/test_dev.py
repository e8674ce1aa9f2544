from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
from jwt import get_unverified_header

from slotcast import state
from slotcast.cli import dev, project
from slotcast.errors import StateError
from slotcast.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@pytest.fixture
def taken_port() -> Generator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_keys_are_made_once_and_kept(tmp_path: Path) -> None:
    first, _ = dev.prepare(tmp_path, Settings(), None)
    second, kept = dev.prepare(tmp_path, Settings(), None)

    assert first == second
    assert first.jwt_secret
    assert first.publishable_key
    assert first.secret_key
    assert state.load(tmp_path) == kept


def test_keys_in_the_settings_win(tmp_path: Path) -> None:
    given = Settings(jwks='{"keys": []}', secret_key="sb_secret_mine")

    completed, _ = dev.prepare(tmp_path, given, None)

    assert completed.jwt_secret == ""
    assert completed.secret_key == "sb_secret_mine"
    assert completed.publishable_key.startswith("sb_publishable_")


def test_the_tools_of_development_are_offered_unless_the_user_decided(tmp_path: Path) -> None:
    offered, _ = dev.prepare(tmp_path, Settings(), None)
    decided, _ = dev.prepare(
        tmp_path, Settings(inspector="off", metrics_token="a-token-for-the-metrics-page"), None
    )

    assert (offered.inspector, offered.metrics) == ("on", "open")
    assert (decided.inspector, decided.metrics) == ("off", "token")


def test_accounts_are_offered_where_tokens_can_be_signed(tmp_path: Path) -> None:
    usual, kept = dev.prepare(tmp_path, Settings(), None)
    unsigned, _ = dev.prepare(tmp_path, Settings(jwks='{"keys": []}'), None)
    decided, _ = dev.prepare(
        tmp_path, Settings(auth="off", auth_autoconfirm="off", auth_anonymous="off"), None
    )

    assert (usual.auth, usual.auth_autoconfirm, usual.auth_anonymous) == ("on", "on", "on")
    assert unsigned.auth == "off"
    assert (decided.auth, decided.auth_autoconfirm, decided.auth_anonymous) == ("off",) * 3
    # The key signs users' tokens and nothing else, so that API keys stay what they are.
    keys = project.keyring(usual)
    assert get_unverified_header(keys.issue({"role": "anon"}, expires_in_s=1))["alg"] == "ES256"
    assert get_unverified_header(project.role_key(keys, "anon", kept))["alg"] == "HS256"


def test_the_url_that_was_used_last_is_kept(tmp_path: Path) -> None:
    dev.prepare(tmp_path, Settings(port=6000), None)
    _, kept = dev.prepare(tmp_path, Settings(port=6001), None)

    assert kept.url == "http://127.0.0.1:6001"


def test_port_0_becomes_a_port_that_status_can_tell(tmp_path: Path) -> None:
    given, kept = dev.prepare(tmp_path, Settings(port=0), None)

    assert given.port > 0
    assert kept.url == f"http://127.0.0.1:{given.port}"


def test_another_database_port_is_found_when_the_former_is_taken_and_remembered(
    tmp_path: Path, taken_port: int
) -> None:
    dev.prepare(tmp_path, Settings(), taken_port)

    _, moved = dev.prepare(tmp_path, Settings(), None)
    _, again = dev.prepare(tmp_path, Settings(), None)

    assert moved.database_port not in (0, taken_port)
    assert again.database_port == moved.database_port


def test_a_database_port_that_is_asked_for_is_not_exchanged(
    tmp_path: Path, taken_port: int
) -> None:
    _, kept = dev.prepare(tmp_path, Settings(), taken_port)

    assert kept.database_port == taken_port


def test_a_database_without_its_password_is_told_before_it_is_tried(tmp_path: Path) -> None:
    (tmp_path / "database").mkdir()

    with pytest.raises(StateError, match=r"state\.json are gone; restore that file, or remove"):
        dev.prepare(tmp_path, Settings(), None)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("app.example.com", "http://app.example.com:80"),
    ],
)
def test_the_url_is_one_that_a_client_on_this_machine_can_use(host: str, expected: str) -> None:
    assert dev.public_url(host, 80) == expected


def test_the_welcome_can_be_pasted(tmp_path: Path) -> None:
    directory = tmp_path / "with space"
    kept = state.new(created_at=0, url="http://127.0.0.1:1", database_port=2)

    text = dev.welcome(directory, kept, "postgresql://x")

    assert f"status --directory '{directory}'" in text
    assert os.fspath(directory) in text.splitlines()[-1]
