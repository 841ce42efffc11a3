"""contract.md, "Accounts": the list of sessions, ending one, and changing the password."""

from functools import partial

import pytest

from tests.conformance.shapes import LOGIN, SESSION, check, moment
from tests.conformance.world import PASSWORD, Api, Person, at_once, ok, refused

NEW_PASSWORD = "battery staple"

SESSIONS_MAX = 100


def sessions_of(person: Person) -> list[dict[str, str]]:
    answer = person.sees("/auth/sessions")
    check(answer, {"sessions": [SESSION]})
    return answer["sessions"]


def current_of(person: Person) -> str:
    [current] = [one["session_id"] for one in sessions_of(person) if one["current"]]
    return current


def with_agent(person: Person, agent: str) -> Person:
    answer = person.api.log_in(person.name, headers={"User-Agent": agent})
    return Person(person.api, ok(answer))


def test_sessions_are_listed_newest_first(ann: Person) -> None:
    """“`GET /auth/sessions`”; decided: newest first, each with its client and whether it is this
    one."""
    phone, laptop = with_agent(ann, "Phone/1.0"), with_agent(ann, "Laptop/2.0")
    for person, current in ((phone, 1), (laptop, 0), (ann, 2)):
        listed = sessions_of(person)
        assert [one["client"] for one in listed[:2]] == ["Laptop/2.0", "Phone/1.0"]
        assert [one["current"] for one in listed] == [place == current for place in range(3)]
    created = [moment(one["created_at"]) for one in sessions_of(ann)]
    assert created == sorted(created, reverse=True)
    for one in sessions_of(ann):
        assert moment(one["last_used_at"]) >= moment(one["created_at"])


def test_the_client_of_a_session_is_cut(ann: Person) -> None:
    """Decided: `client` is the User-Agent at login, at most 200 characters."""
    with_agent(ann, "x" * 1_000)
    assert sessions_of(ann)[0]["client"] == "x" * 200


def test_sessions_are_one_s_own(ann: Person, bob: Person) -> None:
    """“nobody reaches another's data”: not even that another's session exists."""
    assert len(sessions_of(ann)) == 1
    refused(bob.delete(f"/auth/sessions/{current_of(ann)}"), "NOT_FOUND")
    ok(ann.get("/feed"))


def test_a_session_can_be_ended_from_another(api: Api, ann: Person) -> None:
    """“`GET /auth/sessions`, `DELETE /auth/sessions/:id`”, as at logout “at once”."""
    phone = ann.again()
    ended = current_of(phone)
    answer = ok(ann.delete(f"/auth/sessions/{ended}"))
    assert answer == {"message": "Session ended", "session_id": ended}
    refused(phone.get("/feed"), "UNAUTHORIZED")
    refused(api.refresh(phone.refresh_token), "UNAUTHORIZED")
    assert [one["session_id"] for one in sessions_of(ann)] == [current_of(ann)]
    refused(ann.delete(f"/auth/sessions/{ended}"), "NOT_FOUND")


def test_one_s_own_session_can_be_ended_too(ann: Person) -> None:
    """“`DELETE /auth/sessions/:id`”."""
    ok(ann.delete(f"/auth/sessions/{current_of(ann)}"))
    refused(ann.get("/feed"), "UNAUTHORIZED")


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", "9" * 40, "999999999"])
def test_an_unknown_session_is_not_found(reader: Person, text: str) -> None:
    """“NOT_FOUND: 404, also for … malformed ids in a path”."""
    refused(reader.delete(f"/auth/sessions/{text}"), "NOT_FOUND")


def test_changing_the_password_ends_all_other_sessions(api: Api, ann: Person) -> None:
    """“`POST /auth/password {old_password, new_password}` ends all other sessions”."""
    others = [ann.again(), ann.again()]
    body = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert ok(ann.post("/auth/password", json=body)) == {"message": "Password changed"}
    ok(ann.get("/feed"))
    assert len(sessions_of(ann)) == 1
    for other in others:
        refused(other.get("/feed"), "UNAUTHORIZED")
        refused(api.refresh(other.refresh_token), "UNAUTHORIZED")
    refused(api.log_in(ann.name), "UNAUTHORIZED")
    check(ok(api.log_in(ann.name, NEW_PASSWORD)), LOGIN)
    ok(api.refresh(ann.refresh_token))


def test_changing_the_password_takes_the_old_one(api: Api, ann: Person) -> None:
    """Decided: a wrong old password is 403, so that clients don't log out."""
    other = ann.again()
    body = {"old_password": "wrong horse", "new_password": NEW_PASSWORD}
    refused(ann.post("/auth/password", json=body), "FORBIDDEN", "old_password")
    ok(other.get("/feed"))
    ok(api.log_in(ann.name))


def test_a_new_password_obeys_the_rules(api: Api, ann: Person) -> None:
    """“password ≥ 8 characters, ≤ 1,024 bytes”."""
    for bad in ("x" * 7, "x" * 1_025, None, 12345678):
        body = {"old_password": PASSWORD, "new_password": bad}
        refused(ann.post("/auth/password", json=body), "INVALID_REQUEST", "new_password")
    refused(
        ann.post("/auth/password", json={"new_password": NEW_PASSWORD}),
        "INVALID_REQUEST",
        "old_password",
    )
    ok(api.log_in(ann.name))


def test_of_two_changes_at_once_one_finds_another_password(api: Api, ann: Person) -> None:
    """“`POST /auth/password {old_password, new_password}`”: the old password is that which holds.

    Who came second may also find its session ended by the first.
    """
    other = ann.again()
    passwords = {"battery one": ann, "battery two": other}
    answers = at_once(
        *[
            partial(
                person.post,
                "/auth/password",
                json={"old_password": PASSWORD, "new_password": password},
            )
            for password, person in passwords.items()
        ]
    )
    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) in ([200, 401], [200, 403])
    for status, password in zip(statuses, passwords, strict=True):
        assert api.log_in(ann.name, password).status_code == (200 if status == 200 else 401)


def test_an_account_has_a_hundred_sessions(ann: Person) -> None:
    """Decided: at most 100 sessions an account; the login that makes the 101st ends the oldest."""
    second = ann.again()
    at_once(*[ann.again] * 8)
    for _ in range(SESSIONS_MAX - 10):
        last = ann.again()
    assert len(sessions_of(ann)) == SESSIONS_MAX
    newest = last.again()
    refused(ann.get("/feed"), "UNAUTHORIZED")
    ok(second.get("/feed"))
    assert len(sessions_of(newest)) == SESSIONS_MAX
