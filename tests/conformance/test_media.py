"""contract.md, "Posts": how files are served. Whose they are is in test_private_accounts.py."""

import hashlib
import re
from typing import Any

import pytest

from tests.conformance.pictures import encoded, plain, quarters
from tests.conformance.world import Api, Person, ok, refused

Medium = dict[str, Any]

TOKEN_CHARACTERS_MIN = 16
"""The least that 96 bits take in base64url; a name that can't be guessed has them."""


@pytest.fixture
def medium(ann: Person) -> Medium:
    [medium] = ann.posts(encoded(quarters(), "JPEG"))["media"]
    return medium


@pytest.mark.parametrize("which", ["url", "thumbnail_url"])
def test_a_file_says_what_it_is_and_never_changes(api: Api, medium: Medium, which: str) -> None:
    """“`X-Content-Type-Options: nosniff`, immutable caching, `ETag`”."""
    answer = api.call("GET", medium[which])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in answer.headers["cache-control"]
    [seconds] = re.findall(r"max-age=(\d+)", answer.headers["cache-control"])
    assert int(seconds) >= 86_400
    assert re.fullmatch(r'"[^"]+"', answer.headers["etag"])
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["accept-ranges"] == "bytes"
    assert "set-cookie" not in answer.headers


def test_its_addresses_are_absolute(api: Api, medium: Medium) -> None:
    """“`public_url` makes media and other URLs absolute (default: the address bound)”."""
    for which in ("url", "thumbnail_url"):
        assert re.match(r"https?://[^/]+/", medium[which])
    assert medium["url"] != medium["thumbnail_url"]


def test_its_address_can_t_be_guessed(ann: Person, medium: Medium) -> None:
    """“Media URLs can't be guessed”; design.md: “Names are random tokens, never ids”."""
    twin = ann.posts(encoded(quarters(), "JPEG"))
    urls = [
        shown[which] for shown in (medium, *twin["media"]) for which in ("url", "thumbnail_url")
    ]
    names = [url.rpartition("/")[2].partition(".")[0] for url in urls]
    assert len(set(names)) == 4
    ids = (twin["post_id"], medium["media_id"].removeprefix("media_"), ann.id)
    for name in names:
        assert len(name) >= TOKEN_CHARACTERS_MIN
        assert name not in ids
        assert hashlib.sha256(encoded(quarters(), "JPEG")).hexdigest() != name


def test_what_is_known_is_not_sent_again(api: Api, medium: Medium) -> None:
    """“`ETag`”: RFC 9110, 13.1.2."""
    first = api.call("GET", medium["url"])
    etag = first.headers["etag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = api.call("GET", medium["url"], headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
        assert "immutable" in answer.headers["cache-control"]
    other = api.call("GET", medium["url"], headers={"If-None-Match": '"other"'})
    assert other.content == first.content


def test_head_tells_without_sending(api: Api, medium: Medium) -> None:
    """HTTP (RFC 9110, 9.3.2): HEAD is GET without the content."""
    whole = api.call("GET", medium["url"])
    answer = api.call("HEAD", medium["url"])
    assert (answer.status_code, answer.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "cache-control", "accept-ranges"):
        assert answer.headers[name] == whole.headers[name]


def test_parts_of_it_can_be_asked_for(api: Api, medium: Medium) -> None:
    """“ranges”: RFC 9110, 14.2."""
    whole = api.call("GET", medium["url"])
    size = len(whole.content)
    for asked, start, stop in (
        ("bytes=0-9", 0, 10),
        ("bytes=10-19", 10, 20),
        (f"bytes={size - 5}-", size - 5, size),
        ("bytes=-5", size - 5, size),
        (f"bytes=-{size + 100}", 0, size),
        (f"bytes=0-{size + 100}", 0, size),
        ("bytes=0-0", 0, 1),
    ):
        answer = api.call("GET", medium["url"], headers={"Range": asked})
        assert answer.status_code == 206, asked
        assert answer.content == whole.content[start:stop]
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"
        assert answer.headers["content-length"] == str(stop - start)
        assert answer.headers["etag"] == whole.headers["etag"]


def test_a_part_that_is_not_there(api: Api, medium: Medium) -> None:
    """“ranges”: RFC 9110, 15.5.17, in the shape of all errors."""
    size = len(api.call("GET", medium["url"]).content)
    answer = api.call("GET", medium["url"], headers={"Range": f"bytes={size}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{size}"


@pytest.mark.parametrize(
    "asked", ["bytes=x", "lines=1-2", "bytes=5-2", "bytes", "bytes=", "x" * 99]
)
def test_a_range_that_is_none_gets_the_whole(api: Api, medium: Medium, asked: str) -> None:
    """RFC 9110, 14.2: a server ignores a Range that it does not understand."""
    whole = api.call("GET", medium["url"])
    answer = api.call("GET", medium["url"], headers={"Range": asked})
    assert answer.status_code in {200, 416}
    if answer.status_code == 200:
        assert answer.content == whole.content


def test_a_part_of_another_version_is_the_whole(api: Api, medium: Medium) -> None:
    """RFC 9110, 13.1.5: If-Range."""
    whole = api.call("GET", medium["url"])
    headers = {"Range": "bytes=0-9", "If-Range": whole.headers["etag"]}
    assert api.call("GET", medium["url"], headers=headers).status_code == 206
    answer = api.call("GET", medium["url"], headers={**headers, "If-Range": '"other"'})
    assert (answer.status_code, answer.content) == (200, whole.content)


@pytest.mark.parametrize(
    "name",
    [
        "nothing.jpg",
        "x" * 300,
        "..%2f..%2ftriptych.db",
        "%2e%2e",
        "%00.jpg",
        ".",
        "😍.jpg",
        "a%2fb.jpg",
    ],
)
def test_no_other_file_is_served(api: Api, medium: Medium, name: str) -> None:
    """“NOT_FOUND: 404”, and nothing of the data folder."""
    folder = medium["url"].rpartition("/")[0]
    refused(api.call("GET", f"{folder}/{name}"), "NOT_FOUND")


def test_a_name_is_only_good_as_it_is(api: Api, medium: Medium) -> None:
    """“Media URLs can't be guessed”: nearly right is wrong."""
    url, _, ending = medium["url"].rpartition(".")
    for wrong in (f"{url}.png", url, f"{url[:-1]}.{ending}", f"{url}x.{ending}"):
        refused(api.call("GET", wrong), "NOT_FOUND")


def test_files_can_only_be_read(ann: Person, medium: Medium) -> None:
    """“METHOD_NOT_ALLOWED: 405 with `Allow`”."""
    for method in ("PUT", "POST", "DELETE"):
        refused(ann.call(method, medium["url"]), "METHOD_NOT_ALLOWED")
    assert ann.get(medium["url"]).status_code == 200


def test_a_deleted_file_is_gone_for_caches_too(api: Api, ann: Person) -> None:
    """“Deleting a post deletes its files.”: who has it in a cache is told, too."""
    post = ann.posts(plain())
    url = post["media"][0]["url"]
    etag = api.call("GET", url).headers["etag"]
    ok(ann.delete(f"/posts/{post['post_id']}"))
    refused(api.call("GET", url, headers={"If-None-Match": etag}), "NOT_FOUND")
    refused(api.call("GET", url, headers={"Range": "bytes=0-9"}), "NOT_FOUND")
