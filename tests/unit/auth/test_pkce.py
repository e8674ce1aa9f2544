from __future__ import annotations

import pytest

from slotcast.auth.endpoints import Body
from slotcast.auth.errors import AuthError
from slotcast.auth.pkce import Challenge, ChallengeMethod, read_challenge

# From RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_challenge_is_met_by_the_verifier_it_was_made_of() -> None:
    hashed = Challenge(method=ChallengeMethod.S256, value=CHALLENGE)
    plain = Challenge(method=ChallengeMethod.PLAIN, value=VERIFIER)

    assert hashed.is_met_by(VERIFIER)
    assert plain.is_met_by(VERIFIER)
    assert not hashed.is_met_by(CHALLENGE)
    assert not plain.is_met_by(CHALLENGE)
    assert not hashed.is_met_by("ä")
    assert not plain.is_met_by("")


@pytest.mark.parametrize("method", ["s256", "S256"])
def test_a_challenge_is_read_whatever_the_case_of_its_method(method: str) -> None:
    body = Body({"code_challenge": CHALLENGE, "code_challenge_method": method})

    assert read_challenge(body) == Challenge(method=ChallengeMethod.S256, value=CHALLENGE)


@pytest.mark.parametrize(
    "members", [{}, {"code_challenge": None, "code_challenge_method": None}, {"code_challenge": ""}]
)
def test_a_flow_without_a_challenge_goes_without(members: dict[str, None]) -> None:
    assert read_challenge(Body(members)) is None


@pytest.mark.parametrize(
    ("challenge", "method", "message"),
    [
        (CHALLENGE, "", "PKCE flow requires"),
        ("", "s256", "PKCE flow requires"),
        (CHALLENGE, "md5", "must be s256 or plain"),
        (CHALLENGE[:42], "s256", "between 43 and 128"),
        ("a" * 129, "plain", "between 43 and 128"),
        (CHALLENGE + "+", "s256", "between 43 and 128"),
        (CHALLENGE + "\n", "s256", "between 43 and 128"),
    ],
)
def test_half_or_malformed_challenges_are_refused(
    challenge: str, method: str, message: str
) -> None:
    with pytest.raises(AuthError, match=message) as refused:
        read_challenge(Body({"code_challenge": challenge, "code_challenge_method": method}))

    assert refused.value.status == 400
    assert refused.value.error_code == "validation_failed"
