"""The media cookie on an answer: set with a session's tokens, and taken away with the session.

`server.access.tokens` makes its value; routes call this. It opens media, and nothing else.
"""

from server.access.tokens import ACCESS_TOKEN_S, MEDIA_COOKIE, MEDIA_COOKIE_PATH
from server.context import Context
from server.http.answers import Response, quart_response


def with_media_cookie(answer: Response, context: Context, account: int, session: int) -> Response:
    """`answer`, that also gives a browser the cookie of `session`, for as long as an access token
    is good."""
    response = quart_response(answer)
    response.set_cookie(
        MEDIA_COOKIE,
        context.cookies.make(account, session, context.now() // 1_000),
        max_age=ACCESS_TOKEN_S,
        path=MEDIA_COOKIE_PATH,
        secure=context.base_url.startswith("https:"),
        httponly=True,
        samesite="Strict",
    )
    return response


def without_media_cookie(answer: Response) -> Response:
    """`answer`, that also takes the cookie away, since its session is over."""
    response = quart_response(answer)
    response.delete_cookie(MEDIA_COOKIE, path=MEDIA_COOKIE_PATH, httponly=True, samesite="Strict")
    return response
