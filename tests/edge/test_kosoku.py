"""What Autobahn asks of a WebSocket server, through kosoku: frames, pings, fragments, UTF-8 and
closing, and its long messages as far as ours go.

Of group 9, the cases of messages over 65,536 bytes are left out (9.1.2 to 9.1.6, 9.2.2 to 9.2.6,
9.3 to 9.6): the edge closes on those with 1009, which tests/edge/test_websocket.py sees.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import trio

from server.edge.serving import Application
from tests.edge.serving import echo, echo_in_crowd, served

JUDGING = Path(__file__).with_name("judging.py")

CASES = {
    "1.*": 16,
    "2.*": 11,
    "3.*": 7,
    "4.*": 10,
    "5.*": 20,
    "6.*": 145,
    "7.*": 37,
    "9.1.1": 1,
    "9.2.1": 1,
    "9.7.*": 6,
    "9.8.*": 6,
    "10.*": 1,
}
"""How many cases there are: fewer would be fewer than the promise names."""

JUDGED_S = 300.0


@pytest.mark.parametrize("echoing", [echo, echo_in_crowd])
@pytest.mark.parametrize("cases", CASES)
async def test_it_speaks_websocket_by_the_book(cases: str, echoing: Application, tmp_path: Path):
    """Whether the application holds its WebSockets or hands them over."""
    async with served(echoing) as house:
        command = [sys.executable, str(JUDGING), f"ws://127.0.0.1:{house.port}"]
        with trio.fail_after(JUDGED_S):
            judged = await trio.run_process(
                [*command, cases],
                capture_stdout=True,
                stderr=subprocess.STDOUT,
                check=False,
                cwd=tmp_path,  # kosoku writes its reports where it runs
            )
        assert judged.returncode == 0, judged.stdout.decode()
        assert int(judged.stdout) == CASES[cases]
        await house.all_gone()
