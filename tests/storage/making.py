"""Histories for the tests of storage: facts in their places, made in one line each.

A `History` numbers what it is told, gives out ids and texts, and knows what holds. It keeps no
rules: who wants only what actors would decide asks `tests.storage.living`.
"""

import functools
from typing import Any

from storage.disk import Group
from storage.facts import (
    AccountCleared,
    AccountDeleted,
    AvatarChanged,
    Blocked,
    CommentDeleted,
    Commented,
    CommentLiked,
    CommentUnliked,
    Entry,
    Fact,
    Followed,
    FollowRequested,
    FollowRequestEnded,
    InviteCreated,
    InviteUsed,
    LocationCreated,
    Medium,
    NotificationsRead,
    PasswordChanged,
    PostDeleted,
    PostEdited,
    PostLiked,
    PostPublished,
    PostSaved,
    PostUnliked,
    PostUnsaved,
    PrivacyChanged,
    ProfileChanged,
    Registered,
    SessionEnded,
    SessionOpened,
    SessionRefreshed,
    StoryEnded,
    StoryPublished,
    StoryViewed,
    StoryViewForgotten,
    Tag,
    Text,
    Unblocked,
    Unfollowed,
    UsernameChanged,
    Verified,
)
from storage.ids import IdClock
from storage.schema import ensure_schema
from storage.sqlite import Connection, open_memory
from tests.storage.plain import Plain

BEGAN_AT = 1_760_000_000_000
"""Unix milliseconds of the first fact; each later one comes a second after."""

NAUGHTY = "NUL \x00 quote ' \" back\\slash emoji 😍 \u202e override \u0301 { } [ ] %s ; --"


@functools.cache
def _empty() -> Any:
    connection = open_memory()
    ensure_schema(connection)
    return connection


def empty_database() -> Connection:
    """A database in memory with all tables and no rows, whoever asks for it closes it: a copy,
    which takes a hundredth of the time that making one takes."""
    connection = open_memory()
    _empty().backup(connection)
    return connection


class History:
    """Facts as they come to be, and what holds after them."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.ids = IdClock()
        self.plain = Plain()

    @property
    def accounts(self) -> int:
        """The last account number that was given out."""
        return len(self.plain.accounts)

    def say(self, fact: Fact) -> Entry:
        seq = len(self.entries) + 1
        entry = Entry(seq, BEGAN_AT + 1_000 * seq, fact)
        self.entries.append(entry)
        self.plain.tell(entry)
        return entry

    def text(self, value: str) -> Text:
        return Text(self.id(), value)

    def text_or_none(self, value: str | None) -> Text | None:
        return None if value is None else self.text(value)

    def id(self) -> int:
        return self.ids.next_id(BEGAN_AT + 1_000 * len(self.entries))

    # Accounts.

    def register(self, name: str | None = None, full_name: str | None = None) -> int:
        account = self.accounts + 1
        username = self.text(name or f"user{account}")
        full = self.text_or_none(full_name)
        password = self.text(f"argon2 of {account}")
        self.say(Registered(account, username, password, self.text("a@example.org"), full))
        return account

    def rename(self, account: int, name: str) -> None:
        self.say(UsernameChanged(account, self.text(name)))

    def log_in(self, account: int, client: str | None = None) -> int:
        session = self.id()
        family, refresh = self.text(f"family of {session}"), self.text(f"refresh of {session}")
        told = self.text_or_none(client)
        self.say(SessionOpened(account, session, refresh, family, told))
        return session

    def refresh(self, account: int, session: int) -> None:
        refresh = self.text(f"refresh {len(self.entries)} of {session}")
        self.say(SessionRefreshed(account, session, refresh))

    def log_out(self, account: int, session: int) -> None:
        self.say(SessionEnded(account, session))

    def change_password(self, account: int, kept: int | None = None) -> None:
        self.say(PasswordChanged(account, self.text("another argon2"), kept))

    def verify(self, account: int, verified: bool = True) -> None:
        self.say(Verified(account, verified))

    def describe(self, account: int, **texts: str | None) -> None:
        """Change `full_name`, `bio`, `website`."""
        made = {name: self.text_or_none(value) for name, value in texts.items()}
        self.say(ProfileChanged(account, tuple(texts), **made))

    def show(self, account: int, file: str | None) -> None:
        """Another avatar, or none."""
        self.say(AvatarChanged(account, self.text_or_none(file)))

    def keep_private(self, account: int, private: bool = True) -> None:
        self.say(PrivacyChanged(account, private))

    def invite(self, code: str) -> int:
        invite = self.id()
        self.say(InviteCreated(invite, self.text(code)))
        return invite

    def use_invite(self, invite: int, account: int) -> None:
        self.say(InviteUsed(invite, account))

    def leave(self, account: int) -> None:
        self.say(AccountDeleted(account))

    def clear(self, account: int) -> None:
        self.say(AccountCleared(account))

    # Between two.

    def follow(self, follower: int, followee: int, approved: bool = False) -> None:
        self.say(Followed(followee, follower, approved))

    def unfollow(self, follower: int, followee: int) -> None:
        self.say(Unfollowed(followee, follower))

    def request(self, follower: int, followee: int) -> None:
        self.say(FollowRequested(followee, follower))

    def end_request(self, follower: int, followee: int, denied: bool = False) -> None:
        self.say(FollowRequestEnded(followee, follower, denied))

    def block(self, blocker: int, blocked: int) -> None:
        self.say(Blocked(blocker, blocked))

    def unblock(self, blocker: int, blocked: int) -> None:
        self.say(Unblocked(blocker, blocked))

    # Posts.

    def publish(
        self,
        author: int,
        caption: str | None = None,
        pictures: int = 1,
        alt: str | None = None,
        tags: tuple[Tag, ...] = (),
        location: int | None = None,
    ) -> int:
        post = self.id()
        media = tuple(
            Medium(
                self.id(),
                1440,
                1080,
                self.text(f"{post}-{n}.jpg"),
                self.text(f"{post}-{n}t"),
                self.text_or_none(alt),
            )
            for n in range(pictures)
        )
        self.say(PostPublished(author, post, self.text_or_none(caption), media, location, tags))
        return post

    def edit(
        self,
        post: int,
        changed: tuple[str, ...],
        caption: str | None = None,
        alts: tuple[str | None, ...] = (),
        location: int | None = None,
        tags: tuple[Tag, ...] = (),
    ) -> None:
        author = self.plain.posts[post].author
        said, shown = self.text_or_none(caption), tuple(map(self.text_or_none, alts))
        self.say(PostEdited(post, author, changed, said, shown, location, tags))

    def delete(self, post: int, author: int) -> None:
        self.say(PostDeleted(post, author))

    def like(self, account: int, post: int, first: bool = True) -> int:
        return self.say(PostLiked(post, account, first)).seq

    def unlike(self, account: int, post: int) -> None:
        self.say(PostUnliked(post, account))

    def save(self, account: int, post: int) -> None:
        self.say(PostSaved(post, account))

    def unsave(self, account: int, post: int) -> None:
        self.say(PostUnsaved(post, account))

    # Comments.

    def comment(self, author: int, post: int, text: str, root: int | None = None) -> int:
        comment = self.id()
        replied = None if root is None else self.plain.comments[root].author
        owner = self.plain.posts[post].author
        self.say(Commented(comment, post, author, self.text(text), root, replied, (), owner))
        return comment

    def delete_comment(self, comment: int) -> None:
        one = self.plain.comments[comment]
        replies = sum(other.root == comment for other in self.plain.comments.values())
        self.say(CommentDeleted(comment, one.post, one.author, 1 + replies, one.root))

    def like_comment(self, account: int, comment: int, first: bool = True) -> None:
        self.say(CommentLiked(comment, account, first))

    def unlike_comment(self, account: int, comment: int) -> None:
        self.say(CommentUnliked(comment, account))

    # Stories and places.

    def tell_story(self, author: int, hours: int = 24) -> int:
        story = self.id()
        expires_at = BEGAN_AT + 1_000 * (len(self.entries) + 1) + hours * 3_600_000
        self.say(StoryPublished(author, story, self.text(f"story {story}"), 5, expires_at))
        return story

    def view(self, account: int, story: int) -> None:
        self.say(StoryViewed(story, account))

    def forget_view(self, account: int, story: int) -> None:
        self.say(StoryViewForgotten(story, account))

    def end_story(self, story: int) -> None:
        self.say(StoryEnded(story, self.plain.found.stories[story].author, expired=False))

    def add_place(
        self,
        account: int,
        name: str,
        lat: float = 1.0,
        lng: float = 2.0,
        country: str | None = None,
    ) -> int:
        location = self.id()
        city, of = self.text("Somewhere"), self.text_or_none(country)
        self.say(LocationCreated(account, location, self.text(name), city, of, lat, lng))
        return location

    def read_all(self, account: int) -> None:
        self.say(NotificationsRead(account, len(self.entries)))

    def group(self) -> Group:
        """All of it as one commit."""
        return Group(entries=list(self.entries))
