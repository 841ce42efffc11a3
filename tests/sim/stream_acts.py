"""What the authors of the streams' histories do: each act is a command, made of what there is."""

from collections.abc import Callable
from random import Random
from typing import Any

from actors.comment.messages import DeleteComment, LikeComment, Place, UnlikeComment
from actors.decisions import Command
from actors.post.messages import Comment, DeletePost, Like, Unlike
from actors.user.messages import (
    Approve,
    Block,
    ChangeProfile,
    DeleteStory,
    Deny,
    Follow,
    NewMedium,
    Publish,
    PublishStory,
    RemoveFollower,
    Unblock,
    Unfollow,
)
from storage.facts import Tag

LATELY = 3
"""So many of the newest things are what everybody is at."""


class People:
    """Who and what there is, as those know who act."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.accounts: list[int] = []
        self.posts: list[tuple[int, int]] = []
        """(post, author)"""
        self.stories: list[tuple[int, int]] = []
        self.places: list[Place] = []
        self.files = 0

    def note(self, command: Command[Any], reply: Any) -> None:
        """What an act has made."""
        match command:
            case Publish(author=author):
                self.posts.append((reply.post, author))
            case PublishStory(author=author):
                self.stories.append((reply.story, author))
            case Comment(post=post, author=author, root=root):
                self.places.append(Place(reply.comment, post, author, root))
            case _:
                pass

    def two(self) -> tuple[int, int]:
        one, other = self.random.sample(self.accounts, 2)
        return one, other

    def some(self) -> tuple[int, ...]:
        count = self.random.choice([0, 0, 1, 2])
        return tuple(sorted(self.random.sample(self.accounts, count)))

    def file(self) -> str:
        self.files += 1
        return f"file{self.files}"

    def late(self, things: list[Any]) -> Any:
        return self.random.choice(things[-LATELY:]) if things else None


def publish(p: People) -> Any:
    author, tags = p.two()[0], tuple(Tag(account) for account in p.some())
    medium = NewMedium(1, 1, p.file(), p.file())
    return Publish(author, "caption", (medium,), tags=tags, mentions=p.some())


def story(p: People) -> Any:
    return PublishStory(p.two()[0], p.file(), 5)


def follow(p: People) -> Any:
    return Follow(*p.two())


def like(p: People) -> Any:
    found = p.late(p.posts)
    return found and Like(found[0], found[1], p.two()[0])


def comment(p: People) -> Any:
    found, place = p.late(p.posts), p.late(p.places)
    if place is not None and p.random.random() < 0.5:
        root = place.root or place.comment
        who = p.two()[0]
        return Comment(place.post, place.author, who, "text", place.comment, root, p.some())
    who = p.two()[0]
    return found and Comment(found[0], found[1], who, "text", mentions=p.some())


def like_comment(p: People) -> Any:
    place = p.late(p.places)
    return place and LikeComment(place, p.two()[0])


def unlike_comment(p: People) -> Any:
    place = p.late(p.places)
    return place and UnlikeComment(place, p.two()[0])


def delete_comment(p: People) -> Any:
    place = p.late(p.places)
    return place and DeleteComment(place, place.author)


def unlike(p: People) -> Any:
    found = p.late(p.posts)
    return found and Unlike(found[0], p.two()[0])


def delete_post(p: People) -> Any:
    found = p.late(p.posts)
    return found and DeletePost(found[0], found[1])


def delete_story(p: People) -> Any:
    found = p.late(p.stories)
    return found and DeleteStory(found[1], found[0])


def change_privacy(p: People) -> Any:
    return ChangeProfile(p.two()[0], (), private=p.random.random() < 0.5)


TALK: dict[Callable[[People], Any], int] = {
    publish: 20, story: 10, follow: 16, like: 12, comment: 14, like_comment: 6,
}  # fmt: skip
"""Acts that take nothing back, and how often they come."""

ACTS: dict[Callable[[People], Any], int] = {
    **TALK,
    lambda p: Unfollow(*p.two()): 6,
    lambda p: RemoveFollower(*p.two()): 3,
    lambda p: Approve(*p.two()): 5,
    lambda p: Deny(*p.two()): 1,
    lambda p: Block(*p.two()): 3,
    lambda p: Unblock(*p.two()): 5,
    change_privacy: 5, unlike: 6, unlike_comment: 3, delete_post: 4, delete_comment: 4,
    delete_story: 4,
}  # fmt: skip
