"""Who may do what, said once more: every decision is held against the truth as it was delivered
when the decision was made.

The rules of `actors/` are not asked. What an actor knows of itself alone is not looked at here: the
truth that is told of every appended fact is strict about that.
"""

from collections.abc import Iterable
from typing import Any

from actors.accounts.messages import ChangeUsername, ClearAccount
from actors.comment.messages import DeleteComment, LikeComment
from actors.decisions import Accepted, Command
from actors.post.messages import Comment, DeletePost, EditPost, Like, Save
from actors.story.messages import ViewStory
from actors.user.messages import (
    Block,
    CreateLocation,
    DeleteAccount,
    DeleteStory,
    OpenSession,
    Publish,
    PublishStory,
    ReadNotifications,
    Refresh,
)
from storage.facts import (
    Blocked,
    Commented,
    CommentLiked,
    Fact,
    Followed,
    FollowRequested,
    PostEdited,
    PostLiked,
    PostPublished,
    PostSaved,
    SessionOpened,
    StoryViewed,
)
from tests.sim.broken import Broken
from tests.sim.truth import Truth

OF_ITSELF = (
    Publish,
    PublishStory,
    DeleteStory,
    CreateLocation,
    ReadNotifications,
    OpenSession,
    DeleteAccount,
)
"""Commands whose rule reads nothing but the deciding actor's own state."""


def check_allowed(
    delivered: Truth, appended: Truth, command: Command[Any], decision: Accepted[Any], at: int
) -> None:
    """Raises `Broken` if `command` should have been refused at `at` (Unix milliseconds), or if it
    tells others than it should. `appended` is what its own actor may know, `delivered` all that is
    known of others."""
    for fact in decision.facts:
        if dead := bound_by(fact) & delivered.gone:
            raise Broken(f"{fact} binds {dead}, who are deleted")
    known = appended if isinstance(command, OF_ITSELF) else delivered
    if not may(known, command, at):
        raise Broken(f"{command} was accepted")
    if isinstance(command, Refresh):
        good = appended.tokens.get(command.session) == command.presented
        if decision.reply.refreshed != good:
            raise Broken(f"{command} was answered {decision.reply}")
    for fact in decision.facts:
        check_named(known, appended.named, delivered.gone, command, fact)


def check_named(
    truth: Truth,
    already: set[tuple[str, int, int]],
    gone: set[int],
    command: Any,
    fact: Fact,
) -> None:
    """Whoever is named is there for who names them; and told is exactly who may see what it is
    about. Whom a post names `already` it knows by itself, its turn's earlier decisions included."""

    def named(accounts: Iterable[int]) -> list[int]:
        once = dict.fromkeys(accounts)
        return [who for who in once if who not in gone and not truth.apart(by, who)]

    def check(what: str, found: object, due: object) -> None:
        if found != due:
            raise Broken(f"{fact}: {what} are {found}, should be {due}")

    by: int = getattr(fact, "author", 0)
    match fact:
        case PostPublished(author=author) | PostEdited(author=author):
            changed = fact.changed if isinstance(fact, PostEdited) else ("caption", "tags")
            tags = command.tags if "tags" in changed else ()
            tagged = named(tag.account for tag in tags)
            due = [
                (who, truth.shows(author, who) and ("tag", fact.post, who) not in already)
                for who in tagged
            ]
            check("tags", [(tag.account, tag.told) for tag in fact.tags], due)
            mentions = named(command.mentions) if "caption" in changed else []
            heard = {who for _, post, who in already if post == fact.post}
            seeing = [who for who in mentions if truth.shows(author, who) and who not in heard]
            check("mentions", list(fact.mentions), seeing)
        case Commented(post=post):
            owner = truth.posts[post]
            seeing = [who for who in named(command.mentions) if truth.shows(owner, who)]
            check("mentions", list(fact.mentions), seeing)
            parent = None if command.parent is None else truth.comments[command.parent].author
            told = None if parent is None or not truth.shows(owner, parent) else parent
            check("the answered", fact.replied, told)
        case CommentLiked(comment=comment):
            standing = truth.comments[comment]
            sees = truth.shows(truth.posts[standing.post], standing.author)
            check("told", fact.told, sees)
        case _:
            pass


def bound_by(fact: Fact) -> set[int]:
    """Whom a fact puts into rows."""
    match fact:
        case Followed() | FollowRequested():
            return {fact.followee, fact.follower}
        case Blocked():
            return {fact.blocker, fact.blocked}
        case PostLiked() | PostSaved() | CommentLiked() | SessionOpened() | StoryViewed():
            return {fact.account}
        case Commented():
            replied = () if fact.replied is None else (fact.replied,)
            return {fact.author, *fact.mentions, *replied}
        case PostPublished() | PostEdited():
            return {*fact.mentions, *(tag.account for tag in fact.tags)}
        case _:
            return set()


def may(truth: Truth, command: Command[Any], at: int) -> bool:
    match command:
        case ViewStory() | DeleteStory():
            return _may_story(truth, command, at)
        case Like() | Save() | Comment() | LikeComment() | EditPost() | DeletePost():
            return _may_post(truth, command)
        case PublishStory(author=account) | Publish(author=account):
            return account in truth.names
        case CreateLocation() | ReadNotifications() | ChangeUsername():
            return command.account in truth.names
        case Block():
            return command.blocked in truth.names
        case ClearAccount():
            return command.account in truth.gone
        case DeleteComment():
            standing = truth.comments[command.place.comment]
            return command.account in (standing.author, truth.posts[standing.post])
        case DeleteAccount() | OpenSession():
            return truth.passwords.get(command.account) == command.password_id
        case _:
            return True


def _may_post(
    truth: Truth, command: Like | Save | Comment | LikeComment | EditPost | DeletePost
) -> bool:
    match command:
        case Like() | Save() | Comment(parent=None):
            return truth.sees(command.account, truth.posts.get(command.post, 0))
        case Comment(parent=parent):
            return _sees_comment(truth, command.account, parent or 0, command.post)
        case LikeComment(place=place):
            return _sees_comment(truth, command.account, place.comment, place.post)
        case EditPost() | DeletePost():
            return truth.posts.get(command.post) == command.account


def _may_story(truth: Truth, command: ViewStory | DeleteStory, at: int) -> bool:
    story = truth.found.stories.get(command.story)
    if story is None or at >= story.expires_at:
        return False
    if isinstance(command, DeleteStory):
        return story.author == command.account
    return truth.sees(command.account, story.author)


def _sees_comment(truth: Truth, viewer: int, comment: int, post: int) -> bool:
    one = truth.comments.get(comment)
    if one is None or one.post != post or not truth.sees(viewer, truth.posts[post]):
        return False
    return truth.meet(viewer, one.author)
