"""Posts: publishing, reading, editing, deleting, liking, saving."""

from typing import Any

from msgspec import UNSET

from actors.post.messages import (
    DeletePost,
    EditPost,
    Like,
    LikeReply,
    Save,
    SaveReply,
    Unlike,
    Unsave,
)
from actors.runtime.asking import Why
from actors.user.messages import PublishReply
from server.http.answers import Response, encoded_answer, json_answer
from server.http.calls import Call
from server.http.refusals import asked, asked_once
from server.http.routing import API, Nothing, Section, Tier, Who
from server.problems import Problem, forbidden, not_found
from server.reading.listing import people_page
from server.reading.naming import mentioned, tags_of
from server.reading.places import find_place, place_named
from server.reading.seeing import visible_post
from server.reading.shown import avatar_url, post_content
from server.requests import EditPostRequest, PeopleQuery
from server.uploads.alt_texts import padded
from server.uploads.forms import PostForm
from server.uploads.pictures import delete_blobs
from server.uploads.publishing import publish
from server.wire import (
    Brief,
    DeletedPostAnswer,
    LikeAnswer,
    PostAnswer,
    SaveAnswer,
    TaggedUser,
    UsersPage,
    medium_answer,
)
from storage.reads import GetLikers

SECTION = Section()


@SECTION.route(
    "POST",
    f"{API}/posts",
    who=Who.USER,
    tier=Tier.POST_UPLOAD,
    query=Nothing,
    body=PostForm,
    answers={201: PostAnswer},
    idempotent=True,
)
async def publish_post(call: Call[Nothing, PostForm]) -> Response:
    """Publish one to ten pictures with a caption."""
    return json_answer(await _new_post(call, await publish(call)), 201)


@SECTION.route(
    "GET",
    f"{API}/posts/:post_id",
    who=Who.USER,
    tier=Tier.READ,
    query=Nothing,
    body=Nothing,
    answers={200: PostAnswer},
    hot=True,
)
async def show_post(call: Call[Nothing, Nothing]) -> Response:
    """One post."""
    return await _shown_post(call)


@SECTION.route(
    "PUT",
    f"{API}/posts/:post_id",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=EditPostRequest,
    answers={200: PostAnswer, 403: Problem},
)
async def edit_post(call: Call[Nothing, EditPostRequest]) -> Response:
    """Change what a post of one's own says, or whom it shows."""
    view, body = await visible_post(call), call.body
    if view.author != call.account:
        raise forbidden()
    changes: dict[str, Any] = {}
    mentions: tuple[int, ...] = ()
    if body.location_id is not UNSET:
        named = body.location_id
        changes["location"] = None if named is None else await place_named(call, named)
    if body.caption is not UNSET:
        changes["caption"] = body.caption or None
        mentions = await mentioned(call, body.caption)
    if body.alt_texts is not UNSET:
        changes["alts"] = tuple(padded(body.alt_texts or (), len(view.row.media)))
    if body.user_tags is not UNSET:
        changes["tags"] = await tags_of(call, body.user_tags or ())
    command = EditPost(
        call.ids["post_id"], call.account, tuple(changes), mentions=mentions, **changes
    )
    await asked(call, command)
    return await _shown_post(call)


async def _shown_post(call: Call[Nothing, Any]) -> Response:
    (shown,) = await call.context.views.posts((call.ids["post_id"],), call.account)
    if shown is None:
        raise not_found()
    return encoded_answer(shown)


@SECTION.route(
    "GET",
    f"{API}/posts/:post_id/why",
    who=Who.USER,
    tier=Tier.READ,
    query=Nothing,
    body=Nothing,
    answers={200: Why},
)
async def explain_post(call: Call[Nothing, Nothing]) -> Response:
    """Whether one post is in the viewer's home feed, how it came there, and why."""
    author = (await visible_post(call)).author
    return json_answer(await call.context.feed.why(call.account, call.ids["post_id"], author))


@SECTION.route(
    "DELETE",
    f"{API}/posts/:post_id",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: DeletedPostAnswer, 403: Problem},
)
async def delete_post(call: Call[Nothing, Nothing]) -> Response:
    """Delete a post of one's own, and its files."""
    await visible_post(call)
    reply = await asked(call, DeletePost(call.ids["post_id"], call.account))
    await delete_blobs(call.context, reply.blobs)
    return json_answer(DeletedPostAnswer("Post deleted successfully", str(reply.post)))


@SECTION.route(
    "POST",
    f"{API}/posts/:post_id/like",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: LikeAnswer},
    idempotent=True,
    hot=True,
)
async def like_post(call: Call[Nothing, Nothing]) -> Response:
    """Like a post; again is the same answer."""

    async def like() -> Like:
        author = (await visible_post(call)).author
        return Like(call.ids["post_id"], author, call.account)

    return _like_answer(await asked_once(call, Like, call.key(None), like))


@SECTION.route(
    "DELETE",
    f"{API}/posts/:post_id/like",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: LikeAnswer},
)
async def unlike_post(call: Call[Nothing, Nothing]) -> Response:
    """Like a post no longer; again is the same answer."""
    await visible_post(call)
    return _like_answer(await asked(call, Unlike(call.ids["post_id"], call.account)))


@SECTION.route(
    "GET",
    f"{API}/posts/:post_id/likes",
    who=Who.USER,
    tier=Tier.READ,
    query=PeopleQuery,
    body=Nothing,
    answers={200: UsersPage},
)
async def list_likers(call: Call[PeopleQuery, Nothing]) -> Response:
    """Who likes a post, the latest first."""
    post = call.ids["post_id"]
    await visible_post(call)
    return await people_page(call, f"posts/{post}/likes", lambda span: GetLikers(post, span))


@SECTION.route(
    "POST",
    f"{API}/posts/:post_id/save",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: SaveAnswer},
    idempotent=True,
)
async def save_post(call: Call[Nothing, Nothing]) -> Response:
    """Keep a post among what one has saved; again is the same answer."""

    async def save() -> Save:
        author = (await visible_post(call)).author
        return Save(call.ids["post_id"], author, call.account)

    return _save_answer(await asked_once(call, Save, call.key(None), save))


@SECTION.route(
    "DELETE",
    f"{API}/posts/:post_id/save",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: SaveAnswer},
)
async def unsave_post(call: Call[Nothing, Nothing]) -> Response:
    """Keep a post no longer; again is the same answer."""
    await visible_post(call)
    return _save_answer(await asked(call, Unsave(call.ids["post_id"], call.account)))


def _save_answer(reply: SaveReply) -> Response:
    return json_answer(SaveAnswer(reply.saved, str(reply.post)))


def _like_answer(reply: LikeReply) -> Response:
    return json_answer(LikeAnswer(reply.liked, reply.likes))


async def _new_post(call: Call[Nothing, PostForm], reply: PublishReply) -> PostAnswer:
    """The post at its beginning, from the reply: a retry tomorrow gets the same."""
    base_url = call.context.base_url
    media = [
        medium_answer(base_url, one.media, one.width, one.height, one.file, one.thumbnail, one.alt)
        for one in reply.media
    ]
    place = None if reply.location is None else await find_place(call, reply.location)
    location = None if place is None else (place.location, place.name)
    content = post_content(reply.caption, media, reply.at, location)
    people = await call.context.views.people({tag.account for tag in reply.tags}, call.account)
    tags = [
        TaggedUser(str(tag.account), people[tag.account].view.row.username, tag.x, tag.y)
        for tag in reply.tags
        if tag.account in people
    ]
    author = reply.author
    return PostAnswer(
        post_id=str(reply.post),
        user=Brief(str(author.account), author.username, avatar_url(author.avatar, base_url)),
        caption=content.caption,
        media=content.media,
        location=content.location,
        hashtags=content.hashtags,
        user_tags=tags,
        created_at=content.created_at,
        likes_count=0,
        comments_count=0,
        liked_by_user=False,
        saved_by_user=False,
    )
