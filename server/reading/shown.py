"""Posts and users as they are shown: immutable, their JSON encoded but for what depends on who
looks.

Made by `server.reading.views` from rows and facts. Pure; the bytes are those that encoding the
types of `server.wire` gives.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from server.wire import (
    MEDIA_PATH,
    Brief,
    ListedUser,
    LocationAnswer,
    MediumAnswer,
    PostContent,
    ProfileAnswer,
    Stats,
    TaggedUser,
    medium_answer,
    rfc3339,
)
from storage.facts import PostEdited, PostPublished, Text
from storage.hashtags import hashtags_in
from storage.rows import (
    FOLLOWED_BY,
    FOLLOWING,
    LIKED,
    REQUESTED,
    SAVED,
    MediumRow,
    PostRow,
    TagRow,
    UserRow,
)

_encode = msgspec.json.Encoder().encode

_FLAGS = (b"false", b"true")
_NO_TAGS = b'"user_tags":[]'
_POST_END = (
    b'false,"saved_by_user":false}',
    b'true,"saved_by_user":false}',
    b'false,"saved_by_user":true}',
    b'true,"saved_by_user":true}',
)
"""By the bits `LIKED` and `SAVED`."""


class PostView(msgspec.Struct, frozen=True):
    """A post but for the names of its author and of those tagged, and what its viewer thinks of
    it."""

    row: PostRow
    head: bytes
    content: tuple[bytes, bytes]
    """What comes before the tags, and after them."""
    counts: bytes
    plain: list[bytes] = msgspec.field(default_factory=list[bytes])
    """What most viewers see, who think nothing of it, if nobody is tagged: its author's brief form,
    and the JSON with it. Made by `plainly`; good as long as that is the author's brief form."""

    @property
    def author(self) -> int:
        return self.row.author

    def shown(self, author: "UserView", flags: int, tags: Sequence[bytes] = ()) -> bytes:
        """The JSON of the post for a viewer who thinks `flags` of it (bits of `storage.rows`).
        `tags` are those tagged whom the viewer may see."""
        before, after = self.content
        end = _POST_END[flags & (LIKED | SAVED)]
        return b"".join((self.head, author.brief, before, b",".join(tags), after, self.counts, end))

    def plainly(self, author: "UserView") -> bytes:
        """The same for most viewers; kept in `plain`."""
        made = self.shown(author, 0)
        self.plain[:] = author.brief, made
        return made

    def with_counts(self, likes: int = 0, comments: int = 0) -> "PostView":
        """The same post with so many more of each."""
        row = msgspec.structs.replace(
            self.row, likes=self.row.likes + likes, comments=self.row.comments + comments
        )
        return msgspec.structs.replace(self, row=row, counts=_counts(row), plain=[])

    def edited(self, fact: PostEdited, base_url: str) -> "PostView":
        """What its author has made of it."""
        changes: dict[str, Any] = {}
        if "caption" in fact.changed:
            changes["caption"] = value_of(fact.caption)
        if "alts" in fact.changed:
            changes["media"] = [
                msgspec.structs.replace(medium, alt=value_of(alt))
                for medium, alt in zip(self.row.media, fact.alts, strict=True)
            ]
        if "tags" in fact.changed:
            changes["tags"] = [TagRow(tag.account, tag.x, tag.y) for tag in fact.tags]
        return view_of_post(msgspec.structs.replace(self.row, **changes), base_url)


class UserView(msgspec.Struct, frozen=True):
    """A user but for how they and the viewer stand to each other."""

    row: UserRow
    base_url: str
    brief: bytes
    listing: bytes
    profile: bytes

    def named(self) -> Brief:
        """The user as other things name them."""
        row = self.row
        return Brief(str(row.account), row.username, avatar_url(row.avatar, self.base_url))

    def listed(self, stance: int) -> bytes:
        """The JSON of the user in a list, for a viewer who stands to them like that (bits of
        `storage.rows`)."""
        return b"".join((self.listing, _FLAGS[bool(stance & FOLLOWING)], b"}"))

    def shown(self, stance: int) -> bytes:
        """The JSON of the user's profile, for a viewer who stands to them like that; 0 for a
        stranger.
        """
        return self.profile + b'%s,"followed_by":%s,"requested":%s}' % (
            _FLAGS[bool(stance & FOLLOWING)],
            _FLAGS[bool(stance & FOLLOWED_BY)],
            _FLAGS[bool(stance & REQUESTED)],
        )

    def tagged(self, tag: TagRow) -> bytes:
        """The JSON of the user as somebody who is to be seen in a post."""
        return _encode(TaggedUser(str(self.row.account), self.row.username, tag.x, tag.y))

    def with_counts(self, followers: int = 0, following: int = 0, posts: int = 0) -> "UserView":
        """The same user with so many more of each."""
        row = msgspec.structs.replace(
            self.row,
            followers=self.row.followers + followers,
            following=self.row.following + following,
            posts=self.row.posts + posts,
        )
        return msgspec.structs.replace(self, row=row, profile=_profile(row, self.base_url))

    def changed(self, **changes: object) -> "UserView":
        """The same user with other fields of its row."""
        return view_of_user(msgspec.structs.replace(self.row, **changes), self.base_url)


def view_of_post(row: PostRow, base_url: str) -> PostView:
    """The view of a post that was read."""
    media = [
        medium_answer(base_url, one.media, one.width, one.height, one.file, one.thumbnail, one.alt)
        for one in row.media
    ]
    # Without its braces: it goes on after `user` and goes over into the counts.
    content = _encode(post_content(row.caption, media, row.at, row.location))[1:-1]
    before, _, after = content.rpartition(_NO_TAGS)
    return PostView(
        row=row,
        head=b'{"post_id":"%d","user":' % row.post,
        content=(b"," + before + _NO_TAGS[:-1], b"]" + after + b',"likes_count":'),
        counts=_counts(row),
    )


def view_of_published(fact: PostPublished, at: int, base_url: str) -> PostView:
    """The view of a post that was published at `at` (Unix milliseconds)."""
    media = [
        MediumRow(
            medium.media,
            medium.width,
            medium.height,
            value_of(medium.file) or "",
            value_of(medium.thumbnail) or "",
            value_of(medium.alt),
        )
        for medium in fact.media
    ]
    tags = [TagRow(tag.account, tag.x, tag.y) for tag in fact.tags]
    row = PostRow(fact.post, fact.author, at, value_of(fact.caption), 0, 0, media, tags)
    return view_of_post(row, base_url)


def view_of_user(row: UserRow, base_url: str) -> UserView:
    """The view of a user who was read."""
    account, avatar = str(row.account), avatar_url(row.avatar, base_url)
    listed = _encode(ListedUser(account, row.username, row.full_name, avatar, following=False))
    return UserView(
        row=row,
        base_url=base_url,
        brief=_encode(Brief(account, row.username, avatar)),
        listing=listed.removesuffix(b"false}"),
        profile=_profile(row, base_url),
    )


def avatar_url(avatar: str | None, base_url: str) -> str | None:
    """Where the blob of an avatar is served."""
    return None if avatar is None else f"{base_url}{MEDIA_PATH}{avatar}"


def post_content(
    caption: str | None, media: list[MediumAnswer], at: int, location: tuple[int, str] | None
) -> PostContent:
    """What a post of that moment (Unix milliseconds) says; `location` is a place and its name."""
    return PostContent(
        caption=caption,
        media=media,
        location=None if location is None else LocationAnswer(*location),
        hashtags=hashtags_in(caption),
        user_tags=[],
        created_at=rfc3339(at),
    )


def value_of(text: Text | None) -> str | None:
    """A text that a fact brings."""
    return None if text is None else text.value


def _counts(row: PostRow) -> bytes:
    return b'%d,"comments_count":%d,"liked_by_user":' % (row.likes, row.comments)


def _profile(row: UserRow, base_url: str) -> bytes:
    encoded = _encode(
        ProfileAnswer(
            user_id=str(row.account),
            username=row.username,
            full_name=row.full_name,
            bio=row.bio,
            website=row.website,
            profile_image_url=avatar_url(row.avatar, base_url),
            verified=row.verified,
            private_account=row.private,
            stats=Stats(row.followers, row.following, row.posts),
            following=False,
            followed_by=False,
            requested=False,
        )
    )
    return encoded.removesuffix(b'false,"followed_by":false,"requested":false}')
