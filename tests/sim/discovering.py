"""What clients do with stories, notifications, hashtags and places, and what they read of them.

Each answer must be, word for word, what the truth and the history say as of the commit that it is
of. Only SQLite is asked: the model disk would be compared with itself.
"""

from collections.abc import Callable
from typing import Any

from actors.story.messages import ViewStory
from actors.user.messages import CreateLocation, DeleteStory, PublishStory, ReadNotifications
from storage.ids import id_at
from storage.reads import (
    FindHashtags,
    GetHashtagPosts,
    GetLocation,
    GetLocationPosts,
    GetNotifications,
    GetRings,
    GetStories,
    GetStory,
    GetStoryViewers,
    GetUnread,
    Question,
    Span,
)
from tests.sim.broken import Broken
from tests.sim.clients import Client
from tests.sim.looking import look_up, rings, told_by
from tests.sim.model import ModelDisk
from tests.sim.publishing import HASHTAGS

DAY_MS = 24 * 3_600 * 1_000

# What changes something.


async def publish_story(client: Client) -> None:
    if login := client.me():
        command = PublishStory(login.account, client.world.thing("story"), 5)
        key = client.key_of(login, "POST /stories")
        if client.chance(0.2):
            reply = await client.ask_twice(command, login, key)
        else:
            reply = await client.ask(command, login, key)
        if reply is not None:
            client.world.stories.append((reply.story, login.account))


def _a_story(client: Client) -> tuple[int, int]:
    """(story, author), mostly a new one that is there."""
    stories = client.world.stories
    if client.chance(0.9):
        stories = [one for one in stories if one[0] in client.truth.found.stories][-4:]
    return client.one_of(stories, (0, 0))


async def view_story(client: Client) -> None:
    (story, author), login = _a_story(client), client.me()
    if login is not None and story:
        key = client.key_of(login, "POST /stories/:id/view") if client.chance(0.2) else None
        await client.ask(ViewStory(story, author, login.account), login, key)


async def delete_story(client: Client) -> None:
    """By its author, or by somebody who may not."""
    (story, author), login = _a_story(client), client.me()
    own = [one for one in client.world.logins if one.account == author]
    if own and client.chance(0.9):
        login = client.random.choice(own)
    if login is not None and story:
        await client.ask(DeleteStory(login.account, story), login)


async def add_place(client: Client) -> None:
    if login := client.me():
        name, city = client.world.thing("place"), client.world.thing("city")
        command = CreateLocation(login.account, name, city, None, 1.0, 2.0)
        if (reply := await client.ask(command, login)) is not None:
            client.world.places.append(reply.location)


async def mark_read(client: Client) -> None:
    """All of it, or what one saw some time ago."""
    if login := client.me():
        delivered = client.actors.delivered
        up_to = delivered if client.chance(0.5) else client.random.randint(0, delivered)
        await client.ask(ReadNotifications(login.account, up_to, unread=0), login)


# What is read.


async def read_notifications(client: Client) -> None:
    if (account := client.somebody()) in client.truth.names:
        await check_answers(client, account, lambda now: [*_of_notifications(client, account)])


def _of_notifications(client: Client, account: int) -> list[Question[Any]]:
    span = Span(client.random.choice([1, 3, 50]))
    if client.chance(0.3):
        place = client.random.randint(0, client.actors.delivered)
        span = client.random.choice([Span(span.limit, before=place), Span(span.limit, after=place)])
    return [GetNotifications(account, span), GetUnread(account, after=span.after or 0)]


async def read_rings(client: Client) -> None:
    viewer = client.somebody()
    if viewer in client.truth.names:
        await check_answers(client, viewer, lambda now: _of_stories(client, viewer, now))


def _of_stories(client: Client, viewer: int, now: int) -> list[Question[Any]]:
    as_of = client.random.choice(
        [client.actors.delivered, client.random.randint(0, client.actors.delivered)]
    )
    story, author = _a_story(client)
    return [
        GetRings(viewer, now, as_of, Span(client.random.choice([1, 2, 50]))),
        GetStories((author, viewer), viewer, now),
        GetStory(story, viewer, now),
        GetStoryViewers(story, Span(client.random.choice([1, 50]))),
    ]


async def read_discovered(client: Client) -> None:
    """Pages and counts of hashtags and places."""
    viewer = client.somebody()
    if viewer in client.truth.names:
        await check_answers(client, viewer, lambda now: _of_posts(client, viewer, now))


def _of_posts(client: Client, viewer: int, now: int) -> list[Question[Any]]:
    name, span = client.random.choice(HASHTAGS), Span(client.random.choice([1, 3, 50]))
    place = client.one_of(client.world.places, 1)
    return [
        trending(client.random.choice(["s", name]), viewer, now),
        GetHashtagPosts(name, span),
        GetLocation(place, viewer),
        GetLocationPosts(place, span),
    ]


def trending(prefix: str, viewer: int, now: int) -> FindHashtags:
    """The question about hashtags, as search puts it."""
    return FindHashtags(prefix, viewer, id_at(now - DAY_MS), id_at(now - 8 * DAY_MS), 10)


Questions = Callable[[int], list[Question[Any]]]


async def check_answers(client: Client, viewer: int, questions: Questions) -> None:
    """Put one of the questions of this moment, and look whether its answer is as of its commit."""
    if isinstance(client.world.disk, ModelDisk):
        return
    truth, asked = client.truth.copy(), client.actors.delivered
    question = client.random.choice(questions(client.world.now()))
    answer = await client.actors.read_as_of(question)
    for entry in client.told[asked : answer.committed]:
        truth.tell(entry)
    if viewer not in truth.names:
        return  # deleted meanwhile: nobody looks at the answer any more
    due = look_up(question, truth, client.told[: answer.committed])
    if (found := told_by(question, answer.value)) != due:
        raise Broken(f"{question} is answered {found}, should be {due}")
    if isinstance(question, GetRings):
        hidden = [author for _, author in rings(question, truth) if author in truth.names]
        if not all(truth.sees(question.viewer, author) for author in hidden):
            raise Broken(f"rings of {hidden} are shown to {question.viewer}, who may not see them")
    client.world.answers_checked += 1
