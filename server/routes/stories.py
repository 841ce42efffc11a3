"""Stories: pictures that are to be seen for a day."""

from collections.abc import Sequence
from typing import Any

import msgspec

from actors.story.messages import ViewStory
from actors.user.messages import DeleteStory, PublishStory
from server.http.answers import Response, encoded_answer, json_answer
from server.http.calls import Call
from server.http.refusals import asked, asked_once, kept
from server.http.routing import API, Nothing, Section, Tier, Who
from server.problems import Problem, forbidden, invalid, not_found
from server.reading.listing import encoded_page, people_page, place_of
from server.reading.pages import List, read_page
from server.reading.seeing import open_person, visible_person
from server.requests import (
    STORY_SECONDS_DEFAULT,
    STORY_SECONDS_MAX,
    PeopleQuery,
    RingsQuery,
)
from server.uploads.form import AVATAR_LIMITS, BadForm, Form
from server.uploads.forms import StoryForm
from server.uploads.pictures import delete_blobs, open_form, pictures_of, stored_blobs
from server.wire import (
    MEDIA_PATH,
    STORY_PREFIX,
    DeletedStoryAnswer,
    NewStoryAnswer,
    RingAnswer,
    RingsPage,
    StoryAnswer,
    UsersPage,
    ViewAnswer,
    rfc3339,
)
from storage.reads import GetRings, GetStories, GetStory, GetStoryViewers, Span
from storage.rows import StoryRow

SECTION = Section()

DURATION = "duration"
MEDIA_TYPE = "media_type"
PHOTO = "photo"

_encode = msgspec.json.Encoder().encode


@SECTION.route(
    "POST",
    f"{API}/stories",
    who=Who.USER,
    tier=Tier.STORY_UPLOAD,
    query=Nothing,
    body=StoryForm,
    answers={201: NewStoryAnswer},
    idempotent=True,
)
async def publish_story(call: Call[Nothing, StoryForm]) -> Response:
    """Publish a photo as a story, to be seen for 24 hours."""
    context = call.context
    async with open_form(call, AVATAR_LIMITS) as form:
        key = call.key((form.fields, [file.sha256 for file in form.media]))
        reply = await kept(call, PublishStory, key)
        if reply is None:
            duration = _duration_of(form)
            if form.text(MEDIA_TYPE) not in (None, "", PHOTO):
                raise invalid("Stories are photos", MEDIA_TYPE)
            (image,) = await pictures_of(form, context)
            async with stored_blobs(context, [image.jpeg]) as stored:
                (name,) = stored.names
                reply = await asked(call, PublishStory(call.account, name, duration), key)
                stored.are_named = reply.file == name
    answer = NewStoryAnswer(
        story_id=f"{STORY_PREFIX}{reply.story}",
        user_id=str(reply.author),
        media_url=f"{context.base_url}{MEDIA_PATH}{reply.file}",
        media_type=PHOTO,
        duration=reply.duration,
        created_at=rfc3339(reply.at),
        expires_at=rfc3339(reply.expires_at),
    )
    return json_answer(answer, 201)


@SECTION.route(
    "GET",
    f"{API}/stories/feed",
    who=Who.USER,
    tier=Tier.FEED,
    query=RingsQuery,
    body=Nothing,
    answers={200: RingsPage},
)
async def show_rings(call: Call[RingsQuery, Nothing]) -> Response:
    """One ring for each author with live stories, oneself among them: unseen ones first, in each
    half the one with the newest story first."""
    context, viewer, now = call.context, call.account, call.context.now()
    place = place_of(call, "stories/feed")
    as_of = context.asking.delivered
    if place is not None:
        as_of = place.as_of  # what was seen or published since must not move rings between pages

    async def fetch(span: Span) -> Sequence[tuple[int, int]]:
        return await context.asking.read(GetRings(viewer, now, as_of, span))

    async def show(rings: Sequence[tuple[int, int]]) -> Sequence[bytes | None]:
        authors = tuple(author for _, author in rings)
        people = await context.views.people(authors, viewer)
        stories: dict[int, list[StoryRow]] = {}
        for row in await context.asking.read(GetStories(authors, viewer, now)):
            stories.setdefault(row.author, []).append(row)
        return [
            _encode(
                RingAnswer(
                    user=people[author].view.named(),
                    stories=[_story_answer(call, row) for row in stories[author]],
                    has_unseen=any(
                        not row.viewed and row.author != viewer for row in stories[author]
                    ),
                )
            )
            if author in people and people[author].shows_posts and author in stories
            else None
            for author in authors
        ]

    rings = List(fetch=fetch, show=show, number_of=lambda ring: ring[0])
    page = await read_page(rings, place, call.query.count)
    if place is not None and place.direction == "newer" and not page.items:
        # At the front of what was then: now for what has come since.
        as_of = context.asking.delivered
        page = await read_page(rings, place, call.query.count)
    return encoded_answer(encoded_page(call, "stories", "stories/feed", page, as_of=as_of))


@SECTION.route(
    "GET",
    f"{API}/users/:user_id/stories",
    who=Who.USER,
    tier=Tier.READ,
    query=Nothing,
    body=Nothing,
    answers={200: RingAnswer, 403: Problem},
)
async def show_ring(call: Call[Nothing, Nothing]) -> Response:
    """Somebody's live stories, the oldest first."""
    author, context = call.ids["user_id"], call.context
    seen = await open_person(call, author)
    rows = await context.asking.read(GetStories((author,), call.account, context.now()))
    ring = RingAnswer(
        user=seen.view.named(),
        stories=[_story_answer(call, row) for row in rows],
        has_unseen=author != call.account and any(not row.viewed for row in rows),
    )
    return json_answer(ring)


@SECTION.route(
    "POST",
    f"{API}/stories/:story_id/view",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: ViewAnswer},
    idempotent=True,
)
async def view_story(call: Call[Nothing, Nothing]) -> Response:
    """Note that one has seen a story; again is the same answer, and one's own don't count."""

    async def view() -> ViewStory:
        row = await _live_story(call)
        return ViewStory(row.story, row.author, call.account)

    reply = await asked_once(call, ViewStory, call.key(None), view)
    return json_answer(ViewAnswer(f"{STORY_PREFIX}{reply.story}", True, reply.views))


@SECTION.route(
    "GET",
    f"{API}/stories/:story_id/viewers",
    who=Who.USER,
    tier=Tier.READ,
    query=PeopleQuery,
    body=Nothing,
    answers={200: UsersPage, 403: Problem},
)
async def list_viewers(call: Call[PeopleQuery, Nothing]) -> Response:
    """Who has seen a story of one's own, the latest first."""
    row = await _own_story(call)
    return await people_page(
        call, f"stories/{row.story}/viewers", lambda span: GetStoryViewers(row.story, span)
    )


@SECTION.route(
    "DELETE",
    f"{API}/stories/:story_id",
    who=Who.USER,
    tier=Tier.WRITE,
    query=Nothing,
    body=Nothing,
    answers={200: DeletedStoryAnswer, 403: Problem},
)
async def delete_story(call: Call[Nothing, Nothing]) -> Response:
    """Delete a story of one's own, and its file."""
    row = await _own_story(call)
    reply = await asked(call, DeleteStory(call.account, row.story))
    await delete_blobs(call.context, reply.blobs)
    return json_answer(DeletedStoryAnswer("Story deleted", f"{STORY_PREFIX}{row.story}"))


async def _live_story(call: Call[Any, Any]) -> StoryRow:
    """The story of the path. Raises a 404 if its time is over or it is not for the caller's
    eyes."""
    context = call.context
    question = GetStory(call.ids["story_id"], call.account, context.now())
    row = await context.asking.read(question)
    if row is None or not (await visible_person(call, row.author)).shows_posts:
        raise not_found()
    return row


async def _own_story(call: Call[Any, Any]) -> StoryRow:
    """The same, which must be the caller's. Raises a 403 for anybody else's."""
    row = await _live_story(call)
    if row.author != call.account:
        raise forbidden()
    return row


def _story_answer(call: Call[Any, Any], row: StoryRow) -> StoryAnswer:
    own = row.author == call.account
    return StoryAnswer(
        story_id=f"{STORY_PREFIX}{row.story}",
        media_url=f"{call.context.base_url}{MEDIA_PATH}{row.file}",
        media_type=PHOTO,
        duration=row.duration,
        created_at=rfc3339(row.at),
        expires_at=rfc3339(row.expires_at),
        viewed=own or row.viewed,
        views_count=row.views if own else None,
    )


def _duration_of(form: Form) -> int:
    text = form.text(DURATION)
    if not text:
        return STORY_SECONDS_DEFAULT
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= STORY_SECONDS_MAX:
        limits = {"min": 1, "max": STORY_SECONDS_MAX}
        raise BadForm(DURATION, "duration is a whole number of seconds", limits)
    return int(text)
