"""Profiles, and what belongs to one."""

from typing import Any

from server.http.answers import Response, encoded_answer, json_answer
from server.http.calls import Call
from server.http.routing import API, Nothing, Section, Tier, Who
from server.problems import Problem, invalid, not_found
from server.reading.listing import numbered_posts_page, people_page, posts_page
from server.reading.seeing import open_person, own_account, visible_person
from server.requests import (
    RELATIONSHIPS_MAX,
    PostsQuery,
    RelationshipsQuery,
    UsersQuery,
    number_of,
)
from server.wire import (
    PostsPage,
    ProfileAnswer,
    Relationship,
    RelationshipsAnswer,
    UsersPage,
)
from storage.reads import (
    GetAccounts,
    GetFollowers,
    GetFollowing,
    GetPostsOf,
    GetSaved,
    GetTagged,
    Span,
)
from storage.rows import BLOCKED_BY, BLOCKING, FOLLOWED_BY, FOLLOWING, REQUESTED

SECTION = Section()


@SECTION.route(
    "GET",
    f"{API}/users/relationships",
    who=Who.USER,
    tier=Tier.READ,
    query=RelationshipsQuery,
    body=Nothing,
    answers={200: RelationshipsAnswer},
)
async def list_relationships(call: Call[RelationshipsQuery, Nothing]) -> Response:
    """How the caller stands to each of some accounts; those who are not there are left out."""
    accounts = _ids_of(call)
    stances = await call.context.views.stances(accounts, call.account)
    answers = [
        Relationship(
            user_id=str(account),
            following=bool(stance & FOLLOWING),
            followed_by=bool(stance & FOLLOWED_BY),
            requested=bool(stance & REQUESTED),
            blocking=bool(stance & BLOCKING),
        )
        for account in accounts
        if (stance := stances.get(account)) is not None and not stance & BLOCKED_BY
    ]
    return json_answer(RelationshipsAnswer(answers))


@SECTION.route(
    "GET",
    f"{API}/users/by-username/:name",
    who=Who.ANYONE,
    tier=Tier.USER_LOOKUP,
    query=Nothing,
    body=Nothing,
    answers={200: ProfileAnswer},
)
async def show_profile_by_name(call: Call[Nothing, Nothing]) -> Response:
    """The profile of whoever has a username, in upper or lower case."""
    found = await call.context.asking.read(GetAccounts((call.names["name"].lower(),)))
    if not found:
        raise not_found()
    return await _profile(call, found[0][1])


@SECTION.route(
    "GET",
    f"{API}/users/:user_id",
    who=Who.ANYONE,
    tier=Tier.USER_LOOKUP,
    query=Nothing,
    body=Nothing,
    answers={200: ProfileAnswer},
    hot=True,
)
async def show_profile(call: Call[Nothing, Nothing]) -> Response:
    """A profile, and how its viewer stands to it."""
    return await _profile(call, call.ids["user_id"])


async def _profile(call: Call[Nothing, Nothing], account: int) -> Response:
    seen = await visible_person(call, account)
    return encoded_answer(seen.view.shown(seen.stance))


@SECTION.route(
    "GET",
    f"{API}/users/:user_id/posts",
    who=Who.USER,
    tier=Tier.READ,
    query=PostsQuery,
    body=Nothing,
    answers={200: PostsPage, 403: Problem},
)
async def list_posts_of_user(call: Call[PostsQuery, Nothing]) -> Response:
    """Somebody's posts, newest first."""
    author = call.ids["user_id"]
    await open_person(call, author)

    async def fetch(span: Span) -> list[int]:
        return await call.context.asking.read(GetPostsOf(author, span))

    return await posts_page(call, f"users/{author}/posts", fetch)


@SECTION.route(
    "GET",
    f"{API}/users/:user_id/tagged",
    who=Who.USER,
    tier=Tier.READ,
    query=PostsQuery,
    body=Nothing,
    answers={200: PostsPage, 403: Problem},
)
async def list_tagged_posts(call: Call[PostsQuery, Nothing]) -> Response:
    """Posts in which somebody is tagged, newest first."""
    account = call.ids["user_id"]
    await open_person(call, account)

    async def fetch(span: Span) -> list[int]:
        return await call.context.asking.read(GetTagged(account, span))

    return await posts_page(call, f"users/{account}/tagged", fetch)


@SECTION.route(
    "GET",
    f"{API}/users/:user_id/saved",
    who=Who.USER,
    tier=Tier.READ,
    query=PostsQuery,
    body=Nothing,
    answers={200: PostsPage, 403: Problem},
)
async def list_saved_posts(call: Call[PostsQuery, Nothing]) -> Response:
    """What one has saved oneself, the latest first."""
    await own_account(call)
    return await numbered_posts_page(call, "saved", lambda span: GetSaved(call.account, span))


@SECTION.route(
    "GET",
    f"{API}/users/:user_id/followers",
    who=Who.USER,
    tier=Tier.READ,
    query=UsersQuery,
    body=Nothing,
    answers={200: UsersPage, 403: Problem},
)
async def list_followers(call: Call[UsersQuery, Nothing]) -> Response:
    """Who follows somebody, the newest follower first."""
    account = call.ids["user_id"]
    await open_person(call, account)
    name = f"users/{account}/followers"
    return await people_page(call, name, lambda span: GetFollowers(account, span))


@SECTION.route(
    "GET",
    f"{API}/users/:user_id/following",
    who=Who.USER,
    tier=Tier.READ,
    query=UsersQuery,
    body=Nothing,
    answers={200: UsersPage, 403: Problem},
)
async def list_following(call: Call[UsersQuery, Nothing]) -> Response:
    """Whom somebody follows, the latest first."""
    account = call.ids["user_id"]
    await open_person(call, account)
    name = f"users/{account}/following"
    return await people_page(call, name, lambda span: GetFollowing(account, span))


def _ids_of(call: Call[RelationshipsQuery, Any]) -> list[int]:
    """The accounts that a query names, once each. Raises a 400."""
    values = call.request.args.getlist("ids") + call.request.args.getlist("ids[]")
    given = [text for value in values for text in value.split(",")]
    accounts: dict[int, None] = {}
    for text in given:
        account = number_of(text.strip())
        if account is None:
            raise invalid("ids must be ids of users, with commas between them", "ids")
        accounts.setdefault(account)
    if len(accounts) > RELATIONSHIPS_MAX:
        raise invalid("Too many ids", "ids", max=RELATIONSHIPS_MAX)
    return list(accounts)
