"""A fact is read as it was written, also by a newer Triptych, and never carries a text."""

from typing import Any

import msgspec
import pytest

from storage.disk import Group
from storage.facts import (
    CONCERNS_MAX,
    FACTS,
    Entry,
    Fact,
    Followed,
    InviteCreated,
    LocationCreated,
    Medium,
    PasswordChanged,
    PostDeleted,
    PostLiked,
    PostPublished,
    PostUnliked,
    Registered,
    SessionOpened,
    Text,
    Unfollowed,
    UnknownFact,
    Verified,
    decode_fact,
    encode_fact,
    with_texts,
)
from storage.ids import is_actor
from storage.projection import write_group
from tests.storage.living import random_history
from tests.storage.making import BEGAN_AT, NAUGHTY, empty_database


def kept(id: int) -> Text:
    """A text as a fact has it that was just read."""
    return Text(id, None)


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
    for entry in random_history(seed=3, steps=1_500).entries:
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
    for entry in random_history(seed=4, steps=300).entries:
        encoded = encode_fact(entry.fact)
        for text in entry.fact.texts():
            assert (text.value or "?").encode() not in encoded, entry


def test_every_fact_names_its_decider_whose_texts_it_brings_and_few_others() -> None:
    for entry in random_history(seed=5, steps=600).entries:
        concerned = entry.fact.concerns()
        assert 1 <= len(set(concerned)) == len(concerned) <= CONCERNS_MAX
        assert all(is_actor(actor) for actor in concerned)
        if entry.fact.texts() and not isinstance(entry.fact, InviteCreated | LocationCreated):
            assert entry.fact.owner() is not None


BEFORE_PEOPLE: dict[str, tuple[list[Any], Fact]] = {
    "Registered": ([1, 10, 11, None, 12], Registered(1, kept(10), kept(11), None, kept(12))),
    "SessionOpened": ([1, 20, 21], SessionOpened(1, 20, kept(21))),
    "PasswordChanged": ([1, 22, None], PasswordChanged(1, kept(22), None)),
    "Verified": ([1, True], Verified(1, True)),
    "Followed": ([1, 2], Followed(1, 2)),
    "Unfollowed": ([1, 2], Unfollowed(1, 2)),
    "PostPublished": (
        [1, 30, 35, [[31, 4, 3, 32, 33]]],
        PostPublished(1, 30, kept(35), (Medium(31, 4, 3, kept(32), kept(33)),)),
    ),
    "PostDeleted": ([30, 1], PostDeleted(30, 1)),
    "PostLiked": ([30, 1, True], PostLiked(30, 1, True)),
    "PostUnliked": ([30, 1], PostUnliked(30, 1)),
}
"""Each kind of fact as the first whole wrote it, which knew neither private accounts nor alt texts
nor tags nor families of refresh tokens; and what it means today."""


@pytest.mark.parametrize("name", BEFORE_PEOPLE)
def test_what_the_first_whole_wrote_is_read_today(name: str) -> None:
    fields, fact = BEFORE_PEOPLE[name]
    assert decode_fact(msgspec.msgpack.encode((name, 1, fields))) == fact


def test_what_the_first_whole_wrote_has_its_rows_today() -> None:
    order = (
        "Registered",
        "SessionOpened",
        "PostPublished",
        "PostLiked",
        "PostUnliked",
        "PostDeleted",
        "PasswordChanged",
    )
    facts = [BEFORE_PEOPLE[name][1] for name in order]
    database = empty_database()
    entries = [Entry(seq, BEGAN_AT, fact) for seq, fact in enumerate(facts, start=1)]
    write_group(database, Group(entries=entries))
    assert database.execute("select count(*) from sessions").fetchone() == (0,)
    database.close()


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
