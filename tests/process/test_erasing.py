"""Who deletes an account is gone from every byte of the data folder after the next clean stop, and
so is what was edited or deleted, whatever kills came before.
"""

import re
from pathlib import Path
from typing import Any

import httpx
import trio

from storage.scrubbing import CUT_SHORT, NOTHING, due_in
from storage.sqlite import open_writer
from tests.process.starting import PASSWORD, Person, jpeg, run, started

WORD = re.compile(rb"needle[0-9]+ends")

POSTS = 30
"""Of each person: enough for captions to move between pages, few enough for a quick test."""


class Needles:
    """Words that each occur in one text only."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> str:
        self._last += 1
        return f"needle{self._last}ends"


def words_in(folder: Path) -> set[bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {word for path in files for word in WORD.findall(path.read_bytes())}


async def ok(person: Person, method: str, path: str, key: str | None = None, **options: Any) -> Any:
    answer = await person.call(method, path, key=key, **options)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def join(client: httpx.AsyncClient, needles: Needles) -> Person:
    name = needles.next()
    body = {
        "username": name,
        "password": PASSWORD,
        "email": f"{needles.next()}@example.org",
        "full_name": needles.next(),
    }
    answer = await client.post("/api/v1/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    return Person(client, answer.json())


async def write_much(one: Person, needles: Needles) -> None:
    """Everything into which a person can put a word of their own."""
    profile = {"bio": needles.next(), "website": f"https://{needles.next()}.example/"}
    await ok(one, "PUT", f"/users/{one.id}", json=profile)
    files = [("media", ("x.jpg", jpeg(8, 8), "image/jpeg"))]
    await ok(one, "POST", "/stories", files=files, data={"duration": "5"})
    for n in range(POSTS):
        long = " ".join([needles.next()] * (100 if n % 5 == 0 else 1))
        data = {"caption": f"{long} #{needles.next()}", "alt_texts": f'["{needles.next()}"]'}
        post = await ok(one, "POST", "/posts", f"key-{n}", files=files, data=data)
        path = f"/posts/{post['post_id']}"
        text = {"text": needles.next()}
        comment = await ok(one, "POST", f"{path}/comments", f"word-{n}", json=text)
        if n % 3 == 0:
            await ok(one, "PUT", path, json={"caption": needles.next()})
        if n % 7 == 0:
            await ok(one, "DELETE", f"/comments/{comment['comment_id']}")
        if n % 11 == 0:
            await ok(one, "DELETE", path)


def texts_of(folder: Path) -> set[bytes]:
    """The words of what is still said, and of replies kept for retries."""
    connection = open_writer(folder / "triptych.db")
    texts = "select cast(text as blob) from contents union all select reply from replies"
    words = {word for (text,) in connection.execute(texts) for word in WORD.findall(text)}
    connection.close()
    return words


async def test_who_left_is_in_no_byte_of_the_folder(tmp_path: Path) -> None:
    folder, needles = tmp_path / "data", Needles()
    async with started(folder) as server, server.client() as client:
        ann, bob, cat = [await join(client, needles) for _ in range(3)]
        async with trio.open_nursery() as nursery:
            for one in (ann, bob, cat):
                nursery.start_soon(write_much, one, needles)
        await ok(ann, "PUT", f"/users/{ann.id}", json={"username": needles.next()})
        await ok(ann, "POST", "/users/me/delete", json={"password": PASSWORD})
        await server.kill9()
    async with started(folder) as server:
        async with server.client() as client:
            bob.client = client
            await ok(bob, "POST", "/users/me/delete", json={"password": PASSWORD})
        assert await server.stop() == 0, server.logged
        assert "Traceback" not in server.logged
    left = words_in(folder)
    assert left == texts_of(folder)
    assert cat.name.encode() in left
    assert not {ann.name.encode(), bob.name.encode()} & left
    assert due_in(folder / "triptych.db") == NOTHING
    assert (await run("verify", "--data", folder)).code == 0


async def test_what_a_stop_had_no_time_for_is_done_by_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with started(folder) as server:
        assert await server.stop() == 0
    connection = open_writer(folder / "triptych.db")
    connection.execute("update erasures set due = ?", (CUT_SHORT,))
    connection.close()
    async with started(folder) as server:
        assert "for which the last stop had no time" in server.logged
        await server.kill9()
    assert due_in(folder / "triptych.db") == NOTHING
