"""What a server has promised: every write that it acknowledged, and every one whose answer was
lost.

Clients write it down as answers come; after a kill, `tests.process.keeping` compares the restarted
server with it. Knows no network.

Where a value is `bool | None`: it is there, it is gone, or nobody knows since the last answer about
it was lost. Each thing has one writer, which waits for each answer before it writes again, so that
the last answer is what holds.
"""

import msgspec


class Request(msgspec.Struct, frozen=True):
    """A POST with an Idempotency-Key, as it can be sent again. `caption` is that of an upload."""

    person: str
    path: str
    key: str
    caption: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """What a request was answered with."""

    status: int
    content: bytes


class Upload(msgspec.Struct):
    """A post under its caption, which no other has."""

    author: str
    caption: str
    width: int
    height: int
    colour: tuple[int, int, int]
    there: bool | None = None
    post: str | None = None
    media: tuple[str, ...] = ()
    """Paths of its picture and its thumbnail, once it was answered."""
    opened: bool = False
    """Its pictures were looked at after a restart."""


class Ledger:
    """Everything that was promised so far, over all restarts."""

    def __init__(self) -> None:
        self.uploads: dict[str, Upload] = {}
        """by caption"""
        self.likes: dict[tuple[str, str], bool | None] = {}
        """(who, post) -> likes it"""
        self.follows: dict[tuple[str, str], bool | None] = {}
        """(who, whom) -> follows them"""
        self.registered: dict[str, bool | None] = {}
        """username -> is there"""
        self.answered: dict[Request, Answer] = {}
        """acknowledged since the last restart"""
        self.lost: list[Request] = []
        """sent, and never answered"""
        self.acknowledged = 0
        """2xx answers to writes, in all"""

    def posts(self) -> dict[str, Upload]:
        """The uploads whose post is known, by its id."""
        return {one.post: one for one in self.uploads.values() if one.post is not None}

    def published(self, upload: Upload, post: str, media: tuple[str, ...]) -> None:
        """An upload was answered. Raises `AssertionError` if its post was known as another."""
        assert upload.post in (None, post), f"{upload.caption!r} was {upload.post}, now is {post}"
        upload.post, upload.media, upload.there = post, media, True

    def keep(self, request: Request, answer: Answer) -> None:
        """An acknowledged request."""
        self.answered[request] = answer
        self.acknowledged += 1
