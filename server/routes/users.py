"""Profiles, and what belongs to one."""

from collections.abc import Sequence
from typing import Any

from quart.wrappers import Response

from server.answers import encoded_answer
from server.calls import Call
from server.listing import list_answer, posts_page
from server.pages import List
from server.problems import not_found
from server.routing import API, Nothing, Section, Tier, Who
from server.shown import UserView
from server.wire import PostsPage, PostsQuery, ProfileAnswer, UsersPage, UsersQuery
from storage.reads import GetFollowers, GetPostsOf, GetRelations, Span

SECTION = Section()


@SECTION.route(
    "GET",
    f"{API}/users/:user_id",
    who=Who.ANYONE,
    tier=Tier.USER_LOOKUP,
    query=Nothing,
    body=Nothing,
    answers={200: ProfileAnswer},
)
async def show_profile(call: Call[Nothing, Nothing]) -> Response:
    """A profile, and how its viewer stands to it."""
    account = call.ids["user_id"]
    view = await _existing(call, account)
    relation = None
    if call.viewer is not None:
        asking = call.context.asking
        relations = await asking.read(GetRelations(call.viewer.account, (account,)))
        relation = relations[0] if relations else None
    return encoded_answer(view.shown(relation))


@SECTION.route(
    "GET",
    f"{API}/users/:user_id/posts",
    who=Who.USER,
    tier=Tier.READ,
    query=PostsQuery,
    body=Nothing,
    answers={200: PostsPage},
)
async def list_posts_of_user(call: Call[PostsQuery, Nothing]) -> Response:
    """Somebody's posts, newest first."""
    author = call.ids["user_id"]
    await _existing(call, author)

    async def fetch(span: Span) -> list[int]:
        return await call.context.asking.read(GetPostsOf(author, span))

    return await posts_page(call, f"users/{author}/posts", fetch)


@SECTION.route(
    "GET",
    f"{API}/users/:user_id/followers",
    who=Who.USER,
    tier=Tier.READ,
    query=UsersQuery,
    body=Nothing,
    answers={200: UsersPage},
)
async def list_followers(call: Call[UsersQuery, Nothing]) -> Response:
    """Who follows somebody, the newest follower first."""
    followee = call.ids["user_id"]
    await _existing(call, followee)
    asking, views = call.context.asking, call.context.views

    async def fetch(span: Span) -> list[tuple[int, int]]:
        return await asking.read(GetFollowers(followee, span))

    async def show(followers: Sequence[tuple[int, int]]) -> Sequence[bytes | None]:
        accounts = tuple(account for _, account in followers)
        relations = await asking.read(GetRelations(call.account, accounts))
        following = {relation.account for relation in relations if relation.following}
        users = await views.users(accounts)
        return [
            users[account].listed(account in following) if account in users else None
            for account in accounts
        ]

    followers = List(fetch=fetch, show=show, number_of=lambda follower: follower[0])
    return await list_answer(call, "users", f"users/{followee}/followers", followers)


async def _existing(call: Call[Any, Any], account: int) -> UserView:
    """The account's view. Raises a 404 if there is no such account."""
    view = await call.context.views.user(account)
    if view is None:
        raise not_found()
    return view
