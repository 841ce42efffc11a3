"""hardening.md, "Input that must be tried" and "The edge's limits", for HTTP: each on real sockets
against a real server, which answers as it is documented, serves somebody else meanwhile, and has
its memory and descriptors back afterwards. Deadlines are tried in virtual time, in `tests/edge`.
"""

import contextlib
import resource

import pytest

from server.edge.limits import HEADER_BYTES_MAX, HEADERS_MAX, REQUEST_LINE_BYTES_MAX
from server.settings import Settings
from tests.conformance.world import refused
from tests.edge.smuggling import REFUSED
from tests.process.siege.lines import Line, request
from tests.process.siege.target import MEMORY_BYTES, Target
from tests.server.pictures import broken_png

MEBIBYTE = 1_048_576

REQUESTS_MAX = Settings().requests_max

JSON = "Content-Type: application/json"


def bearer(target: Target) -> str:
    return f"Authorization: Bearer {target.ann.token}"


def upload_head(target: Target, *fields: str) -> bytes:
    kind = "Content-Type: multipart/form-data; boundary=b"
    return request("/api/v1/posts", bearer(target), kind, *fields, method="POST")


FILE = b'--b\r\nContent-Disposition: form-data; name="media"; filename="x.jpg"\r\n\r\n'


def error_of(line: Line) -> tuple[int, str]:
    """The next answer's status and code; it closes the connection."""
    answer = line.answer()
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-request-id"]
    return answer.status, answer.json()["error"]["code"]


def test_whatever_could_be_read_in_two_ways_is_refused(target: Target) -> None:
    """“Conflicting Content-Length and Transfer-Encoding, bare LF in chunk sizes, obs-fold, spaces
    before colons, NUL: 400 and close”."""
    with target.unharmed():
        for name, stream in REFUSED.items():
            with target.line() as line:
                line.send(stream.replace(b"POST / ", b"POST /api/v1/auth/login "))
                assert error_of(line) == (400, "INVALID_REQUEST"), name
                assert line.rest() == b"", name


def test_a_head_that_is_too_large_is_told(target: Target) -> None:
    """“Request line ≤ 8 KiB, ≤ 100 headers, ≤ 16 KiB of them”."""
    heads = (
        request("/" + "x" * REQUEST_LINE_BYTES_MAX),
        request("/healthz", *(f"X-{number}: y" for number in range(HEADERS_MAX))),
        request("/healthz", "X: " + "y" * HEADER_BYTES_MAX),
        request("/" + "x" * MEBIBYTE),
        b"x" * MEBIBYTE,
    )
    with target.unharmed():
        for head in heads:
            with target.line() as line:
                line.send(head)
                assert error_of(line) == (431, "INVALID_REQUEST")


def test_a_thousand_pipelined_requests_are_answered_in_order(target: Target) -> None:
    with target.unharmed(), target.line() as line:
        paths = [f"/api/v1/posts/{number}" for number in range(1_000)]
        line.send(*(request(path) for path in paths))
        for _ in paths:
            assert line.answer().status == 401
        line.send(request("/healthz"))
        assert line.answer().status == 200


@pytest.mark.parametrize("kind", ["length", "chunked"])
def test_a_body_that_is_too_large_is_told_and_the_answer_arrives(target: Target, kind: str) -> None:
    """“body ≤ 1 MiB for JSON, … for posts”; “an answer given before the body was
    read … so that the answer arrives”."""
    coding = "Transfer-Encoding: chunked"
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with target.unharmed():
        for path, most in (("/api/v1/auth/login", 1), ("/api/v1/posts", 81)):
            fields = (bearer(target), "Content-Type: multipart/form-data; boundary=b")
            with target.line() as line:
                if kind == "length":
                    length = f"Content-Length: {(most + 19) * MEBIBYTE}"
                    line.send(request(path, *fields, length, method="POST"))
                    # Of what was announced: so much is read in time on a busy machine, too.
                    pieces = [b"x" * MEBIBYTE] * 20
                else:
                    line.send(request(path, *fields, coding, method="POST"))
                    preamble = b"20000\r\n" + b"x" * 0x20000 + b"\r\n"
                    pieces = [preamble] if most > 1 else [chunk] * 40
                for piece in pieces:
                    if not line.send(piece):
                        break
                status, code = error_of(line)
                assert (status, code) in ((413, "MEDIA_TOO_LARGE"), (400, "INVALID_REQUEST"))


def test_a_body_is_not_read_from_who_may_not_send_it(target: Target) -> None:
    """“Bodies are read only after authentication and route limits have said yes”."""
    with target.unharmed():
        for _ in range(5):
            with target.line() as line:
                line.send(request("/api/v1/posts", "Content-Length: 80000000", method="POST"))
                line.send(b"x" * 8_000_000)
                assert error_of(line) == (401, "UNAUTHORIZED")


def test_uploads_go_to_the_disk_and_not_to_memory(target: Target) -> None:
    """“uploads stream to disk, not to memory”; and a client that is gone leaves nothing."""
    with target.unharmed(), contextlib.ExitStack() as stack:
        before = target.use().resident
        for _ in range(12):
            line = stack.enter_context(target.line())
            line.send(upload_head(target, "Content-Length: 20000000"))
            line.send(FILE + b"x" * 8_000_000)
        assert target.use().resident - before < 40 * MEBIBYTE


@pytest.mark.parametrize("end", ["reset", "finish"])
def test_uploads_that_break_off_leave_nothing(target: Target, end: str) -> None:
    with target.unharmed():
        for size in (0, 1, 100, 100_000, 1_000_000) * 4:
            with target.line() as line:
                line.send(upload_head(target, "Content-Length: 2000000"), FILE + b"x" * size)
                if end == "finish":
                    line.finish()
                    assert line.rest() == b""
    assert target.ann.sees("/users/me/posts")["posts"] == []


def test_pictures_that_break_off_leave_nothing(target: Target) -> None:
    """Each is 25 million pixels by the time that it does."""
    broken = broken_png(5_000, 5_000)
    with target.unharmed():
        for _ in range(6):
            refused(target.ann.publish(broken), "INVALID_MEDIA_FORMAT")


def test_posts_in_a_pipeline_happen_once_and_the_last_one_not_at_all(target: Target) -> None:
    """Partial bodies behind whole ones, and then the line breaks."""
    post = target.other.posts()["post_id"]
    path, fields = f"/api/v1/posts/{post}/comments", (bearer(target), JSON)
    comments = [b'{"text":"%d"}' % number for number in range(20)]
    whole = [request(path, *fields, method="POST", body=one) for one in comments]
    with target.unharmed(), target.line() as line:
        line.send(*whole, whole[0][:-1])
        for _ in comments:
            assert line.answer().status == 201
        line.reset()
    found = target.ann.sees(f"/posts/{post}/comments", count=50)["comments"]
    assert [one["text"] for one in found] == [str(number) for number in range(20)]


def test_whoever_asks_before_sending_and_sends_nothing_is_no_burden(target: Target) -> None:
    """`Expect: 100-continue` without a body."""
    with target.unharmed():
        for number in range(40):
            with target.line() as line:
                expecting = ("Expect: 100-continue", f"Content-Length: {number}")
                head = request("/api/v1/auth/login", *expecting, method="POST")
                line.send(head)
                if number:
                    assert line.answer().status == 100
                    if number % 2:
                        line.finish()
                        assert line.rest() == b""
                else:
                    assert line.answer().status == 400


@pytest.mark.parametrize("method", ["HEAD", "GET", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/healthz", "/api/v1/feed", "/api/v1/instance", "/nowhere"])
def test_a_body_where_none_belongs_is_no_request(target: Target, method: str, path: str) -> None:
    """Neither is taken for the next one, whether the connection goes on or not."""
    smuggled = request("/api/v1/users/me/delete", method="POST")
    bodies = (
        request(path, bearer(target), method=method, body=smuggled),
        request(path, bearer(target), "Transfer-Encoding: chunked", method=method)
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(smuggled), smuggled),
    )
    for sent in bodies:
        with target.line() as line:
            line.send(sent, request("/healthz"))
            first = line.answer(of_head=method == "HEAD")
            rest = line.rest() if first.headers.get("connection") == "close" else b""
            if first.headers.get("connection") != "close":
                assert line.answer().json() == {"status": "ok"}
            assert rest == b""


def test_odd_ranges_are_answered_with_all_or_refused(target: Target) -> None:
    url = target.other.posts()["media"][0]["url"]
    path = "/" + url.split("/", 3)[3]
    with target.unharmed(), target.line() as line:
        line.send(request(path))
        whole = line.answer().body
        size = len(whole)
        for wanted, status in {
            "0-": 206,
            f"0-{'9' * 4_000}": 206,
            f"{'9' * 4_000}-": 416,
            f"{'9' * 15_000}-": 200,
            f"-{'9' * 4_000}": 206,
            f"{size}-": 416,
            f"{size - 1}-": 206,
            "-0": 200,
            "-1": 206,
            "5-2": 200,
            "--1": 200,
            "+1-2": 200,
            "a-b": 200,
            "": 200,
            ",": 200,
            "0-0,0-0": 200,
            ",".join(f"{place}-{place}" for place in range(1_000)): 200,
            ",".join(["0-"] * 3_000): 200,
        }.items():
            line.send(request(path, f"Range: bytes={wanted}"))
            answer = line.answer()
            assert answer.status == status, f"{wanted[:30]} {answer.headers}"
            assert answer.status != 206 or answer.body in whole
            assert answer.status != 200 or answer.body == whole


UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="


def test_upgrades_that_are_none_are_requests_and_what_follows_is_no_frame(target: Target) -> None:
    """“upgrade with trailing bytes”, and an upgrade on a POST."""
    trailing = b"\x81\x85\x00\x00\x00\x00hello" * 100 + b"\r\n\r\n"
    with target.unharmed():
        with target.line() as line:  # not a path of the stream
            line.send(request("/api/v1/feed", *UPGRADE, KEY, bearer(target)), trailing)
            assert line.answer().status == 200
            assert line.rest() == b""
        with target.line() as line:  # no token
            line.send(request("/v1/stream", *UPGRADE, KEY), trailing)
            assert line.answer().status == 401
            assert line.rest() == b""
        with target.line() as line:
            post = request("/v1/stream", *UPGRADE, KEY, bearer(target), method="POST", body=b"x")
            line.send(post, request("/healthz"))
            assert line.answer().status == 405
        for upgrade in ("h2c", "TLS/1.0", "websocket2", "a" * 8_000):
            with target.line() as line:
                fields = ("Connection: Upgrade, HTTP2-Settings", f"Upgrade: {upgrade}")
                line.send(request("/healthz", *fields), trailing)
                assert line.answer().status == 200
                assert error_of(line) == (400, "INVALID_REQUEST")


def test_a_chunked_body_without_an_end_takes_nothing(target: Target) -> None:
    """The deadline is tried in virtual time; here it is that memory does not grow."""
    with target.unharmed(), contextlib.ExitStack() as stack:
        for _ in range(20):
            line = stack.enter_context(target.line())
            coding = "Transfer-Encoding: chunked"
            line.send(upload_head(target, coding), b"5\r\n--b\r\n\r\n")
            line.send(b"1\r\nx\r\n" * 1_000)


def test_a_crowd_of_half_sent_bodies_keeps_nobody_out(target: Target) -> None:
    """More than there may be requests under way, of people without a token. What the allocator
    keeps of the first crowd is there for the second."""
    half = request("/api/v1/auth/login", "Content-Length: 900000", method="POST") + b"x" * 1_000

    def crowd() -> None:
        target.ann.again()
        before = target.use().descriptors
        with contextlib.ExitStack() as stack:
            for _ in range(REQUESTS_MAX + 100):
                stack.enter_context(target.line()).send(half)
            for _ in range(5):
                target.ann.again()
                target.ann.posts()
        target.wait_for_descriptors(before)

    crowd()
    with target.unharmed():
        crowd()


def test_a_crowd_of_large_half_sent_bodies_takes_no_more_memory_than_it_may(target: Target) -> None:
    """Nobody of them needs a token, and each may send a MiB. The allocator keeps of a crowd what it
    likes, tens of MiB or nothing: so it is at their height that two crowds must be alike."""
    most = 64 * MEBIBYTE
    half = request("/api/v1/auth/login", f"Content-Length: {MEBIBYTE}", method="POST")

    def crowd() -> int:
        target.ann.again()
        before = target.use()
        with contextlib.ExitStack() as stack:
            for _ in range(150):
                stack.enter_context(target.line()).send(half, b"x" * (MEBIBYTE - 1_000))
            target.ann.again()
            height = target.use().resident
        assert height - before.resident < most
        target.wait_for_descriptors(before.descriptors)
        return height

    first = crowd()
    with target.unharmed(left_bytes=most):
        assert crowd() - first < MEMORY_BYTES


def test_one_byte_chunks_hold_nobody_up(target: Target) -> None:
    """Six bytes for each: as much work for us as can be made of a body."""
    with target.unharmed(), target.line() as line:
        coding = "Transfer-Encoding: chunked"
        line.send(request("/api/v1/auth/login", coding, JSON, method="POST"))
        for _ in range(5):
            line.send(b"1\r\nx\r\n" * 20_000)
        line.send(b"0\r\n\r\n")
        assert line.answer().status == 400


def test_a_client_that_does_not_read_and_is_gone_leaves_nothing(target: Target) -> None:
    url = target.other.posts()["media"][0]["url"]
    path = "/" + url.split("/", 3)[3]
    with target.unharmed():
        for _ in range(40):
            with target.line(small=True) as line:
                line.send(request(path) * 30, request("/openapi.json") * 30)


def test_clients_that_are_gone_before_they_are_heard_leave_nothing(target: Target) -> None:
    """Reset at once, some before they are accepted, and without waiting for an answer."""
    said = (b"", b"G", request("/healthz"), request("/api/v1/feed", bearer(target)))
    with target.unharmed():
        for number in range(800):
            with target.line() as line:
                line.send(said[number % len(said)])


def test_running_out_of_files_harms_nobody_who_is_there(target: Target) -> None:
    """“never spin on EMFILE”; whoever had to wait is served when there are files again."""
    log = target.folder.with_suffix(".log")
    before = resource.prlimit(target.pid, resource.RLIMIT_NOFILE)
    said = log.read_text().count("no connection can be accepted")
    with target.unharmed(), contextlib.ExitStack() as stack:
        few = target.use().descriptors + 10
        resource.prlimit(target.pid, resource.RLIMIT_NOFILE, (few, before[1]))
        try:
            lines = [stack.enter_context(target.line()) for _ in range(40)]
            for line in lines:
                line.send(request("/healthz"))
            while log.read_text().count("no connection can be accepted") < said + 2:
                assert target.other.get("/feed").status_code == 200
        finally:
            resource.prlimit(target.pid, resource.RLIMIT_NOFILE, before)
        for line in lines:
            assert line.answer().status == 200
    assert log.read_text().count("no connection can be accepted") < said + 100


def test_a_crowd_of_connections_that_say_nothing_costs_little(target: Target) -> None:
    with target.unharmed(), contextlib.ExitStack() as stack:
        before = target.use()
        for _ in range(1_000):
            stack.enter_context(target.line())
        after = before
        while after.descriptors - before.descriptors < 1_000:
            assert target.other.get("/feed").status_code == 200
            after = target.use()
        assert after.resident - before.resident < 16 * MEBIBYTE
