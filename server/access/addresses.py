"""Which address a request comes from: that of its peer, or what a proxy that the operator trusts
says of it.

Rate limits and the login throttle count by it. Parsing is pure, and no header makes it raise:
whoever is not trusted could write anything.
"""

import re
from collections.abc import Iterator, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

import msgspec

UNIX = "unix"
"""How settings name the peers that come by a Unix socket, and the one address that they share."""

FORWARDED = "X-Forwarded-For"
"""The one header that is heeded. RFC 7239's `Forwarded` is not: proxies that set this one pass that
one on as the client wrote it, and whoever heeds both believes the client."""

PROXIES_MAX = 16
"""Proxies in a row that a header is followed through: nobody has more, and each costs a look."""

ADDRESS_LENGTH_MAX = 64
"""Characters of one entry of the header: an IPv6 address in brackets with its port has 47."""

SITE_BITS = 64
"""What IPv6 gives to one customer at the least (RFC 6177), so anybody has 2**64 addresses: they are
one here."""

ADDRESS_BITS = 128

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PORT = re.compile(r":[0-9]{1,5}", re.ASCII)
_MAPPED = IPv6Network("::ffff:0:0/96")


class Proxies(msgspec.Struct, frozen=True):
    """Whose `X-Forwarded-For` counts: peers in these networks, and those by a Unix socket if
    `unix`."""

    networks: tuple[Network, ...] = ()
    unix: bool = False

    def has(self, peer: Address | None) -> bool:
        """Whether `peer` is one of them; None came by a Unix socket."""
        if peer is None:
            return self.unix
        return any(peer in network for network in self.networks)


def parse_proxies(text: str | None) -> Proxies:
    """The proxies of a setting like `10.0.0.0/8, 2001:db8::1, unix`.

    Raises `ValueError` for what is no address or network; also for an IPv4 network that is written
    as IPv6, since IPv4 addresses are compared as such.
    """
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    networks = tuple(ip_network(name) for name in names if name != UNIX)
    for network in networks:
        if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
            raise ValueError(f"{network} must be written as IPv4")
    return Proxies(networks, UNIX in names)


def address_of(peer: str | None, forwarded: Sequence[str], proxies: Proxies) -> str:
    """Whom to count: an IPv4 address, the /64 of an IPv6 address, or `unix`.

    `peer` is the other end of the connection; whatever is no IP address is a Unix socket.
    `forwarded` are the `X-Forwarded-For` headers in their order. If the peer is one of `proxies`,
    the client is the rightmost entry that is not; if all are, the first. Where an entry on that way
    is no address, nobody knows, and the peer is the client.
    """
    direct = _parse(peer or "")
    if not forwarded or not proxies.has(direct):
        return _key(direct)
    return _key(_client_behind(forwarded, proxies) or direct)


def is_local(peer: str | None, forwarded: Sequence[str], proxies: Proxies) -> bool:
    """Whether the client is on this machine: its address is one of the loopback, or it came by a
    Unix socket. Arguments as of `address_of`; what somebody passed on who is no proxy of ours is
    not."""
    client = _parse(peer or "")
    if forwarded:
        client = _client_behind(forwarded, proxies) if proxies.has(client) else None
        return client is not None and client.is_loopback
    return client is None or client.is_loopback


def _client_behind(forwarded: Sequence[str], proxies: Proxies) -> Address | None:
    """The rightmost entry that is no proxy of ours, or else the first; None where an entry on that
    way is no address."""
    client = None
    for hops, entry in enumerate(_from_the_right(forwarded)):
        client = _parse_entry(entry)
        if client is None or hops == PROXIES_MAX:
            return None
        if not proxies.has(client):
            break
    return client


def _from_the_right(headers: Sequence[str]) -> Iterator[str]:
    for header in reversed(headers):
        rest, comma = header, ","
        while comma:
            rest, comma, entry = rest.rpartition(",")
            yield entry.strip(" \t")


def _parse_entry(entry: str) -> Address | None:
    """An address, with a port as some proxies add it or without one."""
    if len(entry) > ADDRESS_LENGTH_MAX or "%" in entry:
        return None
    host, port = entry, ""
    if entry.startswith("["):
        host, bracket, port = entry[1:].partition("]")
        if not bracket or ":" not in host:
            return None
    elif entry.count(":") == 1:
        host, colon, port = entry.partition(":")
        port = colon + port
    if port and not _PORT.fullmatch(port):
        return None
    return _parse(host)


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _key(address: Address | None) -> str:
    if address is None:
        return UNIX
    if isinstance(address, IPv4Address):
        return str(address)
    host_bits = ADDRESS_BITS - SITE_BITS
    site = IPv6Address(int(address) >> host_bits << host_bits)
    return f"{site}/{SITE_BITS}"
