"""From a post to the last follower's socket, with thousands of followers online; and the same while
a part of them reads nothing."""

import io
import time

import click
import httpx
from PIL import Image

from bench.streams.broadcasts import our_server
from bench.streams.ours import Act, Acted
from bench.streams.processes import Ears, Spoken, ears
from bench.streams.world import World

STREAM = "/v1/stream"

WARM_POSTS = 5

EVERY_S = 0.25
"""Between two posts beside those who do not read: far less than the server can do, so that what is
measured is no queue."""

BESIDE_S = 12.0
"""How long posts are told so: those who do not read are to be gone in ten."""

STALLED_BUFFER = 4_096
"""Bytes that the kernel of one who does not read takes."""

FILLING = 40
"""Posts at once, again and again, until the kernels of those who do not read take no more."""

FILLINGS_MAX = 400


def share(values: list[float], part: float) -> float:
    """The value below which `part` of them are."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


def picture() -> bytes:
    """A small one: what is measured is not its decoding."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 120, 150)).save(file, "JPEG")
    return file.getvalue()


def told(world: World, count: int) -> list[str]:
    """One post after the other, each when the one before is on every socket."""
    lines = [
        "| one post to all who follow | p50 ms | p99 ms | of it to the answer, p50 |",
        "| --- | ---: | ---: | ---: |",
    ]
    sockets = len(world.tokens)
    with our_server(world, "posts") as server, ears() as some:
        port = server.answer(int)
        some.hear(open=sockets, tokens=world.tokens, port=port, path=STREAM)
        for name, ask in (("`POST /posts`", _by_http(world, port)), ("beneath HTTP", _by(server))):
            last: list[float] = []
            answers: list[float] = []
            for number in range(count + WARM_POSTS):
                some.say(expect=sockets)
                began = time.perf_counter()
                ask()
                answered = time.perf_counter()
                heard = some.heard()
                assert heard.frames == sockets, heard
                if number >= WARM_POSTS:
                    last.append(heard.last_s - began)
                    answers.append(answered - began)
            lines.append(
                f"| {name}, {sockets:,} sockets | {share(last, 0.5) * 1e3:.1f} | "
                f"{share(last, 0.99) * 1e3:.1f} | {share(answers, 0.5) * 1e3:.1f} |"
            )
    return lines


def _by_http(world: World, port: int):
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=60)
    headers = {"Authorization": f"Bearer {world.author_token}"}
    jpeg = picture()

    def ask() -> None:
        files = [("media", ("x.jpg", jpeg, "image/jpeg"))]
        answer = client.post("/posts", files=files, data={"caption": "hello"}, headers=headers)
        assert answer.status_code == 201, answer.text

    return ask


def _by(server: Spoken):
    def ask() -> None:
        server.ask(Act(published=1), Acted)

    return ask


def beside_stalled(world: World, some: int) -> list[str]:
    """Posts to those who read, without the others and beside them; and when the others are gone."""
    reading = len(world.tokens) - some
    lines = [
        f"| a post, to {reading:,} who read | p50 ms | p99 ms | the last one, p50 | p99 |",
        "| --- " + "| ---: " * 4 + "|",
    ]
    with our_server(world, "stalled") as server, ears() as readers, ears() as stalled:
        port = server.answer(int)
        # Those who follow user 2, too, are the ones that will not read.
        readers.hear(open=reading, tokens=world.tokens[some:], port=port, path=STREAM)
        alone = _evenly(server, readers)
        stalled.hear(
            open=some,
            tokens=world.tokens[:some],
            port=port,
            path=STREAM,
            receive_buffer=STALLED_BUFFER,
        )
        stalled.hear(pause=some)
        fillings, waiting, stopped = 0, 0, 0.0
        while waiting < some and fillings < FILLINGS_MAX:
            stopped = stopped if waiting else time.perf_counter()
            waiting = server.ask(Act(published=FILLING, author=2), Acted).waiting
            fillings += 1
        click.echo(f"{fillings * FILLING} posts until {waiting} wait", err=True)
        stalled.say(gone=some)
        beside = _evenly(server, readers)
        gone = [when - stopped for when in stalled.heard().gone_s]
        left = server.ask(Act(), Acted).streams - reading
    for name, found in (("without them", alone), (f"beside {some:,} who do not", beside)):
        lines.append(f"| {name} | {' | '.join(f'{one * 1e3:.1f}' for one in found)} |")
    ratios = [late / early for early, late in zip(alone, beside, strict=True)]
    lines += [
        f"| times | {' | '.join(f'{one:.2f}' for one in ratios)} |",
        "",
        f"{len(gone):,} of those who did not read were gone after "
        f"{share(gone or [0.0], 0.5):.1f} s (p50), {max(gone or [0.0]):.1f} s (the last); "
        f"{left} are left.",
    ]
    return lines


def _evenly(server: Spoken, readers: Ears) -> list[float]:
    """Posts at a steady pace: p50 and p99 of all arrivals, and of the last of each post."""
    count = int(BESIDE_S / EVERY_S)
    sockets = server.ask(Act(), Acted).streams
    del sockets
    readers.hear(times=True)
    server.say(Act(published=count, every_s=EVERY_S))
    acted = server.answer(Acted)
    heard = readers.hear(expect=1 << 40, within_s=1.0)
    took, last = list[float](), list[float]()
    for began, times in zip(acted.began_s, heard.times, strict=True):
        took += [when - began for when in times]
        last.append(max(times) - began)
    return [share(took, 0.5), share(took, 0.99), share(last, 0.5), share(last, 0.99)]
