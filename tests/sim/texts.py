"""Which texts are still due: each lies in a place, and goes when its place gets another one or is
emptied.

Told fact by fact by `tests.sim.truth`. Places are tuples, and what lies below one goes with it: a
session's texts below its account, a comment's below its thread, and that below its post.
"""

from dataclasses import dataclass, field

from storage.facts import (
    AccountDeleted,
    AvatarChanged,
    CommentDeleted,
    Commented,
    Fact,
    InviteCreated,
    InviteUsed,
    LocationCreated,
    PasswordChanged,
    PostDeleted,
    PostEdited,
    PostPublished,
    ProfileChanged,
    Registered,
    SessionEnded,
    SessionOpened,
    SessionRefreshed,
    StoryEnded,
    StoryPublished,
    Text,
    UsernameChanged,
)

Place = tuple[int | str, ...]


@dataclass
class Texts:
    """The id of the text in each place that has one."""

    due: dict[Place, int] = field(default_factory=dict)

    def put(self, place: Place, text: Text | None) -> None:
        self.due.pop(place, None)
        if text is not None:
            self.due[place] = text.id

    def empty(self, place: Place) -> None:
        """Take out what is in a place and below it."""
        self.due = {one: id for one, id in self.due.items() if one[: len(place)] != place}

    def tell(self, fact: Fact) -> None:
        match fact:
            case PostPublished() | PostEdited() | PostDeleted() | Commented() | CommentDeleted():
                self._tell_of_posts(fact)
            case InviteCreated():
                self.put(("invite", fact.invite), fact.code)
            case InviteUsed():
                self.empty(("invite", fact.invite))
            case StoryPublished():
                self.put(("story", fact.story), fact.file)
            case StoryEnded():
                self.empty(("story", fact.story))
            case LocationCreated():
                for name in ("name", "city", "country"):
                    self.put(("place", fact.location, name), getattr(fact, name))
            case _:
                self._tell_of_accounts(fact)

    def _tell_of_accounts(self, fact: Fact) -> None:
        account = ("account", getattr(fact, "account", 0))
        match fact:
            case SessionOpened() | SessionRefreshed() | SessionEnded() | PasswordChanged():
                self._tell_of_sessions(fact, account)
            case Registered():
                for name in ("username", "password", "email", "full_name"):
                    self.put((*account, name), getattr(fact, name))
            case UsernameChanged():
                self.put((*account, "username"), fact.username)
            case ProfileChanged():
                for name in fact.changed:
                    self.put((*account, name), getattr(fact, name))
            case AvatarChanged():
                self.put((*account, "avatar"), fact.file)
            case AccountDeleted():
                self.empty(account)
            case _:
                pass

    def _tell_of_sessions(
        self,
        fact: SessionOpened | SessionRefreshed | SessionEnded | PasswordChanged,
        account: Place,
    ) -> None:
        sessions = (*account, "session")
        match fact:
            case SessionOpened():
                for name in ("refresh", "family", "client"):
                    self.put((*sessions, fact.session, name), getattr(fact, name))
            case SessionRefreshed():
                self.put((*sessions, fact.session, "refresh"), fact.refresh)
            case SessionEnded():
                self.empty((*sessions, fact.session))
            case PasswordChanged():
                self.put((*account, "password"), fact.password)
                there = {one[3] for one in self.due if one[:3] == sessions}
                for session in there - {fact.kept}:
                    self.empty((*sessions, session))

    def _tell_of_posts(
        self, fact: PostPublished | PostEdited | PostDeleted | Commented | CommentDeleted
    ) -> None:
        post = ("post", fact.post)
        match fact:
            case PostPublished():
                self.put((*post, "caption"), fact.caption)
                for position, medium in enumerate(fact.media):
                    for name in ("file", "thumbnail", "alt"):
                        self.put((*post, name, position), getattr(medium, name))
            case PostEdited():
                if "caption" in fact.changed:
                    self.put((*post, "caption"), fact.caption)
                if "alts" in fact.changed:
                    self.empty((*post, "alt"))
                    for position, alt in enumerate(fact.alts):
                        self.put((*post, "alt", position), alt)
            case PostDeleted():
                self.empty(post)
            case Commented():
                thread = fact.root or fact.comment
                self.put((*post, "comment", thread, fact.comment), fact.text)
            case CommentDeleted(root=None):
                self.empty((*post, "comment", fact.comment))
            case CommentDeleted():
                self.empty((*post, "comment", fact.root or 0, fact.comment))
