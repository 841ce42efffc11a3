"""Which passwords may be chosen, and how they are kept and checked."""

import pytest
import trio
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError
from argon2.low_level import Type

from server.access.passwords import NOBODY, BadPassword, Passwords, check_password


def passwords() -> Passwords:
    return Passwords(trio.CapacityLimiter(1), lambda count: bytes(range(count)))


async def test_the_right_password_is_recognised_and_no_other():
    kept = await passwords().hash("correct horse")
    assert await passwords().verify(kept, "correct horse")
    assert not await passwords().verify(kept, "correct horsf")
    assert not await passwords().verify(kept, "")
    assert not await passwords().verify(kept, "correct horse\0")


async def test_hashes_are_argon2id_of_19_mebibytes_and_two_passes():
    parameters = extract_parameters(await passwords().hash("correct horse"))
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19_456, 2, 1)


async def test_an_unknown_user_is_checked_against_a_hash_of_the_same_cost():
    assert extract_parameters(NOBODY) == extract_parameters(await passwords().hash("correct horse"))
    assert not await passwords().verify(None, "correct horse")


async def test_each_hash_has_its_own_salt():
    dice = iter((bytes(16), bytes([1] * 16)))
    hashing = Passwords(trio.CapacityLimiter(1), lambda _: next(dice))
    assert await hashing.hash("correct horse") != await hashing.hash("correct horse")


@pytest.mark.parametrize("password", ["x" * 1_025, "correct horse\ud800"])
async def test_what_can_not_be_a_password_is_a_wrong_one(password: str):
    kept = await passwords().hash("correct horse")
    assert not await passwords().verify(kept, password)
    assert not await passwords().verify(None, password)


async def test_what_is_too_long_is_not_even_hashed():
    long = "x" * 1_025
    assert not await passwords().verify(PasswordHasher().hash(long), long)


async def test_a_broken_hash_is_told_from_a_wrong_password():
    with pytest.raises(InvalidHashError):
        await passwords().verify("no hash", "correct horse")


@pytest.mark.parametrize("password", ["12345678", "žluťoučký", "🐎" * 8, "x" * 1_024, "\0" * 8])
def test_eight_characters_to_1024_bytes_may_be_chosen(password: str):
    check_password(password)


@pytest.mark.parametrize(
    ("password", "details"),
    [
        ("", {"min_length": 8}),
        ("1234567", {"min_length": 8}),
        ("🐎" * 7, {"min_length": 8}),
        ("x" * 1_025, {"max_bytes": 1_024}),
        ("🐎" * 257, {"max_bytes": 1_024}),
        ("correct\udfff horse", {}),
    ],
)
async def test_others_are_refused_with_field_and_limit(password: str, details: dict[str, int]):
    with pytest.raises(BadPassword) as refused:
        check_password(password, "new_password")
    assert (refused.value.field, refused.value.details) == ("new_password", details)
    with pytest.raises(BadPassword):
        await passwords().hash(password)
