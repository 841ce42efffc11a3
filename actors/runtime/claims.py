"""Idempotency-Keys whose request is under way: the second one with the same key waits for the
first.

`Actors.ask` claims a key before it looks for a kept reply, and the claim lasts until the command
has its outcome, even when the asker has left.
"""

import trio

from actors.runtime.asking import RequestKey


class Claim:
    """One key that is taken."""

    def __init__(self, claims: "Claims", place: tuple[int, str, str]) -> None:
        self._claims = claims
        self._place = place
        self.released = trio.Event()

    def release(self) -> None:
        """Let the next request with this key go on. Releasing twice is the same as once."""
        if not self.released.is_set():
            del self._claims.taken[self._place]
            self.released.set()


class Claims:
    """Every key that is taken."""

    def __init__(self) -> None:
        self.taken: dict[tuple[int, str, str], Claim] = {}

    async def claim(self, key: RequestKey) -> Claim:
        """Take `key`, once nobody else has it."""
        place = (key.account, key.route, key.key)
        while (other := self.taken.get(place)) is not None:
            await other.released.wait()
        claim = self.taken[place] = Claim(self, place)
        return claim

    def statistics(self) -> dict[str, int]:
        return {"keys_under_way": len(self.taken)}
