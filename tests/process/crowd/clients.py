"""A crowd that writes at once: every client takes a card from one deck, does what it says, and
notes in the ledger what was acknowledged, until its server is gone.

`ROOMS` are all kinds of writes. `Town` is the crowd with its rooms.
"""

from collections.abc import Callable
from random import Random

import httpx
import trio

from tests.process.crowd.following import Following
from tests.process.crowd.leaving import Leaving
from tests.process.crowd.marks import Marks
from tests.process.crowd.notices import Notices
from tests.process.crowd.photos import Photos
from tests.process.crowd.places import Places
from tests.process.crowd.portrait import Portraits
from tests.process.crowd.room import Crowd, Household, Room
from tests.process.crowd.sessions import Sessions
from tests.process.crowd.stories import Stories
from tests.process.crowd.threads import Threads
from tests.process.crowd.ties import Relations
from tests.process.keeping import look

Card = tuple[Room, str]
"""A room, and the name of its act."""


class Town(Crowd):
    """Everybody, with all that they do."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        places = Places(self)
        photos = Photos(self, places)
        self.rooms: list[Room] = [
            photos,
            Marks(self, photos),
            Threads(self, photos),
            Following(self),
            Relations(self),
            Portraits(self),
            Sessions(self),
            Stories(self),
            Notices(self),
            places,
            Leaving(self),
        ]
        self._deck: list[Card] = []

    async def move_in(self, household: Household) -> None:
        """Give a household the accounts that its rooms need."""
        for room in self.rooms:
            await room.move_in(household)

    async def write_until_lost(self, household: Household) -> None:
        """Write and write, until an answer does not come."""
        try:
            while True:
                room, act = self._next_card(household)
                await getattr(room, act)(household)
                await trio.lowlevel.checkpoint()
        except httpx.TransportError:
            pass

    def _next_card(self, household: Household) -> Card:
        """From one deck, so that in a short time everything is done."""
        while True:
            for card in self._deck:
                if household.others or not card[0].NEEDS_HOME:
                    self._deck.remove(card)
                    return card
            more = [
                (room, act)
                for room in self.rooms
                for act, cards in room.ACTS.items()
                for _ in range(cards)
            ]
            self.random.shuffle(more)
            self._deck += more

    async def check(self) -> None:
        """Raises `AssertionError` for whatever was promised and is not so, or is there by half."""
        sight = await look(self.people)
        photos, *rest = self.rooms
        await photos.check(sight)  # the others ask it which posts are there
        async with trio.open_nursery() as nursery:
            for room in rest:
                nursery.start_soon(room.check, sight)

    async def settle(self) -> None:
        for room in self.rooms:
            await room.settle()

    def on_answer(self, listener: Callable[[], None]) -> None:
        self.writing.on_answer = listener
