"""contract.md, "Users and graph": a block, on every path that one might be seen by. The blocker is
Ann, the blocked one is Bob; Cat stands by."""

from collections.abc import Iterator

from tests.conformance.pictures import plain
from tests.conformance.shapes import BRIEF, LISTED, check, page
from tests.conformance.world import Person, form, ok, refused

BLOCK = {"blocking": bool, "user": BRIEF}


def both_ways(ann: Person, bob: Person) -> Iterator[tuple[Person, Person]]:
    yield ann, bob
    yield bob, ann


def test_blocking_and_unblocking(ann: Person, bob: Person) -> None:
    """“Block: `POST|DELETE /users/:id/block`, `GET /users/me/blocks`”."""
    answer = ann.blocks(bob)
    check(answer, BLOCK)
    assert (answer["blocking"], answer["user"]["user_id"]) == (True, bob.id)
    assert ann.blocks(bob) == answer
    listed = ann.sees("/users/me/blocks")
    check(listed, page("users", LISTED))
    assert [user["user_id"] for user in listed["users"]] == [bob.id]
    assert bob.ids("/users/me/blocks") == []
    lifted = ann.unblocks(bob)
    check(lifted, BLOCK)
    assert lifted["blocking"] is False
    assert ann.unblocks(bob) == lifted
    assert ann.ids("/users/me/blocks") == []
    bob.sees(f"/users/{ann.id}")


def test_whom_one_can_t_block(ann: Person, bob: Person) -> None:
    """Decided: oneself is 400; nobody is 404. The list of another's blocks is 403."""
    for path in (f"/users/{ann.id}/block", "/users/me/block"):
        refused(ann.post(path), "INVALID_REQUEST")
        refused(ann.delete(path), "INVALID_REQUEST")
    refused(ann.post("/users/999999999/block"), "NOT_FOUND")
    refused(ann.get(f"/users/{bob.id}/blocks"), "FORBIDDEN")


def test_who_is_blocked_may_block_back(ann: Person, bob: Person) -> None:
    """Decided: who is blocked may still block back (200); each block stands for itself."""
    ann.blocks(bob)
    bob.blocks(ann)
    ann.unblocks(bob)
    refused(ann.get(f"/users/{bob.id}"), "NOT_FOUND")
    assert bob.ids("/users/me/blocks") == [ann.id]
    bob.unblocks(ann)
    ok(ann.get(f"/users/{bob.id}"))


def test_a_block_ends_follows_both_ways(ann: Person, bob: Person) -> None:
    """“ends follows and requests both ways”; decided: unblocking restores no follow."""
    ann.follows(bob)
    bob.follows(ann)
    ann.blocks(bob)
    for person in (ann, bob):
        stats = person.sees("/users/me")["stats"]
        assert (stats["followers_count"], stats["following_count"]) == (0, 0)
        assert person.ids("/users/me/followers") == person.ids("/users/me/following") == []
    ann.unblocks(bob)
    for one, other in both_ways(ann, bob):
        shown = one.sees(f"/users/{other.id}")
        assert (shown["following"], shown["followed_by"]) == (False, False)
    for one, other in both_ways(ann, bob):
        assert one.follows(other)["following"] is True


def test_a_block_ends_requests_both_ways(ann: Person, bob: Person) -> None:
    """“ends follows and requests both ways”."""
    for person in (ann, bob):
        person.edits(private_account=True)
    ann.follows(bob)
    bob.follows(ann)
    ann.blocks(bob)
    for one, other in both_ways(ann, bob):
        assert one.ids("/follow-requests") == []
        refused(one.post(f"/follow-requests/{other.id}/approve"), "NOT_FOUND")
    ann.unblocks(bob)
    assert ann.ids("/follow-requests") == bob.ids("/follow-requests") == []


def test_neither_finds_the_other(ann: Person, bob: Person) -> None:
    """“neither sees, finds, mentions or notifies the other”; “blocked: 404 both ways”."""
    ann.blocks(bob)
    for one, other in both_ways(ann, bob):
        for path in ("", "/posts", "/followers", "/following", "/tagged"):
            refused(one.get(f"/users/{other.id}{path}"), "NOT_FOUND")
        refused(one.get(f"/users/by-username/{other.name}"), "NOT_FOUND")
        refused(one.post(f"/users/{other.id}/follow"), "NOT_FOUND")
        refused(one.put(f"/users/{other.id}", json={"bio": "x"}), "NOT_FOUND")
    assert bob.sees("/users/relationships", ids=ann.id) == {"relationships": []}


def test_neither_sees_the_other_s_posts(ann: Person, bob: Person) -> None:
    """“blocked: 404 both ways”, for whatever is done to a post or its comments."""
    for one, other in both_ways(ann, bob):
        post = other.posts()
        comment = other.comments(post)
        path, of_comment = f"/posts/{post['post_id']}", f"/comments/{comment['comment_id']}"
        ann.blocks(bob)
        for answer in (
            one.get(path),
            one.get(f"{path}/why"),
            one.get(f"{path}/likes"),
            one.get(f"{path}/comments"),
            one.post(f"{path}/like"),
            one.delete(f"{path}/like"),
            one.post(f"{path}/save"),
            one.delete(f"{path}/save"),
            one.post(f"{path}/comments", json={"text": "x"}),
            one.put(path, json={"caption": "x"}),
            one.delete(path),
            one.post(f"{of_comment}/like"),
            one.delete(f"{of_comment}/like"),
            one.delete(of_comment),
        ):
            refused(answer, "NOT_FOUND")
        assert other.sees(path)["likes_count"] == 0
        ann.unblocks(bob)
        ok(one.get(path))


def test_neither_sees_the_other_s_media(ann: Person, bob: Person) -> None:
    """“By a post's, story's or media's id … blocked: 404 both ways”, as far as it is known who
    asks."""
    for one, other in both_ways(ann, bob):
        medium = other.posts()["media"][0]
        face = ok(other.put("/users/me/avatar", files=form(plain())))["user"]["profile_image_url"]
        ann.blocks(bob)
        for url in (medium["url"], medium["thumbnail_url"], face):
            refused(one.get(url), "NOT_FOUND")
            assert other.get(url).status_code == 200
        ann.unblocks(bob)


def test_posts_leave_the_feed_at_once(ann: Person, bob: Person) -> None:
    """“unfollowing or blocking takes them out at once”."""
    for one, other in both_ways(ann, bob):
        one.follows(other)
        post = other.posts()
        assert post["post_id"] in one.ids("/feed", "posts")
    ann.blocks(bob)
    for one, other in both_ways(ann, bob):
        shown = one.sees("/feed")["posts"]
        assert {post["user"]["user_id"] for post in shown} == {one.id}
        other.posts()
        assert {post["user"]["user_id"] for post in one.sees("/feed")["posts"]} == {one.id}


def test_neither_is_in_the_other_s_lists_of_people(ann: Person, bob: Person, cat: Person) -> None:
    """Decided: “Lists skip people with whom there is a block either way.”"""
    post = cat.posts()
    for person in (ann, bob):
        person.follows(cat)
        cat.follows(person)
        person.likes(post)
    ann.blocks(bob)
    for one, other in both_ways(ann, bob):
        for path in (
            f"/users/{cat.id}/followers",
            f"/users/{cat.id}/following",
            f"/posts/{post['post_id']}/likes",
        ):
            assert one.ids(path) == [one.id], path
            assert set(cat.ids(path)) == {one.id, other.id}, path
    cat.edits(private_account=True)
    assert ann.ids(f"/users/{cat.id}/followers") == [ann.id]


def test_pages_are_filled_up_past_who_is_hidden(ann: Person, bob: Person, cat: Person) -> None:
    """“what is inserted or deleted meanwhile never repeats or hides an item”: a page with a hidden
    person in it is as long as another, and `has_more` as exact."""
    post = cat.posts()
    for person in (ann, bob, cat):
        person.likes(post)
    ann.blocks(bob)
    path = f"/posts/{post['post_id']}/likes"
    first = ann.sees(path, count=1)
    assert ([user["user_id"] for user in first["users"]], first["has_more"]) == ([cat.id], True)
    second = ann.sees(path, count=1, cursor=first["next_cursor"])
    assert ([user["user_id"] for user in second["users"]], second["has_more"]) == ([ann.id], False)
    assert bob.sees(path, count=2)["has_more"] is False


def test_neither_sees_the_other_s_comments(ann: Person, bob: Person, cat: Person) -> None:
    """“neither sees … the other”, under a third person's post; “`comments_count` counts all that
    are listed”."""
    post = cat.posts()
    path = f"/posts/{post['post_id']}"
    written = {person.id: person.comments(post) for person in (ann, bob, cat)}
    reply = cat.comments(post, "a reply", parent=written[bob.id])
    ann.blocks(bob)
    for one, other in both_ways(ann, bob):
        hidden = written[other.id]["comment_id"]
        seen = one.ids(f"{path}/comments", "comments")
        assert hidden not in seen
        assert {written[one.id]["comment_id"], written[cat.id]["comment_id"]} <= set(seen)
        refused(one.post(f"/comments/{hidden}/like"), "NOT_FOUND")
        body = {"text": "x", "parent_comment_id": hidden}
        answer = one.post(f"{path}/comments", json=body)
        refused(answer, "INVALID_REQUEST", "parent_comment_id")
    assert reply["comment_id"] in bob.ids(f"{path}/comments", "comments")
    assert len(cat.ids(f"{path}/comments", "comments")) == 4


def test_the_post_s_author_sees_no_comment_of_who_is_blocked(ann: Person, bob: Person) -> None:
    """“neither sees, finds, mentions or notifies the other”: comments made before the block."""
    post = ann.posts()
    comment = bob.comments(post)
    ann.blocks(bob)
    assert comment["comment_id"] not in ann.ids(f"/posts/{post['post_id']}/comments", "comments")


def test_neither_is_tagged_by_the_other(ann: Person, bob: Person) -> None:
    """Decided: a blocked account in `user_tags` is 400; shown are tags “whom the viewer may see by
    blocks”."""
    ann.blocks(bob)
    for one, other in both_ways(ann, bob):
        answer = one.publish(user_tags=[other.id])
        refused(answer, "INVALID_REQUEST", "user_tags")


def test_neither_sees_the_other_s_tags(ann: Person, bob: Person, cat: Person) -> None:
    """Decided: `user_tags` in answers are “those whom the viewer may see by blocks”."""
    post = cat.posts(user_tags=[ann.id, bob.id])
    of_bob = bob.posts(user_tags=[ann.id])
    assert ann.ids(f"/users/{ann.id}/tagged", "posts") == [of_bob["post_id"], post["post_id"]]
    ann.blocks(bob)
    for one in (ann, bob):
        tags = one.sees(f"/posts/{post['post_id']}")["user_tags"]
        assert [tag["user_id"] for tag in tags] == [one.id]
    tags = cat.sees(f"/posts/{post['post_id']}")["user_tags"]
    assert [tag["user_id"] for tag in tags] == [ann.id, bob.id]
    assert ann.ids(f"/users/{ann.id}/tagged", "posts") == [post["post_id"]]


def test_neither_keeps_the_other_s_posts(ann: Person, bob: Person) -> None:
    """“neither sees … the other”: in `GET /users/me/saved`, either."""
    for one, other in both_ways(ann, bob):
        one.saves(other.posts())
    ann.blocks(bob)
    for person in (ann, bob):
        assert person.ids("/users/me/saved", "posts") == []


def test_mentioning_each_other_breaks_nothing(ann: Person, bob: Person) -> None:
    """“neither … mentions or notifies the other”: the text may be written all the same."""
    ann.blocks(bob)
    for one, other in both_ways(ann, bob):
        post = one.posts(caption=f"hello @{other.name}")
        assert one.comments(post, f"@{other.name}!")["text"] == f"@{other.name}!"


def test_a_cursor_from_before_the_block_shows_nothing_hidden(
    ann: Person, bob: Person, cat: Person
) -> None:
    """“blocked: 404 both ways”: a page is authorised when it is read."""
    for person in (bob, cat, ann):
        for other in (bob, cat):
            if person is not other:
                person.follows(other)
    posts = [person.posts() for person in (bob, cat, bob, cat)]
    first = ann.sees("/feed", count=1)
    ann.blocks(bob)
    rest = ann.sees("/feed", cursor=first["next_cursor"])
    assert [post["post_id"] for post in rest["posts"]] == [posts[1]["post_id"]]
