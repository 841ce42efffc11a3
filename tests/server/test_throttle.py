"""Guessing passwords: when it ends, for whom, and that nobody is locked out by a stranger."""

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from server.access.throttle import (
    FAMILIAR_ADDRESSES_MAX,
    FAMILIAR_NAMES_MAX,
    NAME_LENGTH_MAX,
    WINDOW_MS,
    WRONG_WINDOWS_MAX,
    Throttle,
)
from server.problems import Problem
from server.settings import Settings

HOME, CAFE, ELSEWHERE = "198.51.100.7", "203.0.113.9", "2001:db8::/64"
ACCOUNT, ADDRESS = 10, 30
"""Wrong passwords in 15 minutes (contract.md, "Accounts")."""


async def outcome(guarded: Awaitable[bool]) -> str:
    """`in`, `wrong`, or the status of the problem."""
    try:
        return "in" if await guarded else "wrong"
    except Problem as problem:
        return str(problem.status)


class Clock:
    def __init__(self) -> None:
        self.now = 1_767_225_600_000


class Door:
    """A throttle, and people who try passwords at it."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.clock = Clock()
        self.checked = 0
        self.throttle = Throttle(settings or Settings(), lambda: self.clock.now)

    async def tries(self, name: str, address: str, *, right: bool = False) -> str:
        """What comes of it: `in`, `wrong` or `429`."""
        return await outcome(self.throttle.guard(name, address, self.check(right)))

    def check(self, right: bool) -> Callable[[], Awaitable[bool]]:
        async def check() -> bool:
            self.checked += 1
            await trio.lowlevel.checkpoint()
            return right

        return check

    async def guesses(self, name: str, address: str, times: int) -> set[str]:
        return {await self.tries(name, address) for _ in range(times)}


async def test_after_ten_wrong_ones_an_account_takes_no_more_and_nothing_is_hashed() -> None:
    door = Door()
    assert await door.guesses("ann", CAFE, ACCOUNT) == {"wrong"}
    assert await door.tries("ann", CAFE, right=True) == "429"
    assert await door.tries("ann", ELSEWHERE, right=True) == "429"
    assert door.checked == ACCOUNT
    assert await door.tries("bob", CAFE, right=True) == "in"


async def test_after_thirty_wrong_ones_an_address_tries_no_account_more() -> None:
    door = Door()
    for number in range(ADDRESS):
        assert await door.tries(f"user{number}", CAFE) == "wrong"
    assert await door.tries("ann", CAFE, right=True) == "429"
    assert await door.tries("ann", HOME, right=True) == "in"
    assert door.checked == ADDRESS + 1


async def test_fifteen_minutes_from_the_first_all_is_forgiven() -> None:
    door = Door()
    await door.guesses("ann", CAFE, 1)
    door.clock.now += WINDOW_MS - 1
    await door.guesses("ann", CAFE, ACCOUNT - 1)
    assert await door.tries("ann", CAFE, right=True) == "429"
    door.clock.now += 1
    assert await door.tries("ann", CAFE, right=True) == "in"


async def test_refused_tries_do_not_prolong_it() -> None:
    door = Door()
    await door.guesses("ann", CAFE, ACCOUNT)
    for _ in range(3):
        door.clock.now += WINDOW_MS // 3
        last = await door.tries("ann", CAFE, right=True)
    assert last == "in"


async def test_a_refusal_says_when_to_come_back() -> None:
    door = Door()
    await door.guesses("ann", CAFE, ACCOUNT)
    door.clock.now += 60_000
    with pytest.raises(Problem) as refused:
        await door.throttle.guard("ann", CAFE, door.check(True))
    assert refused.value.headers["Retry-After"] == "840"
    assert refused.value.beside["reset_at"] == "2026-01-01T00:15:00.000Z"


async def test_right_ones_cost_nothing() -> None:
    door = Door()
    for number in range(3 * ADDRESS):
        assert await door.tries("ann", CAFE, right=True) == "in"
        assert await door.tries(f"user{number}", CAFE, right=True) == "in"


async def test_a_right_one_gives_a_guesser_no_more_tries() -> None:
    door = Door()
    await door.guesses("ann", CAFE, ACCOUNT)
    await door.tries("bob", CAFE, right=True)
    assert await door.tries("ann", CAFE) == "429"


async def test_a_stranger_can_not_lock_an_account_out() -> None:
    door = Door()
    assert await door.tries("ann", HOME, right=True) == "in"
    await door.guesses("ann", CAFE, ACCOUNT + 5)
    assert await door.tries("ann", ELSEWHERE, right=True) == "429"
    assert await door.tries("ann", HOME, right=True) == "in"
    await door.guesses("Ann", CAFE, 5)
    assert await door.tries("ANN", HOME, right=True) == "in"


async def test_nor_can_a_stranger_behind_the_same_address() -> None:
    door = Door()
    await door.tries("ann", HOME, right=True)
    for number in range(ADDRESS):
        await door.tries(f"user{number}", HOME)
    assert await door.tries("bob", HOME, right=True) == "429"
    assert await door.tries("ann", HOME, right=True) == "in"


async def test_whoever_has_registered_from_an_address_is_known_there() -> None:
    door = Door()
    door.throttle.remember("Ann", HOME)
    await door.guesses("ann", CAFE, ACCOUNT)
    assert await door.tries("ann", HOME, right=True) == "in"


async def test_a_familiar_address_that_guesses_is_refused_like_others_but_for_the_right_one() -> (
    None
):
    door = Door()
    door.throttle.remember("ann", HOME)
    assert await door.guesses("ann", HOME, ACCOUNT) == {"wrong"}
    assert await door.tries("ann", HOME) == "429"
    assert await door.tries("ann", CAFE, right=True) == "429"
    assert await door.tries("ann", HOME, right=True) == "in"


async def test_a_familiar_address_can_not_guess_on() -> None:
    door = Door()
    door.throttle.remember("ann", HOME)
    await door.guesses("ann", HOME, ADDRESS + 50)
    assert door.checked == ADDRESS
    assert await door.tries("ann", HOME, right=True) == "429"
    door.clock.now += WINDOW_MS
    assert await door.tries("ann", HOME, right=True) == "in"


async def test_being_known_to_one_account_is_no_help_with_another() -> None:
    door = Door()
    await door.tries("mallory", CAFE, right=True)
    await door.guesses("ann", CAFE, ACCOUNT)
    assert await door.tries("ann", CAFE, right=True) == "429"


async def test_a_name_that_nobody_has_is_treated_like_any_other() -> None:
    """Both are wrong, and whether there is such an account is not asked here at all; so only what
    is remembered could tell them apart."""
    door = Door()
    long_name = "x" * 10_000
    answers = [await door.tries(long_name, str(number)) for number in range(ACCOUNT + 1)]
    assert answers == ["wrong"] * ACCOUNT + ["429"]
    assert await door.tries(long_name[:NAME_LENGTH_MAX], HOME) == "429"


async def test_the_figures_are_settings() -> None:
    settings = Settings(limit_wrong_passwords_account=2, limit_wrong_passwords_address=3)
    door = Door(settings)
    await door.guesses("ann", CAFE, 2)
    assert await door.tries("ann", CAFE) == "429"
    assert await door.tries("bob", CAFE) == "wrong"
    assert await door.tries("bob", CAFE) == "429"


async def test_off_is_off() -> None:
    door = Door(Settings(rate_limits="off"))
    assert await door.guesses("ann", CAFE, 5 * ADDRESS) == {"wrong"}
    assert await door.tries("ann", CAFE, right=True) == "in"
    assert set(door.throttle.statistics().values()) == {0}


class Crowd:
    """Many who try at once; the passwords are checked when the test says so."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.answers: list[str] = []
        self.checking: list[tuple[trio.Event, bool]] = []

    async def comes(self, name: str, address: str, right: bool) -> None:
        async def check() -> bool:
            settled = trio.Event()
            self.checking.append((settled, right))
            await settled.wait()
            return right

        self.answers.append(await outcome(self.door.throttle.guard(name, address, check)))

    async def settle_one(self) -> None:
        settled, _ = self.checking.pop(0)
        settled.set()
        await wait_all_tasks_blocked()


async def test_a_thousand_guesses_at_once_are_ten() -> None:
    crowd = Crowd(Door())
    async with trio.open_nursery() as nursery:
        for number in range(1_000):
            nursery.start_soon(crowd.comes, "ann", str(number), False)
        await wait_all_tasks_blocked()
        assert len(crowd.checking) == ACCOUNT
        while crowd.checking:
            await crowd.settle_one()
    assert sorted(crowd.answers) == ["429"] * 990 + ["wrong"] * ACCOUNT


async def test_a_school_that_logs_in_at_once_gets_in() -> None:
    crowd = Crowd(Door())
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            for number in range(300):
                nursery.start_soon(crowd.comes, f"user{number}", HOME, True)
            await wait_all_tasks_blocked()
            assert len(crowd.checking) == ADDRESS
            while crowd.checking:
                await crowd.settle_one()
    assert crowd.answers == ["in"] * 300


async def test_whoever_waits_is_let_in_or_refused_however_the_others_end() -> None:
    """All at once end right or wrong, or break off, in any order, while somebody else uses the
    account up; nobody waits for ever."""
    door = Door()
    crowd = Crowd(door)
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            for number in range(100):
                nursery.start_soon(crowd.comes, "ann", str(number), number % 3 == 0)
            await wait_all_tasks_blocked()
            for settled, _ in crowd.checking:
                settled.set()  # ten at once: four right ones make room for some
            crowd.checking.clear()
            await wait_all_tasks_blocked()
            door.throttle.remember("ann", HOME)
            await door.guesses("ann", HOME, ACCOUNT)
            while crowd.checking:
                await crowd.settle_one()
    assert len(crowd.answers) == 100
    assert crowd.answers.count("429") > 50


async def test_a_check_that_fails_is_no_guess_and_holds_no_place() -> None:
    door = Door()

    async def fail() -> bool:
        await trio.lowlevel.checkpoint()
        raise OSError

    for _ in range(2 * ADDRESS):
        with pytest.raises(OSError):
            await door.throttle.guard("ann", CAFE, fail)
    assert await door.tries("ann", CAFE, right=True) == "in"


async def test_whoever_stops_waiting_holds_no_place() -> None:
    crowd = Crowd(Door())
    async with trio.open_nursery() as nursery:
        for _ in range(ACCOUNT):
            nursery.start_soon(crowd.comes, "ann", CAFE, True)
        await wait_all_tasks_blocked()
        with trio.move_on_after(0) as left:
            await crowd.comes("ann", CAFE, True)
        assert left.cancelled_caught
        while crowd.checking:
            await crowd.settle_one()
    assert crowd.answers == ["in"] * ACCOUNT
    assert await crowd.door.guesses("ann", ELSEWHERE, ACCOUNT) == {"wrong"}


async def test_what_is_remembered_is_bounded() -> None:
    door = Door()
    for number in range(WRONG_WINDOWS_MAX + 100):
        door.throttle.remember(f"user{number}", HOME)
        await door.tries(f"nobody{number}", str(number))
    assert door.throttle.statistics() == {
        "accounts": WRONG_WINDOWS_MAX,
        "addresses": WRONG_WINDOWS_MAX,
        "familiar": FAMILIAR_NAMES_MAX,
    }


async def test_one_account_is_known_at_its_latest_addresses() -> None:
    door = Door()
    for number in range(FAMILIAR_ADDRESSES_MAX):
        door.throttle.remember("ann", str(number))
    await door.tries("ann", "0", right=True)
    door.throttle.remember("ann", HOME)
    door.throttle.remember("bob", CAFE)
    await door.guesses("ann", CAFE, ACCOUNT)
    assert await door.tries("ann", "1", right=True) == "429"
    for address in ("0", *map(str, range(2, FAMILIAR_ADDRESSES_MAX)), HOME):
        assert await door.tries("ann", address, right=True) == "in"
