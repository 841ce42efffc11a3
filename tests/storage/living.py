"""What people might do, by chance: histories of nothing but what the actors would decide.

Nobody follows twice, likes a post that is gone, or comments on one that is not for their eyes; and
whoever is deleted is cleared away step by step, in the order in which the runtime does it.
"""

import random
from collections.abc import Callable

from storage.facts import Tag
from tests.storage.making import NAUGHTY, History
from tests.storage.plain import PROFILE

NAMES = [f"name{n}" for n in range(8)]
"""Few, so that one that was given back is soon somebody else's."""


class Life:
    """A history that goes on by itself. `act` does one thing that somebody might do now."""

    def __init__(self, seed: int, accounts: int = 5, history: History | None = None) -> None:
        self.random = random.Random(seed)
        self.history = history or History()
        self.plain = self.history.plain
        self._liked: set[tuple[str, int, int]] = set()
        """(what, which, who) of every like at any time: only the first is one."""
        for _ in range(accounts):
            self.history.register()
        self._acts: tuple[tuple[int, Callable[[int, int], object]], ...] = (
            (1, self._register),
            (1, self._invite),
            (2, self._rename),
            (3, self._log_in),
            (3, self._use_session),
            (1, self._change_password),
            (1, self._verify),
            (2, self._describe),
            (2, self._show),
            (2, self._keep_private),
            (1, self._leave),
            (5, self._clear),
            (9, self._follow),
            (3, self._answer_request),
            (3, self._block),
            (10, self._publish),
            (4, self._edit),
            (2, self._delete),
            (8, self._like),
            (5, self._save),
            (12, self._comment),
            (3, self._delete_comment),
            (8, self._like_comment),
            (5, self._tell_story),
            (6, self._view_story),
            (2, self._end_story),
            (2, self._add_place),
            (2, self._read),
        )

    def act(self) -> None:
        """One fact at least, unless chance chose what can't be done now."""
        alive = self.alive()
        weights, acts = zip(*self._acts, strict=True)
        [act] = self.random.choices(acts, weights)
        act(self.random.choice(alive), self.random.choice(alive))

    def alive(self) -> list[int]:
        return [n for n, one in self.plain.accounts.items() if not one.gone]

    def meet(self, one: int, other: int) -> bool:
        """Whether two are there for each other."""
        return not self.plain.apart(one, other) and not self.plain.accounts[other].gone

    def sees(self, viewer: int, author: int) -> bool:
        if viewer == author:
            return True
        public = not self.plain.accounts[author].private
        return self.meet(viewer, author) and (public or (author, viewer) in self.plain.follows)

    def maybe(self, text: str = NAUGHTY) -> str | None:
        return text if self.random.random() < 0.6 else None

    def some(self, numbers: list[int]) -> int | None:
        return self.random.choice(numbers) if numbers else None

    # Accounts.

    def _free_name(self) -> str | None:
        taken = {one.name for one in self.plain.accounts.values()}
        free = [name for name in NAMES if name not in taken]
        return self.random.choice(free) if free else None

    def _register(self, one: int, other: int) -> None:
        name = self._free_name()
        if name is None:
            return
        invites = list(self.plain.invites)
        account = self.history.register(name, self.maybe())
        if invites:
            self.history.use_invite(self.random.choice(invites), account)
        self.history.log_in(account)

    def _invite(self, one: int, other: int) -> None:
        self.history.invite(f"code {len(self.history.entries)}")

    def _rename(self, one: int, other: int) -> None:
        name = self._free_name()
        if name is not None:
            self.history.rename(one, name)

    def _log_in(self, one: int, other: int) -> None:
        self.history.log_in(one, self.maybe())

    def _sessions(self, account: int) -> list[int]:
        return [n for n, one in self.plain.sessions.items() if one.account == account]

    def _use_session(self, one: int, other: int) -> None:
        session = self.some(self._sessions(one))
        if session is not None and self.random.random() < 0.7:
            self.history.refresh(one, session)
        elif session is not None:
            self.history.log_out(one, session)

    def _change_password(self, one: int, other: int) -> None:
        self.history.change_password(one, self.random.choice([*self._sessions(one), None]))

    def _verify(self, one: int, other: int) -> None:
        self.history.verify(one, self.random.random() < 0.5)

    def _describe(self, one: int, other: int) -> None:
        names = self.random.sample(PROFILE, self.random.randint(1, len(PROFILE)))
        self.history.describe(one, **{name: self.maybe() for name in names})

    def _show(self, one: int, other: int) -> None:
        file = self.maybe(f"avatar {len(self.history.entries)}.jpg")
        if file is not None or "avatar" in self.plain.accounts[one].texts:
            self.history.show(one, file)

    def _keep_private(self, one: int, other: int) -> None:
        """Going public approves, as long as it is not interrupted."""
        private = not self.plain.accounts[one].private
        self.history.keep_private(one, private)
        asking = sorted(who for followee, who in self.plain.requests if followee == one)
        if not private:
            for follower in asking[: self.random.choice([1, 100])]:
                self._approve(one, follower)

    def _approve(self, followee: int, follower: int) -> None:
        if self.plain.accounts[follower].gone:
            self.history.end_request(follower, followee)
        else:
            self.history.follow(follower, followee, approved=True)

    def _leave(self, one: int, other: int) -> None:
        if len(self.alive()) > 2:
            self.history.leave(one)

    def _clear(self, one: int, other: int) -> None:
        """A step of clearing away somebody who is gone."""
        for account, gone in self.plain.accounts.items():
            if gone.gone == 1:
                remains = self._remains(account)
                (self.random.choice(remains) if remains else self._note_cleared(account))()
                return

    def _note_cleared(self, account: int) -> Callable[[], object]:
        return lambda: self.history.clear(account)

    def _remains(self, account: int) -> list[Callable[[], object]]:
        """What clears something of `account` away: posts first, then comments, then the rest."""
        plain, history = self.plain, self.history
        stories = [s for s, one in plain.found.stories.items() if one.author == account]
        if stories:
            return [lambda s=s: history.end_story(s) for s in stories]
        posts = [p for p, one in plain.posts.items() if one.author == account]
        if posts:
            return [lambda p=p: history.delete(p, account) for p in posts]
        comments = [c for c, one in plain.comments.items() if one.author == account]
        if comments:
            return [lambda c=c: history.delete_comment(c) for c in comments]
        return [
            *(
                lambda s=s: history.forget_view(account, s)
                for s, who in plain.found.views
                if who == account
            ),
            *(lambda p=p: history.unlike(account, p) for p, who in plain.likes if who == account),
            *(lambda p=p: history.unsave(account, p) for p, who in plain.saves if who == account),
            *(
                lambda c=c: history.unlike_comment(account, c)
                for c, who in plain.comment_likes
                if who == account
            ),
            *(lambda b=b: history.unfollow(b[1], b[0]) for b in plain.follows if account in b),
            *(lambda b=b: history.end_request(b[1], b[0]) for b in plain.requests if account in b),
            *(lambda b=b: history.unblock(*b) for b in plain.blocks if account in b),
        ]

    # Between two.

    def _follow(self, one: int, other: int) -> None:
        edge = (other, one)
        if one == other:
            return
        if edge in self.plain.follows:
            self.history.unfollow(one, other)
        elif edge in self.plain.requests:
            self.history.end_request(one, other)
        elif self.meet(one, other) and self.plain.accounts[other].private:
            self.history.request(one, other)
        elif self.meet(one, other):
            self.history.follow(one, other)

    def _answer_request(self, one: int, other: int) -> None:
        asked = [edge for edge in self.plain.requests if edge[0] == one]
        if not asked:
            return
        _, follower = self.random.choice(asked)
        if self.random.random() < 0.3:
            self.history.end_request(follower, one, denied=True)
        elif not self.plain.accounts[follower].gone:
            self._approve(one, follower)

    def _block(self, one: int, other: int) -> None:
        if one == other:
            return
        if (one, other) in self.plain.blocks:
            self.history.unblock(one, other)
        else:
            self.history.block(one, other)

    # Posts.

    def _tags(self, author: int) -> tuple[Tag, ...]:
        people = [who for who in self.alive() if self.meet(author, who)]
        tagged = self.random.sample(people, min(len(people), self.random.choice([0, 0, 1, 2])))
        return tuple(Tag(who, 0.5, 0.25) if who % 2 else Tag(who) for who in tagged)

    def _publish(self, one: int, other: int) -> None:
        pictures = self.random.randint(1, 3)
        words = self.random.choice([NAUGHTY, f"{NAUGHTY} #sun #Sea #sun", "#sunset at last", None])
        self.history.publish(one, words, pictures, self.maybe(), self._tags(one), self._place())

    def _place(self) -> int | None:
        return self.random.choice([None, 7, *self.plain.found.locations])

    def _visible(self, viewer: int) -> list[int]:
        return [n for n, one in self.plain.posts.items() if self.sees(viewer, one.author)]

    def _own(self, author: int) -> list[int]:
        return [n for n, one in self.plain.posts.items() if one.author == author]

    def _edit(self, one: int, other: int) -> None:
        post = self.some(self._own(one))
        if post is None:
            return
        names = ("caption", "alts", "location", "tags")
        changed = tuple(self.random.sample(names, self.random.randint(1, 4)))
        pictures = len(self.plain.posts[post].media)
        self.history.edit(
            post,
            changed,
            self.maybe("the #sea and the #moon") if "caption" in changed else None,
            tuple(self.maybe() for _ in range(pictures)) if "alts" in changed else (),
            self._place() if "location" in changed else None,
            self._tags(one) if "tags" in changed else (),
        )

    def _delete(self, one: int, other: int) -> None:
        post = self.some(self._own(one))
        if post is not None:
            self.history.delete(post, one)

    def _like(self, one: int, other: int) -> None:
        liked = [post for post, who in self.plain.likes if who == one]
        if liked and self.random.random() < 0.3:
            self.history.unlike(one, self.random.choice(liked))
            return
        post = self.some([post for post in self._visible(one) if post not in liked])
        if post is not None:
            self.history.like(one, post, self._is_first("post", post, one))

    def _is_first(self, what: str, which: int, who: int) -> bool:
        first = (what, which, who) not in self._liked
        self._liked.add((what, which, who))
        return first

    def _save(self, one: int, other: int) -> None:
        saved = [post for post, who in self.plain.saves if who == one]
        if saved and self.random.random() < 0.3:
            self.history.unsave(one, self.random.choice(saved))
            return
        post = self.some([post for post in self._visible(one) if post not in saved])
        if post is not None:
            self.history.save(one, post)

    # Comments.

    def _comment(self, one: int, other: int) -> None:
        post = self.some(self._visible(one))
        if post is None:
            return
        root = self.some(
            [
                n
                for n, comment in self.plain.comments.items()
                if comment.post == post
                and comment.root is None
                and not self.plain.apart(one, comment.author)
            ]
        )
        reply = root if self.random.random() < 0.5 else None
        self.history.comment(one, post, NAUGHTY, reply)

    def _delete_comment(self, one: int, other: int) -> None:
        mine = [
            n
            for n, comment in self.plain.comments.items()
            if one in (comment.author, self.plain.posts[comment.post].author)
        ]
        comment = self.some(mine)
        if comment is not None:
            self.history.delete_comment(comment)

    def _like_comment(self, one: int, other: int) -> None:
        liked = [comment for comment, who in self.plain.comment_likes if who == one]
        if liked and self.random.random() < 0.3:
            self.history.unlike_comment(one, self.random.choice(liked))
            return
        visible = set(self._visible(one))
        comment = self.some(
            [n for n, c in self.plain.comments.items() if c.post in visible and n not in liked]
        )
        if comment is not None:
            first = self._is_first("comment", comment, one)
            self.history.like_comment(one, comment, first)

    # Stories and places.

    def _tell_story(self, one: int, other: int) -> None:
        self.history.tell_story(one, self.random.choice([0, 24]))

    def _view_story(self, one: int, other: int) -> None:
        story = self.some(
            [
                n
                for n, story in self.plain.found.stories.items()
                if story.author != one
                and self.sees(one, story.author)
                and (n, one) not in self.plain.found.views
            ]
        )
        if story is not None:
            self.history.view(one, story)

    def _end_story(self, one: int, other: int) -> None:
        story = self.some([n for n, s in self.plain.found.stories.items() if s.author == one])
        if story is not None:
            self.history.end_story(story)

    def _add_place(self, one: int, other: int) -> None:
        lat, lng = self.random.choice([(1.0, 2.0), (48.2, 16.4), (-33.9, 151.2)])
        self.history.add_place(one, self.random.choice(["Old bridge", "The bench"]), lat, lng)

    def _read(self, one: int, other: int) -> None:
        self.history.read_all(one)


def random_history(seed: int, steps: int, accounts: int = 5) -> History:
    """What `accounts` people and whoever joins them might do in `steps` steps; the same seed gives
    the same history."""
    life = Life(seed, accounts)
    for _ in range(steps):
        life.act()
    return life.history
