"""Who a client is: what counts as one address, and whose word is taken for it."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.addresses import PROXIES_MAX, UNIX, Proxies, address_of, is_local, parse_proxies

LOOPBACK = parse_proxies("127.0.0.1")
NOBODY = Proxies()
STRANGER = "203.0.113.9"
CLIENT = "198.51.100.7"

addresses = st.ip_addresses().map(str)
header = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.one_of(addresses, st.text(alphabet=",:[]%. \t0123456789abcdef", max_size=50)),
        max_size=25,
    ).map(", ".join),
)
headers = st.lists(header, max_size=4)


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::FFFF:cb00:7109", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", UNIX),
        (None, UNIX),
        ("/run/triptych.sock", UNIX),
    ],
)
def test_one_address_is_one_customer(peer: str | None, address: str):
    assert address_of(peer, [], NOBODY) == address


def test_a_stranger_says_nothing_about_himself():
    assert address_of(STRANGER, [CLIENT], LOOPBACK) == STRANGER
    assert address_of(STRANGER, [CLIENT], NOBODY) == STRANGER
    assert address_of(None, [CLIENT], LOOPBACK) == UNIX


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ([CLIENT], CLIENT),
        ([f"  {CLIENT}\t"], CLIENT),
        ([f"{CLIENT}:4711"], CLIENT),
        ([f"::ffff:{CLIENT}"], CLIENT),
        (["2001:db8::7"], "2001:db8::/64"),
        (["[2001:db8::7]"], "2001:db8::/64"),
        (["[2001:db8::7]:443"], "2001:db8::/64"),
        ([f"{STRANGER}, {CLIENT}"], CLIENT),
        ([STRANGER, CLIENT], CLIENT),
        ([f"nonsense, {CLIENT}"], CLIENT),
        ([f"{CLIENT}, 10.1.2.3"], CLIENT),
        ([CLIENT, "10.1.2.3, 127.0.0.1"], CLIENT),
        (["10.1.2.3, 10.4.5.6"], "10.1.2.3"),
    ],
)
def test_a_proxy_names_its_client(forwarded: list[str], address: str):
    proxies = parse_proxies("127.0.0.1, 10.0.0.0/8")
    assert address_of("127.0.0.1", forwarded, proxies) == address
    assert address_of("::ffff:127.0.0.1", forwarded, proxies) == address


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "unknown",
        "_hidden",
        "300.1.2.3",
        "1.2.3",
        "01.2.3.4",
        "1.2.3.4:",
        "1.2.3.4:http",
        "1.2.3.4:123456",
        "[1.2.3.4]",
        "[2001:db8::7",
        "[2001:db8::7]443",
        "2001:db8::7]",
        "fe80::7%eth0",
        "1.2.3.4 5.6.7.8",
        "１.2.3.4",  # noqa: RUF001 - a digit, but not one of an address
        '"1.2.3.4"',
        "1.2.3.4;",
        "for=1.2.3.4",
        "x" * 10_000,
    ],
)
def test_an_entry_that_is_no_address_leaves_the_proxy_as_the_client(entry: str):
    assert address_of("127.0.0.1", [f"{CLIENT}, {entry}"], LOOPBACK) == "127.0.0.1"
    proxies = parse_proxies("127.0.0.1, 10.0.0.0/8")
    assert address_of("127.0.0.1", [f"{CLIENT}, {entry}, 10.1.1.1"], proxies) == "127.0.0.1"


def test_a_proxy_that_says_nothing_is_the_client():
    assert address_of("127.0.0.1", [], LOOPBACK) == "127.0.0.1"


def test_a_unix_socket_counts_as_a_proxy_if_it_is_named():
    assert address_of(None, [CLIENT], parse_proxies("unix")) == CLIENT
    assert address_of("", [CLIENT], parse_proxies("unix")) == CLIENT
    assert address_of("127.0.0.1", [CLIENT], parse_proxies("unix")) == "127.0.0.1"


def test_a_header_is_followed_through_so_many_proxies_and_no_more():
    entries = ["10.0.0.1"] * (PROXIES_MAX - 1)
    proxies = parse_proxies("127.0.0.1, 10.0.0.0/8")
    assert address_of("127.0.0.1", [", ".join([CLIENT, *entries])], proxies) == CLIENT
    too_many = ", ".join([CLIENT, *entries, *entries])
    assert address_of("127.0.0.1", [too_many], proxies) == "127.0.0.1"


@pytest.mark.parametrize("text", [None, "", " , "])
def test_there_may_be_no_proxies(text: str | None):
    assert parse_proxies(text) == Proxies()


@pytest.mark.parametrize(
    "text",
    ["localhost", "10.0.0.1/8", "10.0.0.0/33", "::ffff:10.0.0.1", "1.2.3.4 5.6.7.8", "Unix", "*"],
)
def test_what_is_no_proxy_is_refused(text: str):
    with pytest.raises(ValueError):
        parse_proxies(f"127.0.0.1, {text}")


@given(peer=addresses, forwarded=headers)
def test_no_header_of_a_stranger_changes_his_address(peer: str, forwarded: list[str]):
    plain = address_of(peer, [], NOBODY)
    assert address_of(peer, forwarded, NOBODY) == plain
    assert address_of(peer, forwarded, parse_proxies("unix")) == plain


@given(forwarded=headers, client=addresses)
def test_whatever_a_client_has_written_the_proxy_has_the_last_word(
    forwarded: list[str], client: str
):
    honest = address_of(client, [], NOBODY)
    said = [*forwarded, client]  # a proxy that adds a header of its own
    assert address_of("127.0.0.9", said, parse_proxies("127.0.0.9")) == honest
    appended = ", ".join([*forwarded, client])  # and one that adds to the last
    assert address_of("127.0.0.9", [appended], parse_proxies("127.0.0.9")) == honest


@given(peer=st.none() | st.text(max_size=50), forwarded=headers, networks=st.booleans())
def test_no_header_raises(peer: str | None, forwarded: list[str], networks: bool):
    proxies = parse_proxies("unix, 0.0.0.0/0, ::/0" if networks else "unix")
    assert address_of(peer, forwarded, proxies)


@given(text=st.text(alphabet="0123456789abcdef.:/, unix", max_size=60))
def test_a_setting_gives_proxies_or_a_value_error(text: str):
    with contextlib.suppress(ValueError):
        assert isinstance(parse_proxies(text), Proxies)


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "local"),
    [
        ("127.0.0.1", [], NOBODY, True),
        ("127.8.9.1", [], NOBODY, True),
        ("::1", [], NOBODY, True),
        (None, [], NOBODY, True),
        (STRANGER, [], NOBODY, False),
        ("127.0.0.1", ["127.0.0.1"], NOBODY, False),
        (None, ["127.0.0.1"], NOBODY, False),
        (STRANGER, ["127.0.0.1"], NOBODY, False),
        ("127.0.0.1", ["127.0.0.2"], LOOPBACK, True),
        ("127.0.0.1", ["127.0.0.1, " + STRANGER], LOOPBACK, False),
        ("127.0.0.1", [STRANGER + ", 127.0.0.2"], LOOPBACK, True),
        ("127.0.0.1", ["nonsense"], LOOPBACK, False),
        (None, [STRANGER], parse_proxies("unix"), False),
        (None, ["127.0.0.1"], parse_proxies("unix"), True),
    ],
)
def test_who_is_on_this_machine(
    peer: str | None, forwarded: list[str], proxies: Proxies, local: bool
):
    assert is_local(peer, forwarded, proxies) is local
