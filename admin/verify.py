"""`run.py verify`: is everything in the folder what the journal says?

Folds the whole journal a second time, into states and into rows of a scratch database, and
compares: rows, counters, snapshots, what is still to be folded, both sides of each follow, likers,
media files. Reads only, in one read transaction, so it may run beside the server.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import msgspec

from actors.accounts.state import AccountsState
from actors.comment.state import CommentState
from actors.kinds import BEHAVIOURS
from actors.names import Names
from actors.post.state import PostState
from actors.state import State, decode_state
from actors.story.state import StoryState
from actors.user.state import UserState
from storage import audit
from storage.audit import Progress
from storage.blobs import BadName, Blobs
from storage.disk import Group
from storage.facts import AccountDeleted, Entry, Registered, Text, UsernameChanged
from storage.folder import DATABASE_NAME, MEDIA_NAME, check_folder
from storage.ids import (
    ACCOUNTS,
    Kind,
    comment_key,
    describe_actor,
    is_actor,
    kind_of,
    number_of,
    post_key,
)
from storage.projection import write_group
from storage.reads import Snapshot
from storage.schema import check_schema, ensure_schema
from storage.sqlite import Connection, SqliteError, open_memory, open_reader, transaction

SETS: dict[type[State], dict[str, tuple[str, str, str]]] = {
    UserState: {
        "followers": ("follows", "followee", "follower"),
        "following": ("follows", "follower", "followee"),
        "requests": ("requests", "followee", "follower"),
        "requested": ("requests", "follower", "followee"),
        "blocking": ("blocks", "blocker", "blocked"),
        "blocked_by": ("blocks", "blocked", "blocker"),
    },
    PostState: {"likers": ("likes", "post", "account"), "savers": ("saves", "post", "account")},
    CommentState: {"likers": ("comment_likes", "comment", "account")},
    StoryState: {"viewers": ("views", "story", "account")},
}
"""The sets in states, and the relation of the rows that each is: table, own side, other side."""


class Report(msgspec.Struct, frozen=True):
    """What was counted, and each difference as a sentence."""

    counts: dict[str, int]
    differences: list[str]


class NoDatabase(Exception):
    """There is no database in the folder."""


def database_in(path: Path) -> Path:
    """The database of the data folder `path`. Raises `NoDatabase` if there is none; `OSError`."""
    check_folder(path)
    database = path / DATABASE_NAME
    if not database.exists():
        raise NoDatabase(f"{database} does not exist: name the data folder with --data")
    return database


def verify_folder(path: Path, progress: Progress, now: int) -> Report:
    """Compare everything in the data folder `path` with its journal, at `now` (Unix milliseconds).

    Raises `NoDatabase`, `SchemaTooOld`, `SchemaTooNew`, `UnknownFact`, `SqliteError`, `OSError`.
    """
    connection = open_reader(database_in(path))
    counts: dict[str, int] = {}
    differences: list[str] = []
    try:
        check_schema(connection)
        with transaction(connection, "deferred"):
            differences = audit.soundness(connection)
            counts = audit.counts(connection, now)
            differences += _journal_differences(connection, counts["facts"], progress)
            missing = _missing_media(connection, Blobs(path / MEDIA_NAME))
        if missing:
            # A server beside us may have deleted them with their posts since the transaction began.
            missing &= set(audit.media_names(connection))
    except SqliteError as broken:
        if not differences:
            raise
        return Report(counts, [*differences, f"the rest can't be compared: {broken}"])
    finally:
        connection.close()
    differences += [f"media: the file {name} is missing or empty" for name in sorted(missing)]
    return Report(counts, differences)


def _journal_differences(connection: Connection, facts: int, progress: Progress) -> list[str]:
    """Everything in the database that is not what its journal of `facts` facts says."""
    folding = Folding(audit.snapshots(connection))
    rebuilt = open_memory()
    try:
        ensure_schema(rebuilt)
        # What refers to a fact that the journal has lost is a difference to tell, not to stop at.
        rebuilt.execute("pragma foreign_keys = off")
        for entries in audit.entries(connection):
            write_group(rebuilt, Group(entries=entries))
            for entry in entries:
                folding.fold(entry)
            progress(entries[-1].seq, facts)
        folding.compare_snapshots_up_to(None)
        differences = folding.differences
        differences += audit.row_differences(connection, rebuilt)
    except (msgspec.MsgspecError, SqliteError) as broken:
        # All that is compared below would differ for this one reason.
        return [
            *folding.differences,
            f"the journal: what follows fact {folding.seq} can't be read: {broken}",
        ]
    finally:
        rebuilt.close()
    differences += audit.counter_differences(connection)
    differences += _missing_concerns(connection, folding)
    differences += _state_differences(connection, folding.states)
    return differences


class Folding:
    """Every actor's state as the fold of the journal so far, compared with each snapshot on the
    way."""

    def __init__(self, snapshots: Any) -> None:
        self.states: dict[int, Any] = {}
        self.concerns: list[tuple[int, int]] = []
        """(seq, actor) of every fact"""
        self.stamps: dict[int, int] = {}
        """actor -> the seq of its snapshot"""
        self.differences: list[str] = []
        self._snapshots = snapshots
        self._next: Snapshot | None = next(snapshots, None)
        self.seq = 0
        """The last fact folded."""
        self._nameless: set[int] = set()
        """Accounts whose name at this fact has been erased since."""

    def state(self, actor: int) -> Any:
        if actor not in self.states:
            self.states[actor] = BEHAVIOURS[kind_of(actor)].state()
        return self.states[actor]

    def fold(self, entry: Entry) -> None:
        """The next fact of the journal."""
        if entry.seq != self.seq + 1:
            self.differences.append(f"the journal goes on with fact {entry.seq} after {self.seq}")
        self.seq = entry.seq
        self.compare_snapshots_up_to(entry.seq - 1)
        match entry.fact:
            case (
                Registered(account=account, username=Text(value=None))
                | UsernameChanged(account=account, username=Text(value=None))
            ):
                self._nameless.add(account)
            case UsernameChanged(account=account) | AccountDeleted(account=account):
                self._nameless.discard(account)
            case _:
                pass
        for actor in entry.fact.concerns():
            self.concerns.append((entry.seq, actor))
            try:
                BEHAVIOURS[kind_of(actor)].fold(self.state(actor), entry.seq, entry.fact)
            except Exception as broken:
                self.differences.append(
                    f"fact {entry.seq} can't be folded by {describe_actor(actor)}: {broken!r}"
                )

    def compare_snapshots_up_to(self, seq: int | None) -> None:
        """Compare the snapshots stamped up to `seq` (None: all) with what has been folded."""
        while self._next is not None and (seq is None or self._next.seq <= seq):
            self._compare(self._next)
            self._next = next(self._snapshots, None)

    def _compare(self, snapshot: Snapshot) -> None:
        actor = snapshot.actor
        self.stamps[actor] = snapshot.seq
        if not is_actor(actor):
            self.differences.append(f"a snapshot of actor {actor}, of which there is no such kind")
            return
        name = f"the snapshot of {describe_actor(actor)} at fact {snapshot.seq}"
        if snapshot.seq > self.seq:
            self.differences.append(f"{name} is later than the journal's end, {self.seq}")
            return
        try:
            kept = decode_state(snapshot.state, BEHAVIOURS[kind_of(actor)].state)
        except (msgspec.MsgspecError, ValueError) as broken:
            self.differences.append(f"{name} can't be read: {broken}")
            return
        if isinstance(kept, AccountsState):
            names = kept.names.to_dict().items()
            kept.names = Names({name: who for name, who in names if who not in self._nameless})
        if not _same_but_for_erased(self.state(actor), kept):
            self.differences.append(f"{name} is not what the journal folds to")


def _same_but_for_erased(folded: object, kept: object) -> bool:
    """Equal, or different only where the journal's text was erased after the snapshot was taken."""
    match folded:
        case Text():
            return isinstance(kept, Text) and (
                folded == kept or (folded.id == kept.id and folded.value is None)
            )
        case msgspec.Struct():  # a state, or what it is made of: a session, a story in the ring
            return type(folded) is type(kept) and all(
                _same_but_for_erased(getattr(folded, name), getattr(kept, name))
                for name in folded.__struct_fields__
            )
        case tuple():
            texts, others = cast(tuple[object, ...], folded), cast(tuple[object, ...], kept)
            return len(texts) == len(others) and all(map(_same_but_for_erased, texts, others))
        case _:
            return folded == kept


def _missing_concerns(connection: Connection, folding: Folding) -> list[str]:
    """A fact above its actor's snapshot that a load would not find is a lost update."""
    due = {(seq, actor) for seq, actor in folding.concerns if seq > folding.stamps.get(actor, 0)}
    found = set(audit.concerns(connection))
    return [
        f"concerns: {describe_actor(actor)} would load without fact {seq}"
        for seq, actor in sorted(due - found)
    ] + [
        f"concerns: fact {seq} is listed for {describe_actor(actor)} but does not concern it, "
        "or is in its snapshot"
        for seq, actor in sorted(found - due)
    ]


def _state_differences(connection: Connection, states: dict[int, Any]) -> list[str]:
    """Sets and names in the states against the rows."""
    differences: list[str] = []
    for actor, state in states.items():
        number = number_of(actor)
        for field, relation in SETS.get(type(cast(State, state)), {}).items():
            members = set(cast(Iterable[int], getattr(state, field)))
            if isinstance(state, CommentState) and _went_along(state, states):
                members = set[int]()
            if members != audit.others_of(connection, *relation, number):
                differences.append(
                    f"{field} of {describe_actor(actor)} differ from the rows of {relation[0]}"
                )
    accounts = states.get(ACCOUNTS, BEHAVIOURS[Kind.ACCOUNTS].state())
    names = dict(
        connection.execute("select username, account from users where not gone").fetchall()
    )
    if accounts.names.to_dict() != names:
        differences.append("usernames differ from the state of the accounts actor")
    return differences


def _went_along(comment: CommentState, states: dict[int, Any]) -> bool:
    """Whether a comment is gone with its post or its root, which is not told to it."""
    post = states.get(post_key(comment.post))
    root = states.get(comment_key(comment.root)) if comment.root else None
    return post is None or not post.exists or (root is not None and not root.exists)


def _missing_media(connection: Connection, blobs: Blobs) -> set[str]:
    """Names of blobs that a row speaks of and that are not there, or that can't be one."""
    missing: set[str] = set()
    for name in audit.media_names(connection):
        try:
            path = blobs.path_of(name)
            there = path.is_file() and path.stat().st_size > 0
        except (BadName, FileNotFoundError):
            there = False
        if not there:
            missing.add(name)
    return missing
