"""How a row of the role matrix is asked for: the path, the body and the token of somebody in a
role, in the scene of `tests/api/scene.py`; and what is wrong with the answer.

What is expected is in the row. Nothing here knows how the server decides.
"""

import re
from pathlib import Path
from typing import Any

import httpx

from server.access.tokens import ACCESS_TOKEN_S, MEDIA_COOKIE
from server.http.routing import API, Route
from storage.sqlite import open_reader
from tests.api.roles import Row
from tests.api.scene import APART, Author, Login, Scene
from tests.api.world import PASSWORD, World, jpeg

BY_COOKIE = "by-cookie"

NAMES_WHOM_ONE_BLOCKS = {
    "POST /users/:user_id/block": APART,
    "DELETE /users/:user_id/block": ("blocking",),
    "GET /users/:user_id/blocks me": ("blocking",),
    "GET /users/relationships": ("blocking",),
}
"""Rows whose answers name somebody to whoever blocks them: nobody could take a block back else."""

PARAMETER = re.compile(r":(\w+)")


def short(route: Route) -> str:
    """A route as rows name it."""
    return route.name.replace(API, "")


class Stage:
    """A copy of the scene, and somebody who looks whether anything in it changes."""

    def __init__(self, scene: Scene, world: World, folder: Path) -> None:
        self.scene = scene
        self.world = world
        self._file = open_reader(folder / "triptych.db")

    def close(self) -> None:
        self._file.close()

    async def complaints(self, row: Row, role: str) -> list[str]:
        """What is wrong with the answer that `role` gets. A refusal has also changed nothing, not
        a row and not a file."""
        before = self._state()
        answer = await self.ask(row, role)
        wrong = complaints_about(self.scene, row, role, answer)
        if row.expects(role) >= 400 and self._state() != before:
            wrong.append(f"{row.name} as {role}: something has changed")
        if row.route.startswith("GET ") and answer.status_code != 401:
            head = await self.ask(row, role, method="HEAD")
            if (head.status_code, head.content) != (answer.status_code, b""):
                wrong.append(f"{row.name} as {role}: HEAD is {head.status_code}")
        return wrong

    async def ask(
        self, row: Row, role: str, method: str | None = None, **query: str
    ) -> httpx.Response:
        """The answer to the request of `row` in the name of `role`, with more in its query."""
        scene, author = self.scene, author_of(self.scene, row)
        login = scene.login(author, role)
        declared, path = row.route.split(" ")
        things = _things(scene, row, role)
        path = PARAMETER.sub(lambda found: things[found[1]], path)
        headers: dict[str, str] = {}
        if login is not None and row.variant == BY_COOKIE:
            headers["Cookie"] = f"{MEDIA_COOKIE}={self.cookie_of(login, role)}"
        elif login is not None:
            headers["Authorization"] = f"Bearer {login.token}"
        path = path if path.startswith(ROOTS) else f"{API}{path}"
        content = _content(scene, row, role)
        if query:
            content["params"] = {**content.get("params", {}), **query}
        return await self.world.client.request(method or declared, path, headers=headers, **content)

    def cookie_of(self, login: Login, role: str) -> str:
        """The cookie that came with a login."""
        age_s = ACCESS_TOKEN_S + 1 if role == "expired" else 0
        made_at = self.world.clock.now() // 1_000 - age_s
        return self.world.context.cookies.make(int(login.account), int(login.session), made_at)

    def _state(self) -> tuple[object, ...]:
        """Differs once anybody has committed anything, or a file has come or gone."""
        (version,) = next(iter(self._file.execute("pragma data_version")))
        uploads = {path.name for path in self.world.context.uploads.iterdir()}
        return version, self.world.files, uploads


ROOTS = ("/v1/", "/media/", "/docs", "/openapi.json", "/healthz", "/readyz", "/metrics")
"""Where the API's base path is not."""


def author_of(scene: Scene, row: Row) -> Author:
    """Whose things a row is about, and whose sessions the owner's are in it."""
    return scene.public if row.table == "public" else scene.private


def complaints_about(scene: Scene, row: Row, role: str, answer: httpx.Response) -> list[str]:
    """What is wrong with an answer: its status, its form as a refusal, what it gives away."""
    wrong: list[str] = []
    if answer.status_code != row.expects(role):
        wrong.append(f"is {answer.status_code}, not {row.expects(role)}: {answer.text[:200]}")
    challenge = answer.headers.get("WWW-Authenticate")
    if (answer.status_code == 401) != (challenge == "Bearer"):
        wrong.append(f"challenges with {challenge}")
    if answer.status_code >= 400 and set(answer.json()) != {"error"}:
        wrong.append(f"is no error: {answer.text[:200]}")
    said = f"{answer.headers} {answer.text}"
    about = " ".join(filter(None, (row.route, row.variant)))
    if role not in NAMES_WHOM_ONE_BLOCKS.get(about, ()):
        wrong.extend(f"tells {kept}" for kept in scene.kept_from(role) if kept in said)
    return [f"{row.name} as {role}: {what}" for what in wrong]


def _things(scene: Scene, row: Row, role: str) -> dict[str, str]:
    """What the parameters of the row's path stand for."""
    author = author_of(scene, row)
    things = {**author.things, "follower_id": author.things["follower"]}
    if row.table == "elsewhere":
        things |= scene.third
    match row.route.split(" ")[1], row.variant:
        case _, "me":
            things["user_id"] = "me"
        case _, "mine":
            things |= {"user_id": "me", "follower_id": author.things["user_id"]}
        case _, "visit":
            things["post_id"] = scene.posts.get(role, scene.posts["stranger"])
        case _, "guest":
            things["comment_id"] = things["guest"]
        case "/media/:name", variant:
            kind = "photo" if variant in ("", BY_COOKIE) else variant
            things["name"] = things[kind]
        case "/hashtags/:name/posts", _:
            things["name"] = things["hashtag"]
        case "/docs/:name", _:
            things["name"] = "start.js"
        case (("/follow-requests/:user_id/approve" | "/follow-requests/:user_id/deny"), _):
            things["user_id"] = things["asking"]
        case _:
            pass
    return things


def _content(scene: Scene, row: Row, role: str) -> dict[str, Any]:
    """The query or the body of a row's request, as httpx takes them."""
    login = scene.login(author_of(scene, row), role) or Login("", "nobody", "", "", "none.of.it")
    thread = {"parent_comment_id": _things(scene, row, role)["comment_id"]}
    both = (scene.private.things["user_id"], scene.public.things["user_id"])
    proof = {"password": PASSWORD}
    file = {"media": ("x.jpg", jpeg(), "image/jpeg")}
    contents: dict[str, dict[str, Any]] = {
        "POST /auth/register": {"json": {"username": f"new.{role.replace(' ', '.')}", **proof}},
        "POST /auth/login": {"json": {"username": login.name, **proof}},
        "POST /auth/refresh": {"json": {"refresh_token": login.refresh}},
        "POST /auth/password": {"json": {"old_password": PASSWORD, "new_password": PASSWORD + "!"}},
        "POST /users/:user_id/delete": {"json": proof},
        "DELETE /users/:user_id": {"json": proof},
        "PUT /users/:user_id": {"json": {"bio": "changed"}},
        "PUT /users/:user_id/avatar": {"files": file},
        "POST /posts": {"files": file},
        "PUT /posts/:post_id": {"json": {"caption": "changed"}},
        "POST /stories": {"files": file},
        "POST /posts/:post_id/comments": {"json": {"text": "well"}},
        "POST /posts/:post_id/comments reply": {"json": {"text": "so", **thread}},
        "GET /posts/:post_id/comments thread": {"params": thread},
        "POST /locations": {"json": {"name": "Hill", "lat": 1, "lng": 1}},
        "POST /notifications/read": {"json": {}},
        "GET /users/relationships": {"params": {"ids": ",".join(both)}},
        "GET /search/users": {"params": {"q": scene.private.name[:5]}},
        "GET /search/hashtags": {"params": {"q": scene.private.things["hashtag"][:5]}},
        "GET /search/locations": {"params": {"q": "Place"}},
    }
    return contents.get(f"{row.route} {row.variant}") or contents.get(row.route, {})
