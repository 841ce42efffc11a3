"""Logging in and out, refreshing, ending sessions, changing the password, of one account a
household. Its password and which of its sessions are alive are one thing.

What a client may expect of a refresh whose answer was lost: its session lives on, and its access
token is good for the rest of its hour. Its refresh token was spent or it was not: if not, it works;
if it was, using it is a second use, which ends the session, and the client logs in again. It is
never left with a session that it can neither use nor end.
"""

from typing import ClassVar

import msgspec
import trio

from tests.process.crowd.room import Crowd, Household, Json, Room
from tests.process.keeping import Sight
from tests.process.starting import PASSWORD, Person, log_in

ACCOUNT = "traveller"

SESSIONS_MAX = 4
"""Beyond, a client logs out before it logs in."""


class Keys(msgspec.Struct):
    """What a client holds of a session."""

    access: str
    refresh: str
    spent: str | None = None


class Access(msgspec.Struct, frozen=True):
    """What opens an account: its password, and the sessions that are alive, by their ids."""

    password: str
    alive: frozenset[str]


UNKNOWN = "?"
"""The id of a session whose login was not answered."""


class Sessions(Room):
    NEEDS_HOME = True
    ACTS: ClassVar = {
        "log_in": 3,
        "refresh": 4,
        "reuse": 1,
        "log_out": 2,
        "end": 2,
        "password": 2,
    }

    def __init__(self, crowd: Crowd) -> None:
        super().__init__(crowd)
        self._keys: dict[str, dict[str, Keys]] = {}
        """account -> session -> what its client holds"""
        self._unsure: dict[str, tuple[str, str]] = {}
        """account -> the session whose refresh was not answered, and the token that was sent"""

    async def move_in(self, household: Household) -> None:
        person = await self.register(household, f"{household.main.name}.s")
        household.others[ACCOUNT] = person
        self._keys[person.id] = {}
        answer = (await log_in(person.client, person.name)).json()
        first = await person.get("/auth/sessions")
        [session] = [one["session_id"] for one in first["sessions"] if not one["current"]]
        [current] = [one["session_id"] for one in first["sessions"] if one["current"]]
        assert (await person.call("DELETE", f"/auth/sessions/{current}")).status_code == 200
        self._hold(person, session, answer)
        access = Access(PASSWORD, frozenset({session}))
        self.ledger.promised({("access", person.id): access})

    def _hold(self, person: Person, session: str, answer: Json) -> None:
        self._keys[person.id][session] = Keys(answer["access_token"], answer["refresh_token"])
        person.token = answer["access_token"]

    async def log_in(self, household: Household) -> None:
        person = household.others[ACCOUNT]
        access = self._access(person)
        if len(access.alive) >= SESSIONS_MAX:
            await self.log_out(household)
            access = self._access(person)
        answer = await self.write(
            person,
            "POST",
            "/auth/login",
            {("access", person.id): self._with(access, UNKNOWN)},
            json={"username": person.name, "password": access.password},
        )
        login = answer.json()
        person.token = login["access_token"]
        listed = (await person.get("/auth/sessions"))["sessions"]
        [session] = [one["session_id"] for one in listed if one["current"]]
        self._hold(person, session, login)
        self.ledger.promised({("access", person.id): self._with(access, session)})

    async def refresh(self, household: Household) -> None:
        person = household.others[ACCOUNT]
        session = await self._session(household)
        keys = self._keys[person.id][session]
        self._unsure[person.id] = (session, keys.refresh)
        answer = await self.write(
            person, "POST", "/auth/refresh", json={"refresh_token": keys.refresh}
        )
        del self._unsure[person.id]
        self._hold(person, session, answer.json())
        self._keys[person.id][session].spent = keys.refresh

    async def reuse(self, household: Household) -> bool:
        """Use a spent refresh token, which ends its session."""
        person = household.others[ACCOUNT]
        access = self._access(person)
        held = self._keys[person.id]
        spent = [one for one in sorted(access.alive) if one in held and held[one].spent is not None]
        if not spent:
            return False
        session = self.random.choice(spent)
        ended = {("access", person.id): self._without(access, session)}
        await self.write(
            person,
            "POST",
            "/auth/refresh",
            ended,
            refused=(401,),
            then=ended,
            json={"refresh_token": held[session].spent},
        )
        return True

    async def log_out(self, household: Household) -> None:
        person = household.others[ACCOUNT]
        session = await self._session(household)
        person.token = self._keys[person.id][session].access
        after = self._without(self._access(person), session)
        await self.write(person, "POST", "/auth/logout", {("access", person.id): after})

    async def end(self, household: Household) -> None:
        """End a session from another."""
        person = household.others[ACCOUNT]
        while len(self._access(person).alive) < 2:
            await self.log_in(household)
        current = await self._session(household)
        access = self._access(person)
        session = self.random.choice(sorted(access.alive - {current}))
        person.token = self._keys[person.id][current].access
        after = {("access", person.id): self._without(access, session)}
        await self.write(person, "DELETE", f"/auth/sessions/{session}", after)

    async def password(self, household: Household) -> None:
        person = household.others[ACCOUNT]
        current = await self._session(household)
        access = self._access(person)
        person.token = self._keys[person.id][current].access
        after = Access(f"password {self.name()}", frozenset({current}))
        body = {"old_password": access.password, "new_password": after.password}
        await self.write(
            person, "POST", "/auth/password", {("access", person.id): after}, json=body
        )

    def _access(self, person: Person) -> Access:
        [access] = self.ledger.may_be(("access", person.id))
        return access

    def _with(self, access: Access, session: str) -> Access:
        return Access(access.password, access.alive | {session})

    def _without(self, access: Access, session: str) -> Access:
        return Access(access.password, access.alive - {session})

    async def _session(self, household: Household) -> str:
        """One that is alive; all are held but those whose login was not answered, and none of
        those is left after a check."""
        person = household.others[ACCOUNT]
        if not self._access(person).alive:
            await self.log_in(household)
        return self.random.choice(sorted(self._access(person).alive))

    async def check(self, sight: Sight) -> None:
        async with trio.open_nursery() as nursery:
            for household in self.crowd.homes:
                nursery.start_soon(self._check, household.others[ACCOUNT])

    async def _check(self, person: Person) -> None:
        """Exactly one password holds, and exactly the sessions that were left are alive, by the
        list and by their tokens."""
        thing = ("access", person.id)
        passwords = {may.password for may in self.ledger.may_be(thing)}
        logins = {one: await log_in(person.client, person.name, one) for one in passwords}
        [password] = [one for one, answer in logins.items() if answer.status_code == 200]
        person.token = logins[password].json()["access_token"]
        listed = (await person.get("/auth/sessions"))["sessions"]
        [current] = [one["session_id"] for one in listed if one["current"]]
        alive = {one["session_id"] for one in listed} - {current}
        known = {one for may in self.ledger.may_be(thing) for one in may.alive}
        self.ledger.found(
            thing, Access(password, frozenset(one if one in known else UNKNOWN for one in alive))
        )
        for session, keys in self._keys[person.id].items():
            person.token = keys.access
            due = 200 if session in alive else 401
            answer = await person.call("GET", "/users/me")
            assert answer.status_code == due, f"session {session}: {answer}"
        person.token = logins[password].json()["access_token"]
        for stranger in alive - known:  # nobody has its tokens
            answer = await person.call("DELETE", f"/auth/sessions/{stranger}")
            assert answer.status_code == 200, answer
        assert (await person.call("POST", "/auth/logout")).status_code == 200
        alive &= known
        held = self._keys[person.id]
        self._keys[person.id] = {one: held[one] for one in alive if one in held}
        self.ledger.promised({thing: Access(password, frozenset(alive))})

    async def settle(self) -> None:
        """Whose refresh was not answered tries it again, and otherwise logs in again."""
        for household in self.crowd.homes:
            person = household.others[ACCOUNT]
            session, token = self._unsure.pop(person.id, (None, None))
            if session is None:
                continue
            body = {"refresh_token": token}
            answer = await person.client.post("/api/v1/auth/refresh", json=body)
            if answer.status_code == 200:
                self._hold(person, session, answer.json())
                continue
            assert answer.status_code == 401, answer
            after = self._without(self._access(person), session)
            self.ledger.promised({("access", person.id): after})
