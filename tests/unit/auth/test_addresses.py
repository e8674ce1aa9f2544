from __future__ import annotations

import pytest

from slotcast.auth import addresses
from slotcast.auth.errors import AuthError


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("ann@mail.example", "ann@mail.example"),
        ("Ann.O'Neil+x@Mail.Example", "ann.o'neil+x@mail.example"),
        ("a@localhost", "a@localhost"),
        ("x" * 242 + "@mail.example", "x" * 242 + "@mail.example"),
    ],
)
def test_an_address_is_stored_in_lower_case(given: str, stored: str) -> None:
    assert addresses.normalised(given) == stored


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ann",
        "@mail.example",
        "ann@",
        "ann@mail..example",
        "ann@-mail.example",
        "ann@mail.example.",
        "a b@mail.example",
        " ann@mail.example",
        "ann@mail.example\n",
        "ann@mail.example\r\nbcc: all@mail.example",
        '"ann"@mail.example',
        "ann@mail.example@mail.example",
        "änn@mail.example",
        "ann@mail.\N{KELVIN SIGN}elvin",
        "x" * 243 + "@mail.example",
    ],
)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(AuthError) as refused:
        addresses.normalised(given)

    assert (refused.value.status, refused.value.error_code) == (400, "validation_failed")
