"""The client's side of a WebSocket that the edge has accepted: the handshake, and wsproto's events.
For tests; asserts nothing but that it was accepted."""

from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import Event

from tests.edge.serving import (
    Client,
    House,
    get,
)

UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The pair of RFC 6455, 1.3."""


class Talker:
    """A client's side of an open WebSocket."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.protocol = Connection(ConnectionType.CLIENT)

    async def say(self, event: Event) -> None:
        await self.client.send(self.protocol.send(event))

    async def hear(self) -> Event | None:
        """The next event; None at the end."""
        while True:
            for event in self.protocol.events():
                return event
            if not self.client.unread and not await self.client.more():
                return None
            self.protocol.receive_data(self.client.unread)
            self.client.unread = b""


async def opened(house: House, buffer_bytes: int | None = None) -> Talker:
    client = await house.connect(buffer_bytes)
    await client.send(get("/", *UPGRADE, KEY))
    status, headers = await client.head()
    assert (status, headers["sec-websocket-accept"]) == (101, ACCEPT)
    return Talker(client)
