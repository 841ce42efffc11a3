"""What the rows should be after any facts, in plain Python, and what a viewer may see of them: the
oracle for the views.

Used by the tests of this folder only. It keeps sets and counts them; no count is kept anywhere.
"""

from typing import Any

import msgspec

from server.wire import (
    Brief,
    ListedUser,
    PostAnswer,
    ProfileAnswer,
    Stats,
    TaggedUser,
    medium_answer,
    rfc3339,
)
from storage.facts import (
    AccountCleared,
    AccountDeleted,
    AvatarChanged,
    Blocked,
    CommentDeleted,
    Commented,
    Entry,
    Fact,
    Followed,
    FollowRequested,
    FollowRequestEnded,
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
    Text,
    Unblocked,
    Unfollowed,
    UsernameChanged,
    Verified,
)
from storage.reads import GetRows
from storage.rows import (
    BLOCKED_BY,
    BLOCKING,
    FOLLOWED_BY,
    FOLLOWING,
    LIKED,
    REQUESTED,
    SAVED,
    MediumRow,
    PostRow,
    Rows,
    TagRow,
    UserRow,
)

BASE_URL = "http://photos.test"

Pairs = set[tuple[int, int]]


class RowsModel:
    """Everything as of one seq. Of a pair the acting side comes first: (follower, followee),
    (blocker, blocked), (account, post)."""

    def __init__(self) -> None:
        self.users: dict[int, UserRow] = {}
        """Those who exist. What a deleted account has left is in the other sets until it is
        cleared."""
        self.posts: dict[int, PostRow] = {}
        self.likes: Pairs = set()
        self.saves: Pairs = set()
        self.follows: Pairs = set()
        self.requests: Pairs = set()
        self.blocks: Pairs = set()
        self.comments: dict[int, tuple[int, int | None]] = {}
        """comment -> (post, root)"""

    def copy(self) -> "RowsModel":
        copy = RowsModel()
        for name, value in vars(self).items():
            setattr(copy, name, value.copy())
        return copy

    def apply(self, entry: Entry) -> None:
        match entry.fact:
            case PostLiked() | PostUnliked() | PostSaved() | PostUnsaved():
                self._apply_flag(entry.fact)
            case Followed() | Unfollowed() | FollowRequested() | FollowRequestEnded():
                self._apply_edge(entry.fact)
            case Blocked() | Unblocked():
                self._apply_block(entry.fact)
            case PostPublished() as fact:
                media = [
                    MediumRow(
                        medium.media,
                        medium.width,
                        medium.height,
                        text_of(medium.file) or "",
                        text_of(medium.thumbnail) or "",
                        text_of(medium.alt),
                    )
                    for medium in fact.media
                ]
                tags = [TagRow(tag.account, tag.x, tag.y) for tag in fact.tags]
                self.posts[fact.post] = PostRow(
                    fact.post, fact.author, entry.at, text_of(fact.caption), 0, 0, media, tags
                )
            case PostEdited() as fact:
                self._apply_edit(fact)
            case PostDeleted(post=post):
                del self.posts[post]
                self.likes = {pair for pair in self.likes if pair[1] != post}
                self.saves = {pair for pair in self.saves if pair[1] != post}
                self.comments = {
                    comment: place for comment, place in self.comments.items() if place[0] != post
                }
            case Commented(comment=comment, post=post, root=root):
                self.comments[comment] = (post, root)
            case CommentDeleted(comment=deleted, removed=removed):
                before = len(self.comments)
                self.comments = {
                    comment: place
                    for comment, place in self.comments.items()
                    if deleted not in (comment, place[1])
                }
                assert before - len(self.comments) == removed, "the fact miscounts"
            case _:
                self._apply_account(entry.fact)

    def _apply_account(self, fact: Fact) -> None:
        match fact:
            case Registered(account=account, username=username, full_name=full_name):
                named = text_of(username) or "", text_of(full_name)
                self.users[account] = UserRow(account, *named, False, 0, 0, 0)
            case UsernameChanged(account=account, username=username):
                self._change(account, username=text_of(username))
            case ProfileChanged(account=account, changed=changed):
                texts = {name: text_of(getattr(fact, name)) for name in changed}
                self._change(account, **texts)
            case AvatarChanged(account=account, file=file):
                self._change(account, avatar=text_of(file))
            case PrivacyChanged(account=account, private=private):
                self._change(account, private=private)
            case Verified(account=account, verified=verified):
                self._change(account, verified=verified)
            case AccountDeleted(account=account):
                del self.users[account]
            case AccountCleared(account=account):
                for post, row in self.posts.items():
                    left = [tag for tag in row.tags if tag.account != account]
                    self.posts[post] = msgspec.structs.replace(row, tags=left)
            case _:
                raise AssertionError(fact)

    def _change(self, account: int, **changes: object) -> None:
        self.users[account] = msgspec.structs.replace(self.users[account], **changes)

    def _apply_edit(self, fact: PostEdited) -> None:
        row = self.posts[fact.post]
        if "caption" in fact.changed:
            row = msgspec.structs.replace(row, caption=text_of(fact.caption))
        if "alts" in fact.changed:
            media = [
                msgspec.structs.replace(medium, alt=text_of(fact.alts[place]))
                for place, medium in enumerate(row.media)
            ]
            row = msgspec.structs.replace(row, media=media)
        if "tags" in fact.changed:
            tags = [TagRow(tag.account, tag.x, tag.y) for tag in fact.tags]
            row = msgspec.structs.replace(row, tags=tags)
        self.posts[fact.post] = row

    def _apply_flag(self, fact: PostLiked | PostUnliked | PostSaved | PostUnsaved) -> None:
        pairs = self.likes if isinstance(fact, PostLiked | PostUnliked) else self.saves
        if isinstance(fact, PostLiked | PostSaved):
            pairs.add((fact.account, fact.post))
        else:
            pairs.remove((fact.account, fact.post))

    def _apply_edge(
        self, fact: Followed | Unfollowed | FollowRequested | FollowRequestEnded
    ) -> None:
        edge = fact.follower, fact.followee
        match fact:
            case Followed():
                self.follows.add(edge)
                self.requests.discard(edge)
            case Unfollowed():
                self.follows.remove(edge)
            case FollowRequested():
                self.requests.add(edge)
            case FollowRequestEnded():
                self.requests.remove(edge)

    def _apply_block(self, fact: Blocked | Unblocked) -> None:
        one, other = fact.blocker, fact.blocked
        if isinstance(fact, Unblocked):
            self.blocks.remove((one, other))
            return
        assert fact.followed == ((one, other) in self.follows)
        assert fact.followed_by == ((other, one) in self.follows)
        self.blocks.add((one, other))
        self.follows -= {(one, other), (other, one)}
        self.requests -= {(one, other), (other, one)}

    # The rows.

    def post(self, post: int) -> PostRow:
        return msgspec.structs.replace(
            self.posts[post],
            likes=sum(liked == post for _, liked in self.likes),
            comments=sum(place[0] == post for place in self.comments.values()),
        )

    def user(self, account: int) -> UserRow:
        return msgspec.structs.replace(
            self.users[account],
            followers=sum(followee == account for _, followee in self.follows),
            following=sum(follower == account for follower, _ in self.follows),
            posts=sum(row.author == account for row in self.posts.values()),
        )

    def flags(self, viewer: int, post: int) -> int:
        liked, saved = (viewer, post) in self.likes, (viewer, post) in self.saves
        return LIKED * liked | SAVED * saved

    def stance(self, viewer: int | None, account: int) -> int:
        if viewer is None or viewer == account:
            return 0
        there, back = (viewer, account), (account, viewer)
        return (
            FOLLOWING * (there in self.follows)
            | FOLLOWED_BY * (back in self.follows)
            | REQUESTED * (there in self.requests)
            | BLOCKING * (there in self.blocks)
            | BLOCKED_BY * (back in self.blocks)
        )

    def rows(self, question: GetRows) -> Rows:
        viewer = question.viewer
        posts = [self.post(post) for post in question.posts if post in self.posts]
        named = {post.author for post in posts} | {tag.account for row in posts for tag in row.tags}
        accounts = sorted({*question.users, *named} & self.users.keys())
        stances = sorted({*question.stances, *named}) if viewer is not None else []
        return Rows(
            posts,
            [self.user(account) for account in accounts],
            [(post, bits) for post in question.flags if (bits := self.flags(viewer or 0, post))],
            [(account, bits) for account in stances if (bits := self.stance(viewer, account))],
        )

    # What a viewer may see of them.

    def is_there(self, account: int, viewer: int | None) -> bool:
        apart = {(viewer, account), (account, viewer)} & self.blocks
        return account in self.users and not apart

    def may_see(self, post: int, viewer: int) -> bool:
        if post not in self.posts or not self.is_there(self.posts[post].author, viewer):
            return False
        author = self.posts[post].author
        private = self.users[author].private
        return not private or viewer == author or (viewer, author) in self.follows

    def shown(self, post: int, viewer: int) -> bytes:
        """The post as the wire's own type encodes it."""
        row = self.post(post)
        return encoded(
            PostAnswer(
                post_id=str(post),
                user=self.brief(row.author),
                caption=row.caption,
                media=[
                    medium_answer(BASE_URL, m.media, m.width, m.height, m.file, m.thumbnail, m.alt)
                    for m in row.media
                ],
                location=None,
                hashtags=["tag"] if row.caption and "#Tag" in row.caption else [],
                user_tags=[
                    TaggedUser(str(tag.account), self.users[tag.account].username, tag.x, tag.y)
                    for tag in row.tags
                    if self.is_there(tag.account, viewer)
                ],
                created_at=rfc3339(row.at),
                likes_count=row.likes,
                comments_count=row.comments,
                liked_by_user=(viewer, post) in self.likes,
                saved_by_user=(viewer, post) in self.saves,
            )
        )

    def brief(self, account: int) -> Brief:
        user = self.users[account]
        return Brief(str(account), user.username, picture_of(user))

    def listed(self, account: int, viewer: int | None) -> bytes:
        user, following = self.users[account], (viewer, account) in self.follows
        named = user.username, user.full_name, picture_of(user)
        return encoded(ListedUser(str(account), *named, following))

    def profile(self, account: int, viewer: int | None) -> bytes:
        user = self.user(account)
        return encoded(
            ProfileAnswer(
                user_id=str(account),
                username=user.username,
                full_name=user.full_name,
                bio=user.bio,
                website=user.website,
                profile_image_url=picture_of(user),
                verified=user.verified,
                private_account=user.private,
                stats=Stats(user.followers, user.following, user.posts),
                following=(viewer, account) in self.follows,
                followed_by=(account, viewer) in self.follows,
                requested=(viewer, account) in self.requests,
            )
        )


def text_of(text: Text | None) -> str | None:
    return None if text is None else text.value


def picture_of(user: UserRow) -> str | None:
    return None if user.avatar is None else f"{BASE_URL}/media/{user.avatar}"


def encoded(value: Any) -> bytes:
    return msgspec.json.encode(value)
