"""Every question of `storage.reads`, answered from SQLite: `answer`, the only code that reads the
rows.

Reader threads call it, and the simulator on a database of its own; it changes nothing. What it can
ask SQLite is in `storage.readings`: one statement a question, which gives the last committed seq
and the whole answer as one JSON text. A statement is a read transaction of its own, and a single
row costs a single turn at the interpreter lock.
"""

from typing import Any, TypeVar, cast

import msgspec

from storage.facts import Entry, decode_fact, with_texts
from storage.ids import ID_MAX
from storage.readings import READINGS, Reading
from storage.reads import (
    ActorHistory,
    Answer,
    GetFeed,
    GetHistories,
    GetWholeHistory,
    Question,
    Snapshot,
    Span,
)
from storage.sqlite import Connection, transaction

T = TypeVar("T")

ENTRIES_A_READ = 4_096
"""Facts of actors' histories, and texts of them, that one statement reads: a few MB at most."""

COMMITTED = "select coalesce(max(seq), 0) from journal"

SNAPSHOTS = """
select json_group_array(json_array(s.actor, s.seq, hex(s.state)))
from json_each(:actors) j cross join snapshots s on s.actor = j.value"""

JOURNAL = "select seq, at, fact from journal order by seq"

# The rows of one actor at a time, in order, go on after the last one that was read.
ENTRIES = """
select json_group_array(json_array(actor, seq, at, fact)) from (
    select c.actor, c.seq, j.at, hex(j.fact) as fact
    from json_each(:actors) a cross join concerns c on c.actor = a.value
    cross join journal j on j.seq = c.seq
    where c.actor > :after_actor or c.seq > :after_seq
    order by c.actor, c.seq limit :limit)"""

TEXTS = """
select json_group_array(json_array(c.id, c.text))
from json_each(:ids) j cross join contents c on c.id = j.value"""


def answer(connection: Connection, question: Question[T]) -> Answer[T]:
    """Answer `question` as of one moment, and say which seq was the last committed then.

    Raises `SqliteError`; `TypeError` for a question that nobody taught this file.
    """
    asked = cast(Question[Any], question)
    if isinstance(asked, GetHistories):
        return cast(Answer[T], _histories(connection, asked.actors))
    if isinstance(asked, GetWholeHistory):
        return cast(Answer[T], _whole_history(connection, asked.actor))
    reading = READINGS.get(type(asked))
    if reading is None:
        raise TypeError(f"no reading is known for a {type(asked).__name__}")
    return cast(Answer[T], _read(connection, reading, asked))


def statement_of(reading_sql: str) -> str:
    """A reading's SELECT together with the last committed seq: one statement, so one moment."""
    return f"select ({COMMITTED}), ({reading_sql})"


def _read(connection: Connection, reading: Reading, question: Question[Any]) -> Answer[Any]:
    span = getattr(question, "span", None)
    upward = span is not None and span.after is not None and span.before is None
    sql = statement_of(reading.upward if upward else reading.downward)
    committed, text = connection.execute(sql, parameters_of(question)).fetchone()
    value = reading.decoder.decode("null" if text is None else text)
    if reading.finish is not None:
        value = reading.finish(question, value)
    return Answer(value, committed)


def parameters_of(question: Question[Any]) -> dict[str, object]:
    """The fields of a question as SQLite takes them."""
    parameters: dict[str, object] = {}
    for name in question.__struct_fields__:
        value: object = getattr(question, name)
        match value:
            case Span():
                parameters["limit"] = value.limit
                parameters["before"] = ID_MAX if value.before is None else _bounded(value.before)
                parameters["after"] = -1 if value.after is None else _bounded(value.after)
            case tuple():
                several = dict.fromkeys(cast(tuple[int | str | tuple[int, ...], ...], value))
                parameters[name] = msgspec.json.encode([_bound(one) for one in several]).decode()
            case int() | str():
                parameters[name] = _bound(value)
            case _:
                parameters[name] = value
    if isinstance(question, GetFeed):
        parameters |= {"limit": question.limit + 1, "before": ID_MAX, "after": -1}
    return parameters


def _bound(value: int | str | tuple[int, ...]) -> object:
    """A lone surrogate can't be bound; no stored text has one."""
    if isinstance(value, tuple):
        return [_bounded(one) for one in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return _bounded(value)


def _bounded(number: int) -> int:
    return max(-1, min(number, ID_MAX))


def _json(numbers: list[int]) -> str:
    return msgspec.json.encode(numbers).decode()


def _histories(connection: Connection, actors: tuple[int, ...]) -> Answer[list[ActorHistory]]:
    with transaction(connection, "deferred"):
        (committed,) = connection.execute(COMMITTED).fetchone()
        (found,) = connection.execute(SNAPSHOTS, {"actors": _json(list(actors))}).fetchone()
        bare = _entries(connection, actors)
        texts = texts_of(connection, [entry for _, entry in bare])
    snapshots = {
        actor: Snapshot(actor, seq, bytes.fromhex(state))
        for actor, seq, state in _decode_snapshots(found)
    }
    entries: dict[int, list[Entry]] = {actor: [] for actor in actors}
    for actor, entry in bare:
        snapshot = snapshots.get(actor)
        if snapshot is None or entry.seq > snapshot.seq:
            full = Entry(entry.seq, entry.at, with_texts(entry.fact, texts))
            entries[actor].append(full)
    histories = [ActorHistory(snapshots.get(actor), entries[actor]) for actor in actors]
    return Answer(histories, committed)


def _whole_history(connection: Connection, actor: int) -> Answer[ActorHistory]:
    with transaction(connection, "deferred"):
        (committed,) = connection.execute(COMMITTED).fetchone()
        entries: list[Entry] = []
        for seq, at, data in connection.execute(JOURNAL):
            fact = decode_fact(data)
            if actor in fact.concerns():
                entries.append(Entry(seq, at, fact))
        texts = texts_of(connection, entries)
    full = [Entry(entry.seq, entry.at, with_texts(entry.fact, texts)) for entry in entries]
    return Answer(ActorHistory(None, full), committed)


def _entries(connection: Connection, actors: tuple[int, ...]) -> list[tuple[int, Entry]]:
    """(actor, fact) of all that is listed for `actors`, in order for each."""
    entries: list[tuple[int, Entry]] = []
    left, after = sorted(set(actors)), 0
    while left:
        parameters = {
            "actors": _json(left),
            "after_actor": left[0],
            "after_seq": after,
            "limit": ENTRIES_A_READ,
        }
        (text,) = connection.execute(ENTRIES, parameters).fetchone()
        rows = _decode_entries(text)
        for actor, seq, at, fact in rows:
            entries.append((actor, Entry(seq, at, decode_fact(bytes.fromhex(fact)))))
        if len(rows) < ENTRIES_A_READ:
            break
        last, after = rows[-1][:2]
        left = [actor for actor in left if actor >= last]
    return entries


def texts_of(connection: Connection, entries: list[Entry]) -> dict[int, str]:
    """id -> text, of the texts that `entries` speak of and that were not erased."""
    ids = [text.id for entry in entries for text in entry.fact.texts()]
    texts: dict[int, str] = {}
    for start in range(0, len(ids), ENTRIES_A_READ):
        asked = _json(ids[start : start + ENTRIES_A_READ])
        (found,) = connection.execute(TEXTS, {"ids": asked}).fetchone()
        texts |= dict(_decode_texts(found))
    return texts


_decode_entries = msgspec.json.Decoder(list[tuple[int, int, int, str]]).decode
_decode_snapshots = msgspec.json.Decoder(list[tuple[int, int, str]]).decode
_decode_texts = msgspec.json.Decoder(list[tuple[int, str]]).decode
