"""Which sessions are alive, so that a token ends with its session: a bounded cache in front of the
rows.

Asked for each request with a token; told by the runtime of every fact. A session that ends is gone
from here in the step that delivers its end.
"""

from collections import OrderedDict
from collections.abc import Callable

from actors.runtime.asking import Asking
from storage.facts import AccountDeleted, Entry, PasswordChanged, SessionEnded
from storage.reads import GetSession

SESSIONS_MAX = 65_536
"""About 150 bytes each: the sessions of a busy day in 10 MB."""


class Sessions:
    """The sessions that were asked for lately and are alive."""

    def __init__(
        self,
        asking: Asking,
        sessions_max: int = SESSIONS_MAX,
        on_ended: Callable[[int], None] = lambda session: None,
    ) -> None:
        self._asking = asking
        self._sessions_max = sessions_max
        self._on_ended = on_ended
        self._alive: OrderedDict[int, int] = OrderedDict()
        self._endings = 0

    def on_delivered(self, entry: Entry) -> None:
        """Forget the sessions that a fact ended. A `Listener`."""
        match entry.fact:
            case SessionEnded(session=session):
                self._end([session])
            case PasswordChanged(account=account, kept=kept):
                self._end([one for one in self._of(account) if one != kept])
            case AccountDeleted(account=account):
                self._end(self._of(account))
            case _:
                pass

    def _of(self, account: int) -> list[int]:
        return [session for session, owner in self._alive.items() if owner == account]

    def _end(self, sessions: list[int]) -> None:
        self._endings += 1
        for session in sessions:
            self._alive.pop(session, None)
            self._on_ended(session)

    def is_known(self, session: int, account: int) -> bool:
        """Whether it is in memory that `session` is one of `account` and has not ended."""
        return self._alive.get(session) == account

    async def is_alive(self, session: int, account: int) -> bool:
        """Whether `session` is one of `account` and has not ended."""
        known = self._alive.get(session)
        if known is not None:
            self._alive.move_to_end(session)
            return known == account
        while True:
            endings = self._endings
            owner = await self._asking.read(GetSession(session))
            if owner is None:
                return False
            if endings == self._endings:
                break  # Otherwise the answer may be from before a session ended: ask again.
        self._alive[session] = owner
        if len(self._alive) > self._sessions_max:
            self._alive.popitem(last=False)
        return owner == account
