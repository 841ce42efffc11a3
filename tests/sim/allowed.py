"""Who may do what, said once more: every decision is held against the truth as it was delivered
when the decision was made.

The rules of `actors/` are not asked. What an actor knows of itself alone is not looked at here: the
truth that is told of every appended fact is strict about that.
"""

from typing import Any

from actors.accounts.messages import ChangeUsername, ClearAccount
from actors.comment.messages import DeleteComment, LikeComment
from actors.decisions import Accepted, Command
from actors.post.messages import Comment, DeletePost, EditPost, Like, Save
from actors.user.messages import Block, DeleteAccount, OpenSession, Publish, Refresh
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
)
from tests.sim.broken import Broken
from tests.sim.truth import Truth

OF_ITSELF = (Publish, OpenSession, DeleteAccount)
"""Commands whose rule reads nothing but the deciding actor's own state."""


def check_allowed(
    delivered: Truth, appended: Truth, command: Command[Any], decision: Accepted[Any]
) -> None:
    """Raises `Broken` if `command` should have been refused. `appended` is what its own actor may
    know, `delivered` all that is known of others."""
    for fact in decision.facts:
        if dead := bound_by(fact) & delivered.gone:
            raise Broken(f"{fact} binds {dead}, who are deleted")
    known = appended if isinstance(command, OF_ITSELF) else delivered
    if not may(known, command):
        raise Broken(f"{command} was accepted")
    if isinstance(command, Refresh):
        good = appended.tokens.get(command.session) == command.presented
        if decision.reply.refreshed != good:
            raise Broken(f"{command} was answered {decision.reply}")
    for fact in decision.facts:
        if isinstance(fact, PostPublished | PostEdited | Commented):
            apart = {who for who in bound_by(fact) if known.apart(fact.author, who)}
            if apart:
                raise Broken(f"{fact} names {apart}, whom a block keeps apart from its author")


def bound_by(fact: Fact) -> set[int]:
    """Whom a fact puts into rows."""
    match fact:
        case Followed() | FollowRequested():
            return {fact.followee, fact.follower}
        case Blocked():
            return {fact.blocker, fact.blocked}
        case PostLiked() | PostSaved() | CommentLiked() | SessionOpened():
            return {fact.account}
        case Commented():
            replied = () if fact.replied is None else (fact.replied,)
            return {fact.author, *fact.mentions, *replied}
        case PostPublished() | PostEdited():
            return {*fact.mentions, *(tag.account for tag in fact.tags)}
        case _:
            return set()


def may(truth: Truth, command: Command[Any]) -> bool:
    match command:
        case Like() | Save():
            return truth.sees(command.account, truth.posts.get(command.post, 0))
        case Comment(parent=None):
            return truth.sees(command.account, truth.posts.get(command.post, 0))
        case Comment(parent=parent):
            return _sees_comment(truth, command.account, parent or 0, command.post)
        case LikeComment(place=place):
            return _sees_comment(truth, command.account, place.comment, place.post)
        case Block():
            return command.blocked in truth.names
        case ChangeUsername():
            return command.account in truth.names
        case ClearAccount():
            return command.account in truth.gone
        case EditPost() | DeletePost():
            return truth.posts.get(command.post) == command.account
        case DeleteComment():
            standing = truth.comments[command.place.comment]
            return command.account in (standing.author, truth.posts[standing.post])
        case DeleteAccount() | OpenSession():
            return truth.passwords.get(command.account) == command.password_id
        case _:
            return True


def _sees_comment(truth: Truth, viewer: int, comment: int, post: int) -> bool:
    one = truth.comments.get(comment)
    if one is None or one.post != post or not truth.sees(viewer, truth.posts[post]):
        return False
    return truth.meet(viewer, one.author)
