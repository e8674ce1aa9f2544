from __future__ import annotations

import json

import pytest

from slotcast import cli
from slotcast.cli import tail

CHANGE = {
    "type": "UPDATE",
    "schema": "public",
    "table": "visits",
    "commit_timestamp": "2026-11-22T08:53:22.704Z",
    "record": {"id": 1, "note": "né", "n": 2},
    "old_record": {"id": 1, "note": "né", "n": 1},
    "errors": None,
}


def test_a_line_says_when_what_where_and_what_was_before() -> None:
    assert tail.line(CHANGE) == (
        '2026-11-22T08:53:22.704Z UPDATE public.visits {"id":1,"note":"né","n":2} was {"n":1}'
    )


def test_a_line_of_an_insert_has_no_before() -> None:
    change = {name: value for name, value in CHANGE.items() if name != "old_record"}

    assert tail.line(change | {"type": "INSERT"}).endswith(
        'INSERT public.visits {"id":1,"note":"né","n":2}'
    )


def test_a_line_of_a_delete_shows_what_is_known_of_the_row() -> None:
    change = {name: value for name, value in CHANGE.items() if name != "record"}

    shown = tail.line(change | {"type": "DELETE", "old_record": {"id": 1}})

    assert shown.endswith('DELETE public.visits {"id":1}')


def test_a_line_tells_the_errors_that_came_with_a_change() -> None:
    shown = tail.line(CHANGE | {"errors": ["Error 413: Payload Too Large"]})

    assert shown.endswith(" (Error 413: Payload Too Large)")


def test_json_output_is_one_line_that_holds_everything() -> None:
    shown = tail.SHOWN["json"](CHANGE)

    assert "\n" not in shown
    assert json.loads(shown) == CHANGE


def test_a_url_of_another_protocol_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tail", "visits", "--url", "ws://127.0.0.1", "--apikey", "k"]) == 1

    assert "must begin with http:// or https://" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:54321", "ws://127.0.0.1:54321/realtime/v1/websocket?"),
        ("https://db.example.com/", "wss://db.example.com/realtime/v1/websocket?"),
    ],
)
def test_the_websocket_is_beside_the_http_api(url: str, expected: str) -> None:
    request = tail.Request(
        url=url, apikey="k", token=None, schema="public", table="t", event="*", filter=None
    )

    assert request.websocket_url.startswith(expected)
