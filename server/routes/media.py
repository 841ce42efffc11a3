"""Pictures and thumbnails: immutable files that are served as long as a row speaks of them."""

from werkzeug.datastructures import ContentRange
from werkzeug.http import quote_etag

from server.access.tokens import MEDIA_COOKIE
from server.edge.files import open_file
from server.http.answers import Answer, Response
from server.http.calls import Call
from server.http.direct import Request
from server.http.files import part_of
from server.http.routing import Nothing, Raw, Section, Tier, Who
from server.problems import Code, Problem, not_found
from server.wire import MEDIA_PATH
from storage.blobs import BadName
from storage.reads import GetMediumOwner

SECTION = Section()

JPEG_TYPE = "image/jpeg"
JPEG = Raw((JPEG_TYPE,))

IMMUTABLE = "max-age=31536000, immutable"
"""A year: a name is given out once, and what it names never changes."""


@SECTION.route(
    "GET",
    f"{MEDIA_PATH}:name",
    who=Who.ANYONE,
    tier=Tier.NONE,
    query=Nothing,
    body=Nothing,
    answers={200: JPEG, 206: JPEG, 304: None, 416: Problem},
    hot=True,
)
async def show_medium(call: Call[Nothing, Nothing]) -> Response:
    """The file, or the range of it that was asked for."""
    context, name = call.context, call.names["name"]
    try:
        path = context.blobs.path_of(name)
        private = await _check_may_see(call, name)
        opened = await open_file(path, context.file_threads)
    except (BadName, FileNotFoundError):
        raise not_found() from None
    etag, size = name.partition(".")[0], opened.size
    headers = {
        "ETag": quote_etag(etag),
        "Cache-Control": f"{'private' if private else 'public'}, {IMMUTABLE}",
        "Accept-Ranges": "bytes",
    }
    with opened:
        if call.request.if_none_match.contains_weak(etag):
            answer = Answer(b"", 304, JPEG_TYPE)
        elif (wanted := _wanted_range(call.request, etag, size)) is not None:
            answer = Answer(part_of(opened, *wanted, context.file_threads), 206, JPEG_TYPE)
            headers["Content-Range"] = ContentRange("bytes", *wanted, size).to_header()
        else:
            answer = Answer(part_of(opened, 0, size, context.file_threads), 200, JPEG_TYPE)
    answer.headers.update(headers)
    return answer


async def _check_may_see(call: Call[Nothing, Nothing], name: str) -> bool:
    """Raises a 404 unless the caller may see the blob; says whether others may not.

    An avatar is for all for whom its owner is there, a picture for those who may see its post or
    its story, which no cache may keep for others when its day is over.
    """
    context = call.context
    owner = await context.asking.read(GetMediumOwner(name))
    if owner is None or (owner.expires_at is not None and owner.expires_at <= context.now()):
        raise not_found()
    viewer = await _viewer_of(call)
    seen = await context.views.person(owner.account, viewer)
    if seen is None or (not owner.avatar and not seen.shows_posts):
        raise not_found()
    return not owner.avatar and (seen.view.row.private or owner.expires_at is not None)


async def _viewer_of(call: Call[Nothing, Nothing]) -> int | None:
    """Who asks, by the token or by the cookie that only media are shown for."""
    if call.viewer is not None:
        return call.viewer.account
    cookie = call.request.cookies.get(MEDIA_COOKIE, "")
    known = call.context.cookies.read(cookie, call.context.now() // 1_000)
    if known is None or not await call.context.sessions.is_alive(known[1], known[0]):
        return None
    return known[0]


def _wanted_range(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """The one range of bytes that was asked for, None for the whole file. Raises a 416.

    As RFC 9110 lets us, whatever is no single range in bytes is answered with the whole file.
    """
    asked = request.range
    if request.method != "GET" or asked is None or asked.units != "bytes" or len(asked.ranges) > 1:
        return None
    # A strong comparison (RFC 9110, 13.1.5): a weak tag or a date of the same file won't do.
    if request.headers.get("If-Range", quote_etag(etag)) != quote_etag(etag):
        return None
    ((start, _),) = asked.ranges
    if -start > size:
        return 0, size  # the last so many bytes of fewer are all of them (RFC 9110, 14.1.2)
    wanted = asked.range_for_length(size)
    if wanted is None:
        headers = {"Content-Range": f"bytes */{size}"}
        message = "The file has no such range"
        raise Problem(Code.INVALID_REQUEST, message, status=416, headers=headers)
    return wanted
