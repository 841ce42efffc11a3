"""The rules of each kind of actor, decided on states folded from facts: no runtime, no disk."""

import pytest

from actors.accounts.messages import ChangeUsername, CreateInvite, Register
from actors.decisions import DoneReply, Reason
from actors.post.messages import DeletePost, EditPost, Like, LikeReply, Save, Unlike
from actors.user.messages import (
    Approve,
    ApproveRequests,
    Block,
    ChangePassword,
    ChangeProfile,
    DeleteAccount,
    Deny,
    EndSession,
    Follow,
    NewMedium,
    NewSession,
    OpenSession,
    Publish,
    Refresh,
    RemoveFollower,
    SetAvatar,
    SetVerified,
    Unblock,
    Unfollow,
)
from actors.user.profile import APPROVED_A_TURN
from actors.user.sessions import SESSIONS_MAX
from storage.facts import (
    Blocked,
    Followed,
    FollowRequested,
    FollowRequestEnded,
    PasswordChanged,
    PostDeleted,
    PostLiked,
    PostUnliked,
    PrivacyChanged,
    ProfileChanged,
    SessionEnded,
    Tag,
    UsernameChanged,
)
from storage.ids import user_key
from tests.actors.deciding import AT, World

SESSION = NewSession("refresh", "family")


@pytest.fixture
def world() -> World:
    return World()


def test_accounts_are_numbered_in_order_of_registration(world: World) -> None:
    assert [world.register(name) for name in ("ann", "bob", "cleo")] == [1, 2, 3]


def test_a_username_is_given_out_once(world: World) -> None:
    world.register("ann")
    assert world.decide(Register("ann", "x", None, None, None)) is Reason.USERNAME_TAKEN


def test_following_again_is_the_same_answer_and_no_fact(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    first = world.decide(Follow(ann, bob))
    again = world.decide(Follow(ann, bob))
    assert first.facts == (Followed(ann, bob),)
    assert again.facts == ()
    assert again.reply == first.reply
    assert (first.reply.following, first.reply.requested) == (True, False)


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
    assert world.reply(OpenSession(ann, checked, SESSION)).session
    (changed,) = world.facts(ChangePassword(ann, "new hash", None))
    assert isinstance(changed, PasswordChanged)
    assert world.decide(OpenSession(ann, checked, SESSION)) is Reason.SESSION_ENDED
    assert world.reply(OpenSession(ann, changed.password.id, SESSION)).session


def test_what_nobody_registered_can_do_nothing(world: World) -> None:
    for command in (Publish(7, None, ()), SetVerified(7, True), OpenSession(7, 0, SESSION)):
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


def test_a_private_account_is_asked_and_answers(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    world.decide(ChangeProfile(ann, (), private=True))
    asked = world.decide(Follow(ann, bob))
    assert asked.facts == (FollowRequested(ann, bob),)
    assert (asked.reply.following, asked.reply.requested) == (False, True)
    assert world.facts(Follow(ann, bob)) == ()
    assert world.facts(Approve(ann, bob)) == (Followed(ann, bob, approved=True),)
    assert world.facts(Approve(ann, bob)) == ()
    assert bob not in world.state(user_key(ann)).requests
    assert world.decide(Deny(ann, bob)) is Reason.NOT_FOUND


def test_a_request_can_be_denied_and_withdrawn(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    world.decide(ChangeProfile(ann, (), private=True))
    for ending in (Deny(ann, bob), Unfollow(ann, bob)):
        world.decide(Follow(ann, bob))
        denied = isinstance(ending, Deny)
        assert world.facts(ending) == (FollowRequestEnded(ann, bob, denied),)
    assert world.decide(Approve(ann, bob)) is Reason.NOT_FOUND


def test_going_public_approves_in_bounded_turns(world: World) -> None:
    ann = world.register("ann")
    world.decide(ChangeProfile(ann, (), private=True))
    for number in range(APPROVED_A_TURN + 5):
        world.decide(Follow(ann, world.register(f"user{number}")))
    assert world.reply(ChangeProfile(ann, (), private=False)).requests_left == 5
    assert world.reply(ApproveRequests(ann)).requests_left == 0
    assert len(world.state(user_key(ann)).followers) == APPROVED_A_TURN + 5


def test_whoever_is_gone_is_not_approved(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    world.decide(ChangeProfile(ann, (), private=True))
    world.decide(Follow(ann, bob))
    world.gone.add(bob)
    assert world.decide(Approve(ann, bob)) is Reason.NOT_FOUND
    public = world.facts(ChangeProfile(ann, (), private=False))
    assert public[-1] == FollowRequestEnded(ann, bob)


def test_a_block_ends_everything_between_two_and_restores_nothing(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    world.decide(Follow(ann, bob))
    world.decide(Follow(bob, ann))
    assert world.facts(Block(ann, bob)) == (Blocked(ann, bob, True, True),)
    assert world.facts(Block(ann, bob)) == ()
    for one, other in ((ann, bob), (bob, ann)):
        assert other not in world.state(user_key(one)).followers
        assert other not in world.state(user_key(one)).following
        assert world.decide(Follow(one, other)) is Reason.NOT_FOUND
    world.decide(Unblock(ann, bob))
    assert world.state(user_key(ann)).meets(bob)
    assert bob not in world.state(user_key(ann)).followers


def test_nobody_blocks_oneself_or_nobody(world: World) -> None:
    ann = world.register("ann")
    assert world.decide(Block(ann, ann)) is Reason.ONESELF
    assert world.decide(Block(ann, 99)) is Reason.NOT_FOUND


def test_a_follower_is_removed_without_a_word(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    world.decide(Follow(ann, bob))
    assert len(world.facts(RemoveFollower(ann, bob))) == 1
    assert world.facts(RemoveFollower(ann, bob)) == ()


def test_a_private_post_is_for_its_followers(world: World) -> None:
    ann, bob, cleo = (world.register(name) for name in ("ann", "bob", "cleo"))
    world.decide(Follow(ann, bob))
    world.decide(ChangeProfile(ann, (), private=True))
    post = world.publish(ann)
    assert world.reply(Like(post, ann, bob)).liked
    for command in (Like(post, ann, cleo), Save(post, ann, cleo)):
        assert world.decide(command) is Reason.NOT_FOUND
    world.decide(RemoveFollower(ann, bob))
    assert world.decide(Save(post, ann, bob)) is Reason.NOT_FOUND


def test_nobody_is_tagged_or_mentioned_across_a_block(world: World) -> None:
    ann, bob, cleo = (world.register(name) for name in ("ann", "bob", "cleo"))
    world.decide(Block(bob, ann))
    picture = (NewMedium(4, 3, "a.jpg", "b.jpg"),)
    tags, mentions = (Tag(bob), Tag(cleo)), (bob, cleo)
    (published,) = world.facts(Publish(ann, "x", picture, tags=tags, mentions=mentions))
    assert [tag.account for tag in published.tags] == [cleo]
    assert published.mentions == (cleo,)


def test_who_may_not_see_a_post_is_tagged_but_not_told(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    world.decide(ChangeProfile(ann, (), private=True))
    picture = (NewMedium(4, 3, "a.jpg", "b.jpg"),)
    (published,) = world.facts(Publish(ann, "x", picture, tags=(Tag(bob),), mentions=(bob,)))
    assert [(tag.account, tag.told) for tag in published.tags] == [(bob, False)]
    assert published.mentions == ()


def test_only_its_author_edits_a_post(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    post = world.publish(ann)
    assert world.decide(EditPost(post, bob, ("caption",), "x")) is Reason.FORBIDDEN
    (edited,) = world.facts(EditPost(post, ann, ("caption",), "new"))
    assert edited.caption.value == "new"
    assert world.facts(EditPost(post, ann, ())) == ()


def test_a_refresh_token_works_once_and_a_second_use_ends_its_session(world: World) -> None:
    ann = world.register("ann")
    session = world.reply(OpenSession(ann, world.state(user_key(ann)).password_id, SESSION)).session
    assert world.reply(Refresh(ann, session, "refresh", "second")).refreshed
    assert world.reply(Refresh(ann, session, "second", "third")).refreshed
    spent = world.decide(Refresh(ann, session, "second", "fourth"))
    assert spent.facts == (SessionEnded(ann, session),)
    assert not spent.reply.refreshed
    assert world.decide(Refresh(ann, session, "third", "fifth")) is Reason.SESSION_ENDED


def test_a_session_ends_once_and_only_ones_own(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    session = world.reply(OpenSession(ann, world.state(user_key(ann)).password_id, SESSION)).session
    assert world.decide(EndSession(bob, session)) is Reason.NOT_FOUND
    assert world.facts(EndSession(ann, session)) == (SessionEnded(ann, session),)
    assert world.decide(EndSession(ann, session)) is Reason.NOT_FOUND


def test_one_session_too_many_ends_the_oldest(world: World) -> None:
    ann = world.register("ann")
    password = world.state(user_key(ann)).password_id
    opened = [world.reply(OpenSession(ann, password, SESSION)).session for _ in range(SESSIONS_MAX)]
    ended, _ = world.facts(OpenSession(ann, password, SESSION))
    assert ended == SessionEnded(ann, opened[0])


def test_another_name_and_another_description_come_together_or_not_at_all(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    described = ChangeProfile(bob, ("bio",), bio="of bob", private=True)
    assert world.decide(ChangeUsername(bob, "ann", described)) is Reason.USERNAME_TAKEN
    changed = world.facts(ChangeUsername(bob, "bobby", described))
    assert [type(fact) for fact in changed] == [UsernameChanged, ProfileChanged, PrivacyChanged]
    assert [type(fact) for fact in world.facts(ChangeUsername(bob, "bobby", described))] == [
        ProfileChanged
    ]
    world.decide(Follow(bob, ann))
    opened = world.facts(ChangeUsername(bob, "bob", ChangeProfile(bob, (), private=False)))
    assert opened[1:] == (PrivacyChanged(bob, False), Followed(bob, ann, approved=True))


def test_a_name_that_is_changed_or_deleted_is_free_again(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    assert world.decide(ChangeUsername(bob, "ann")) is Reason.USERNAME_TAKEN
    assert world.facts(ChangeUsername(bob, "bob")) == ()
    assert len(world.facts(ChangeUsername(ann, "anna"))) == 1
    assert len(world.facts(ChangeUsername(bob, "ann"))) == 1
    world.decide(DeleteAccount(bob, world.state(user_key(bob)).password_id))
    assert world.decide(ChangeUsername(bob, "bobby")) is Reason.NOT_FOUND
    assert world.register("ann") == 3


def test_an_account_that_is_deleted_can_do_nothing(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    world.decide(SetAvatar(ann, "face.jpg"))
    password = world.state(user_key(ann)).password_id
    assert world.decide(DeleteAccount(ann, password + 1)) is Reason.SESSION_ENDED
    assert world.reply(DeleteAccount(ann, password)) == DoneReply()
    for command in (Follow(ann, bob), Publish(ann, None, ()), Block(ann, bob)):
        assert world.decide(command) is Reason.NOT_FOUND
    assert world.decide(Block(bob, ann)) is Reason.NOT_FOUND


def test_an_invite_is_good_once(world: World) -> None:
    world.decide(CreateInvite("hash of a code"))

    def register(name: str, invite: str | None) -> Register:
        return Register(name, "hash", None, None, None, invite, invite_needed=True)

    assert world.decide(register("ann", None)) is Reason.INVITE_NEEDED
    assert world.decide(register("ann", "another")) is Reason.INVITE_NEEDED
    assert world.reply(register("ann", "hash of a code")).account == 1
    assert world.decide(register("bob", "hash of a code")) is Reason.INVITE_NEEDED
