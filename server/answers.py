"""How a handler's answer becomes a response: JSON of a struct, or of pieces that were encoded
before.

Called by routes and by `server.app`; decides nothing.
"""

import msgspec
from quart_trio.wrappers import TrioResponse

from server.problems import Problem

JSON_TYPE = "application/json"

_encoder = msgspec.json.Encoder()


def json_answer(value: object, status: int = 200) -> TrioResponse:
    """`value` as the JSON body of an answer."""
    return encoded_answer(_encoder.encode(value), status)


def encoded_answer(body: bytes, status: int = 200) -> TrioResponse:
    """An answer whose body is JSON already."""
    return TrioResponse(body, status, content_type=JSON_TYPE)


def problem_answer(problem: Problem) -> TrioResponse:
    """The answer that says what is wrong."""
    response = encoded_answer(problem.body(), problem.status)
    response.headers.update(problem.headers)
    return response
