"""Who is alive: accounts that are deleted, and sessions that ended a moment ago.

A handler checks its asker's session before it sends a command; whatever ended until the deciding
step is seen here. The rounds tell of every fact in the step that delivers it, and ask before each
decision.
"""

from collections import OrderedDict
from collections.abc import Iterable

from pyroaring import BitMap

from actors.runtime.asking import Asker
from actors.runtime.limits import ENDED_SESSIONS_MAX
from storage.facts import AccountDeleted, Entry, PasswordChanged, SessionEnded


class Liveness:
    """The deleted accounts of the folder, and what ended lately."""

    def __init__(self, gone: Iterable[int] = ()) -> None:
        self.gone = BitMap(gone)
        self._ended: OrderedDict[int, None] = OrderedDict()
        """Sessions that ended one by one."""
        self._cut: OrderedDict[int, tuple[int, int | None]] = OrderedDict()
        """account -> (id, kept): a new password ended what was opened before `id`, but `kept`"""

    def on_delivered(self, entry: Entry) -> None:
        """Take in a fact."""
        match entry.fact:
            case AccountDeleted(account=account):
                self.gone.add(account)
            case SessionEnded(session=session):
                self._ended[session] = None
                if len(self._ended) > ENDED_SESSIONS_MAX:
                    self._ended.popitem(last=False)
            case PasswordChanged(account=account, password=password, kept=kept):
                self._cut[account] = (password.id, kept)
                self._cut.move_to_end(account)
                if len(self._cut) > ENDED_SESSIONS_MAX:
                    self._cut.popitem(last=False)
            case _:
                pass

    def has_left(self, asker: Asker) -> bool:
        """Whether the asker's account is deleted or its session has ended since it was checked."""
        if asker.account in self.gone or asker.session in self._ended:
            return True
        cut = self._cut.get(asker.account)
        return cut is not None and asker.session < cut[0] and asker.session != cut[1]
