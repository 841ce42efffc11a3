"""A fact is read as it was written, also by a newer Triptych, and never carries a text."""

from typing import Any

import msgspec
import pytest

from storage.facts import (
    FACTS,
    Fact,
    Followed,
    PostLiked,
    PostPublished,
    Registered,
    Text,
    UnknownFact,
    decode_fact,
    encode_fact,
    with_texts,
)
from tests.storage.making import NAUGHTY, random_history


class Waved(Fact, frozen=True, array_like=True):
    """A fact of this test, in its second version: version 0 knew no `hands`, version 1 one hand."""

    version = 2
    account: int
    hands: int
    greeting: Text

    def concerns(self) -> tuple[int, ...]:
        return (self.account,)


WAVED: dict[str, type[Fact]] = {"Waved": Waved}


def written_by(version: int, *fields: Any) -> bytes:
    return msgspec.msgpack.encode(("Waved", version, fields))


def add_one_hand(fields: list[Any]) -> list[Any]:
    return [fields[0], 1, *fields[1:]]


def count_double(fields: list[Any]) -> list[Any]:
    return [fields[0], fields[1] * 2, *fields[2:]]


def test_every_fact_of_a_history_is_read_as_it_was_written() -> None:
    kinds: set[type[Fact]] = set()
    for entry in random_history(seed=3, steps=300).entries:
        texts = {text.id: text.value for text in entry.fact.texts() if text.value is not None}
        assert with_texts(decode_fact(encode_fact(entry.fact)), texts) == entry.fact
        kinds.add(type(entry.fact))
    assert kinds == set(FACTS.values())


def test_an_encoded_fact_holds_ids_and_no_text() -> None:
    fact = Registered(7, Text(1, "ann"), Text(2, "secret"), Text(3, "a@example.org"), None)
    encoded = encode_fact(fact)
    assert not any(word in encoded for word in (b"ann", b"secret", b"example"))
    read = decode_fact(encoded)
    assert isinstance(read, Registered)
    assert read.username == Text(1, None)


def test_an_erased_text_stays_none_and_the_others_come_back() -> None:
    fact = PostPublished(1, 2, Text(3, NAUGHTY), ())
    assert with_texts(decode_fact(encode_fact(fact)), {3: NAUGHTY}) == fact
    assert with_texts(fact, {}) == PostPublished(1, 2, Text(3, None), ())


def test_a_fact_of_version_0_is_upgraded_step_by_step() -> None:
    steps = {("Waved", 0): add_one_hand, ("Waved", 1): count_double}
    assert decode_fact(written_by(0, 5, 9), WAVED, steps) == Waved(5, 2, Text(9, None))
    assert decode_fact(written_by(1, 5, 3, 9), WAVED, steps) == Waved(5, 6, Text(9, None))
    assert decode_fact(written_by(2, 5, 3, 9), WAVED, steps) == Waved(5, 3, Text(9, None))


def test_a_fact_that_nobody_can_read_is_told_apart() -> None:
    for unreadable in (written_by(3, 5, 3, 9), written_by(0, 5, 9)):
        with pytest.raises(UnknownFact):
            decode_fact(unreadable, WAVED, {})
    with pytest.raises(UnknownFact):
        decode_fact(written_by(0, 5, 9))


def test_a_rule_with_two_sides_concerns_both_and_a_like_only_its_post() -> None:
    assert len(Followed(1, 2).concerns()) == 2
    assert len(PostLiked(1, 2, True).concerns()) == 1
