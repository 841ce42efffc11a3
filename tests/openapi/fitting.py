"""What turns a request that fits the schema into one that can succeed: ids of things that are
there, one's own password, a token that still works.

A schema says what a value looks like, not which of them exist. Each operation whose requests need
more than `Stage.path_value` has an entry here, by its name; one that ends sessions or changes
people gets a caller of its own for each case. The rest of a request stays as it was generated.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from schemathesis import Case

from tests.conformance.world import PASSWORD, Person, fresh, ok
from tests.openapi.stage import Stage

IDEMPOTENCY_KEY = "Idempotency-Key"
KEY_LENGTH_MAX = 255

Choose = Callable[[Stage, Person], Person]
Fill = Callable[[Stage, Person, Random, dict[str, Any], Any], None]
"""Changes the values of the path, and of the query or the body, in place."""


def _newcomer(stage: Stage, _: Person) -> Person:
    return stage.newcomer()


def _public(stage: Stage, _: Person) -> Person:
    return stage.public


def _private(stage: Stage, _: Person) -> Person:
    return stage.private


def _spare(stage: Stage, _: Person) -> Person:
    return stage.spare


def _editor(stage: Stage, _: Person) -> Person:
    return stage.editor


CALLERS: dict[str, Choose] = {
    "POST /auth/logout": _newcomer,
    "DELETE /auth/sessions/{session_id}": _newcomer,
    "POST /auth/password": _newcomer,
    "PUT /posts/{post_id}": _public,
    "PUT /users/{user_id}": _editor,
    "PUT /users/{user_id}/avatar": _editor,
    "DELETE /users/{user_id}/avatar": _editor,
    "POST /users/{user_id}/delete": _newcomer,
    "DELETE /users/{user_id}": _newcomer,
    "DELETE /users/{user_id}/follow": _spare,
    "DELETE /users/{user_id}/followers/{follower_id}": _spare,
    "POST /users/{user_id}/block": _spare,
    "DELETE /users/{user_id}/block": _spare,
    "POST /follow-requests/{user_id}/approve": _private,
    "POST /follow-requests/{user_id}/deny": _private,
    "GET /stories/{story_id}/viewers": _public,
}
"""Who must ask, where it is not any of the three."""


def _own(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], _: Any) -> None:
    path["user_id"] = chance.choice(["me", caller.id])


def _other(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], _: Any) -> None:
    path["user_id"] = chance.choice(stage.crowd).id


def _register(
    stage: Stage, caller: Person, chance: Random, path: dict[str, Any], body: Any
) -> None:
    if chance.random() < 0.8:
        body["username"] = fresh(body["username"][:10])


def _log_in(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], body: Any) -> None:
    body.update(username=stage.newcomer().name, password=PASSWORD)


def _refresh(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], body: Any) -> None:
    body["refresh_token"] = stage.newcomer().refresh_token


def _change_password(
    stage: Stage, caller: Person, chance: Random, path: dict[str, Any], body: Any
) -> None:
    body["old_password"] = PASSWORD


def _prove(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], body: Any) -> None:
    path["user_id"] = chance.choice(["me", caller.id])
    body["password"] = PASSWORD


def _describe(
    stage: Stage, caller: Person, chance: Random, path: dict[str, Any], body: Any
) -> None:
    """What a post says of its place, of people and of its pictures."""
    if "location_id" in body:
        body["location_id"] = stage.place
    if body.get("user_tags") is not None:
        body["user_tags"] = [chance.choice(stage.people).id]
    if body.get("alt_texts") is not None:
        body["alt_texts"] = body["alt_texts"][:1]


def _edit_post(
    stage: Stage, caller: Person, chance: Random, path: dict[str, Any], body: Any
) -> None:
    path["post_id"] = chance.choice(stage.posts)["post_id"]
    _describe(stage, caller, chance, path, body)


def _publish(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], body: Any) -> None:
    if "location_id" in body:
        body["location_id"] = stage.place
    for name, text in (("user_tags", f'["{stage.public.id}"]'), ("alt_texts", '["A pier"]')):
        if name in body:
            body[name] = text


def _comment(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], body: Any) -> None:
    if body.get("parent_comment_id") is not None:
        comment = chance.choice(stage.comments[: len(stage.visible_posts(caller))])
        body["parent_comment_id"] = comment["comment_id"]
        path["post_id"] = stage.post_of(comment)["post_id"]


def _list_comments(
    stage: Stage, caller: Person, chance: Random, path: dict[str, Any], query: Any
) -> None:
    if "parent_comment_id" in query:
        _comment(stage, caller, chance, path, query)


def _new_comment(
    stage: Stage, caller: Person, chance: Random, path: dict[str, Any], _: Any
) -> None:
    post = chance.choice(stage.visible_posts(caller))
    path["comment_id"] = caller.comments(post)["comment_id"]


def _new_post(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], _: Any) -> None:
    path["post_id"] = caller.posts()["post_id"]


def _new_story(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], _: Any) -> None:
    path["story_id"] = caller.tells_story()["story_id"]


def _own_story(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], _: Any) -> None:
    path["story_id"] = chance.choice(stage.stories)["story_id"]


def _new_session(
    stage: Stage, caller: Person, chance: Random, path: dict[str, Any], _: Any
) -> None:
    caller.again()
    path["session_id"] = ok(caller.get("/auth/sessions"))["sessions"][0]["session_id"]


def _follower(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], _: Any) -> None:
    other = chance.choice(stage.crowd)
    other.follows(caller)
    path.update(user_id="me", follower_id=other.id)


def _request(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], _: Any) -> None:
    stage.asker.unfollows(stage.private)
    stage.asker.follows(stage.private)
    path["user_id"] = stage.asker.id


def _hashtag(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], _: Any) -> None:
    path["name"] = stage.posts[0]["hashtags"][0]


def _username(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], _: Any) -> None:
    path["name"] = chance.choice(stage.people).name


def _medium(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], _: Any) -> None:
    path["name"] = stage.media_name(chance)


def _asset(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], _: Any) -> None:
    path["name"] = chance.choice(["swagger-ui.css", "swagger-ui-bundle.js", "start.js"])


def _near(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], query: Any) -> None:
    if ("lat" in query) != ("lng" in query):
        query.update(lat=PLACE_NEAR[0], lng=PLACE_NEAR[1])


PLACE_NEAR = (-41.3, 174.8)


def _people(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], query: Any) -> None:
    query["ids"] = ",".join(chance.sample([person.id for person in stage.people], 2))


def _notice(stage: Stage, caller: Person, chance: Random, path: dict[str, Any], body: Any) -> None:
    if body.get("up_to") is not None:
        body["up_to"] = chance.choice(stage.notifications)


FILLS: dict[str, Fill] = {
    "POST /auth/register": _register,
    "POST /auth/login": _log_in,
    "POST /auth/refresh": _refresh,
    "DELETE /auth/sessions/{session_id}": _new_session,
    "POST /auth/password": _change_password,
    "POST /posts": _publish,
    "PUT /posts/{post_id}": _edit_post,
    "DELETE /posts/{post_id}": _new_post,
    "POST /posts/{post_id}/comments": _comment,
    "GET /posts/{post_id}/comments": _list_comments,
    "DELETE /comments/{comment_id}": _new_comment,
    "GET /hashtags/{name}/posts": _hashtag,
    "GET /stories/{story_id}/viewers": _own_story,
    "DELETE /stories/{story_id}": _new_story,
    "GET /users/relationships": _people,
    "GET /users/by-username/{name}": _username,
    "GET /users/{user_id}/saved": _own,
    "GET /users/{user_id}/blocks": _own,
    "PUT /users/{user_id}": _own,
    "PUT /users/{user_id}/avatar": _own,
    "DELETE /users/{user_id}/avatar": _own,
    "POST /users/{user_id}/delete": _prove,
    "DELETE /users/{user_id}": _prove,
    "POST /users/{user_id}/follow": _other,
    "DELETE /users/{user_id}/follow": _other,
    "POST /users/{user_id}/block": _other,
    "DELETE /users/{user_id}/block": _other,
    "DELETE /users/{user_id}/followers/{follower_id}": _follower,
    "POST /follow-requests/{user_id}/approve": _request,
    "POST /follow-requests/{user_id}/deny": _request,
    "GET /search/locations": _near,
    "POST /notifications/read": _notice,
    "GET /media/{name}": _medium,
    "GET /docs/{name}": _asset,
}
"""What makes a request one that can succeed."""


def choose_caller(stage: Stage, operation: str, caller: Person) -> Person:
    """Who sends a case of `operation`."""
    choose = CALLERS.get(operation)
    return caller if choose is None else choose(stage, caller)


def fit(stage: Stage, operation: str, case: Case, caller: Person, chance: Random) -> None:
    """Put what exists into a generated case, and keep the rest of it."""
    path = dict(case.path_parameters)
    for name in path:
        if name != "name":
            path[name] = stage.path_value(name, caller, chance)
    query = dict(case.query)
    fill = FILLS.get(operation)
    if fill is not None:
        body = case.body if isinstance(case.body, dict) else {}
        fill(stage, caller, chance, path, query if case.method == "GET" else body)
    case.path_parameters = path
    if "cursor" in query:
        cursor = stage.cursor(caller, case.formatted_path, chance)
        query = {name: value for name, value in query.items() if name != "cursor"}
        if cursor is not None:
            query["cursor"] = cursor
    case.query = query
    if IDEMPOTENCY_KEY in case.headers:
        # The same key with other values is refused, and short ones are generated often.
        case.headers[IDEMPOTENCY_KEY] = fresh(case.headers[IDEMPOTENCY_KEY])[-KEY_LENGTH_MAX:]
