from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import argon2
import bcrypt
import pytest

from slotcast.auth import passwords
from slotcast.auth.errors import AuthError
from slotcast.auth.passwords import Passwords

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = pytest.mark.usefixtures("costly_passwords")

CHEAP = bcrypt.gensalt(4)
TIMEOUT_S = 20.0


@pytest.fixture
def hasher() -> Generator[Passwords]:
    made = Passwords(workers=1, queue_limit=2)
    yield made
    made.close()


def reasons(password: str, characters: str = "any", min_length: int = 6) -> list[str]:
    return [
        reason
        for reason, _ in passwords.weaknesses(
            password, min_length=min_length, characters=characters
        )
    ]


async def test_what_was_hashed_is_verified_and_nothing_else(hasher: Passwords) -> None:
    hashed = await hasher.hash("correct horse")

    assert hashed.startswith("$2b$10$")
    assert await hasher.verify("correct horse", hashed)
    assert not await hasher.verify("correct horsf", hashed)
    assert not await hasher.verify("", hashed)


@pytest.mark.parametrize("prefix", [b"2a", b"2b", b"2y"])
async def test_hashes_of_seeds_are_verified_at_any_cost(hasher: Passwords, prefix: bytes) -> None:
    hashed = bcrypt.hashpw(b"p\xc3\xa4ss", CHEAP).replace(b"$2b$", b"$" + prefix + b"$").decode()

    assert await hasher.verify("päss", hashed)
    assert not await hasher.verify("pass", hashed)


@pytest.mark.parametrize("kind", [argon2.Type.I, argon2.Type.ID])
async def test_argon2_is_verified(hasher: Passwords, kind: argon2.Type) -> None:
    hashed = argon2.PasswordHasher(time_cost=1, memory_cost=64, type=kind).hash("secret")

    assert await hasher.verify("secret", hashed)
    assert not await hasher.verify("other", hashed)


@pytest.mark.parametrize(
    "hashed",
    ["", "x", "$2b$", "$2b$10$short", "$argon2id$", "$argon2id$v=19$m=1,t=1,p=1$x$y", "$fbscrypt$"],
)
async def test_nothing_fits_what_is_no_hash(hasher: Passwords, hashed: str) -> None:
    assert not await hasher.verify("", hashed)
    assert not await hasher.verify("anything", hashed)


async def test_a_longer_password_is_not_taken_for_its_beginning(hasher: Passwords) -> None:
    hashed = bcrypt.hashpw(b"x" * 72, CHEAP).decode()

    assert await hasher.verify("x" * 72, hashed)
    assert not await hasher.verify("x" * 73, hashed)


async def test_a_null_character_is_only_a_character(hasher: Passwords) -> None:
    hashed = bcrypt.hashpw(b"secret\x00one", CHEAP).decode()

    assert not await hasher.verify("secret\x00two", hashed)


async def test_who_comes_when_the_queue_is_full_is_told_to_come_later(hasher: Passwords) -> None:
    waiting = [asyncio.ensure_future(hasher.hash("secret")) for _ in range(3)]
    await asyncio.sleep(0)

    with pytest.raises(AuthError) as refused:
        await hasher.hash("secret")
    done = await asyncio.wait_for(asyncio.gather(*waiting), TIMEOUT_S)

    assert len(set(done)) == 3
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "5"})
    assert await hasher.verify("secret", bcrypt.hashpw(b"secret", CHEAP).decode())


async def test_the_loop_goes_on_while_passwords_are_hashed(hasher: Passwords) -> None:
    hashing = asyncio.ensure_future(hasher.hash("secret"))
    turns = 0
    while not hashing.done():
        turns += 1
        await asyncio.sleep(0)

    assert turns > 100
    assert await hashing


def test_closing_twice_does_no_harm() -> None:
    made = Passwords(workers=1, queue_limit=1)

    made.close()
    made.close()


def test_a_password_is_weak_for_its_length_or_its_characters() -> None:
    assert reasons("secret") == []
    assert reasons("short") == ["length"]
    assert reasons("sécret") == []
    assert reasons("secret", "letters_digits") == ["characters"]
    assert reasons("s3cret", "letters_digits") == []
    assert reasons("s3cret", "lower_upper_letters_digits") == ["characters"]
    assert reasons("S3cret", "lower_upper_letters_digits") == []
    assert reasons("S3cret", "lower_upper_letters_digits_symbols") == ["characters"]
    assert reasons("S3cr3t!", "lower_upper_letters_digits_symbols") == []
    assert reasons("S", "lower_upper_letters_digits", min_length=8) == ["length", "characters"]


def test_a_weak_password_is_answered_with_all_reasons() -> None:
    found = passwords.weaknesses("S", min_length=8, characters="letters_digits")

    error = passwords.weak_password(found)

    assert error.status == 422
    assert error.body("2024-01-01") == {
        "code": "weak_password",
        "message": (
            "Password should be at least 8 characters. Password should contain at least one"
            " character of each: abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ, 0123456789."
        ),
        "weak_password": {"reasons": ["length", "characters"]},
    }


def test_the_length_in_bytes_counts() -> None:
    passwords.check_length("x" * 72)

    for too_long in ("x" * 73, "ä" * 37):
        with pytest.raises(AuthError) as refused:
            passwords.check_length(too_long)
        assert refused.value.message == "Password cannot be longer than 72 characters"
