"""The role matrix: who gets which status on every route, as contract.md says it. To be read, and to
be added to: a route without a row fails `tests/api/test_roles.py`, and so does a row without a
route or with a cell too few.

A line is a route as the route table names it (without `/api/v1`), perhaps a word for a variant
(`tests/api/scene.py` knows what it means), and a cell for each of `ROLES`. Nothing is computed
here, and nothing is read from the server: these are expectations, not what happens to be.
"""

import msgspec

ROLES = (
    "none",
    "expired",
    "logged out",
    "ended",
    "deleted",
    "stranger",
    "requested",
    "blocked",
    "blocking",
    "follower",
    "owner",
    "other",
)
"""Who asks. No token; the owner's own token when its hour is over, when its session has logged out,
when another session has changed the password; the token of a follower whose account is deleted. A
stranger; one who has followed, was removed, and asks to follow again; one who has followed, and
whom the owner blocks; one who has followed, and blocks the owner; a follower; the owner; another
session of the owner's."""

#  none expi logg ende dele stra requ blkd blkg foll owne othe
PRIVATE = """
DELETE /auth/sessions/:session_id              401 401 401 401 401 404 404 404 404 404 200 200

GET /posts/:post_id                            401 401 401 401 401 404 404 404 404 200 200 200
PUT /posts/:post_id                            401 401 401 401 401 404 404 404 404 403 200 200
DELETE /posts/:post_id                         401 401 401 401 401 404 404 404 404 403 200 200
GET /posts/:post_id/why                        401 401 401 401 401 404 404 404 404 200 200 200
POST /posts/:post_id/like                      401 401 401 401 401 404 404 404 404 200 200 200
DELETE /posts/:post_id/like                    401 401 401 401 401 404 404 404 404 200 200 200
GET /posts/:post_id/likes                      401 401 401 401 401 404 404 404 404 200 200 200
POST /posts/:post_id/save                      401 401 401 401 401 404 404 404 404 200 200 200
DELETE /posts/:post_id/save                    401 401 401 401 401 404 404 404 404 200 200 200
POST /posts/:post_id/comments                  401 401 401 401 401 404 404 404 404 201 201 201
POST /posts/:post_id/comments reply            401 401 401 401 401 404 404 404 404 201 201 201
GET /posts/:post_id/comments                   401 401 401 401 401 404 404 404 404 200 200 200
GET /posts/:post_id/comments thread            401 401 401 401 401 404 404 404 404 200 200 200
POST /comments/:comment_id/like                401 401 401 401 401 404 404 404 404 200 200 200
DELETE /comments/:comment_id/like              401 401 401 401 401 404 404 404 404 200 200 200
DELETE /comments/:comment_id                   401 401 401 401 401 404 404 404 404 403 200 200
DELETE /comments/:comment_id guest             401 401 401 401 401 404 404 404 404 200 200 200

GET /users/:user_id/stories                    401 401 401 401 401 403 403 404 404 200 200 200
POST /stories/:story_id/view                   401 401 401 401 401 404 404 404 404 200 200 200
GET /stories/:story_id/viewers                 401 401 401 401 401 404 404 404 404 403 200 200
DELETE /stories/:story_id                      401 401 401 401 401 404 404 404 404 403 200 200

GET /users/:user_id                            200 401 401 401 401 200 200 404 404 200 200 200
GET /users/by-username/:name                   200 401 401 401 401 200 200 404 404 200 200 200
GET /users/:user_id/posts                      401 401 401 401 401 403 403 404 404 200 200 200
GET /users/:user_id/tagged                     401 401 401 401 401 403 403 404 404 200 200 200
GET /users/:user_id/saved                      401 401 401 401 401 403 403 404 404 403 200 200
GET /users/:user_id/followers                  401 401 401 401 401 403 403 404 404 200 200 200
GET /users/:user_id/following                  401 401 401 401 401 403 403 404 404 200 200 200
GET /users/:user_id/blocks                     401 401 401 401 401 403 403 404 404 403 200 200

PUT /users/:user_id                            401 401 401 401 401 403 403 404 404 403 200 200
PUT /users/:user_id/avatar                     401 401 401 401 401 403 403 404 404 403 200 200
DELETE /users/:user_id/avatar                  401 401 401 401 401 403 403 404 404 403 200 200
POST /users/:user_id/delete                    401 401 401 401 401 403 403 404 404 403 200 200
DELETE /users/:user_id                         401 401 401 401 401 403 403 404 404 403 200 200

POST /users/:user_id/follow                    401 401 401 401 401 200 200 404 404 200 400 400
DELETE /users/:user_id/follow                  401 401 401 401 401 200 200 404 404 200 200 200
DELETE /users/:user_id/followers/:follower_id  401 401 401 401 401 403 403 404 404 403 200 200
DELETE /users/:user_id/followers/:follower_id mine
                                               401 401 401 401 401 200 200 404 404 200 200 200
POST /follow-requests/:user_id/approve         401 401 401 401 401 404 404 404 404 404 200 200
POST /follow-requests/:user_id/deny            401 401 401 401 401 404 404 404 404 404 200 200
POST /users/:user_id/block                     401 401 401 401 401 200 200 200 200 200 400 400
DELETE /users/:user_id/block                   401 401 401 401 401 200 200 404 200 200 400 400

GET /media/:name                               404 401 401 401 401 404 404 404 404 200 200 200
GET /media/:name thumbnail                     404 401 401 401 401 404 404 404 404 200 200 200
GET /media/:name story                         404 401 401 401 401 404 404 404 404 200 200 200
GET /media/:name avatar                        200 401 401 401 401 200 200 404 404 200 200 200
GET /media/:name by-cookie                     404 404 404 404 404 404 404 404 404 200 200 200
"""
"""What belongs to an account that is private."""

#  none expi logg ende dele stra requ blkd blkg foll owne othe
PUBLIC = """
DELETE /auth/sessions/:session_id              401 401 401 401 401 404 404 404 404 404 200 200

GET /posts/:post_id                            401 401 401 401 401 200 200 404 404 200 200 200
PUT /posts/:post_id                            401 401 401 401 401 403 403 404 404 403 200 200
DELETE /posts/:post_id                         401 401 401 401 401 403 403 404 404 403 200 200
GET /posts/:post_id/why                        401 401 401 401 401 200 200 404 404 200 200 200
POST /posts/:post_id/like                      401 401 401 401 401 200 200 404 404 200 200 200
DELETE /posts/:post_id/like                    401 401 401 401 401 200 200 404 404 200 200 200
GET /posts/:post_id/likes                      401 401 401 401 401 200 200 404 404 200 200 200
POST /posts/:post_id/save                      401 401 401 401 401 200 200 404 404 200 200 200
DELETE /posts/:post_id/save                    401 401 401 401 401 200 200 404 404 200 200 200
POST /posts/:post_id/comments                  401 401 401 401 401 201 201 404 404 201 201 201
POST /posts/:post_id/comments reply            401 401 401 401 401 201 201 404 404 201 201 201
GET /posts/:post_id/comments                   401 401 401 401 401 200 200 404 404 200 200 200
GET /posts/:post_id/comments thread            401 401 401 401 401 200 200 404 404 200 200 200
POST /comments/:comment_id/like                401 401 401 401 401 200 200 404 404 200 200 200
DELETE /comments/:comment_id/like              401 401 401 401 401 200 200 404 404 200 200 200
DELETE /comments/:comment_id                   401 401 401 401 401 403 403 404 404 403 200 200
DELETE /comments/:comment_id guest             401 401 401 401 401 403 403 404 404 200 200 200

GET /users/:user_id/stories                    401 401 401 401 401 200 200 404 404 200 200 200
POST /stories/:story_id/view                   401 401 401 401 401 200 200 404 404 200 200 200
GET /stories/:story_id/viewers                 401 401 401 401 401 403 403 404 404 403 200 200
DELETE /stories/:story_id                      401 401 401 401 401 403 403 404 404 403 200 200

GET /users/:user_id                            200 401 401 401 401 200 200 404 404 200 200 200
GET /users/by-username/:name                   200 401 401 401 401 200 200 404 404 200 200 200
GET /users/:user_id/posts                      401 401 401 401 401 200 200 404 404 200 200 200
GET /users/:user_id/tagged                     401 401 401 401 401 200 200 404 404 200 200 200
GET /users/:user_id/saved                      401 401 401 401 401 403 403 404 404 403 200 200
GET /users/:user_id/followers                  401 401 401 401 401 200 200 404 404 200 200 200
GET /users/:user_id/following                  401 401 401 401 401 200 200 404 404 200 200 200
GET /users/:user_id/blocks                     401 401 401 401 401 403 403 404 404 403 200 200

PUT /users/:user_id                            401 401 401 401 401 403 403 404 404 403 200 200
PUT /users/:user_id/avatar                     401 401 401 401 401 403 403 404 404 403 200 200
DELETE /users/:user_id/avatar                  401 401 401 401 401 403 403 404 404 403 200 200
POST /users/:user_id/delete                    401 401 401 401 401 403 403 404 404 403 200 200
DELETE /users/:user_id                         401 401 401 401 401 403 403 404 404 403 200 200

POST /users/:user_id/follow                    401 401 401 401 401 200 200 404 404 200 400 400
DELETE /users/:user_id/follow                  401 401 401 401 401 200 200 404 404 200 200 200
DELETE /users/:user_id/followers/:follower_id  401 401 401 401 401 403 403 404 404 403 200 200
DELETE /users/:user_id/followers/:follower_id mine
                                               401 401 401 401 401 200 200 404 404 200 200 200
POST /follow-requests/:user_id/approve         401 401 401 401 401 404 404 404 404 404 404 404
POST /follow-requests/:user_id/deny            401 401 401 401 401 404 404 404 404 404 404 404
POST /users/:user_id/block                     401 401 401 401 401 200 200 200 200 200 400 400
DELETE /users/:user_id/block                   401 401 401 401 401 200 200 404 200 200 400 400

GET /media/:name                               200 401 401 401 401 200 200 404 404 200 200 200
GET /media/:name thumbnail                     200 401 401 401 401 200 200 404 404 200 200 200
GET /media/:name story                         200 401 401 401 401 200 200 404 404 200 200 200
GET /media/:name avatar                        200 401 401 401 401 200 200 404 404 200 200 200
GET /media/:name by-cookie                     200 200 200 200 200 200 200 404 404 200 200 200
"""
"""What belongs to an account that is public. Nobody needs to ask to follow it: who has `requested`
is a stranger here who was removed."""

#  none expi logg ende dele stra requ blkd blkg foll owne othe
ELSEWHERE = """
POST /auth/register                            201 201 201 201 201 201 201 201 201 201 201 201
POST /auth/login                               401 200 200 200 401 200 200 200 200 200 200 200
POST /auth/refresh                             401 200 401 401 401 200 200 200 200 200 200 200
POST /auth/logout                              401 401 401 401 401 200 200 200 200 200 200 200
GET /auth/sessions                             401 401 401 401 401 200 200 200 200 200 200 200
POST /auth/password                            401 401 401 401 401 200 200 200 200 200 200 200

POST /posts                                    401 401 401 401 401 201 201 201 201 201 201 201
GET /feed                                      401 401 401 401 401 200 200 200 200 200 200 200
GET /explore                                   401 401 401 401 401 200 200 200 200 200 200 200
GET /hashtags/:name/posts                      401 401 401 401 401 200 200 200 200 200 200 200
POST /locations                                401 401 401 401 401 201 201 201 201 201 201 201
GET /locations/:location_id                    401 401 401 401 401 200 200 200 200 200 200 200
GET /locations/:location_id/posts              401 401 401 401 401 200 200 200 200 200 200 200
POST /stories                                  401 401 401 401 401 201 201 201 201 201 201 201
GET /stories/feed                              401 401 401 401 401 200 200 200 200 200 200 200

GET /users/:user_id me                         401 401 401 401 401 200 200 200 200 200 200 200
GET /users/:user_id/posts me                   401 401 401 401 401 200 200 200 200 200 200 200
GET /users/:user_id/tagged me                  401 401 401 401 401 200 200 200 200 200 200 200
GET /users/:user_id/saved me                   401 401 401 401 401 200 200 200 200 200 200 200
GET /users/:user_id/followers me               401 401 401 401 401 200 200 200 200 200 200 200
GET /users/:user_id/following me               401 401 401 401 401 200 200 200 200 200 200 200
GET /users/:user_id/stories me                 401 401 401 401 401 200 200 200 200 200 200 200
GET /users/:user_id/blocks me                  401 401 401 401 401 200 200 200 200 200 200 200
PUT /users/:user_id me                         401 401 401 401 401 200 200 200 200 200 200 200
PUT /users/:user_id/avatar me                  401 401 401 401 401 200 200 200 200 200 200 200
DELETE /users/:user_id/avatar me               401 401 401 401 401 200 200 200 200 200 200 200
POST /users/:user_id/delete me                 401 401 401 401 401 200 200 200 200 200 200 200
DELETE /users/:user_id me                      401 401 401 401 401 200 200 200 200 200 200 200

GET /users/relationships                       401 401 401 401 401 200 200 200 200 200 200 200
GET /search/users                              200 401 401 401 401 200 200 200 200 200 200 200
GET /search/hashtags                           401 401 401 401 401 200 200 200 200 200 200 200
GET /search/locations                          401 401 401 401 401 200 200 200 200 200 200 200
GET /follow-requests                           401 401 401 401 401 200 200 200 200 200 200 200
GET /notifications                             401 401 401 401 401 200 200 200 200 200 200 200
POST /notifications/read                       401 401 401 401 401 200 200 200 200 200 200 200

GET /posts/:post_id                            401 401 401 401 401 200 200 200 200 200 200 200
GET /posts/:post_id/likes                      401 401 401 401 401 200 200 200 200 200 200 200
GET /posts/:post_id/comments                   401 401 401 401 401 200 200 200 200 200 200 200
GET /posts/:post_id/comments thread            401 401 401 401 401 200 200 400 400 200 200 200
GET /posts/:post_id/likes visit                401 401 401 401 401 200 200 200 200 200 200 200
GET /posts/:post_id/comments visit             401 401 401 401 401 200 200 200 200 200 200 200
POST /comments/:comment_id/like                401 401 401 401 401 200 200 404 404 200 200 200
GET /users/:user_id/tagged                     401 401 401 401 401 200 200 200 200 200 200 200
GET /users/:user_id/followers                  401 401 401 401 401 200 200 200 200 200 200 200
GET /users/:user_id/following                  401 401 401 401 401 200 200 200 200 200 200 200

GET /instance                                  200 200 200 200 200 200 200 200 200 200 200 200
GET /v1/stream                                 401 401 401 401 401 400 400 400 400 400 400 400
GET /stream                                    401 401 401 401 401 400 400 400 400 400 400 400
GET /openapi.json                              200 200 200 200 200 200 200 200 200 200 200 200
GET /docs                                      200 200 200 200 200 200 200 200 200 200 200 200
GET /docs/:name                                200 200 200 200 200 200 200 200 200 200 200 200
GET /healthz                                   200 200 200 200 200 200 200 200 200 200 200 200
GET /readyz                                    200 200 200 200 200 200 200 200 200 200 200 200
GET /metrics                                   200 200 200 200 200 200 200 200 200 200 200 200
"""
"""What is one's own, everybody's, or a third person's, whom the authors follow, and on whose post
the private author has commented; `visit` is to a post of one's own, on which both authors have
commented, or of the stranger's. What these answers contain is what counts here."""


class Row(msgspec.Struct, frozen=True):
    """One line: `table` is whose things it is about, `cells` has a status for each of `ROLES`."""

    table: str
    route: str
    variant: str
    cells: tuple[int, ...]

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.table, self.route, self.variant)))

    def roles(self, *, refused: bool) -> list[str]:
        """Who is refused, or who is not."""
        cells = zip(ROLES, self.cells, strict=True)
        return [role for role, status in cells if (status >= 400) == refused]

    def expects(self, role: str) -> int:
        return self.cells[ROLES.index(role)]


def read_table(name: str, text: str) -> list[Row]:
    """The rows of a table. A line that begins with spaces goes on with the one before."""
    rows: list[Row] = []
    for line in text.replace("\n   ", " ").splitlines():
        if line:
            words = line.split()
            said = [word for word in words if not word.isdecimal()]
            cells = tuple(int(word) for word in words if word.isdecimal())
            rows.append(Row(name, " ".join(said[:2]), " ".join(said[2:]), cells))
    return rows


ROWS = [
    *read_table("private", PRIVATE),
    *read_table("public", PUBLIC),
    *read_table("elsewhere", ELSEWHERE),
]
