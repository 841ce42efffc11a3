"""The truth, told as simply as possible: sets and dictionaries, told fact by fact by code that
shares nothing with Triptych's.

It is strict: a fact that changes nothing, or that can't follow upon those before it, is `Broken`.
The simulated disk answers from one of these, and the checker compares everything with others.
"""

from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, TypeVar

from storage.facts import (
    AccountCleared,
    AccountDeleted,
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
    PasswordChanged,
    PostDeleted,
    PostEdited,
    PostLiked,
    PostPublished,
    PostSaved,
    PostUnliked,
    PostUnsaved,
    PrivacyChanged,
    Registered,
    SessionEnded,
    SessionOpened,
    SessionRefreshed,
    Unblocked,
    Unfollowed,
    UsernameChanged,
)
from tests.sim.broken import due
from tests.sim.found import Found
from tests.sim.texts import Texts

T = TypeVar("T")

EDGES = (Followed, Unfollowed, FollowRequested, FollowRequestEnded)
BLOCKS = (Blocked, Unblocked)
POSTS = (
    PostPublished,
    PostEdited,
    PostDeleted,
    PostLiked,
    PostUnliked,
    PostSaved,
    PostUnsaved,
)
COMMENTS = (Commented, CommentDeleted, CommentLiked, CommentUnliked)


class Standing(NamedTuple):
    """Where a comment stands, and whose it is."""

    post: int
    author: int
    root: int | None


@dataclass
class Truth:
    """What is so after the facts that were told."""

    names: dict[int, str] = field(default_factory=dict)
    """account -> username, of those that are not deleted"""
    gone: set[int] = field(default_factory=set)
    cleared: set[int] = field(default_factory=set)
    private: set[int] = field(default_factory=set)
    passwords: dict[int, int] = field(default_factory=dict)
    """account -> id of the text of its password's hash"""
    sessions: dict[int, int] = field(default_factory=dict)
    """session -> account"""
    tokens: dict[int, str] = field(default_factory=dict)
    """session -> its refresh token, as a hash"""
    invites: set[int] = field(default_factory=set)
    follows: set[tuple[int, int]] = field(default_factory=set)
    """(follower, followee)"""
    requests: set[tuple[int, int]] = field(default_factory=set)
    """(follower, followee)"""
    blocks: set[tuple[int, int]] = field(default_factory=set)
    """(blocker, blocked)"""
    posts: dict[int, int] = field(default_factory=dict)
    """post -> author, of those that are not deleted"""
    tags: set[tuple[int, int]] = field(default_factory=set)
    """(post, account)"""
    likes: set[tuple[int, int]] = field(default_factory=set)
    """(post, account)"""
    saves: set[tuple[int, int]] = field(default_factory=set)
    """(post, account)"""
    comments: dict[int, Standing] = field(default_factory=dict)
    comment_likes: set[tuple[int, int]] = field(default_factory=set)
    """(comment, account)"""
    texts: Texts = field(default_factory=Texts)
    found: Found = field(default_factory=Found)
    accounts: int = 0
    names_ever: set[str] = field(default_factory=set)
    ever_liked: set[tuple[type, int, int]] = field(default_factory=set)
    """(kind of fact, post or comment, account)"""
    named: set[tuple[str, int, int]] = field(default_factory=set)
    """("tag" or "mention", post, account), of those who were told of it at any time"""

    def copy(self) -> "Truth":
        """The same, to be told other things."""
        copied: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            copied[one.name] = value.copy() if isinstance(value, dict | set) else value
        copied["texts"] = Texts(self.texts.due.copy())
        copied["found"] = self.found.copy()
        return Truth(**copied)

    def relations(self) -> dict[str, Any]:
        """What the disk has rows of, by name."""
        left_out = ("texts", "found", "accounts", "names_ever", "ever_liked", "named")
        relations = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in left_out}
        return relations | self.found.relations() | {"texts": set(self.texts.due.values())}

    # What is asked.

    def alive(self, account: int, session: int) -> bool:
        return account not in self.gone and self.sessions.get(session) == account

    def apart(self, one: int, other: int) -> bool:
        """Whether a block stands between two accounts."""
        return (one, other) in self.blocks or (other, one) in self.blocks

    def meet(self, one: int, other: int) -> bool:
        """Whether two accounts are there for each other."""
        return {one, other} <= self.names.keys() and not self.apart(one, other)

    def sees(self, viewer: int, author: int) -> bool:
        """Whether `viewer` may see what `author` posts."""
        if not self.meet(viewer, author):
            return False
        followed = (viewer, author) in self.follows
        return viewer == author or author not in self.private or followed

    def shows(self, author: int, viewer: int) -> bool:
        """Whether `author` lets `viewer` see what it posts, whoever is deleted by now."""
        open_to = author not in self.private or (viewer, author) in self.follows
        return viewer == author or (not self.apart(viewer, author) and open_to)

    def is_public(self, author: int) -> bool:
        """Whether everybody may see what `author` posts."""
        return author in self.names and author not in self.private

    def feed(self, viewer: int) -> list[int]:
        """The pull, by definition: one's own posts and those of whom one follows, newest first."""
        authors = {followee for follower, followee in self.follows if follower == viewer} | {viewer}
        return sorted((p for p, author in self.posts.items() if author in authors), reverse=True)

    def shown_feed(self, viewer: int) -> list[int]:
        """What of it is shown: a deleted author's posts are hidden until they are cleared away."""
        return [post for post in self.feed(viewer) if self.posts[post] not in self.gone]

    def replies(self, root: int) -> list[int]:
        return [comment for comment, standing in self.comments.items() if standing.root == root]

    # What is told.

    def tell(self, entry: Entry) -> None:
        """Raises `Broken` for a fact that can't follow upon those before it."""
        fact = entry.fact
        self.texts.tell(fact)
        if self.found.tell(entry, self.names):
            return
        if isinstance(fact, EDGES):
            self._tell_of_edge(fact)
        elif isinstance(fact, BLOCKS):
            self._tell_of_block(fact)
        elif isinstance(fact, POSTS):
            self._tell_of_post(fact)
        elif isinstance(fact, COMMENTS):
            self._tell_of_comment(fact)
        elif isinstance(fact, AccountDeleted | AccountCleared):
            self._tell_of_end(fact)
        else:
            self._tell_of_account(fact)

    def _tell_of_account(self, fact: Fact) -> None:
        match fact:
            case Registered(account=account):
                self.accounts += 1
                due(fact, account == self.accounts, "accounts are numbered in order")
                self._name(fact)
                self.passwords[account] = fact.password.id
            case UsernameChanged():
                due(fact, fact.account in self.names, "who is gone has no name")
                self._name(fact)
            case PrivacyChanged(account=account, private=private):
                (put if private else take)(self.private, account, fact)
            case SessionOpened(account=account, session=session):
                due(fact, account in self.names, "who is gone logs in no more")
                due(fact, session not in self.sessions, "each session has its number")
                self.sessions[session] = account
                self.tokens[session] = fact.refresh.value or ""
            case SessionRefreshed(account=account, session=session):
                due(fact, self.alive(account, session), "only what is alive is refreshed")
                self.tokens[session] = fact.refresh.value or ""
            case SessionEnded(account=account, session=session):
                due(fact, self.alive(account, session), "a session ends once")
                self._end_sessions({session})
            case PasswordChanged(account=account, kept=kept):
                self.passwords[account] = fact.password.id
                self._end_sessions(self._sessions_of(account) - {kept or 0})
            case InviteCreated(invite=invite):
                put(self.invites, invite, fact)
            case InviteUsed(invite=invite):
                take(self.invites, invite, fact)
            case _:  # only texts, or what no rule reads
                due(fact, getattr(fact, "account", 0) in self.names, "who is gone changes nothing")

    def _name(self, fact: Registered | UsernameChanged) -> None:
        name = fact.username.value or ""
        due(fact, name not in self.names.values(), "a username is one account's")
        self.names[fact.account] = name
        self.names_ever.add(name)

    def _sessions_of(self, account: int) -> set[int]:
        return {session for session, whose in self.sessions.items() if whose == account}

    def _end_sessions(self, ended: set[int]) -> None:
        for session in ended:
            del self.sessions[session], self.tokens[session]

    def _tell_of_end(self, fact: AccountDeleted | AccountCleared) -> None:
        account = fact.account
        if isinstance(fact, AccountCleared):
            due(fact, account in self.gone, "only who is gone is cleared away")
            put(self.cleared, account, fact)
            self.tags = {tag for tag in self.tags if tag[1] != account}
            left = [name for name, value in self.relations().items() if names(value, account)]
            due(fact, left == ["gone", "cleared"], f"{account} is still named in {left}")
            return
        due(fact, account in self.names, "an account is deleted once")
        del self.names[account], self.passwords[account]
        self.gone.add(account)
        self.private.discard(account)
        self._end_sessions(self._sessions_of(account))

    def _tell_of_edge(
        self, fact: Followed | Unfollowed | FollowRequested | FollowRequestEnded
    ) -> None:
        edge = (fact.follower, fact.followee)
        if isinstance(fact, Followed | FollowRequested):
            due(fact, not self.apart(*edge), "a block keeps them apart")
            due(fact, fact.follower != fact.followee, "nobody follows oneself")
            due(fact, edge not in self.follows, "whoever follows does so once")
        match fact:
            case Followed(approved=approved):
                asked = edge in self.requests
                due(fact, approved == asked, "an approval answers a request")
                private = fact.followee in self.private
                due(fact, asked or not private, "nobody follows a private account unasked")
                put(self.follows, edge, fact)
                self.requests.discard(edge)
            case FollowRequested():
                due(fact, fact.followee in self.private, "who is public is followed at once")
                put(self.requests, edge, fact)
            case Unfollowed():
                take(self.follows, edge, fact)
            case FollowRequestEnded():
                take(self.requests, edge, fact)

    def _tell_of_block(self, fact: Blocked | Unblocked) -> None:
        edge = (fact.blocker, fact.blocked)
        if isinstance(fact, Unblocked):
            take(self.blocks, edge, fact)
            return
        put(self.blocks, edge, fact)
        there, back = edge in self.follows, edge[::-1] in self.follows
        due(fact, (fact.followed, fact.followed_by) == (there, back), "it says what it ends")
        self.follows -= {edge, edge[::-1]}
        self.requests -= {edge, edge[::-1]}

    def _tell_of_post(self, fact: Any) -> None:
        post = fact.post
        if isinstance(fact, PostPublished):
            due(fact, post > max(self.posts, default=0), "ids grow")
            self.posts[post] = fact.author
        due(fact, post in self.posts, "the post is gone")
        match fact:
            case PostEdited() | PostPublished():
                due(fact, self.posts[post] == fact.author, "only its author edits a post")
                told = {("tag", post, tag.account) for tag in fact.tags if tag.told}
                told |= {("mention", post, account) for account in fact.mentions}
                due(fact, not told & self.named, "nobody is told twice that a post names them")
                self.named |= told
                if isinstance(fact, PostPublished) or "tags" in fact.changed:
                    tagged = {(post, tag.account) for tag in fact.tags}
                    due(fact, len(tagged) == len(fact.tags), "a person is tagged once")
                    self.tags = {tag for tag in self.tags if tag[0] != post} | tagged
            case PostLiked(account=account, first=first):
                put(self.likes, (post, account), fact)
                self._like(fact, post, account, first)
            case PostUnliked(account=account):
                take(self.likes, (post, account), fact)
            case PostSaved(account=account):
                put(self.saves, (post, account), fact)
            case PostUnsaved(account=account):
                take(self.saves, (post, account), fact)
            case PostDeleted(author=author):
                due(fact, self.posts.pop(post) == author, "only its author deletes a post")
                for relation in (self.likes, self.saves, self.tags):
                    relation -= {pair for pair in relation if pair[0] == post}
                self._drop_comments({c for c, s in self.comments.items() if s.post == post})

    def _tell_of_comment(self, fact: Any) -> None:
        comment = fact.comment
        if isinstance(fact, Commented):
            due(fact, comment > max(self.comments, default=0), "ids grow")
            due(fact, fact.post in self.posts, "the post is gone")
            root = self.comments.get(fact.root) if fact.root is not None else None
            due(fact, fact.root is None or root is not None, "the thread is gone")
            if root is not None:
                due(fact, root == (fact.post, root.author, None), "a reply is one level deep")
            self.comments[comment] = Standing(fact.post, fact.author, fact.root)
        due(fact, comment in self.comments, "the comment is gone")
        match fact:
            case CommentLiked(account=account, first=first):
                put(self.comment_likes, (comment, account), fact)
                self._like(fact, comment, account, first)
            case CommentUnliked(account=account):
                take(self.comment_likes, (comment, account), fact)
            case CommentDeleted(removed=removed):
                replies = self.replies(comment)
                due(fact, removed == 1 + len(replies), "it counts what goes")
                standing = Standing(fact.post, fact.author, fact.root)
                due(fact, self.comments[comment] == standing, "it stands where it stood")
                self._drop_comments({comment, *replies})
            case _:
                pass

    def _like(self, fact: Fact, what: int, account: int, first: bool) -> None:
        like = (type(fact), what, account)
        due(fact, first == (like not in self.ever_liked), "only a first like is first")
        self.ever_liked.add(like)

    def _drop_comments(self, comments: set[int]) -> None:
        for comment in comments:
            del self.comments[comment]
        self.comment_likes = {like for like in self.comment_likes if like[0] not in comments}


def put(members: set[T], one: T, fact: Fact) -> None:
    due(fact, one not in members, "it was so before")
    members.add(one)


def take(members: set[T], one: T, fact: Fact) -> None:
    due(fact, one in members, "it was not so before")
    members.discard(one)


def names(relation: Any, account: int) -> bool:
    """Whether a relation names an account. Posts, comments and texts have far larger numbers."""
    values = [*relation, *relation.values()] if isinstance(relation, dict) else relation
    return any(account in (one if isinstance(one, tuple) else (one,)) for one in values)
