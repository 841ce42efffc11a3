"""Bugs planted in stories, notifications, hashtags and places: each a few words changed.

`tests.sim.planted` plants them; a bug in a query is planted into the text of its SELECT.
"""

import actors.runtime.clearing
import actors.story.decide
import actors.user.fold
import actors.user.naming
import actors.user.notices
import actors.user.stories
import storage.amending.accounts
import storage.amending.graph
import storage.amending.posts
import storage.notices
import storage.projection
import storage.queries
from actors.runtime.expiry import Expiry
from storage.readings import READINGS
from tests.sim.planted import Mutation


def rows(trap: str, function: object, old: str, new: str, seed: int) -> Mutation:
    """A bug that only shows in the rows."""
    return Mutation(trap, function, old, new, seed, side="sqlite")


def query(trap: str, old: str, new: str, seed: int) -> Mutation:
    """A bug in the SELECT of a reading. Raises `LookupError` if there is none with that in it."""
    if not any(old in one.downward for one in READINGS.values()):
        raise LookupError(f"{trap}: {old!r} is in no reading any more")
    changed = f"{{reading_sql.replace('{old}', '{new}')}}"
    return rows(trap, storage.queries.statement_of, "{reading_sql}", changed, seed)


def told(trap: str, old: str, new: str, seed: int) -> Mutation:
    """A bug in the statement that writes notifications."""
    name = "sql.INSERT_NOTIFICATIONS"
    changed = f"{name}.replace('{old}', '{new}')"
    return rows(trap, storage.projection.additions, name, changed, seed)


NOTIFICATION_MUTATIONS = [
    told(
        "a like or a follow that comes again as news",
        "do nothing",
        "do update set seq = excluded.seq",
        seed=13,
    ),
    told("one is told of what one did oneself", "recipient <> actor", "true", seed=0),
    rows(
        "notifications kept after a block",
        storage.amending.graph.block,
        '"delete from notifications where actor = :actor and recipient = :recipient",',
        '"select :actor, :recipient",',
        seed=2,
    ),
    rows(
        "un-liking withdraws nothing",
        storage.notices.notices_of,
        'yield Notice(None, "like", actor, post, told=False, withdrawn=True)',
        "pass",
        seed=37,
    ),
    rows(
        "a reply that tells the post's author of a comment",
        storage.notices._of_comment,
        '[(fact.replied, "reply"), (fact.post_author, "comment")]',
        '[(fact.post_author, "comment"), (fact.replied, "reply")]',
        seed=38,
    ),
    rows(
        "who is tagged and mentioned is told of the mention",
        storage.notices._of_post,
        "tag.account not in told",
        "tag.account not in {*told, *fact.mentions}",
        seed=1,
    ),
    rows(
        "an approval that tells nobody",
        storage.notices._of_edge,
        'yield Notice(follower, "follow_accepted", followee)',
        "pass",
        seed=4,
    ),
    rows(
        "an approval that leaves the request among the notifications",
        storage.notices._of_edge,
        'yield Notice(followee, "follow_request", follower, told=False, over=True)\n'
        "                yield Notice(follower",
        "yield Notice(follower",
        seed=4,
    ),
    query(
        "a notification of what one may see no more",
        "p.author = n.recipient or not u.private",
        "true",
        seed=2,
    ),
    query(
        "a notification from somebody who is deleted",
        "and not (select gone from users where account = n.actor)",
        "",
        seed=9,
    ),
    query(
        "unread that counts what is read",
        "n.seq > (select read_up_to",
        "n.seq > 0 * (select read_up_to",
        seed=6,
    ),
    Mutation(
        "reading that makes unread again",
        actors.user.notices.read_notifications,
        "command.up_to <= state.read_up_to",
        "command.up_to == state.read_up_to",
        seed=2,
    ),
    Mutation(
        "a mention tells who may not see the post",
        actors.user.naming.told,
        " if author.shows_to(who)",
        "",
        seed=2,
    ),
    Mutation(
        "a tag tells who may not see the picture",
        actors.user.naming.tagged,
        "by.shows_to(who))",
        "True)",
        seed=2,
    ),
]

STORY_MUTATIONS = [
    query(
        "an expired story in a ring", "where s.expires_at > :now and s.seq", "where s.seq", seed=22
    ),
    query(
        "an expired story that is still shown",
        "s on s.author = j.value where s.expires_at > :now",
        "s on s.author = j.value",
        seed=22,
    ),
    query(
        "rings without one's own",
        "where s.expires_at > :now and s.seq",
        "where s.author <> :viewer and s.expires_at > :now and s.seq",
        seed=20,
    ),
    query("one's own ring is unseen", "s.author <> :viewer and not exists", "not exists", seed=20),
    Mutation(
        "an expired story that may be viewed",
        actors.story.decide.decide,
        "not state.lives_at(moment.at)",
        "state.gone",
        seed=2,
    ),
    Mutation(
        "a view of a private author's story by somebody who does not follow",
        actors.story.decide.decide,
        "\n                or not author.shows_to(command.account)",
        "",
        seed=43,
    ),
    Mutation(
        "one's own views count",
        actors.story.decide.decide,
        "command.account == state.author or ",
        "",
        seed=2,
    ),
    Mutation(
        "a story that has ended stays in its author's ring",
        actors.user.fold.fold,
        "if one.story != story",
        "if True",
        seed=0,
    ),
    Mutation(
        "an expired story that is deleted once more",
        actors.user.stories.delete_story,
        "not ended or ended[0].expires_at <= moment.at",
        "not ended",
        seed=46,
    ),
    Mutation(
        "stories that nobody ends",
        Expiry._end_some,
        "GetExpired(self._now(), EXPIRED_AT_ONCE)",
        "GetExpired(0, EXPIRED_AT_ONCE)",
        seed=0,
    ),
    Mutation(
        "clearing that forgets stories",
        actors.runtime.clearing._commands,
        "if remains.stories:",
        "if False:",
        seed=14,
    ),
    Mutation(
        "clearing that forgets views",
        actors.runtime.clearing._commands,
        "*(ForgetView(story, account) for story in remains.views),",
        "",
        seed=6,
    ),
]

DISCOVERY_MUTATIONS = [
    rows(
        "going private that leaves the counts of hashtags and places",
        storage.amending.accounts.change_privacy,
        '*count_public(fact.account, "-" if fact.private else "+"),',
        "",
        seed=2,
    ),
    rows(
        "a deleted account that goes on counting in hashtags and places",
        storage.amending.accounts.delete_account,
        '*count_public(fact.account, "-"),',
        "",
        seed=7,
    ),
    rows(
        "an edited caption that keeps its old hashtags",
        storage.amending.posts.edit_post,
        "*forget_hashtags(values),",
        "",
        seed=2,
    ),
    rows(
        "a post that counts in the place that it has left",
        storage.amending.posts.edit_post,
        'count_place("-", values),',
        "",
        seed=74,
    ),
    rows(
        "a deleted post that counts in its place",
        storage.amending.posts.delete_post,
        'count_place("-", values),',
        "",
        seed=43,
    ),
    query(
        "counts of private posts for everybody",
        "where f.follower = :viewer and u.private",
        "where u.private",
        seed=4,
    ),
    query(
        "counts of posts across a block",
        "union all select u.account, -1 from",
        "union all select u.account, 0 from",
        seed=7,
    ),
    query(
        "a trend made of private posts",
        "u.account = t.author where not u.private",
        "u.account = t.author",
        seed=0,
    ),
]

FOUND_MUTATIONS = [*NOTIFICATION_MUTATIONS, *STORY_MUTATIONS, *DISCOVERY_MUTATIONS]
