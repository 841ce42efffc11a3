"""The people and things that the generated requests meet: a public person, a private one whom that
one follows, a stranger to both, and what the first two have posted, told and written.

Made once for all operations, by HTTP. Whatever an operation may destroy or turn against these
people is made anew for each case instead: newcomers with sessions of their own, posts, comments,
stories and requests to follow. Knows no schema.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

from tests.conformance.world import Api, Person, ok

TAGS = ("sunset", "harbour", "snow")

PLACE = {"name": "Fernwood Pier", "city": "Fernwood", "country": "NZ", "lat": -41.2, "lng": 174.7}

FOLLOWED = 3
"""More people, to follow and to be followed by."""

SPARE = ("spare", "editor", "asker")
"""Who blocks and unfollows, who changes their profile, and who asks the private one to follow."""


class Stage:
    """Who and what is there."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.public = api.person("public", full_name="Paula Public")
        self.private = api.person("private", private=True, full_name="Priya Private")
        self.stranger = api.person("stranger", full_name="Sten Stranger")
        self.crowd = [api.person("crowd") for _ in range(FOLLOWED)]
        self.spare, self.editor, self.asker = (api.person(name) for name in SPARE)
        self.people = (self.public, self.private, self.stranger)
        self.place = str(ok(self.public.post("/locations", json=PLACE), 201)["location_id"])
        self.public.follows(self.private)
        self.private.approves(self.public)
        self.posts = [self._post(self.public, tag) for tag in TAGS]
        self.private_posts = [self._post(self.private, tag) for tag in TAGS]
        self.comments = [self._talk_of(post) for post in (*self.posts, *self.private_posts)]
        self.stories = [self.public.tells_story() for _ in range(2)]
        self.private_stories = [self.private.tells_story()]
        for other in (self.private, self.crowd[0]):
            other.follows(self.public)
        for post in self.posts:
            self.private.likes(post)
            self.public.saves(post)
        told = self.public.sees("/notifications")["notifications"]
        self.notifications = [one["notification_id"] for one in told]
        self._cursors: dict[tuple[str, str], list[str]] = {}

    def _post(self, author: Person, tag: str) -> Any:
        caption, tagged = f"At the pier #{tag}", [self.public.id]
        return author.posts(caption=caption, location_id=self.place, user_tags=tagged)

    def _talk_of(self, post: Any) -> Any:
        """A comment with a reply."""
        comment = self.public.comments(post, "What a view")
        self.public.comments(post, "Isn't it", parent=comment)
        return comment

    def newcomer(self) -> Person:
        """Somebody who has just registered, and whom no other case knows."""
        return self.api.person("new")

    def visible_posts(self, person: Person) -> Sequence[Any]:
        """Posts that one of the three may see."""
        return self.posts if person is self.stranger else (*self.posts, *self.private_posts)

    def visible_stories(self, person: Person) -> Sequence[Any]:
        return self.stories if person is self.stranger else (*self.stories, *self.private_stories)

    def post_of(self, comment: Any) -> Any:
        """The post that one of the comments stands under."""
        posts = (*self.posts, *self.private_posts)
        return posts[self.comments.index(comment)]

    def path_value(self, name: str, caller: Person, chance: Random) -> str:
        """Something that is there for `caller`, for a parameter of a path."""
        match name:
            case "user_id":
                others = [self.private.id] * (caller is not self.stranger)
                return chance.choice(["me", self.public.id, self.stranger.id, *others])
            case "follower_id":
                return chance.choice(self.crowd).id
            case "post_id":
                return chance.choice(self.visible_posts(caller))["post_id"]
            case "comment_id":
                seen = self.comments[: len(self.visible_posts(caller))]
                return chance.choice(seen)["comment_id"]
            case "story_id":
                return chance.choice(self.visible_stories(caller))["story_id"]
            case "location_id":
                return self.place
            case "session_id":
                return ok(caller.get("/auth/sessions"))["sessions"][0]["session_id"]
        raise AssertionError(f"a parameter of a path that nobody has a value for: {name}")

    def media_name(self, chance: Random) -> str:
        """The name of a file that everybody may see."""
        medium = chance.choice(self.posts)["media"][0]
        return chance.choice([medium["url"], medium["thumbnail_url"]]).rpartition("/")[2]

    def cursor(self, person: Person | None, path: str, chance: Random) -> str | None:
        """A cursor that this person was given at `path` before."""
        known = self._cursors.get((person.id if person else "", path))
        return chance.choice(known) if known else None

    def keep_cursors(self, person: Person | None, path: str, page: Any) -> None:
        """Keep the cursors of an answer for later cases."""
        if isinstance(page, dict):
            given = [page.get("next_cursor"), page.get("previous_cursor")]
            kept = self._cursors.setdefault((person.id if person else "", path), [])
            kept += [cursor for cursor in given if cursor]
