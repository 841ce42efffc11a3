"""What a stream was not told, by looking at the plain model without haste.

`tests.storage.answering` calls these; written from contract.md, "The stream", not from the SQL.
"""

from typing import TYPE_CHECKING

from storage.reads import GetMissed, GetTold
from storage.rows import MadeRow, Missed, ToldRow
from tests.storage.discovering import told_to

if TYPE_CHECKING:
    from tests.storage.answering import Answering


def missed(answering: "Answering", q: GetMissed) -> Missed:
    plain = answering.plain

    def made(since: dict[int, int], one: tuple[int, int, int, int], after: int) -> bool:
        """Whether its author was followed when it was made; nobody else has a `since`."""
        seq, _, author, at = one
        return at >= q.oldest and after < seq <= q.upto and since.get(author, seq) < seq

    since = {author: seq for (author, who), seq in plain.follows.items() if who == q.recipient}
    since[q.recipient] = 0
    posts = [(one.seq, n, one.author, one.at) for n, one in plain.posts.items()]
    stories = [
        (one.seq, n, one.author, one.at)
        for n, one in plain.found.stories.items()
        if one.expires_at > q.now
    ]
    notices = [
        ToldRow(q.recipient, seq, told.type, told.actor, told.at)
        for seq, told in told_to(plain, q.recipient).items()
        if told.at >= q.oldest and q.notifications_after < seq <= q.upto
    ]
    later = [entry.at for entry in answering.history.entries if entry.seq > q.since]
    return Missed(
        later[0] if later else None,
        [MadeRow(*one) for one in sorted(posts) if made(since, one, q.posts_after)][-q.limit :],
        [MadeRow(*one) for one in sorted(stories) if made(since, one, q.stories_after)][-q.limit :],
        sorted(notices, key=lambda row: row.seq)[-q.limit :],
    )


def told(answering: "Answering", q: GetTold) -> list[ToldRow]:
    rows: list[ToldRow] = []
    for recipient, seq in dict.fromkeys(q.told):
        one = told_to(answering.plain, recipient).get(seq)
        if one is not None:
            rows.append(ToldRow(recipient, seq, one.type, one.actor, one.at))
    return rows
