"""Posts and users as they are shown: immutable, their JSON encoded but for what depends on who
looks.

Made by `server.views` from rows and facts. Pure; the bytes are those that encoding the types of
`server.wire` gives.
"""

import msgspec

from actors.post.hashtags import hashtags_in
from server.wire import (
    Brief,
    ListedUser,
    MediumAnswer,
    PostContent,
    ProfileAnswer,
    Stats,
    medium_answer,
    rfc3339,
)
from storage.facts import PostPublished, Text
from storage.reads import MediumRow, PostRow, Relation, UserRow

_encode = msgspec.json.Encoder().encode

_FLAGS = (b"false", b"true")
_POST_END = (b',"saved_by_user":false}', b',"saved_by_user":true}')


class PostView(msgspec.Struct, frozen=True):
    """A post but for its author's name and what its viewer thinks of it."""

    post: int
    author: int
    likes: int
    comments: int
    head: bytes
    content: bytes
    counts: bytes

    def shown(self, author: "UserView", liked: bool) -> bytes:
        """The JSON of the post for a viewer who likes it or doesn't."""
        return b"".join(
            (self.head, author.brief, self.content, self.counts, _FLAGS[liked], _POST_END[False])
        )

    def with_likes(self, likes: int) -> "PostView":
        """The same post with another number of likes."""
        return msgspec.structs.replace(self, likes=likes, counts=_counts(likes, self.comments))


class UserView(msgspec.Struct, frozen=True):
    """A user but for how they and the viewer stand to each other."""

    row: UserRow
    brief: bytes
    listing: bytes
    profile: bytes

    def listed(self, following: bool) -> bytes:
        """The JSON of the user in a list, for a viewer who follows them or doesn't."""
        return b"".join((self.listing, _FLAGS[following], b"}"))

    def shown(self, relation: Relation | None) -> bytes:
        """The JSON of the user's profile, for a viewer who stands to them like this; None for a
        stranger.
        """
        following = relation is not None and relation.following
        followed_by = relation is not None and relation.followed_by
        flags = b'%s,"followed_by":%s,"requested":false}' % (_FLAGS[following], _FLAGS[followed_by])
        return self.profile + flags

    def with_counts(self, followers: int = 0, following: int = 0, posts: int = 0) -> "UserView":
        """The same user with so many more of each."""
        row = msgspec.structs.replace(
            self.row,
            followers=self.row.followers + followers,
            following=self.row.following + following,
            posts=self.row.posts + posts,
        )
        return msgspec.structs.replace(self, row=row, profile=_profile(row))

    def with_badge(self, verified: bool) -> "UserView":
        """The same user with the badge, or without."""
        row = msgspec.structs.replace(self.row, verified=verified)
        return msgspec.structs.replace(self, row=row, profile=_profile(row))


def view_of_post(row: PostRow, base_url: str) -> PostView:
    """The view of a post that was read."""
    media = [
        medium_answer(
            base_url, medium.media, medium.width, medium.height, medium.file, medium.thumbnail
        )
        for medium in row.media
    ]
    content = post_content(row.caption, media, row.at)
    return PostView(
        post=row.post,
        author=row.author,
        likes=row.likes,
        comments=row.comments,
        head=b'{"post_id":"%d","user":' % row.post,
        # Without its braces: it goes on after `user` and goes over into the counts.
        content=b"," + _encode(content)[1:-1] + b',"likes_count":',
        counts=_counts(row.likes, row.comments),
    )


def view_of_published(fact: PostPublished, at: int, base_url: str) -> PostView:
    """The view of a post that was published at `at` (Unix milliseconds)."""
    media = [
        MediumRow(
            medium.media, medium.width, medium.height, _value(medium.file), _value(medium.thumbnail)
        )
        for medium in fact.media
    ]
    caption = None if fact.caption is None else fact.caption.value
    row = PostRow(fact.post, fact.author, at, caption, likes=0, comments=0, media=media)
    return view_of_post(row, base_url)


def view_of_user(row: UserRow) -> UserView:
    """The view of a user who was read."""
    account = str(row.account)
    listed = _encode(ListedUser(account, row.username, row.full_name, None, following=False))
    return UserView(
        row=row,
        brief=_encode(Brief(account, row.username)),
        listing=listed.removesuffix(b"false}"),
        profile=_profile(row),
    )


def post_content(caption: str | None, media: list[MediumAnswer], at: int) -> PostContent:
    """What a post of that moment (Unix milliseconds) says."""
    return PostContent(
        caption=caption,
        media=media,
        location=None,
        hashtags=hashtags_in(caption),
        user_tags=[],
        created_at=rfc3339(at),
    )


def _counts(likes: int, comments: int) -> bytes:
    return b'%d,"comments_count":%d,"liked_by_user":' % (likes, comments)


def _profile(row: UserRow) -> bytes:
    encoded = _encode(
        ProfileAnswer(
            user_id=str(row.account),
            username=row.username,
            full_name=row.full_name,
            bio=None,
            website=None,
            profile_image_url=None,
            verified=row.verified,
            private_account=False,
            stats=Stats(row.followers, row.following, row.posts),
            following=False,
            followed_by=False,
            requested=False,
        )
    )
    return encoded.removesuffix(b'false,"followed_by":false,"requested":false}')


def _value(text: Text) -> str:
    """A text that was never erased: it is being published."""
    return text.value or ""
