"""Bugs planted into the stream: each is what somebody else's server really did, and each must turn
some history red."""

from server.hub import Hub
from server.streams.handing import Handing
from server.streams.listening import Listening
from server.streams.resuming import Resuming
from tests.sim.planted import Mutation

STREAM_MUTATIONS = [
    Mutation(
        "listening begins after the rows were read (trap 12)",
        Resuming.catch_up,
        "missed, listening.take_held())",
        "missed, listening.take_held()[:0])",
        seed=2,
    ),
    Mutation(
        "an id may come twice",
        Listening.tell,
        "event.id <= self.last or ",
        "",
        seed=42,
    ),
    Mutation(
        "what came too much is forgotten (trap 14)",
        Listening.hear,
        "self._lost = self._held[-1].id",
        "pass",
        seed=41,
    ),
    Mutation(
        "what was held when something was lost is forgotten",
        Listening.take_lost,
        "if held:",
        "if False:",
        seed=153,
    ),
    Mutation(
        "a notification that comes back is told again",
        Handing._made,
        "type = types.get((recipient, seq))",
        'type = types.get((recipient, seq), "follow")',
        seed=164,
    ),
    Mutation(
        "followers are those of the moment before",
        Hub._tell_followers,
        "targets = state.followers.among(self._online)",
        "targets = self._online.copy()",
        seed=0,
    ),
    Mutation(
        "a full queue forgets an event",
        Hub._put,
        "self._all_look_up()",
        "pass",
        seed=0,
    ),
]
