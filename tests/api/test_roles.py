"""Nobody reaches another's data: every route of the route table, by everybody there is, against
`tests/api/roles.py`.

What is looked at: the status; that a refusal changes nothing; that no answer gives away a text, a
name or an id that is not for whoever asks; and that every route, row and role is there.
"""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio

from server.access.tokens import MEDIA_COOKIE
from server.http.routing import Who
from server.routes.table import ROUTES
from tests.api.asking import Stage, short
from tests.api.roles import ROLES, ROWS, Row
from tests.api.scene import Scene, make_scene

OF_SOMEBODY = {":user_id", ":post_id", ":comment_id", ":story_id", ":session_id"}
"""Parameters that name something of somebody's."""

ONCE = re.compile(
    r"DELETE /(auth/sessions|posts|comments|stories|users)/:\w+( |$)"
    r"|POST /users/:user_id/delete|POST /follow-requests/|POST /auth/password"
)
"""What is done once and can't be done again, so that each who may do it finds a new scene."""

Open = Callable[[], AbstractAsyncContextManager[Stage]]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return trio.run(make_scene, tmp_path_factory.mktemp("scene"))


@pytest.fixture
def opened(scene: Scene, tmp_path: Path) -> Open:
    """Opens copies of the scene."""
    made = iter(range(len(ROLES) + 1))

    @asynccontextmanager
    async def open_copy() -> AsyncIterator[Stage]:
        folder = tmp_path / str(next(made))
        async with scene.opened(folder) as world:
            stage = Stage(scene, world, folder)
            try:
                yield stage
            finally:
                stage.close()

    return open_copy


def gaps(routes: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """What the matrix lacks, or has too much."""
    found: list[str] = []
    for route in routes:
        tables = {row.table for row in rows if row.route == route}
        if OF_SOMEBODY & set(re.findall(r":\w+", route)):
            missing = {"private", "public"} - tables
            found.extend(f"{route} has no row in the {table} table" for table in sorted(missing))
        elif not tables:
            found.append(f"{route} has no row")
    names = [row.name for row in rows]
    for row in rows:
        if row.route not in routes:
            found.append(f"{row.name} is the row of no route")
        if len(row.cells) != len(ROLES):
            found.append(f"{row.name} has {len(row.cells)} cells for {len(ROLES)} roles")
        if names.count(row.name) > 1:
            found.append(f"{row.name} is there twice")
    return found


SHORT = [short(route) for route in ROUTES]


def test_every_route_has_its_rows_and_every_row_its_route_and_a_cell_a_role() -> None:
    assert len(set(SHORT)) == len(ROUTES)
    assert gaps(SHORT, ROWS) == []


def test_a_route_a_row_or_a_cell_that_is_missing_is_noticed() -> None:
    row = next(row for row in ROWS if row.name == "public GET /posts/:post_id")
    less = [one for one in ROWS if one is not row]
    assert gaps([*SHORT, "GET /new"], ROWS) == ["GET /new has no row"]
    assert gaps(SHORT, less) == ["GET /posts/:post_id has no row in the public table"]
    assert gaps([one for one in SHORT if one != "GET /explore"], ROWS) == [
        "elsewhere GET /explore is the row of no route"
    ]
    cut = msgspec.structs.replace(row, cells=row.cells[:-1])
    assert gaps(SHORT, [*less, cut]) == [f"{row.name} has 11 cells for 12 roles"]


def test_both_authors_are_asked_the_same() -> None:
    private, public = (
        {(row.route, row.variant) for row in ROWS if row.table == table}
        for table in ("private", "public")
    )
    assert private == public


def test_every_role_is_somebody(scene: Scene) -> None:
    for author in (scene.private, scene.public):
        tokens = {
            role: login and login.token for role in ROLES if (login := scene.login(author, role))
        }
        assert set(ROLES) - set(tokens) == {"none"}
        assert len(set(tokens.values())) == len(tokens)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_each_gets_what_the_contract_says(opened: Open, row: Row) -> None:
    wrong: list[str] = []
    allowed = row.roles(refused=False)
    apart = len(allowed) if not ONCE.match(row.route) else 1 if row.table != "elsewhere" else -1
    async with opened() as stage:
        for role in (*row.roles(refused=True), *allowed[:apart]):
            wrong += await stage.complaints(row, role)
    for role in allowed[apart:]:
        async with opened() as stage:
            wrong += await stage.complaints(row, role)
    assert wrong == []


@pytest.mark.parametrize("role", ["owner", "follower", "stranger"])
async def test_what_is_kept_from_some_is_told_to_others(
    opened: Open, scene: Scene, role: str
) -> None:
    """Or the matrix would look for words that nobody hears."""
    heard = ""
    async with opened() as stage:
        for row in ROWS:
            if row.route.startswith("GET ") and row.expects(role) == 200:
                heard += (await stage.ask(row, role)).text
    private, public = scene.private, scene.public
    expected = {
        "owner": (*private.names, *private.works, private.secrets[0]),
        "follower": (*private.names, *private.works, *public.names, *public.works),
        "stranger": (*private.names, *public.names, *public.works),
    }
    assert [word for word in expected[role] if word not in heard] == []


async def test_the_cookie_of_the_media_opens_nothing_else(opened: Open, scene: Scene) -> None:
    async with opened() as stage:
        login = scene.private.logins["owner"]
        sent = {"Cookie": f"{MEDIA_COOKIE}={stage.cookie_of(login, 'owner')}"}
        for route in ROUTES:
            if route.who is Who.USER:
                path = re.sub(r":\w+", scene.private.things["post_id"], route.path)
                answer = await stage.world.client.request(route.method, path, headers=sent)
                assert answer.status_code == 401, route.name


PAGED = [route for route in ROUTES if "cursor" in route.query.__struct_fields__]


@pytest.mark.parametrize("route", PAGED, ids=short)
async def test_a_cursor_is_good_for_whom_it_was_made(opened: Open, scene: Scene, route) -> None:
    """The owner's cursor goes on in the owner's other session, and in nobody else's."""
    rows = [row for row in ROWS if row.route == short(route) and row.expects("owner") == 200]
    assert rows
    async with opened() as stage:
        for row in rows:
            page = (await stage.ask(row, "owner")).json()
            cursor = page["previous_cursor"] or page["next_cursor"]
            if cursor is None:
                assert row.variant, f"{row.name} lists nothing"
                continue
            for role in ROLES:
                answer = await stage.ask(row, role, cursor=cursor)
                good = role in ("owner", "other")
                assert answer.status_code == (200 if good else max(400, row.expects(role))), role


async def test_reading_up_to_anothers_notification_reads_ones_own_only(
    opened: Open, scene: Scene
) -> None:
    def row(route: str) -> Row:
        return next(row for row in ROWS if row.name == f"elsewhere {route}")

    async with opened() as stage:
        before = (await stage.ask(row("GET /notifications"), "owner")).json()
        assert before["unread_count"] > 0
        token = scene.people["follower"].token
        answer = await stage.world.client.post(
            "/api/v1/notifications/read",
            json={"up_to": before["notifications"][0]["notification_id"]},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 200
        assert (await stage.ask(row("GET /notifications"), "owner")).json() == before
