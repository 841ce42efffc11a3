"""hardening.md, "Input that must be tried": texts and JSON in every field of every body.

That no answer is a 5xx, and that each error has its shape, is looked at on the way of every answer
(`world.look_at`); what was accepted must read back as it was answered.
"""

import json
from typing import Any

import httpx
import pytest

from tests.conformance.inputs import PLACES, TEXTS, VALUES
from tests.conformance.pictures import plain
from tests.conformance.world import Person, form

SMALL = plain(1, 1)


def reads_back(person: Person, answer: httpx.Response) -> None:
    """What a success has answered is what is there."""
    if not answer.is_success:
        return
    match answer.json():
        case {"user": {"username": str(), "stats": _} as profile}:
            assert person.sees("/users/me") == profile
        case {"comment_id": str(comment), "post_id": post, "text": text}:
            listed = person.sees(f"/posts/{post}/comments", count=50)["comments"]
            assert {one["comment_id"]: one["text"] for one in listed}[comment] == text
        case {"post_id": post, "caption": _} as shown:
            assert person.sees(f"/posts/{post}") == shown


@pytest.mark.parametrize("place", PLACES)
def test_no_text_breaks_a_field_of_json(ann: Person, place: str) -> None:
    """“text: NUL, lone surrogates, right-to-left overrides, 4-byte emoji, combining towers, `"`,
    `*`, `NEAR(`, SQL, HTML, CR LF in every field”."""
    for name, text in TEXTS.items():
        method, path, body = PLACES[place](ann, text)
        # The escapes of json.dumps can say what UTF-8 can't.
        answer = ann.call(method, path, content=json.dumps(body).encode())
        if "surrogate" in name and place.partition(" ")[2] != "unknown":
            assert answer.status_code in {400, 401, 403}, "not Unicode: it can't be stored"
        reads_back(ann, answer)


@pytest.mark.parametrize("value", VALUES)
def test_no_json_breaks_a_field(ann: Person, value: str) -> None:
    """“JSON 1,000 levels deep, 1e400, NaN, …, ids of 40 digits, negative and float ids”."""
    for place in PLACES.values():
        method, path, body = place(ann, "@")
        content = json.dumps(body).replace('"@"', VALUES[value])
        reads_back(ann, ann.call(method, path, content=content.encode()))


@pytest.mark.parametrize("place", PLACES)
def test_no_bytes_and_no_doubled_key_break_a_body(ann: Person, place: str) -> None:
    """“no 5xx from any input”; “duplicate keys”."""
    method, path, body = PLACES[place](ann, "@")
    text = json.dumps(body)
    for content in (
        text.replace("@", "\\ud800").encode(),
        text.encode().replace(b"@", b"\xff\xfe"),
        text.encode().replace(b"@", b"\xed\xa0\x80"),
        text.encode().replace(b"@", b"\xc0\x80"),
        text.encode("utf-16"),
        b"\xef\xbb\xbf" + text.encode(),
        (text[:-1] + ", " + text[1:]).encode(),
        (text[:-1] + ', "": 1}').encode(),
        text[:-1].encode(),
        b"\0" * 100,
    ):
        reads_back(ann, ann.call(method, path, content=content))


FORM_VALUES = {
    "caption": [text.encode(errors="surrogatepass") for text in TEXTS.values()],
    "alt_texts": [json.dumps([text]).encode() for text in TEXTS.values()],
    "user_tags": [value.encode() for value in VALUES.values()],
    "location_id": [value.encode() for value in VALUES.values()],
    "unknown": [b"a\0b", b"x" * 60_000],
}


@pytest.mark.parametrize("field", FORM_VALUES)
def test_no_text_breaks_a_field_of_a_form(ann: Person, field: str) -> None:
    """“… in every field”, of an upload as well."""
    for value in (*FORM_VALUES[field], b"\xff\xfe", b"", b"x" * 100_000):
        parts: list[tuple[str, Any]] = [*form(SMALL), (field, (None, value))]
        reads_back(ann, ann.post("/posts", files=parts))


def test_no_name_of_a_part_breaks_a_form(ann: Person) -> None:
    """“wrong extension and type”, and whatever else a part may be called."""
    for text in ("", "a\0b", 'a"b', "a\r\nb", "media[0]", "\u202e", "x" * 5_000, "😍", "a;b=c"):
        for parts in (
            form(SMALL, part=text or "media"),
            [("media", (text or "x", SMALL, "image/jpeg"))],
            [("media", SMALL.decode("latin-1"))],
        ):
            ann.post("/posts", files=parts)
