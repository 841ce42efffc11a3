"""What happens to posts, comments and stories that are there, in the rows. See `storage.amending`.

Nothing cascades: what goes with what is said here.
"""

from storage.amending.discovery import count_place, forget_hashtags, index_hashtags
from storage.amending.statement import Statement, document, erase
from storage.facts import CommentDeleted, Entry, PostDeleted, PostEdited, StoryEnded
from storage.notices import notices_of
from storage.statements import INSERT_NOTIFICATIONS, INSERT_TAGS


def edit_post(fact: PostEdited, entry: Entry) -> list[Statement]:
    values: dict[str, object] = {"post": fact.post}
    statements: list[Statement] = []
    if "caption" in fact.changed:
        id = None if fact.caption is None else fact.caption.id
        statements += [
            (erase("caption_id", "posts where post = :post"), values),
            ("update posts set caption_id = :id where post = :post", {**values, "id": id}),
            *forget_hashtags(values),
            *index_hashtags(fact.post, fact.author, fact.caption),
        ]
    if "location" in fact.changed:
        location = {**values, "location": fact.location}
        statements += [
            count_place("-", values),
            ("update posts set location = :location where post = :post", location),
            count_place("+", values),
        ]
    if "alts" in fact.changed:
        statements += [
            (erase("alt_id", "media where post = :post"), values),
            ("update media set alt_id = null where post = :post", values),
        ]
        for position, alt in enumerate(fact.alts):
            if alt is not None:
                statements.append(
                    (
                        "update media set alt_id = :id where post = :post and position = :position",
                        {**values, "id": alt.id, "position": position},
                    )
                )
    if "tags" in fact.changed:
        tags = [
            (fact.post, tag.account, position, tag.x, tag.y)
            for position, tag in enumerate(fact.tags)
        ]
        statements += [
            ("delete from tags where post = :post", values),
            (INSERT_TAGS, document(*tags)),
        ]
    notices = [notice.row(entry.seq, entry.at) for notice in notices_of(fact)]
    if notices:
        statements.append((INSERT_NOTIFICATIONS, document(*notices)))
    return statements


def delete_post(fact: PostDeleted, entry: Entry) -> list[Statement]:
    comments = "comments where post = :post"
    values = {"post": fact.post}
    return [
        ("delete from notifications where post = :post", values),
        *forget_hashtags(values),
        count_place("-", values),
        (erase("text_id", comments), values),
        (f"delete from comment_likes where comment in (select comment from {comments})", values),
        # Replies first: they refer to their roots.
        (f"delete from {comments} and root is not null", values),
        (f"delete from {comments}", values),
        (erase("file_id thumbnail_id alt_id", "media where post = :post"), values),
        (erase("caption_id", "posts where post = :post"), values),
        *((f"delete from {table} where post = :post", values)
          for table in ("media", "tags", "likes", "saves")),
        (
            "update users set posts_count = posts_count - 1 "
            "where account = (select author from posts where post = :post)",
            values,
        ),
        ("delete from posts where post = :post", values),
    ]  # fmt: skip


def delete_comment(fact: CommentDeleted, entry: Entry) -> list[Statement]:
    those = "comments where comment = :comment or root = :comment"
    values = {"comment": fact.comment, "post": fact.post, "root": fact.root}
    return [
        (erase("text_id", those), values),
        (f"delete from notifications where comment in (select comment from {those})", values),
        (f"delete from comment_likes where comment in (select comment from {those})", values),
        (
            f"update posts set comments_count = comments_count - (select count(*) from {those}) "
            "where post = :post",
            values,
        ),
        (
            "update comments set replies_count = replies_count - 1 where comment = :root "
            "and exists (select 1 from comments where comment = :comment)",
            values,
        ),
        ("delete from comments where root = :comment", values),
        ("delete from comments where comment = :comment", values),
    ]


def end_story(fact: StoryEnded, entry: Entry) -> list[Statement]:
    values = {"story": fact.story}
    return [
        (erase("file_id", "stories where story = :story"), values),
        ("delete from views where story = :story", values),
        ("delete from stories where story = :story", values),
    ]
