"""A server as its clients reach it, and people who use it: what every test of this folder begins
with.

Speaks HTTP by httpx and knows nothing of the server but its address. Whatever comes back is looked
at on its way: no answer may lack its id, break the shape of errors, or be the server's own failure.
Each person has a name that nobody had before, so that tests can share one server.
"""

import json
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypeVar

import httpx

from tests.conformance.pictures import plain

T = TypeVar("T")

API = "/api/v1"

PASSWORD = "correct horse"

ANSWER_S = 60.0

STATUSES = {
    "INVALID_REQUEST": {400, 408, 416, 431},
    "INVALID_MEDIA_FORMAT": {400},
    "UNAUTHORIZED": {401},
    "FORBIDDEN": {403},
    "NOT_FOUND": {404},
    "METHOD_NOT_ALLOWED": {405},
    "CONFLICT": {409},
    "MEDIA_TOO_LARGE": {413},
    "RATE_LIMIT_EXCEEDED": {429},
}
"""The statuses that a code may come with: contract.md, "Forms"; 416 is that of HTTP's ranges."""

PICTURE = plain()


def look_at(answer: httpx.Response) -> None:
    """What holds for every answer."""
    answer.read()
    told = f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}"
    assert answer.status_code in {200, 201, 206, 304} or 400 <= answer.status_code < 500, told
    assert answer.status_code not in {415, 422}, told
    assert answer.headers.get("x-request-id"), f"no X-Request-Id: {told}"
    if answer.status_code >= 400 or not answer.request.url.path.startswith(("/media/", "/docs/")):
        assert answer.headers.get("cache-control") == "no-store", told
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        body = answer.json()
        more = {"message", "reset_at"} if answer.status_code == 429 else set[str]()
        assert set(body) == {"error"} | more, told
        assert set(body["error"]) == {"code", "message", "details"}, told
        code, message, details = (body["error"][key] for key in ("code", "message", "details"))
        assert answer.status_code in STATUSES[code], told
        assert isinstance(message, str), told
        assert message, told
        assert isinstance(details, dict), told
    if answer.status_code == 401:
        assert answer.headers.get("www-authenticate", "").startswith("Bearer"), told


def ok(answer: httpx.Response, status: int = 200) -> Any:
    """The JSON of an answer that must be a success."""
    assert answer.status_code == status, f"{answer.request.url}: {answer} {answer.text[:1_000]}"
    return answer.json()


def refused(answer: httpx.Response, code: str, field: str | None = None, **details: Any) -> None:
    """Checks an answer that must be an error, with what its details must say."""
    told = f"{answer.request.method} {answer.request.url}: {answer} {answer.text[:1_000]}"
    assert answer.status_code >= 400, told
    error = answer.json()["error"]
    assert error["code"] == code, told
    if field is not None:
        named = str(error["details"].get("field"))
        assert named == field or named.startswith((f"{field}.", f"{field}[")), told
    assert error["details"].items() >= details.items(), told


def fresh(name: str) -> str:
    """A username that begins with `name` and that nobody has."""
    return name + secrets.token_hex(5)


def form(*pictures: bytes, part: str = "media", **fields: Any) -> list[tuple[str, Any]]:
    """The parts of an upload; lists are sent as JSON, texts as they are."""
    parts: list[tuple[str, Any]] = [
        (name, (None, value if isinstance(value, str | bytes) else json.dumps(value)))
        for name, value in fields.items()
    ]
    return parts + [(part, ("x.jpg", data, "image/jpeg")) for data in pictures]


def at_once(*acts: Callable[[], T]) -> list[T]:
    """What became of several acts that are begun together."""
    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(lambda act: act(), acts))


class Api:
    """One server, to whoever knows its address; `source` is the address to come from."""

    def __init__(self, url: str, source: str | None = None) -> None:
        self.url = url.rstrip("/")
        # People share this client: a cookie that one was given must not be sent for another.
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self.client = httpx.Client(
            base_url=self.url,
            timeout=ANSWER_S,
            transport=httpx.HTTPTransport(
                local_address=source, limits=httpx.Limits(max_connections=50)
            ),
            cookies=no_cookies,
            event_hooks={"response": [look_at]},
        )

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        key: str | None = None,
        **options: Any,
    ) -> httpx.Response:
        """A request: to the API, or to an absolute URL, or with `//` before it to any path."""
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        if path.startswith("//"):
            path = path[1:]
        elif path.startswith("/"):
            path = API + path
        return self.client.request(method, path, headers=headers, **options)

    def register(self, username: str, **more: Any) -> httpx.Response:
        body = {"username": username, "password": PASSWORD, **more}
        return self.call("POST", "/auth/register", json=body)

    def log_in(self, username: str, password: str = PASSWORD, **options: Any) -> httpx.Response:
        body = {"username": username, "password": password}
        return self.call("POST", "/auth/login", json=body, **options)

    def refresh(self, refresh_token: str) -> httpx.Response:
        return self.call("POST", "/auth/refresh", json={"refresh_token": refresh_token})

    def person(self, name: str = "ann", *, private: bool = False, **more: Any) -> "Person":
        """Somebody with a new account, logged in."""
        person = Person(self, ok(self.register(fresh(name), **more), 201))
        if private:
            person.edits(private_account=True)
        return person


class Person:
    """Somebody with an account, through one of its sessions."""

    def __init__(self, api: Api, login: Any) -> None:
        self.api = api
        self.id: str = login["user"]["user_id"]
        self.name: str = login["user"]["username"]
        self.token: str = login["access_token"]
        self.refresh_token: str = login["refresh_token"]

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.api.call(method, path, token=self.token, **options)

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.call("GET", path, params=query)

    def post(self, path: str, *, key: str | None = None, **options: Any) -> httpx.Response:
        return self.call("POST", path, key=key, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        return self.call("PUT", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.call("DELETE", path, **options)

    def sees(self, path: str, **query: Any) -> Any:
        """What is at `path`, which must be there."""
        return ok(self.get(path, **query))

    def ids(self, path: str, key: str = "users", **query: Any) -> list[str]:
        """The ids in the first page at `path`, which must be the last."""
        page = self.sees(path, **{"count": 50, **query})
        assert not page["has_more"]
        name = {"users": "user_id", "posts": "post_id", "comments": "comment_id"}[key]
        return [item[name] for item in page[key]]

    def again(self) -> "Person":
        """The same account through another session."""
        return Person(self.api, ok(self.api.log_in(self.name)))

    def publish(
        self, *pictures: bytes, key: str | None = None, part: str = "media", **fields: Any
    ) -> httpx.Response:
        """The answer to an upload; of a small picture if none is given."""
        return self.post(
            "/posts", key=key, files=form(*pictures or (PICTURE,), part=part, **fields)
        )

    def posts(self, *pictures: bytes, **fields: Any) -> Any:
        """A new post."""
        return ok(self.publish(*pictures, **fields), 201)

    def comments(self, post: Any, text: str = "Amazing!", parent: Any = None) -> Any:
        """A new comment on `post`, or a reply to the comment `parent`."""
        body = {"text": text, "parent_comment_id": parent and parent["comment_id"]}
        return ok(self.post(f"/posts/{post['post_id']}/comments", json=body), 201)

    def likes(self, post: Any) -> Any:
        return ok(self.post(f"/posts/{post['post_id']}/like"))

    def saves(self, post: Any) -> Any:
        return ok(self.post(f"/posts/{post['post_id']}/save"))

    def likes_comment(self, comment: Any) -> Any:
        return ok(self.post(f"/comments/{comment['comment_id']}/like"))

    def tells_story(self, **fields: Any) -> Any:
        """A new story."""
        return ok(self.post("/stories", files=form(PICTURE, **fields)), 201)

    def views(self, story: Any) -> Any:
        return ok(self.post(f"/stories/{story['story_id']}/view"))

    def notified(self) -> list[tuple[str, str]]:
        """(type, whose act) of one's notifications, newest first."""
        told = self.sees("/notifications", count=50)["notifications"]
        return [(one["type"], one["actor"]["user_id"]) for one in told]

    def follows(self, other: "Person") -> Any:
        return ok(self.post(f"/users/{other.id}/follow"))

    def unfollows(self, other: "Person") -> Any:
        return ok(self.delete(f"/users/{other.id}/follow"))

    def approves(self, other: "Person") -> Any:
        return ok(self.post(f"/follow-requests/{other.id}/approve"))

    def blocks(self, other: "Person") -> Any:
        return ok(self.post(f"/users/{other.id}/block"))

    def unblocks(self, other: "Person") -> Any:
        return ok(self.delete(f"/users/{other.id}/block"))

    def changes(self, post: Any, **changes: Any) -> Any:
        """Edits a post of one's own."""
        return ok(self.put(f"/posts/{post['post_id']}", json=changes))

    def edits(self, **changes: Any) -> Any:
        """The profile after some changes to it."""
        return ok(self.put("/users/me", json=changes))["user"]

    def deletes_account(self) -> Any:
        return ok(self.post("/users/me/delete", json={"password": PASSWORD}))
