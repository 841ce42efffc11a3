"""Blocks, in the rows. See `storage.amending`."""

from storage.amending.statement import Statement, document
from storage.facts import Blocked, Entry, Unblocked
from storage.statements import (
    COUNT_FOLLOWS,
    DELETE_BLOCKS,
    DELETE_FOLLOWS,
    DELETE_REQUESTS,
    UPSERT_BLOCKS,
)


def block(fact: Blocked, entry: Entry) -> list[Statement]:
    one, other = fact.blocker, fact.blocked
    ended = document((one, other, None), (other, one, None))
    return [
        (COUNT_FOLLOWS, ended),
        (DELETE_FOLLOWS, ended),
        (DELETE_REQUESTS, ended),
        (UPSERT_BLOCKS, document((one, other, entry.seq))),
        *(
            (
                "delete from notifications where actor = :actor and recipient = :recipient",
                {"actor": actor, "recipient": recipient},
            )
            for actor, recipient in ((one, other), (other, one))
        ),
    ]


def unblock(fact: Unblocked, entry: Entry) -> list[Statement]:
    return [(DELETE_BLOCKS, document((fact.blocker, fact.blocked)))]
