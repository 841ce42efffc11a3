"""Posts: publishing, reading, deleting, liking."""

from quart.wrappers import Response

from actors.post.messages import DeletePost, Like, LikeReply, Unlike
from actors.runtime.asking import Why
from actors.user.messages import PublishReply
from server.answers import encoded_answer, json_answer
from server.calls import Call
from server.problems import not_found
from server.publishing import delete_blobs, publish
from server.refusals import asked
from server.routing import API, Multipart, Nothing, Section, Tier, Who
from server.shown import post_content
from server.wire import (
    Brief,
    DeletedPostAnswer,
    LikeAnswer,
    PostAnswer,
    medium_answer,
)

SECTION = Section()


@SECTION.route(
    "POST",
    f"{API}/posts",
    who=Who.USER,
    tier=Tier.POST_UPLOAD,
    query=Nothing,
    body=Multipart,
    answers={201: PostAnswer},
    idempotent=True,
)
async def publish_post(call: Call[Nothing, Multipart]) -> Response:
    """Publish one to ten pictures with a caption."""
    reply = await publish(call)
    return json_answer(_new_post(reply, call.context.base_url), 201)


@SECTION.route(
    "GET",
    f"{API}/posts/:post_id",
    who=Who.USER,
    tier=Tier.READ,
    query=Nothing,
    body=Nothing,
    answers={200: PostAnswer},
)
async def show_post(call: Call[Nothing, Nothing]) -> Response:
    """One post."""
    post = call.ids["post_id"]
    shown = await call.context.views.posts((post,), call.account)
    if post not in shown:
        raise not_found()
    return encoded_answer(shown[post])


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
    post = await call.context.views.post(call.ids["post_id"])
    if post is None:
        raise not_found()
    return json_answer(await call.context.feed.why(call.account, call.ids["post_id"], post.author))


@SECTION.route(
    "DELETE",
    f"{API}/posts/:post_id",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: DeletedPostAnswer},
)
async def delete_post(call: Call[Nothing, Nothing]) -> Response:
    """Delete a post of one's own, and its files."""
    context, post = call.context, call.ids["post_id"]
    reply = await asked(context.asking, DeletePost(post, call.account))
    await delete_blobs(context, reply.blobs)
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
)
async def like_post(call: Call[Nothing, Nothing]) -> Response:
    """Like a post; again is the same answer."""
    context, post, key = call.context, call.ids["post_id"], call.key(None)
    # Before the post is looked for: it may be gone, and a retry is answered all the same.
    kept = None if key is None else await context.asking.kept(Like, key)
    if kept is not None:
        return _like_answer(kept)
    view = await context.views.post(post)
    if view is None:
        raise not_found()
    return _like_answer(await asked(context.asking, Like(post, view.author, call.account), key))


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
    command = Unlike(call.ids["post_id"], call.account)
    return _like_answer(await asked(call.context.asking, command))


def _like_answer(reply: LikeReply) -> Response:
    return json_answer(LikeAnswer(reply.liked, reply.likes))


def _new_post(reply: PublishReply, base_url: str) -> PostAnswer:
    """The post at its beginning, from the reply alone: a retry tomorrow gets the same bytes."""
    media = [
        medium_answer(
            base_url, medium.media, medium.width, medium.height, medium.file, medium.thumbnail
        )
        for medium in reply.media
    ]
    content = post_content(reply.caption, media, reply.at)
    return PostAnswer(
        post_id=str(reply.post),
        user=Brief(str(reply.author.account), reply.author.username),
        caption=content.caption,
        media=content.media,
        location=content.location,
        hashtags=content.hashtags,
        user_tags=content.user_tags,
        created_at=content.created_at,
        likes_count=0,
        comments_count=0,
        liked_by_user=False,
        saved_by_user=False,
    )
