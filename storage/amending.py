"""Facts that change or delete rows which are there already, each by statements of its own.

`storage.projection` executes them in the order of `seq`, after the rows of all facts before are
written: so they may look at what is there. Nothing cascades: what goes with what is said here.
"""

from collections.abc import Callable, Mapping

import msgspec

from storage.changes import hex_of, value_of
from storage.facts import (
    AccountCleared,
    AccountDeleted,
    AvatarChanged,
    Blocked,
    CommentDeleted,
    Entry,
    Fact,
    InviteCreated,
    InviteUsed,
    PasswordChanged,
    PostDeleted,
    PostEdited,
    PrivacyChanged,
    ProfileChanged,
    SessionEnded,
    SessionRefreshed,
    Text,
    Unblocked,
    UsernameChanged,
    Verified,
)
from storage.statements import (
    COUNT_FOLLOWS,
    DELETE_BLOCKS,
    DELETE_FOLLOWS,
    DELETE_REQUESTS,
    INSERT_TAGS,
    UPSERT_BLOCKS,
)

Parameters = Mapping[str, object] | tuple[str]
Statement = tuple[str, Parameters]

GONE, CLEARED = 1, 2
"""What `users.gone` says of a deleted account: something of it may still be left; nothing is."""


def erase(pointing: str, where: str) -> str:
    """Erase the texts that the columns `pointing` of the rows in `where` point to."""
    selects = [f"select {column} from {where}" for column in pointing.split()]
    return f"delete from contents where id in ({' union all '.join(selects)})"


def document(*rows: tuple[object, ...]) -> tuple[str]:
    """Rows as the one parameter of a statement of `storage.statements`."""
    return (msgspec.json.encode(rows).decode(),)


def _text_column(text: Text | None) -> str | None:
    return None if text is None else hex_of(value_of(text))


def _change_username(fact: UsernameChanged, entry: Entry) -> list[Statement]:
    values = {
        "account": fact.account,
        "id": fact.username.id,
        "name": hex_of(value_of(fact.username)),
    }
    return [
        (erase("username_id", "users where account = :account"), values),
        (
            "update users set username = cast(unhex(:name) as text), username_id = :id "
            "where account = :account",
            values,
        ),
    ]


def _refresh_session(fact: SessionRefreshed, entry: Entry) -> list[Statement]:
    values = {"session": fact.session, "id": fact.refresh.id, "at": entry.at}
    return [
        (erase("refresh_id", "sessions where session = :session"), values),
        ("update sessions set refresh_id = :id, used_at = :at where session = :session", values),
    ]


def _end_sessions(where: str, values: Mapping[str, object]) -> list[Statement]:
    return [
        (erase("family_id refresh_id client_id", f"sessions where {where}"), values),
        (f"delete from sessions where {where}", values),
    ]


def _end_session(fact: SessionEnded, entry: Entry) -> list[Statement]:
    return _end_sessions("session = :session", {"session": fact.session})


def _change_password(fact: PasswordChanged, entry: Entry) -> list[Statement]:
    values = {"account": fact.account, "id": fact.password.id}
    return [
        (erase("password_id", "users where account = :account"), values),
        ("update users set password_id = :id where account = :account", values),
        *_end_sessions(
            "account = :account and session is not :kept",
            {"account": fact.account, "kept": fact.kept},
        ),
    ]


def _set_verified(fact: Verified, entry: Entry) -> list[Statement]:
    values = {"account": fact.account, "verified": int(fact.verified)}
    return [("update users set verified = :verified where account = :account", values)]


def _change_profile(fact: ProfileChanged, entry: Entry) -> list[Statement]:
    texts = {"full_name": fact.full_name, "bio": fact.bio, "website": fact.website}
    changed = [name for name in texts if name in fact.changed]
    if not changed:
        return []
    values: dict[str, object] = {"account": fact.account}
    for name in changed:
        text = texts[name]
        values[name] = None if text is None else text.id
    columns = " ".join(f"{name}_id" for name in changed)
    sets = ", ".join(f"{name}_id = :{name}" for name in changed)
    whose = {"account": fact.account}
    return [
        (erase(columns, "users where account = :account"), whose),
        (f"update users set {sets} where account = :account", values),
    ]


def _change_avatar(fact: AvatarChanged, entry: Entry) -> list[Statement]:
    values = {
        "account": fact.account,
        "id": None if fact.file is None else fact.file.id,
        "file": _text_column(fact.file),
    }
    return [
        (erase("avatar_id", "users where account = :account"), values),
        (
            "update users set avatar = cast(unhex(:file) as text), avatar_id = :id "
            "where account = :account",
            values,
        ),
    ]


def _change_privacy(fact: PrivacyChanged, entry: Entry) -> list[Statement]:
    values = {"account": fact.account, "private": int(fact.private)}
    return [("update users set private = :private where account = :account", values)]


def _create_invite(fact: InviteCreated, entry: Entry) -> list[Statement]:
    values = {
        "invite": fact.invite,
        "code": hex_of(value_of(fact.code)),
        "id": fact.code.id,
    }
    return [
        (
            "insert into invites (invite, code, code_id) "
            "values (:invite, cast(unhex(:code) as text), :id)",
            values,
        )
    ]


def _use_invite(fact: InviteUsed, entry: Entry) -> list[Statement]:
    values = {"invite": fact.invite}
    return [
        (erase("code_id", "invites where invite = :invite"), values),
        ("delete from invites where invite = :invite", values),
    ]


def _delete_account(fact: AccountDeleted, entry: Entry) -> list[Statement]:
    """The row stays, nameless, for what still refers to it."""
    values = {"account": fact.account}
    columns = (
        "username_id full_name_id bio_id website_id email_id password_id avatar_id"  # all its texts
    )
    cleared = ", ".join(f"{column} = null" for column in columns.split())
    return [
        *_end_sessions("account = :account", values),
        ("delete from replies where account = :account", values),
        (erase(columns, "users where account = :account"), values),
        (
            f"update users set gone = {GONE}, username = 'deleted:' || account, avatar = null, "
            f"private = 0, verified = 0, {cleared} where account = :account",
            values,
        ),
    ]


def _clear_account(fact: AccountCleared, entry: Entry) -> list[Statement]:
    values = {"account": fact.account}
    return [
        ("delete from tags where account = :account", values),
        (f"update users set gone = {CLEARED} where account = :account", values),
    ]


def _block(fact: Blocked, entry: Entry) -> list[Statement]:
    one, other = fact.blocker, fact.blocked
    ended = document((one, other, None), (other, one, None))
    return [
        (COUNT_FOLLOWS, ended),
        (DELETE_FOLLOWS, ended),
        (DELETE_REQUESTS, ended),
        (UPSERT_BLOCKS, document((one, other, entry.seq))),
    ]


def _unblock(fact: Unblocked, entry: Entry) -> list[Statement]:
    return [(DELETE_BLOCKS, document((fact.blocker, fact.blocked)))]


def _edit_post(fact: PostEdited, entry: Entry) -> list[Statement]:
    values: dict[str, object] = {"post": fact.post}
    statements: list[Statement] = []
    if "caption" in fact.changed:
        id = None if fact.caption is None else fact.caption.id
        statements += [
            (erase("caption_id", "posts where post = :post"), values),
            ("update posts set caption_id = :id where post = :post", {**values, "id": id}),
        ]
    if "location" in fact.changed:
        location = {**values, "location": fact.location}
        statements.append(("update posts set location = :location where post = :post", location))
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
    return statements


def _delete_post(fact: PostDeleted, entry: Entry) -> list[Statement]:
    comments = "comments where post = :post"
    values = {"post": fact.post}
    return [
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


def _delete_comment(fact: CommentDeleted, entry: Entry) -> list[Statement]:
    those = "comments where comment = :comment or root = :comment"
    values = {"comment": fact.comment, "post": fact.post, "root": fact.root}
    return [
        (erase("text_id", those), values),
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


AMENDMENTS: Mapping[type[Fact], Callable[..., list[Statement]]] = {
    UsernameChanged: _change_username,
    SessionRefreshed: _refresh_session,
    SessionEnded: _end_session,
    PasswordChanged: _change_password,
    Verified: _set_verified,
    ProfileChanged: _change_profile,
    AvatarChanged: _change_avatar,
    PrivacyChanged: _change_privacy,
    InviteCreated: _create_invite,
    InviteUsed: _use_invite,
    AccountDeleted: _delete_account,
    AccountCleared: _clear_account,
    Blocked: _block,
    Unblocked: _unblock,
    PostEdited: _edit_post,
    PostDeleted: _delete_post,
    CommentDeleted: _delete_comment,
}
"""Every kind of fact that is written by itself -> its statements."""
