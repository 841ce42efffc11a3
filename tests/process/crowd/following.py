"""Follows among public accounts, and the feeds that they make."""

from typing import ClassVar

from tests.process.crowd.room import Household, Room
from tests.process.keeping import Sight
from tests.process.starting import Person


class Following(Room):
    ACTS: ClassVar = {"follow": 7, "unfollow": 4}

    async def follow(self, household: Household) -> None:
        who, whom = household.main, self._other(household)
        becomes = {("follow", who.name, whom.id): True}
        await self.write(who, "POST", f"/users/{whom.id}/follow", becomes)

    async def unfollow(self, household: Household) -> None:
        who, whom = household.main, self._other(household)
        becomes = {("follow", who.name, whom.id): False}
        await self.write(who, "DELETE", f"/users/{whom.id}/follow", becomes)

    def _other(self, household: Household) -> Person:
        return self.random.choice([one for one in self.crowd.people if one is not household.main])

    async def check(self, sight: Sight) -> None:
        """Each account has exactly its followers, on both sides, and counts them. A feed is one's
        own posts and those of whom one follows, newest first, each once."""
        people = self.crowd.people
        for who in people:
            for whom in people:
                if who is not whom:
                    follows = who.id in sight.followers[whom.name]
                    self.ledger.found(("follow", who.name, whom.id), follows)
        for person in people:
            authors = [other for other in people if person.id in sight.followers[other.name]]
            assert sight.followers[person.name] <= {other.id for other in people}
            assert sight.profiles[person.name]["stats"] == {
                "followers_count": len(sight.followers[person.name]),
                "following_count": len(authors),
                "posts_count": len(posts_of(person, sight)),
            }
            due = [int(post) for author in (person, *authors) for post in posts_of(author, sight)]
            assert list(map(int, sight.feeds[person.name])) == sorted(due, reverse=True)


def posts_of(author: Person, sight: Sight) -> list[str]:
    viewed = sight.posts[author.name].items()
    return [post for post, shown in viewed if shown["user"]["username"] == author.name]
