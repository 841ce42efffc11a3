"""The stream in a browser of its own: Chromium's WebSocket, which sets no header but offers
subprotocols, from a page of an origin that the settings name."""

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.conftest import OwnServer
from tests.conformance.stream.listening import WAIT_S

BROWSER_S = 120.0
"""For a browser to start, which takes a second, and many more on a busy machine."""

PAGE = """<!doctype html><script>
const [url, token] = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const tell = (what) => fetch("/told", {method: "POST", body: JSON.stringify(what)});
const stream = new WebSocket(url, ["triptych", "bearer." + token]);
stream.onopen = () => {
  tell({opened: stream.protocol, extensions: stream.extensions});
  stream.send(JSON.stringify({type: "subscribe", channels: ["feed"], since: "0"}));
};
stream.onmessage = ({data}) => tell(JSON.parse(data));
stream.onclose = ({code}) => tell({closed: code});
</script>"""


@contextmanager
def page_served() -> Iterator[tuple[str, "queue.Queue[Any]"]]:
    """The address of the page's origin, and what the page tells."""
    told: queue.Queue[Any] = queue.Queue()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(PAGE.encode())

        def do_POST(self) -> None:
            told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", told
        finally:
            server.shutdown()
            thread.join()


def test_chromium_listens(own_server: OwnServer, tmp_path: Path) -> None:
    """“browsers, which can't set it, use `Sec-WebSocket-Protocol: triptych, bearer.<token>`
    (`triptych` is answered)”; “A browser `Origin` that is neither the server's own nor in the
    settings: 403.”"""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("wants Chromium, which is not on this machine")
    with page_served() as (origin, told):
        api = own_server(TRIPTYCH_STREAM_ORIGINS=origin)
        ann = api.person("ann")
        first = ann.posts()
        values = json.dumps([api.url.replace("http", "ws") + "/v1/stream", ann.token])
        options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
        options += ["--disable-dev-shm-usage", "--remote-debugging-port=0"]
        with subprocess.Popen(
            [chromium, *options, f"{origin}/#{values}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as browser:
            try:
                came = [told.get(timeout=BROWSER_S) for _ in range(3)]
                assert {"subscribed", "new_post"} <= {one.get("type") for one in came}
                assert [one["opened"] for one in came if "opened" in one] == ["triptych"]
                (event,) = [one for one in came if one.get("type") == "new_post"]
                assert event["data"]["post_id"] == first["post_id"]
                second = ann.posts()
                assert told.get(timeout=WAIT_S)["data"]["post_id"] == second["post_id"]
                ann.post("/auth/logout")
                assert told.get(timeout=WAIT_S) == {"closed": 4001}
            finally:
                browser.terminate()
