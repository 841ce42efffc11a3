"""What a handler answers: JSON of a struct, or of pieces that were encoded before, or a file, as an
`Answer`, which is cheap to make; whatever else an answer may be is Quart's response.

Made by routes and by `server.app`; decides nothing.
"""

import msgspec
from quart.wrappers import Response as QuartResponse
from quart_trio.wrappers import TrioResponse

from server.http.files import FilePart
from server.problems import Problem

JSON_TYPE = "application/json"

_encoder = msgspec.json.Encoder()


class Answer:
    """An answer whose body is here, or in an open file."""

    __slots__ = ("body", "content_type", "headers", "status_code")

    def __init__(self, body: bytes | FilePart, status: int, content_type: str = JSON_TYPE) -> None:
        self.body = body
        self.status_code = status
        self.content_type = content_type
        self.headers: dict[str, str] = {}
        """Beside `Content-Type` and `Content-Length`."""


Response = Answer | QuartResponse
"""What handlers return."""


def json_answer(value: object, status: int = 200) -> Answer:
    """`value` as the JSON body of an answer."""
    return Answer(_encoder.encode(value), status)


def encoded_answer(body: bytes, status: int = 200) -> Answer:
    """An answer whose body is JSON already."""
    return Answer(body, status)


def problem_answer(problem: Problem) -> Answer:
    """The answer that says what is wrong."""
    answer = Answer(problem.body(), problem.status)
    answer.headers.update(problem.headers)
    return answer


def quart_response(answer: Response) -> TrioResponse:
    """The same for Quart, which can do more with it."""
    if isinstance(answer, Answer):
        assert isinstance(answer.body, bytes), "files are sent by us, not by Quart"
        response = TrioResponse(answer.body, answer.status_code, content_type=answer.content_type)
        response.headers.update(answer.headers)
        return response
    assert isinstance(answer, TrioResponse), "handlers answer with responses of ours"
    return answer
