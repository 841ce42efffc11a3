"""The rules of each kind of actor, decided on states folded from facts: no runtime, no disk."""

from typing import Any

import pytest

from actors.accounts.messages import Register
from actors.decisions import Accepted, Command, Moment, Reason, Refused
from actors.kinds import BEHAVIOURS
from actors.post.messages import DeletePost, Like, LikeReply, Unlike
from actors.user.messages import (
    ChangePassword,
    Follow,
    NewMedium,
    OpenSession,
    Publish,
    SetVerified,
    Unfollow,
)
from storage.facts import Fact, Followed, PasswordChanged, PostDeleted, PostLiked, PostUnliked
from storage.ids import IdClock, kind_of, user_key

AT = 1_770_000_000_000


class World:
    """States by actor, changed by the facts of accepted commands at once."""

    def __init__(self) -> None:
        self.states: dict[int, Any] = {}
        self.ids = IdClock()
        self.seq = 0

    def state(self, actor: int) -> Any:
        return self.states.setdefault(actor, BEHAVIOURS[kind_of(actor)].state())

    def decide(self, command: Command[Any]) -> Any:
        """The reply and facts, or the reason of a refusal."""
        moment = Moment(
            AT, lambda: self.ids.next_id(AT), {actor: self.state(actor) for actor in command.reads}
        )
        behaviour = BEHAVIOURS[kind_of(command.actor)]
        decision = behaviour.decide(self.state(command.actor), command, moment)
        if isinstance(decision, Refused):
            return decision.reason
        for fact in decision.facts:
            self.seq += 1
            for actor in fact.concerns():
                BEHAVIOURS[kind_of(actor)].fold(self.state(actor), self.seq, fact)
        return decision

    def reply(self, command: Command[Any]) -> Any:
        decision = self.decide(command)
        assert isinstance(decision, Accepted), decision
        return decision.reply

    def facts(self, command: Command[Any]) -> tuple[Fact, ...]:
        decision = self.decide(command)
        assert isinstance(decision, Accepted), decision
        return decision.facts

    def register(self, name: str) -> int:
        return self.reply(Register(name, "hash", None, None, "refresh")).account

    def publish(self, author: int, caption: str | None = None) -> int:
        return self.reply(Publish(author, caption, (NewMedium(4, 3, "a.jpg", "b.jpg"),))).post


@pytest.fixture
def world() -> World:
    return World()


def test_accounts_are_numbered_in_order_of_registration(world: World) -> None:
    assert [world.register(name) for name in ("ann", "bob", "cleo")] == [1, 2, 3]


def test_a_username_is_given_out_once(world: World) -> None:
    world.register("ann")
    assert world.decide(Register("ann", "x", None, None, "y")) is Reason.USERNAME_TAKEN


def test_following_again_is_the_same_answer_and_no_fact(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    first = world.decide(Follow(ann, bob))
    again = world.decide(Follow(ann, bob))
    assert first.facts == (Followed(ann, bob),)
    assert again.facts == ()
    assert again.reply == first.reply
    assert (first.reply.following, first.reply.requested, first.reply.user.username) == (
        True,
        False,
        "ann",
    )


def test_both_sides_know_of_a_follow_and_of_its_end(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    world.decide(Follow(ann, bob))
    assert bob in world.state(user_key(ann)).followers
    assert ann in world.state(user_key(bob)).following
    assert world.reply(Unfollow(ann, bob)).following is False
    assert bob not in world.state(user_key(ann)).followers
    assert ann not in world.state(user_key(bob)).following
    assert world.facts(Unfollow(ann, bob)) == ()


def test_nobody_follows_oneself_or_somebody_who_does_not_exist(world: World) -> None:
    ann = world.register("ann")
    assert world.decide(Follow(ann, ann)) is Reason.ONESELF
    assert world.decide(Follow(99, ann)) is Reason.NOT_FOUND


def test_a_session_is_not_opened_on_a_password_that_was_changed_meanwhile(world: World) -> None:
    ann = world.register("ann")
    checked = world.state(user_key(ann)).password_id
    assert world.reply(OpenSession(ann, checked, "refresh")).session
    (changed,) = world.facts(ChangePassword(ann, "new hash", None))
    assert isinstance(changed, PasswordChanged)
    assert world.decide(OpenSession(ann, checked, "refresh")) is Reason.SESSION_ENDED
    assert world.reply(OpenSession(ann, changed.password.id, "refresh")).session


def test_what_nobody_registered_can_do_nothing(world: World) -> None:
    for command in (Publish(7, None, ()), SetVerified(7, True), OpenSession(7, 0, "refresh")):
        assert world.decide(command) is Reason.NOT_FOUND


def test_ids_grow_with_what_they_name(world: World) -> None:
    ann = world.register("ann")
    posts = [world.publish(ann) for _ in range(5)]
    assert posts == sorted(posts)
    assert len(set(posts)) == 5


def test_a_post_answers_with_all_that_it_is(world: World) -> None:
    ann = world.register("ann")
    reply = world.reply(Publish(ann, "", (NewMedium(4, 3, "a.jpg", "b.jpg"),)))
    assert (reply.author.username, reply.caption, reply.at) == ("ann", None, AT)
    assert [(m.width, m.height, m.file, m.thumbnail) for m in reply.media] == [
        (4, 3, "a.jpg", "b.jpg")
    ]


def test_liking_is_idempotent_and_only_the_first_like_is_first(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    post = world.publish(ann)
    assert world.facts(Like(post, ann, bob)) == (PostLiked(post, bob, first=True),)
    assert world.facts(Like(post, ann, bob)) == ()
    assert world.facts(Unlike(post, bob)) == (PostUnliked(post, bob),)
    assert world.facts(Unlike(post, bob)) == ()
    assert world.facts(Like(post, ann, bob)) == (PostLiked(post, bob, first=False),)
    assert world.reply(Like(post, ann, bob)) == LikeReply(liked=True, likes=1)


def test_a_like_that_names_another_author_than_the_posts_is_refused(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    post = world.publish(ann)
    assert world.decide(Like(post, bob, bob)) is Reason.NOT_FOUND


def test_only_its_author_deletes_a_post_and_only_once(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    post = world.publish(ann)
    assert world.decide(DeletePost(post, bob)) is Reason.FORBIDDEN
    decision = world.decide(DeletePost(post, ann))
    assert decision.facts == (PostDeleted(post, ann),)
    assert decision.reply.blobs == ("a.jpg", "b.jpg")
    for command in (DeletePost(post, ann), Like(post, ann, bob), Unlike(post, bob)):
        assert world.decide(command) is Reason.NOT_FOUND
