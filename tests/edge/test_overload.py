"""When there is more to do than can be done: who comes up late in a turn is put off, cheaply, and
who was put off is not heard before it was told to come back."""

import contextlib
from typing import Any

import trio
from trio.testing import MockClock

from server.edge.limits import BEHIND_S, RETRY_AFTER_S
from server.edge.serving import Receive, Send
from tests.edge.serving import Client, answer, get, served


class Work:
    """An application, each of whose answers takes a third of what a turn may take."""

    def __init__(self) -> None:
        self.worked_s = 0.0
        self.answered = 0

    def __call__(self) -> float:
        return self.worked_s

    async def serve(self, scope: Any, receive: Receive, send: Send) -> None:
        self.worked_s += 0.4 * BEHIND_S
        self.answered += 1
        await answer(send, b"done")


def send_at_once(clients: list[Client], data: bytes) -> None:
    """So that the next turn of the loop finds all of it."""
    for client in clients:
        client.send_now(data)
    for client in clients:
        client.wait_arrived()


async def test_who_comes_up_late_in_a_turn_is_put_off(quiet_clock: MockClock):
    work, crowd = Work(), 20
    async with served(work.serve, work) as house, contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(await house.connect()) for _ in range(crowd)]
        send_at_once(clients, get())
        came = [await client.answer() for client in clients]
        statuses = [status for status, *_ in came]
        assert 3 <= statuses.count(200) < crowd / 2
        assert statuses.count(200) + statuses.count(503) == crowd
        put_off = [
            client for client, (status, *_) in zip(clients, came, strict=True) if status == 503
        ]
        assert all(headers["retry-after"] == "1" for status, headers, _ in came if status == 503)
        began = trio.current_time()
        await put_off[0].send(get())
        assert (await put_off[0].answer())[0] == 200
        assert trio.current_time() - began >= RETRY_AFTER_S - 0.1


async def test_probes_are_answered_all_the_same(quiet_clock: MockClock):
    work, crowd = Work(), 20
    async with served(work.serve, work) as house, contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(await house.connect()) for _ in range(crowd)]
        send_at_once(clients, get("/probe"))
        assert [(await client.answer())[0] for client in clients] == [200] * crowd


async def test_a_body_is_not_waited_for_from_who_is_put_off(quiet_clock: MockClock):
    work, crowd = Work(), 20
    async with served(work.serve, work) as house, contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(await house.connect()) for _ in range(crowd)]
        send_at_once(clients, get("/", "Content-Length: 1", method="PUT"))
        refused = [came for client in clients if (came := await client.answer())[0] == 503]
        assert refused
        assert all(headers["connection"] == "close" for _, headers, _ in refused)
