"""What clients do to posts and comments. Each act is one step of a client."""

from actors.comment.messages import DeleteComment, LikeComment, Place, UnlikeComment
from actors.post.messages import Comment, DeletePost, EditPost, Like, Save, Unlike, Unsave
from actors.user.messages import NewMedium, Publish
from storage.facts import Tag
from tests.sim.clients import Client
from tests.sim.world import Login

LATELY = 4
"""So many of the newest things are what everybody is at."""

HASHTAGS = ("sea", "sun", "sunset")
"""Few, so that each has posts by many."""

EDITS = [
    ("caption",),
    ("alts", "tags"),
    ("caption", "tags"),
    ("location",),
    ("location", "caption"),
]
"""What is changed together."""


def _a_post(client: Client) -> tuple[int, int]:
    """(post, author), mostly a new one that is there."""
    posts = client.world.posts
    if client.chance(0.9):
        posts = [one for one in posts if one[0] in client.truth.posts][-LATELY:]
    return client.one_of(posts, (0, 0))


def _a_comment(client: Client) -> tuple[Place, int] | None:
    comments = client.world.comments
    if client.chance(0.9):
        comments = [one for one in comments if one[0].comment in client.truth.comments][-LATELY:]
    return client.one_of(comments, None)


def _a_medium(client: Client) -> NewMedium:
    thing = client.world.thing
    return NewMedium(1, 1, thing("file"), thing("thumbnail"), thing("alt"))


def _people(client: Client) -> tuple[int, ...]:
    several = {client.somebody() for _ in range(client.random.choice([0, 0, 1, 2]))}
    return tuple(sorted(several - {0}))


def _a_caption(client: Client) -> str:
    tags = client.random.sample(HASHTAGS, client.random.choice([0, 1, 1, 2]))
    return " ".join((client.world.thing("caption"), *(f"#{tag}" for tag in tags)))


def _a_place(client: Client) -> int | None:
    return client.random.choice([None, *client.world.places[-2:]])


async def publish(client: Client) -> None:
    login = client.me()
    if login is None:
        return
    tags = tuple(Tag(account, 0.5, 0.5) for account in _people(client))
    command = Publish(
        login.account,
        _a_caption(client),
        (_a_medium(client),),
        _a_place(client),
        tags=tags,
        mentions=_people(client),
    )
    key = client.key_of(login, "POST /posts")
    if client.chance(0.3):
        reply = await client.ask_twice(command, login, key)
    else:
        reply = await client.ask(command, login, key)
    if reply is not None:
        client.world.posts.append((reply.post, login.account))


async def edit(client: Client) -> None:
    post, author = _a_post(client)
    login = _login_of(client, author)
    if login is not None:
        changed = client.random.choice(EDITS)
        command = EditPost(
            post,
            login.account,
            changed,
            _a_caption(client),
            (client.random.choice([None, client.world.thing("alt")]),),
            _a_place(client),
            tags=tuple(Tag(account) for account in _people(client)),
            mentions=_people(client),
        )
        await client.ask(command, login)


async def delete_post(client: Client) -> None:
    post, author = _a_post(client)
    login = _login_of(client, author)
    if login is not None and client.chance(0.7):
        await client.ask(DeletePost(post, login.account), login)


def _login_of(client: Client, account: int) -> Login | None:
    """Mostly a session of `account`, else anybody's."""
    logins = [login for login in client.world.logins if login.account == account]
    return client.random.choice(logins) if logins and client.chance(0.9) else client.me()


async def like(client: Client) -> None:
    post, author = _a_post(client)
    if login := client.me():
        key = client.key_of(login, "POST /posts/:id/like") if client.chance(0.2) else None
        if client.chance(0.3):
            await client.ask(Unlike(post, login.account), login)
        else:
            await client.ask(Like(post, author, login.account), login, key)


async def save(client: Client) -> None:
    post, author = _a_post(client)
    if login := client.me():
        if client.chance(0.3):
            await client.ask(Unsave(post, login.account), login)
        else:
            await client.ask(Save(post, author, login.account), login)


async def comment(client: Client) -> None:
    """On a post, or in answer to a comment: mostly one on that post."""
    (post, author), login = _a_post(client), client.me()
    if login is None or not post:
        return
    parent, root = None, None
    answered = _a_comment(client)
    if answered is not None and client.chance(0.5):
        place = answered[0]
        parent, root = place.comment, place.root or place.comment
        if client.chance(0.95):
            post, author = place.post, place.author
    text = client.world.thing("comment")
    command = Comment(post, author, login.account, text, parent, root, _people(client))
    key = client.key_of(login, "POST /posts/:id/comments")
    reply = await client.ask(command, login, key)
    if reply is not None:
        place = Place(reply.comment, post, author, root)
        client.world.comments.append((place, login.account))


async def like_comment(client: Client) -> None:
    login, chosen = client.me(), _a_comment(client)
    if login is not None and chosen is not None:
        act = client.random.choice([LikeComment, LikeComment, UnlikeComment])
        await client.ask(act(chosen[0], login.account), login)


async def delete_comment(client: Client) -> None:
    """By its author, by the post's, or by somebody who may not."""
    chosen = _a_comment(client)
    if chosen is not None:
        place, author = chosen
        login = _login_of(client, client.random.choice([author, place.author]))
        if login is not None:
            await client.ask(DeleteComment(place, login.account), login)
