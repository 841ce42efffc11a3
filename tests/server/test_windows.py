"""Fixed windows: when they begin and end, and that they stay few."""

from hypothesis import given
from hypothesis import strategies as st

from server.access.windows import Windows

LENGTH = 1_000
T = 1_767_225_600_000


def windows(keys_max: int = 100) -> Windows[str]:
    return Windows(LENGTH, keys_max)


def test_a_window_begins_with_the_first_count_and_not_on_the_hour():
    counted = windows()
    assert counted.count("ann", T + 700) == 1
    assert counted.count("ann", T + 1_699) == 2
    assert counted.ends_at("ann", T + 1_699) == T + 1_700
    assert counted.count("ann", T + 1_700) == 1
    assert counted.ends_at("ann", T + 1_700) == T + 2_700


def test_what_is_counted_later_does_not_make_a_window_longer():
    counted = windows()
    for at in range(T, T + LENGTH, 10):
        counted.count("ann", at)
    assert counted.counted("ann", T + LENGTH - 1) == 100
    assert counted.counted("ann", T + LENGTH) == 0


def test_looking_counts_nothing():
    counted = windows()
    assert counted.counted("ann", T) == 0
    assert counted.ends_at("ann", T) == T
    assert len(counted) == 0


def test_keys_do_not_share():
    counted = windows()
    counted.count("ann", T)
    assert counted.count("bob", T) == 1


def test_at_the_bound_the_window_that_began_first_goes():
    counted = windows(keys_max=3)
    for at, key in enumerate("abc"):
        counted.count(key, T + at)
    counted.count("a", T + 3)  # being busy does not make a window younger
    counted.count("d", T + 4)
    assert [counted.counted(key, T + 5) for key in "abcd"] == [0, 1, 1, 1]
    assert len(counted) == 3


def test_a_window_that_begins_anew_is_young():
    counted = windows(keys_max=2)
    counted.count("a", T)
    counted.count("b", T + 1)
    counted.count("a", T + LENGTH)
    counted.count("c", T + LENGTH)
    assert [counted.counted(key, T + LENGTH) for key in "abc"] == [1, 0, 1]


def test_a_million_keys_are_no_more_than_the_bound():
    counted: Windows[int] = Windows(LENGTH, 1_000)
    for key in range(1_000_000):
        counted.count(key, T)
    assert len(counted) == 1_000


def test_windows_that_are_over_go_as_others_come():
    counted = windows(keys_max=1_000)
    for number in range(1_000):
        counted.count(f"old {number}", T)
    for number in range(500):
        counted.count(f"new {number}", T + LENGTH)
    assert len(counted) == 500


def test_a_clock_that_is_set_back_ends_the_windows_of_its_future():
    counted = windows()
    counted.count("ann", T + 86_400_000)
    assert counted.counted("ann", T) == 0
    assert counted.count("ann", T) == 1
    assert counted.ends_at("ann", T) == T + LENGTH


@given(
    steps=st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 700)), max_size=60),
)
def test_counts_are_those_of_a_list_of_moments(steps: list[tuple[str, int]]):
    counted, now = windows(), T
    began: dict[str, int] = {}
    seen: dict[str, int] = {}
    for key, later in steps:
        now += later
        if key not in began or now - began[key] >= LENGTH:
            began[key], seen[key] = now, 0
        seen[key] += 1
        assert counted.count(key, now) == seen[key]
        assert counted.ends_at(key, now) == began[key] + LENGTH
