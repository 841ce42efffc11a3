"""Bugs planted in the runtime: each a few words of it changed. Those in the rules are in
`tests.sim.rule_mutations`; `tests.sim.planted` plants either.

`python -m tests.sim --mutations` says which seed finds each, and how many do.
"""

from actors.inbox import Inbox
from actors.runtime.actors import Actors
from actors.runtime.cell import Cell
from actors.runtime.claims import Claims
from actors.runtime.directory import Directory
from actors.runtime.inboxes import Inboxes
from actors.runtime.rounds import Rounds
from storage.ids import IdClock
from tests.sim.found_mutations import FOUND_MUTATIONS
from tests.sim.planted import Mutation
from tests.sim.rule_mutations import RULE_MUTATIONS

RELEASE = "round.releases.append((round.seq, outcomes))"
IS_NO_OP = "not getattr(outcome, 'facts', ())"

RUNTIME_MUTATIONS = [
    Mutation(
        "published before the commit (trap 1)",
        Rounds.run,
        "await self._commit(round)\n                await self._deliver(round)",
        "await self._deliver(round)\n                await self._commit(round)",
        seed=0,
    ),
    Mutation(
        "acknowledged when it is decided (trap 2)",
        Rounds._take_turn,
        RELEASE,
        "self._release(outcomes)",
        seed=0,
    ),
    Mutation(
        "replies at the first fact of the round",
        Rounds._take_turn,
        RELEASE,
        "round.releases.append((self._seq + 1, outcomes))",
        seed=0,
    ),
    Mutation(
        "no-ops and refusals answered at once (trap 6)",
        Rounds._take_turn,
        RELEASE,
        f"no_ops = [(w, outcome) for w, outcome in outcomes if {IS_NO_OP}]\n"
        "            self._release(no_ops)\n"
        "            late = [one for one in outcomes if one not in no_ops]\n"
        "            round.releases.append((round.seq, late))",
        seed=0,
    ),
    Mutation(
        "a turn without drafts",
        Rounds._decide,
        "cell.behaviour.fold(draft, entry.seq, entry.fact)",
        "pass",
        seed=0,
    ),
    Mutation(
        "the decider folded ahead of the commit",
        Rounds._take_turn,
        "draft = cell.state.draft()",
        "draft = cell.state",
        seed=0,
    ),
    Mutation(
        "deciding while facts that concern the actor are not delivered",
        Rounds._decide_round,
        "if cell.actor in round.concerned:",
        "if False:",
        seed=8,
    ),
    Mutation(
        "ids from the wall clock alone (trap 5)",
        IdClock.next_id,
        "max(self.last + 1, id_at(at))",
        "id_at(at)",
        seed=0,
    ),
    Mutation(
        "snapshots stamped with the last appended seq",
        Rounds._commit,
        "self._directory.snapshot(cell)",
        "__import__('msgspec').structs.replace(self._directory.snapshot(cell), seq=round.seq)",
        seed=0,
    ),
    Mutation(
        "an actor loaded before delivery reached what was read (trap 4)",
        Directory._load,
        "await self._delivery.reached(answer.committed)",
        "pass",
        seed=7,
    ),
    Mutation(
        "a load that folds what was queued twice (trap 4)",
        Directory._become_resident,
        "if entry.seq > committed:",
        "if True:",
        seed=0,
    ),
    Mutation(
        "a load that forgets what was queued (trap 4)",
        Directory._become_resident,
        "if entry.seq > committed:",
        "if False:",
        seed=9,
    ),
    Mutation(
        "a reader's result used before delivery reached it",
        Actors.read_as_of,
        "await self._delivery.reached(answer.committed)",
        "pass",
        seed=52,
    ),
    Mutation(
        "a cell that leaves while it is in use (trap 7)",
        Cell.idle.fget,
        "self.state is not None and not self.holds",
        "self.state is not None",
        seed=0,
    ),
    Mutation(
        "a second request with the same key that does not wait",
        Claims.claim,
        "while (other := self.taken.get(place)) is not None:",
        "while (other := None) is not None:",
        seed=0,
    ),
    Mutation(
        "a feed that ends at its inbox's edge (trap 17)",
        Inbox.read,
        "if len(shown) < span.limit and self.floor > 0:",
        "if False:",
        seed=1,
    ),
    Mutation(
        "a follow that marks no inbox",
        Inbox.follow,
        "self.marked = True",
        "pass",
        seed=1,
    ),
    Mutation(
        "a mark during a fill that starts no other",
        Inboxes._fill,
        "change(slot.inbox)",
        "change(slot.inbox)\n                    slot.inbox.marked = False",
        seed=335,
    ),
    Mutation(
        "hybrid by today's follower count",
        Inboxes._unpushed_for,
        "if (seq := self._unpushed[author]) > inbox.filled_seq",
        "if (seq := self._unpushed[author]) > inbox.filled_seq\n            and len(getattr("
        "getattr(self._actors.directory.cells.get(user_key(author)), 'state', None),"
        " 'followers', ())) > getattr(self._policy, 'followers_max', -1)",
        seed=25,
    ),
    Mutation(
        "pushes in slices that are not merged at reading",
        Inboxes._hand_out_to,
        "if inbox.owner in handout.left:",
        "if False:",
        seed=596,
    ),
]

MUTATIONS = [*RUNTIME_MUTATIONS, *RULE_MUTATIONS, *FOUND_MUTATIONS]
