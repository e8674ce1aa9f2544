"""Errors of PostgreSQL, and what clients are sent."""

from __future__ import annotations

import json

import pytest

from slotcast.rest.errors import ErrorBody, RestError
from slotcast.rest.response.failures import failure, response_to


@pytest.mark.parametrize(
    ("sqlstate", "status"),
    [
        ("08006", 503),
        ("09000", 500),
        ("0LP01", 403),
        ("0P000", 403),
        ("21000", 500),
        ("22P02", 400),
        ("22023", 400),
        ("23502", 400),
        ("23503", 409),
        ("23505", 409),
        ("23514", 400),
        ("23P01", 400),
        ("25006", 405),
        ("25P02", 500),
        ("28P01", 403),
        ("2D000", 500),
        ("38000", 500),
        ("39000", 500),
        ("3B000", 500),
        ("40001", 500),
        ("42501", 403),
        ("42703", 400),
        ("42883", 404),
        ("42P01", 404),
        ("42P10", 400),
        ("42P17", 500),
        ("53300", 503),
        ("53400", 500),
        ("54001", 500),
        ("55P03", 500),
        ("57014", 500),
        ("57P01", 503),
        ("58000", 500),
        ("F0000", 500),
        ("HV000", 500),
        ("P0001", 400),
        ("P0002", 500),
        ("XX000", 500),
    ],
)
def test_every_class_of_errors_has_a_status(sqlstate: str, status: int) -> None:
    error = failure(sqlstate, "message", "detail", "hint", is_anonymous=False)

    assert error.status == status
    assert error.body == ErrorBody(sqlstate, "message", "detail", "hint")
    assert error.headers == ()


def test_who_has_not_said_who_it_is_is_asked_to() -> None:
    error = failure("42501", "permission denied", None, None, is_anonymous=True)

    assert error.status == 401
    assert error.headers == (("WWW-Authenticate", "Bearer"),)


@pytest.mark.parametrize(
    ("sqlstate", "message", "status"),
    [
        ("21000", "UPDATE requires a WHERE clause", 400),
        ("22023", 'role "nobody" does not exist', 401),
        ("42883", "function xmlagg(integer) does not exist", 406),
        ("PT402", "Payment Required", 402),
        ("PTabc", "what", 500),
        ("PT099", "what", 500),
    ],
)
def test_some_errors_say_more(sqlstate: str, message: str, status: int) -> None:
    assert failure(sqlstate, message, None, None, is_anonymous=False).status == status


def test_a_function_can_choose_the_status_and_its_reason() -> None:
    error = failure("PT402", "Payment Required", "detail", "hint", is_anonymous=False)

    assert error.reason == "Payment Required"
    assert error.body == ErrorBody("PT402", "Payment Required", "detail", "hint")


def test_a_function_can_describe_the_whole_response() -> None:
    error = failure(
        "PGRST",
        '{"code": "123", "message": "ABC", "details": "DEF", "hint": "XYZ"}',
        '{"status": 332, "status_text": "My Status", "headers": {"X-Header": "str"}}',
        None,
        is_anonymous=False,
    )

    assert error.status == 332
    assert error.reason == "My Status"
    assert error.headers == (("X-Header", "str"),)
    assert error.body == ErrorBody("123", "ABC", "DEF", "XYZ")


@pytest.mark.parametrize(
    ("message", "detail", "details"),
    [
        ("INVALID", "{}", "Invalid JSON value for MESSAGE: 'INVALID'"),
        ('{"code": 1}', "{}", "Invalid JSON value for MESSAGE: '{\"code\": 1}'"),
        (
            '{"code": "1", "message": "m"}',
            None,
            "DETAIL is missing in the RAISE statement",
        ),
        (
            '{"code": "1", "message": "m"}',
            "INVALID",
            "Invalid JSON value for DETAIL: 'INVALID'",
        ),
        (
            '{"code": "1", "message": "m"}',
            '{"status": 1, "headers": {}}',
            'Invalid JSON value for DETAIL: \'{"status": 1, "headers": {}}\'',
        ),
        (
            '{"code": "1", "message": "m"}',
            '{"status": 400, "headers": {"X": "a\\r\\nSet-Cookie: b"}}',
            (
                'Invalid JSON value for DETAIL: \'{"status": 400, "headers":'
                ' {"X": "a\\r\\nSet-Cookie: b"}}\''
            ),
        ),
    ],
)
def test_a_bad_description_is_told(message: str, detail: str | None, details: str) -> None:
    error = failure("PGRST", message, detail, None, is_anonymous=False)

    assert error.status == 500
    assert error.body.code == "PGRST121"
    assert error.body.details == details


def test_an_error_is_sent_as_json() -> None:
    error = RestError(416, ErrorBody("PGRST103", "mé"), headers=(("X", "y"),), reason="r")

    response = response_to(error)

    assert json.loads(response.body) == {
        "code": "PGRST103",
        "message": "mé",
        "details": None,
        "hint": None,
    }
    assert response.status == 416
    assert response.reason == "r"
    assert response.headers == (
        ("Content-Type", "application/json; charset=utf-8"),
        ("Content-Length", str(len(response.body))),
        ("Proxy-Status", "PostgREST; error=PGRST103"),
        ("X", "y"),
    )


def test_head_has_the_header_fields_of_the_body_only() -> None:
    error = RestError(400, ErrorBody("x", "y"))

    response = response_to(error, has_body=False)

    assert response.body == b""
    assert response.headers == response_to(error).headers


def test_a_code_cannot_bring_header_fields_along() -> None:
    response = response_to(RestError(400, ErrorBody("a\r\nSet-Cookie: b", "m")))

    assert ("Proxy-Status", "PostgREST; error=aSet-Cookieb") in response.headers
