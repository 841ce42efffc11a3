"""Problems: one shape, one status for each refusal, and the field and limit of every value that is
wrong.
"""

from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta
from werkzeug.exceptions import (
    BadRequest,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
    RequestTimeout,
    RequestURITooLarge,
)

from actors.decisions import Reason, Refused
from actors.runtime.asking import Bug, KeyConflict, Overloaded
from server.problems import (
    STATUSES,
    Code,
    Problem,
    problem_for,
    problem_of_decoding,
    problem_of_exception,
)
from server.requests import LoginRequest, RegisterRequest


class Inner(msgspec.Struct):
    x: Annotated[float, Meta(ge=0, le=1)]


class Sample(msgspec.Struct):
    name: Annotated[str, Meta(min_length=2, max_length=5)]
    count: Annotated[int, Meta(ge=1, le=50)] | None = None
    tags: list[Inner] = []
    marks: list[int | str | Inner] | None = None


def problem_of(body: bytes, kind: type[Any] = Sample) -> Problem:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError, RecursionError)) as caught:
        msgspec.json.decode(body, type=kind)
    return problem_of_decoding(caught.value, kind)


def error_of(body: bytes, kind: type[Any]) -> Exception | None:
    """What decoding raises, if it raises."""
    try:
        msgspec.json.decode(body, type=kind)
    except Exception as error:
        return error
    return None


def test_an_error_has_a_code_a_message_and_details() -> None:
    body = msgspec.json.decode(Problem(Code.FORBIDDEN, "no", {"field": "x"}).body())
    assert body == {"error": {"code": "FORBIDDEN", "message": "no", "details": {"field": "x"}}}


def test_every_code_has_a_status() -> None:
    assert set(STATUSES) == set(Code)


@pytest.mark.parametrize("reason", Reason)
def test_every_refusal_is_an_error_of_the_client(reason: Reason) -> None:
    assert 400 <= problem_for(Refused(reason)).status < 500


def test_an_ended_session_is_a_challenge() -> None:
    problem = problem_for(Refused(Reason.SESSION_ENDED))
    assert (problem.status, problem.headers) == (401, {"WWW-Authenticate": "Bearer"})


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Overloaded(), 503, Code.SERVER_ERROR),
        (Bug(), 500, Code.SERVER_ERROR),
        (ValueError("secret"), 500, Code.SERVER_ERROR),
        (KeyConflict(), 400, Code.INVALID_REQUEST),
        (NotFound(), 404, Code.NOT_FOUND),
        (MethodNotAllowed(["GET"]), 405, Code.METHOD_NOT_ALLOWED),
        (RequestEntityTooLarge(), 413, Code.MEDIA_TOO_LARGE),
        (RequestURITooLarge(), 400, Code.INVALID_REQUEST),
        (BadRequest(), 400, Code.INVALID_REQUEST),
    ],
)
def test_every_exception_has_its_answer(error: Exception, status: int, code: Code) -> None:
    problem = problem_of_exception(error)
    assert (problem.status, problem.code) == (status, code)
    assert b"secret" not in problem.body()


def test_a_body_that_is_too_slow_is_told_so() -> None:
    problem = problem_of_exception(RequestTimeout())
    assert (problem.status, problem.message) == (408, "The body came too slowly")


def test_shedding_load_says_when_to_come_back() -> None:
    assert int(problem_of_exception(Overloaded()).headers["Retry-After"]) >= 1


def test_a_wrong_method_is_told_the_right_ones() -> None:
    problem = problem_of_exception(MethodNotAllowed(["POST", "GET"]))
    assert problem.headers == {"Allow": "GET, POST"}


@pytest.mark.parametrize(
    ("body", "details"),
    [
        (b"{}", {"field": "name"}),
        (b'{"name":1}', {"field": "name"}),
        (b'{"name":"toolong"}', {"field": "name", "min_length": 2, "max_length": 5}),
        (b'{"name":"abc","count":51}', {"field": "count", "min": 1, "max": 50}),
        (b'{"name":"abc","tags":[{"x":0},{"x":2}]}', {"field": "tags", "min": 0, "max": 1}),
        (b'{"name":"abc","tags":[{}]}', {"field": "tags"}),
        (b'{"name":"abc","marks":[1,"a",{"x":2}]}', {"field": "marks", "min": 0, "max": 1}),
        (b'{"name":"abc","marks":[{}]}', {"field": "marks"}),
        (b'{"name":"abc","marks":[true]}', {"field": "marks"}),
    ],
)
def test_a_wrong_value_is_named_by_its_field_with_its_limits(
    body: bytes, details: dict[str, object]
) -> None:
    problem = problem_of(body)
    assert problem.code is Code.INVALID_REQUEST
    assert problem.details == details


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"1", b'"x"', b"\xff\xfe", b'{"name":NaN}', b"null", b"{} x"],
)
def test_what_is_no_json_object_is_a_bad_request(body: bytes) -> None:
    assert problem_of(body).status == 400


def test_json_nested_a_thousand_levels_deep_is_a_bad_request() -> None:
    deep = b'{"name":"abc","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert problem_of(deep).status == 400


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_decode_into_anything_but_a_request_or_a_bad_request(body: bytes) -> None:
    for kind in (RegisterRequest, LoginRequest):
        error = error_of(body, kind)
        assert error is None or problem_of_decoding(error, kind).status == 400


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["username", "password", "email", "full_name", "other"]), json_values
    )
)
def test_every_wrong_field_of_a_registration_is_named(values: dict[str, object]) -> None:
    error = error_of(msgspec.json.encode(values), RegisterRequest)
    if error is not None:
        problem = problem_of_decoding(error, RegisterRequest)
        assert problem.details["field"] in ("username", "password", "email", "full_name")
