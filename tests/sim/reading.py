"""Home feeds as clients read them: each page must be what the pull was at some moment between
asking and answering, as its reader may see it."""

from actors.runtime.inboxes import Inboxes
from storage.reads import Span
from tests.sim.broken import Broken
from tests.sim.clients import Client
from tests.sim.looking import cut
from tests.sim.truth import Truth


async def read_feed(client: Client) -> None:
    viewer = client.somebody()
    if viewer not in client.truth.names:
        return
    span = Span(client.random.choice([1, 2, 5, 50]))
    if client.world.posts and client.chance(0.5):
        place = client.random.choice(client.world.posts)[0]
        span = client.random.choice([Span(span.limit, before=place), Span(span.limit, after=place)])
    truth, asked = client.truth.copy(), client.actors.delivered
    shown = await client.feed.posts(viewer, span)
    dropped = dropped_of(client.feed, viewer)
    for entry in [None, *client.told[asked : client.actors.delivered]]:
        if entry is not None:
            truth.tell(entry)
        if viewer not in truth.names:
            return  # deleted meanwhile: nobody looks at the page any more
        feed = truth.shown_feed(viewer)
        if hidden := {post for post in feed if not truth.sees(viewer, truth.posts[post])}:
            raise Broken(f"{hidden} are in the feed of {viewer}, who may not see them")
        feed = [post for post in feed if post in shown or post not in dropped]
        if is_page(shown, feed, span, truth):
            break
    else:
        raise Broken(f"feed of {viewer} in {span}: {shown}, but the pull is {truth.feed(viewer)}")
    client.world.feeds_checked += 1


def dropped_of(feed: Inboxes, viewer: int) -> set[int]:
    """What the viewer's inbox says that it did not keep."""
    inbox = feed.resident(viewer)
    return set() if inbox is None else set(inbox.dropped)


def visible(ids: list[int], truth: Truth) -> list[int]:
    """What a page shows of `ids`: what is deleted, and what its author has left, is skipped."""
    return [post for post in ids if truth.posts.get(post) not in {None, *truth.gone}]


def is_page(shown: list[int], feed: list[int], span: Span, truth: Truth) -> bool:
    """Whether `shown`, without what is hidden, is the stretch of `feed` that it claims to be."""
    live = visible(shown, truth)
    if len(shown) < span.limit:
        return live == cut(feed, Span(10**6, span.before, span.after))
    if span.after is not None:
        return live == [
            post for post in cut(feed, Span(10**6, after=span.after)) if post <= shown[0]
        ]
    return live == [post for post in cut(feed, Span(10**6, span.before)) if post >= shown[-1]]
