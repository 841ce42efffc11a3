"""The rules of comments and stories, decided on states folded from facts."""

import pytest

from actors.comment.messages import DeleteComment, LikeComment, Place, UnlikeComment
from actors.decisions import Reason
from actors.post.messages import Comment, DeletePost
from actors.story.messages import ForgetView, ViewStory
from actors.user.messages import Block, ChangeProfile, DeleteStory, EndExpiredStories, PublishStory
from actors.user.stories import STORY_MS
from storage.facts import CommentDeleted, StoryEnded, StoryViewed
from storage.ids import comment_key, user_key
from tests.actors.deciding import World


@pytest.fixture
def world() -> World:
    return World()


def test_a_reply_to_a_reply_joins_its_thread(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    post = world.publish(ann)
    root = world.reply(Comment(post, ann, bob, "one")).comment
    first = world.reply(Comment(post, ann, ann, "two", root, root)).comment
    (second,) = world.facts(Comment(post, ann, bob, "three", first, root))
    assert (second.root, second.replied, second.post_author) == (root, ann, ann)
    assert world.state(comment_key(root)).replies == 2


def test_a_parent_must_be_there_and_under_the_same_post(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    here, there = world.publish(ann), world.publish(ann)
    root = world.reply(Comment(there, ann, bob, "one")).comment
    for parent in (root, 99):
        asked = Comment(here, ann, bob, "two", parent, parent)
        assert world.decide(asked) is Reason.NO_SUCH_PARENT


def test_a_comment_goes_with_its_replies_by_its_author_or_the_posts(world: World) -> None:
    ann, bob, cleo = (world.register(name) for name in ("ann", "bob", "cleo"))
    post = world.publish(ann)
    root = world.reply(Comment(post, ann, bob, "one")).comment
    reply = world.reply(Comment(post, ann, cleo, "two", root, root)).comment
    place, below = Place(root, post, ann, None), Place(reply, post, ann, root)
    assert world.decide(DeleteComment(place, cleo)) is Reason.FORBIDDEN
    deleted = world.facts(DeleteComment(place, ann))
    assert deleted == (CommentDeleted(root, post, bob, removed=2),)
    for command in (LikeComment(below, bob), DeleteComment(below, cleo)):
        assert world.decide(command) is Reason.NOT_FOUND


def test_a_comment_is_liked_once_a_person_and_not_after_its_post_is_gone(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    post = world.publish(ann)
    place = Place(world.reply(Comment(post, ann, bob, "one")).comment, post, ann, None)
    assert world.reply(LikeComment(place, ann)).likes == 1
    assert world.facts(LikeComment(place, ann)) == ()
    assert world.reply(UnlikeComment(place, ann)).likes == 0
    (again,) = world.facts(LikeComment(place, ann))
    assert not again.first
    world.decide(DeletePost(post, ann))
    assert world.decide(UnlikeComment(place, ann)) is Reason.NOT_FOUND


def test_a_story_is_seen_once_a_person_and_its_authors_views_do_not_count(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    story = world.reply(PublishStory(ann, "s.jpg", 5)).story
    assert world.facts(ViewStory(story, ann, bob)) == (StoryViewed(story, bob),)
    assert world.facts(ViewStory(story, ann, bob)) == ()
    assert world.reply(ViewStory(story, ann, ann)).views == 1
    assert world.reply(ForgetView(story, bob)).views == 0


def test_a_story_is_gone_at_its_very_hour(world: World) -> None:
    ann, bob = world.register("ann"), world.register("bob")
    story = world.reply(PublishStory(ann, "s.jpg", 5)).story
    world.at += STORY_MS - 1
    assert world.reply(ViewStory(story, ann, bob)).views == 1
    assert world.facts(EndExpiredStories(ann)) == ()
    world.at += 1
    assert world.decide(ViewStory(story, ann, bob)) is Reason.NOT_FOUND
    assert world.decide(DeleteStory(ann, story)) is Reason.NOT_FOUND
    ended = world.decide(EndExpiredStories(ann))
    assert ended.facts == (StoryEnded(story, ann, expired=True),)
    assert ended.reply.blobs == ("s.jpg",)
    assert world.state(user_key(ann)).ring == ()


def test_a_story_is_for_whom_its_author_shows_posts(world: World) -> None:
    ann, bob, cleo = (world.register(name) for name in ("ann", "bob", "cleo"))
    story = world.reply(PublishStory(ann, "s.jpg", 5)).story
    world.decide(Block(ann, bob))
    world.decide(ChangeProfile(ann, (), private=True))
    for viewer in (bob, cleo):
        assert world.decide(ViewStory(story, ann, viewer)) is Reason.NOT_FOUND
    assert world.reply(DeleteStory(ann, story)).blobs == ("s.jpg",)
