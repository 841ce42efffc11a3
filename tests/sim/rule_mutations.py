"""Bugs planted in the rules, in the folds, in clearing and in the rows: each a few words changed.

`tests.sim.planted` plants them, `tests.sim.mutations` has those of the runtime.
"""

import actors.accounts.fold
import actors.comment.decide
import actors.comment.fold
import actors.post.decide
import actors.runtime.clearing
import actors.user.fold
import actors.user.graph
import actors.user.naming
import actors.user.profile
import actors.user.sessions
import storage.amending.graph
import storage.amending.posts
import storage.projection
from actors.comment.messages import Place
from actors.names import Names
from actors.runtime.clearing import Clearing
from actors.runtime.rounds import Rounds
from actors.user.state import UserState
from storage.facts import AccountDeleted, Commented
from tests.sim.planted import Mutation

RULE_MUTATIONS = [
    Mutation(
        "one side of a block is not folded",
        actors.user.fold._fold_block,
        "other, blocks = fact.blocker, state.blocked_by",
        "return",
        seed=0,
    ),
    Mutation(
        "a block that leaves requests standing",
        actors.user.fold._fold_block,
        "(state.followers, state.following, state.requests, state.requested)",
        "(state.followers, state.following)",
        seed=9,
    ),
    Mutation(
        "unblocking brings the follower back",
        actors.user.fold._fold_block,
        "blocks.discard(other)",
        "blocks.discard(other)\n        state.followers.add(other)",
        seed=0,
    ),
    Mutation(
        "an approval that leaves the request standing",
        actors.user.fold._fold_edge,
        "follows.add(other)\n            requests.discard(other)",
        "follows.add(other)",
        seed=4,
    ),
    Mutation(
        "a follow of somebody who blocks",
        actors.user.graph.decide_edge,
        "if not state.meets(command.follower):",
        "if command.follower in state.blocking:",
        seed=2,
    ),
    Mutation(
        "an approval of somebody who is deleted",
        actors.user.graph.decide_edge,
        " or command.follower in moment.gone",
        "",
        seed=64,
    ),
    Mutation(
        "going public approves who is deleted",
        actors.user.profile._approved,
        "if follower in moment.gone",
        "if False",
        seed=61,
    ),
    Mutation(
        "going public that forgets who waits beyond the first turn",
        Clearing.on_delivered,
        "case PrivacyChanged(account=account, private=False):",
        "case PrivacyChanged(account=account, private=None):",
        seed=2332,
    ),
    Mutation(
        "whoever asks is not looked up at the decision",
        Rounds._decide,
        "waiting.asker is not None and self.liveness.has_left(waiting.asker)",
        "False",
        seed=5,
    ),
    Mutation(
        "a spent refresh token that is good again",
        actors.user.sessions.refresh,
        "session.refresh.value != command.presented",
        "False",
        seed=14,
    ),
    Mutation(
        "a new password that ends no other session",
        actors.user.fold._fold_session,
        "if one.session == kept",
        "if True",
        seed=57,
    ),
    Mutation(
        "a like of a private author's post by somebody who does not follow",
        UserState.shows_to,
        " and (not self.private or viewer in self.followers)",
        "",
        seed=2,
    ),
    Mutation(
        "a like of a comment across a block",
        actors.comment.decide._is_shown,
        "liker.meets(state.author)",
        "True",
        seed=26,
    ),
    Mutation(
        "a reply to somebody who is deleted",
        actors.post.decide._answered,
        "parent.author in moment.gone or root.author in moment.gone",
        "False",
        seed=246,
    ),
    Mutation(
        "a tag of somebody whom a block keeps apart",
        actors.user.naming.named,
        "if by.meets(who) and who not in moment.gone",
        "if who not in moment.gone",
        seed=2,
    ),
    Mutation(
        "a comment decided beside the deletion of its post",
        Place.settled.fget,
        "post_key(self.post), *(() if self.root is None else (comment_key(self.root),))",
        "",
        seed=26,
    ),
    Mutation(
        "a reply that its root hears nothing of",
        Commented.concerns,
        "comment_key(self.comment), *root",
        "comment_key(self.comment)",
        seed=10,
    ),
    Mutation(
        "a deleted reply that its root goes on counting",
        actors.comment.fold.fold,
        "state.replies -= 1",
        "pass",
        seed=19,
    ),
    Mutation(
        "a username that goes with its account",
        actors.accounts.fold.fold,
        "state.names.release(account)\n        case AccountCleared",
        "pass\n        case AccountCleared",
        seed=0,
    ),
    Mutation(
        "a deletion that the accounts actor hears nothing of",
        AccountDeleted.concerns,
        "user_key(self.account), ACCOUNTS",
        "user_key(self.account),",
        seed=0,
    ),
    Mutation(
        "the name before a change of name stays taken",
        Names.take,
        "self.release(account)",
        "pass",
        seed=14,
    ),
    Mutation(
        "clearing that forgets blocks",
        actors.runtime.clearing._commands,
        "*(Unblock(blocker, account) for blocker in remains.blocked_by),",
        "",
        seed=2,
    ),
    Mutation(
        "clearing that looks for nothing that an earlier life has left",
        Clearing.run,
        "for account in await self._actors.read(GetUncleared()):",
        "for account in ():",
        seed=5,
    ),
    Mutation(
        "snapshots with names of deleted accounts, left behind by a crash",
        Clearing.run,
        "for actor in await self._actors.read(GetStale()):",
        "for actor in ():",
        seed=191,
    ),
    Mutation(
        "snapshots of cells that have left, lost at a clean stop",
        Rounds._write_left,
        "if snapshots:",
        "if False:",
        seed=28,
    ),
    Mutation(
        "answers to a deleted account are kept",
        storage.projection._kept,
        "(sql.UPSERT_REPLIES, list(replies.values()))",
        "(sql.UPSERT_REPLIES.replace('not u.gone', 'true'), list(replies.values()))",
        seed=5,
        side="sqlite",
    ),
    Mutation(
        "a block that ends a follow without counting it",
        storage.amending.graph.block,
        "(COUNT_FOLLOWS, ended),",
        "",
        seed=2,
        side="sqlite",
    ),
    Mutation(
        "a deleted post that leaves the likes of its comments",
        storage.amending.posts.delete_post,
        '(f"delete from comment_likes where comment in (select comment from {comments})", values),',
        "",
        seed=6,
        side="sqlite",
    ),
    Mutation(
        "a deleted comment that leaves its text",
        storage.amending.posts.delete_comment,
        '(erase("text_id", those), values),',
        "",
        seed=2,
        side="sqlite",
    ),
]
