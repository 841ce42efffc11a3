"""`run.py populate`: people, follows, posts, likes and comments to try things on, the same for the
same seed.

Writes facts through the journal's own `write_group`, so that everything is as if it had happened;
only that nobody decided it. The folder must be empty. Chance, and the hash of the one password,
are handed in.
"""

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
from PIL import Image

from storage.blobs import Blobs, new_name
from storage.disk import Group
from storage.facts import (
    Commented,
    Entry,
    Fact,
    Followed,
    Medium,
    PostLiked,
    PostPublished,
    Registered,
    Tag,
    Text,
)
from storage.folder import DataFolder, sync_folder
from storage.gazetteer import load_cities
from storage.ids import ID_EPOCH_MS, IdClock
from storage.projection import write_group
from storage.queries import answer
from storage.reads import GetBeginning
from storage.schema import ensure_schema
from storage.sqlite import Connection, open_writer

START_MS = ID_EPOCH_MS + 700 * 86_400_000
"""When the first of it happened: fixed, or else the same seed would not give the same data."""

STEP_MS = 400
"""Milliseconds between two facts on average: 100,000 facts take eleven hours of that time."""

FACTS_A_GROUP = 2_000

REPLIES_SHARE = 0.3
"""How many of the comments are replies."""

LOCATED_SHARE = 0.3
"""How many of the posts have a place: one of the largest cities."""

CITIES = 50
"""So few, so that their pages are long."""

TAGGED_SHARE = 0.1
"""How many of the posts have somebody tagged."""

PICTURES = 16
"""Different pictures. Posts share their files by hard links, which take no room."""

PICTURE_EDGES = ((1080, 1080), (1080, 810), (864, 1080), (1080, 608))
THUMBNAIL_EDGE = 320

LARGEST_CITIES = "select location from locations order by population desc, location limit ?"

WORDS = (
    "sunset", "harbour", "coffee", "mountain", "friends", "morning", "city", "rain", "garden",
    "market", "bridge", "summer", "snow", "train", "window", "forest", "beach", "night",
)  # fmt: skip


T = TypeVar("T")


class Plan(msgspec.Struct, frozen=True):
    """How many of each there shall be, in all."""

    users: int
    follows: int
    posts: int
    likes: int
    comments: int


class Chance(Protocol):
    """As much of `random.Random` as is used here: whoever has a seed hands it in."""

    def random(self) -> float: ...
    def randint(self, a: int, b: int, /) -> int: ...
    def randrange(self, stop: int, /) -> int: ...
    def randbytes(self, n: int, /) -> bytes: ...
    def choice(self, seq: Sequence[T], /) -> T: ...
    def sample(self, population: Sequence[T], k: int, /) -> list[T]: ...
    def shuffle(self, x: list[T], /) -> None: ...


class CantPopulate(Exception):
    """The plan can't be carried out; the message says why and what to do."""


Progress = Callable[[int], None]
"""Called with how many more facts were written."""


def read_graph(path: Path) -> list[tuple[int, int]]:
    """The ties of a graph file: two numbers a line. People are numbered from 1 in order of number.

    Raises `CantPopulate` for a file of another form.
    """
    ties: list[tuple[int, int]] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CantPopulate(
            f"{path} can't be read ({error}): name a file with two numbers a line with --graph"
        ) from None
    for number, line in enumerate(lines, start=1):
        if not line or line[0] in "%#":
            continue
        try:
            one, other, *_ = line.split()
            ties.append((int(one), int(other)))
        except ValueError:
            raise CantPopulate(f"{path}, line {number}: expected two numbers") from None
    place = {person: n for n, person in enumerate(sorted({p for tie in ties for p in tie}), 1)}
    return [(place[one], place[other]) for one, other in ties]


def populate(
    folder: DataFolder,
    plan: Plan,
    random: Chance,
    password_hash: str,
    graph: list[tuple[int, int]],
    progress: Progress,
) -> None:
    """Fill the empty `folder` as `plan` says. Raises `CantPopulate`, `SqliteError`, `OSError`."""
    connection = open_writer(folder.database)
    try:
        ensure_schema(connection)
        if answer(connection, GetBeginning()).value.seq:
            raise CantPopulate(f"{folder.path} has data already: name an empty folder")
        load_cities(connection)
        cities = [city for (city,) in connection.execute(LARGEST_CITIES, (CITIES,))]
        blobs = Blobs(folder.media)
        facts = Population(plan, random, password_hash, graph, cities, blobs).facts()
        _write(connection, facts, progress)
    finally:
        connection.close()


def _write(connection: Connection, facts: Iterator[tuple[int, Fact]], progress: Progress) -> None:
    seq = 0
    while some := list(islice(facts, FACTS_A_GROUP)):
        entries = [Entry(seq + n, at, fact) for n, (at, fact) in enumerate(some, start=1)]
        write_group(connection, Group(entries=entries))
        seq += len(entries)
        progress(len(entries))


class Population:
    """Facts in the order in which they happen."""

    def __init__(
        self,
        plan: Plan,
        random: Chance,
        password_hash: str,
        graph: list[tuple[int, int]],
        cities: list[int],
        blobs: Blobs,
    ) -> None:
        self._plan = plan
        self._random = random
        self._password_hash = password_hash
        self._cities = cities
        self._blobs = blobs
        self._ids = IdClock()
        self._at = START_MS
        if plan.posts and not plan.users:
            raise CantPopulate("posts need authors: give --users")
        if plan.comments and not plan.posts:
            raise CantPopulate("comments need posts: give --posts")
        if plan.likes > plan.posts * plan.users:
            raise CantPopulate(
                f"{plan.posts} posts and {plan.users} users allow {plan.posts * plan.users} likes"
            )
        self._pairs = _follow_pairs(plan, random, graph)

    def facts(self) -> Iterator[tuple[int, Fact]]:
        """(when, what): everybody registers, then follows, then posts and likes."""
        for account in range(1, self._plan.users + 1):
            yield self._now(self._registered(account))
        for follower, followee in self._pairs:
            yield self._now(Followed(followee, follower))
        posts: list[int] = []
        authors: dict[int, int] = {}
        if self._plan.posts:
            pictures = self._pictures()
            for _ in range(self._plan.posts):
                published = self._published(pictures)
                posts.append(published.post)
                authors[published.post] = published.author
                yield self._now(published)
            for folder in self._blobs.folder.iterdir():
                sync_folder(folder)
        for post, account in _distinct(
            self._plan.likes, lambda: (_favoured(posts, self._random), self._anybody())
        ):
            yield self._now(PostLiked(post, account, first=True))
        yield from self._comments(posts, authors)

    def _comments(self, posts: list[int], authors: dict[int, int]) -> Iterator[tuple[int, Fact]]:
        """Some of them reply to the last one under the same post that is no reply itself."""
        roots: dict[int, tuple[int, int]] = {}
        for _ in range(self._plan.comments):
            post, account = _favoured(posts, self._random), self._anybody()
            comment = self._ids.next_id(self._at)
            root = roots.get(post) if self._random.random() < REPLIES_SHARE else None
            if root is None:
                roots[post] = (comment, account)
            yield self._now(
                Commented(
                    comment,
                    post,
                    account,
                    self._text(f"What a {self._random.choice(WORDS)}!"),
                    root=None if root is None else root[0],
                    replied=None if root is None else root[1],
                    post_author=authors[post],
                )
            )

    def _now(self, fact: Fact) -> tuple[int, Fact]:
        self._at += self._random.randrange(2 * STEP_MS)
        return self._at, fact

    def _text(self, value: str) -> Text:
        return Text(self._ids.next_id(self._at), value)

    def _anybody(self) -> int:
        return self._random.randint(1, self._plan.users)

    def _registered(self, account: int) -> Registered:
        return Registered(
            account=account,
            username=self._text(f"user{account}"),
            password=self._text(self._password_hash),
            email=None,
            full_name=self._text(f"User {account}"),
        )

    def _published(self, pictures: list[tuple[str, str, int, int]]) -> PostPublished:
        post = self._ids.next_id(self._at)
        file, thumbnail, width, height = self._random.choice(pictures)
        words = self._random.sample(WORDS, 3)
        located = self._random.random() < LOCATED_SHARE
        tagged = self._random.random() < TAGGED_SHARE
        return PostPublished(
            author=self._anybody(),
            post=post,
            caption=self._text(f"{words[0].capitalize()} and {words[1]} #{words[2]}"),
            media=(
                Medium(
                    media=self._ids.next_id(self._at),
                    width=width,
                    height=height,
                    file=self._text(self._linked(file)),
                    thumbnail=self._text(self._linked(thumbnail)),
                ),
            ),
            location=self._random.choice(self._cities) if located else None,
            tags=(Tag(self._anybody()),) if tagged else (),
        )

    def _pictures(self) -> list[tuple[str, str, int, int]]:
        """Stores the pictures: (file, thumbnail, width, height) of each."""
        pictures: list[tuple[str, str, int, int]] = []
        for number in range(PICTURES):
            edges = PICTURE_EDGES[number % len(PICTURE_EDGES)]
            image = _picture(edges, self._random)
            small = image.copy()
            small.thumbnail((THUMBNAIL_EDGE, THUMBNAIL_EDGE))
            names = [new_name(self._random.randbytes) for _ in range(2)]
            for name, form in zip(names, (image, small), strict=True):
                data = io.BytesIO()
                form.save(data, "JPEG", quality=80)
                self._blobs.store(data.getvalue(), name)
            pictures.append((names[0], names[1], *edges))
        return pictures

    def _linked(self, name: str) -> str:
        """Another name for the same file."""
        other = new_name(self._random.randbytes)
        path = self._blobs.path_of(other)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        os.link(self._blobs.path_of(name), path)
        return other


def _picture(edges: tuple[int, int], random: Chance) -> Image.Image:
    """A sky of two colours, like nothing in particular."""
    colours = [tuple(random.randrange(256) for _ in range(3)) for _ in range(2)]
    gradient = Image.linear_gradient("L").resize(edges)  # pyright: ignore[reportUnknownMemberType]
    return Image.composite(
        Image.new("RGB", edges, colours[0]), Image.new("RGB", edges, colours[1]), gradient
    )


def _favoured(numbers: list[int], random: Chance) -> int:
    """One of `numbers`, the first ones far likelier: popularity is uneven."""
    return numbers[int(len(numbers) * random.random() ** 3)]


def _distinct(
    most: int, draw: Callable[[], tuple[int, int]], taken: Iterable[tuple[int, int]] = ()
) -> Iterator[tuple[int, int]]:
    """`most` different pairs that `draw` gives, none of them in `taken`."""
    seen = set(taken)
    while most:
        pair = draw()
        if pair not in seen:
            seen.add(pair)
            most -= 1
            yield pair


def _follow_pairs(
    plan: Plan, random: Chance, graph: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """(follower, followee): from the graph, both ways, as far as it goes; then by chance."""
    possible = plan.users * (plan.users - 1)
    if plan.follows > possible:
        raise CantPopulate(f"{plan.users} users allow {possible} follows")
    pairs = sorted({(a, b) for one, other in graph for a, b in ((one, other), (other, one))})
    pairs = [(a, b) for a, b in pairs if a != b and max(a, b) <= plan.users]
    random.shuffle(pairs)
    pairs = pairs[: plan.follows]
    people = list(range(1, plan.users + 1))

    def draw() -> tuple[int, int]:
        follower, followee = random.choice(people), _favoured(people, random)
        return (
            (follower, followee) if follower != followee else (follower, follower % len(people) + 1)
        )

    return pairs + list(_distinct(plan.follows - len(pairs), draw, pairs))
