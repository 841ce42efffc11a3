"""contract.md, "Users and graph": what a private account shows to whom."""

import pytest

from tests.conformance.pictures import plain
from tests.conformance.world import Api, Person, form, ok, refused

LISTS = ["posts", "followers", "following", "tagged"]


@pytest.fixture
def friend(api: Api, priv: Person) -> Person:
    """Somebody whom the private account let in."""
    friend = api.person("friend")
    friend.follows(priv)
    priv.approves(friend)
    return friend


def test_its_profile_is_there_for_all(api: Api, ann: Person, priv: Person) -> None:
    """“its lists under a visible profile: 403”: the profile is visible."""
    for shown in (ann.sees(f"/users/{priv.id}"), ok(api.call("GET", f"/users/{priv.id}"))):
        assert shown["private_account"] is True
        assert shown["username"] == priv.name


@pytest.mark.parametrize("name", LISTS)
def test_its_lists_are_for_its_followers(
    ann: Person, priv: Person, friend: Person, name: str
) -> None:
    """“A private account's posts, stories, followers and following are for its followers. … its
    lists under a visible profile: 403”."""
    ann.follows(priv)
    refused(ann.get(f"/users/{priv.id}/{name}"), "FORBIDDEN")
    for person in (friend, priv):
        person.sees(f"/users/{priv.id}/{name}")
    friend.unfollows(priv)
    refused(friend.get(f"/users/{priv.id}/{name}"), "FORBIDDEN")


def test_its_posts_are_not_there_for_others(ann: Person, priv: Person, friend: Person) -> None:
    """“By a post's, story's or media's id: 404 for others”."""
    post = priv.posts()
    comment = priv.comments(post)
    path = f"/posts/{post['post_id']}"
    ok(friend.get(path))
    ann.follows(priv)
    for answer in (
        ann.get(path),
        ann.get(f"{path}/why"),
        ann.get(f"{path}/likes"),
        ann.get(f"{path}/comments"),
        ann.post(f"{path}/like"),
        ann.delete(f"{path}/like"),
        ann.post(f"{path}/save"),
        ann.delete(f"{path}/save"),
        ann.post(f"{path}/comments", json={"text": "x"}),
        ann.put(path, json={"caption": "x"}),
        ann.delete(path),
        ann.post(f"/comments/{comment['comment_id']}/like"),
        ann.delete(f"/comments/{comment['comment_id']}/like"),
        ann.delete(f"/comments/{comment['comment_id']}"),
    ):
        refused(answer, "NOT_FOUND")
    shown = priv.sees(path)
    assert (shown["likes_count"], shown["comments_count"]) == (0, 1)


def test_its_media_need_a_viewer_who_may_see_them(
    api: Api, ann: Person, priv: Person, friend: Person
) -> None:
    """“A private account's media also need a viewer who may see them (bearer token, or the
    cookie that the web pages use).”"""
    medium = priv.posts()["media"][0]
    for url in (medium["url"], medium["thumbnail_url"]):
        for person in (priv, friend):
            answer = person.get(url)
            assert answer.status_code == 200
            assert "public" not in answer.headers["cache-control"]
        refused(ann.get(url), "NOT_FOUND")
        refused(api.call("GET", url), "NOT_FOUND")
        refused(ann.get(url + "x"), "NOT_FOUND")


def test_its_media_change_with_it(api: Api, ann: Person) -> None:
    """“A private account's media also need a viewer who may see them”: from the moment on in which
    it is private."""
    url = ann.posts()["media"][0]["url"]
    assert api.call("GET", url).status_code == 200
    ann.edits(private_account=True)
    refused(api.call("GET", url), "NOT_FOUND")
    assert ann.get(url).status_code == 200
    ann.edits(private_account=False)
    assert api.call("GET", url).status_code == 200


def test_its_likes_and_saves_by_others_are_hidden_from_them(
    ann: Person, priv: Person, friend: Person
) -> None:
    """“A private account's posts … are for its followers”: a post saved before is not shown after,
    and is back when it may be seen again."""
    post = priv.posts()
    friend.saves(post)
    friend.likes(post)
    assert friend.ids("/users/me/saved", "posts") == [post["post_id"]]
    ok(priv.delete(f"/users/me/followers/{friend.id}"))
    assert friend.ids("/users/me/saved", "posts") == []
    friend.follows(priv)
    priv.approves(friend)
    shown = friend.sees("/users/me/saved")["posts"]
    assert [(one["liked_by_user"], one["saved_by_user"]) for one in shown] == [(True, True)]


def test_its_tags_of_others_are_hidden_in_their_lists(
    ann: Person, bob: Person, priv: Person, friend: Person
) -> None:
    """“A private account's posts … are for its followers”, also in `GET /users/:id/tagged`."""
    post = priv.posts(user_tags=[bob.id])
    path = f"/users/{bob.id}/tagged"
    assert friend.ids(path, "posts") == [post["post_id"]]
    assert ann.ids(path, "posts") == bob.ids(path, "posts") == []


def test_its_picture_is_part_of_its_profile(api: Api, ann: Person, priv: Person) -> None:
    """The text shows `profile_image_url` with every user, and this profile is visible: so is its
    picture."""
    url = ok(priv.put("/users/me/avatar", files=form(plain())))["user"]["profile_image_url"]
    for answer in (priv.get(url), ann.get(url), api.call("GET", url)):
        assert answer.status_code == 200


def cookie_of(api: Api, name: str) -> tuple[str, dict[str, str]]:
    """The media cookie of a login: `name=value`, and its attributes."""
    [header] = [
        header
        for header in api.log_in(name).headers.get_list("set-cookie")
        if header.startswith("triptych_media=")
    ]
    value, *attributes = header.split(";")
    pairs = [attribute.strip().partition("=") for attribute in attributes]
    return value, {key.lower(): given for key, _, given in pairs}


def test_the_cookie_of_a_login_is_for_media_only(api: Api, priv: Person) -> None:
    """“the cookie that the web pages use”; decided: `triptych_media` (HttpOnly; SameSite=Strict;
    Path=/media; Max-Age=3600). hardening.md: “never accepted for API writes”."""
    cookie, attributes = cookie_of(api, priv.name)
    assert "httponly" in attributes
    assert attributes["samesite"].lower() == "strict"
    assert (attributes["path"], attributes["max-age"]) == ("/media", "3600")
    headers = {"Cookie": cookie}
    refused(api.call("GET", "/feed", headers=headers), "UNAUTHORIZED")
    refused(api.call("POST", "/posts", headers=headers, files=form(plain())), "UNAUTHORIZED")


def test_media_are_seen_with_the_cookie_of_who_may(
    api: Api, ann: Person, priv: Person, friend: Person
) -> None:
    """“A private account's media also need a viewer who may see them (bearer token, or the
    cookie …)”."""
    url = priv.posts()["media"][0]["url"]
    for person, status in ((priv, 200), (friend, 200), (ann, 404)):
        cookie, _ = cookie_of(api, person.name)
        answer = api.call("GET", url, headers={"Cookie": cookie})
        assert answer.status_code == status
        forged = cookie[:-1] + ("A" if cookie[-1] != "A" else "B")
        assert api.call("GET", url, headers={"Cookie": forged}).status_code == 404
    public = ann.posts()["media"][0]["url"]
    for cookie in ("triptych_media=x", "triptych_media=", "other=1", "triptych_media"):
        assert api.call("GET", public, headers={"Cookie": cookie}).status_code == 200


def test_the_cookie_ends_with_its_session(api: Api, priv: Person) -> None:
    """“`POST /auth/logout` → ends the session at once”; decided: logout expires the cookie."""
    url = priv.posts()["media"][0]["url"]
    other = api.log_in(priv.name)
    cookie = other.headers["set-cookie"].partition(";")[0]
    logout = api.call("POST", "/auth/logout", token=other.json()["access_token"])
    expired = logout.headers["set-cookie"].lower()
    assert expired.startswith("triptych_media=")
    assert "path=/media" in expired
    assert "max-age=0" in expired or "1970" in expired
    refused(api.call("GET", url, headers={"Cookie": cookie}), "NOT_FOUND")


def test_refreshing_renews_the_cookie(api: Api, priv: Person) -> None:
    """Decided: every answer of login, register and refresh sets the media cookie."""
    url = priv.posts()["media"][0]["url"]
    cookie = api.refresh(priv.refresh_token).headers["set-cookie"].partition(";")[0]
    assert api.call("GET", url, headers={"Cookie": cookie}).status_code == 200
