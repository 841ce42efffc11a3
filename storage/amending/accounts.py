"""What happens to accounts and their sessions, in the rows. See `storage.amending`."""

from collections.abc import Mapping

from storage.amending.discovery import count_public
from storage.amending.statement import Statement, erase, text_column
from storage.changes import hex_of, value_of
from storage.facts import (
    AccountCleared,
    AccountDeleted,
    AvatarChanged,
    Entry,
    InviteCreated,
    InviteUsed,
    NotificationsRead,
    PasswordChanged,
    PrivacyChanged,
    ProfileChanged,
    SessionEnded,
    SessionRefreshed,
    UsernameChanged,
    Verified,
)

GONE, CLEARED = 1, 2
"""What `users.gone` says of a deleted account: something of it may still be left; nothing is."""


def change_username(fact: UsernameChanged, entry: Entry) -> list[Statement]:
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


def refresh_session(fact: SessionRefreshed, entry: Entry) -> list[Statement]:
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


def end_session(fact: SessionEnded, entry: Entry) -> list[Statement]:
    return _end_sessions("session = :session", {"session": fact.session})


def change_password(fact: PasswordChanged, entry: Entry) -> list[Statement]:
    values = {"account": fact.account, "id": fact.password.id}
    return [
        (erase("password_id", "users where account = :account"), values),
        ("update users set password_id = :id where account = :account", values),
        *_end_sessions(
            "account = :account and session is not :kept",
            {"account": fact.account, "kept": fact.kept},
        ),
    ]


def set_verified(fact: Verified, entry: Entry) -> list[Statement]:
    values = {"account": fact.account, "verified": int(fact.verified)}
    return [("update users set verified = :verified where account = :account", values)]


def change_profile(fact: ProfileChanged, entry: Entry) -> list[Statement]:
    texts = {"full_name": fact.full_name, "bio": fact.bio, "website": fact.website}
    changed = [name for name in texts if name in fact.changed]
    if not changed:
        return []
    named: list[Statement] = []
    if "full_name" in changed:
        name = {"account": fact.account, "name": text_column(fact.full_name)}
        named = [
            ("delete from full_names where rowid = :account", name),
            (
                "insert into full_names (rowid, full_name) "
                "select :account, cast(unhex(:name) as text) where :name is not null",
                name,
            ),
        ]
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
        *named,
    ]


def change_avatar(fact: AvatarChanged, entry: Entry) -> list[Statement]:
    values = {
        "account": fact.account,
        "id": None if fact.file is None else fact.file.id,
        "file": text_column(fact.file),
    }
    return [
        (erase("avatar_id", "users where account = :account"), values),
        (
            "update users set avatar = cast(unhex(:file) as text), avatar_id = :id "
            "where account = :account",
            values,
        ),
    ]


def change_privacy(fact: PrivacyChanged, entry: Entry) -> list[Statement]:
    values = {"account": fact.account, "private": int(fact.private)}
    return [
        *count_public(fact.account, "-" if fact.private else "+"),
        ("update users set private = :private where account = :account", values),
    ]


def create_invite(fact: InviteCreated, entry: Entry) -> list[Statement]:
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


def use_invite(fact: InviteUsed, entry: Entry) -> list[Statement]:
    values = {"invite": fact.invite}
    return [
        (erase("code_id", "invites where invite = :invite"), values),
        ("delete from invites where invite = :invite", values),
    ]


def delete_account(fact: AccountDeleted, entry: Entry) -> list[Statement]:
    """The row stays, nameless, for what still refers to it."""
    values = {"account": fact.account}
    columns = (
        "username_id full_name_id bio_id website_id email_id password_id avatar_id"  # all its texts
    )
    cleared = ", ".join(f"{column} = null" for column in columns.split())
    return [
        *_end_sessions("account = :account", values),
        ("delete from replies where account = :account", values),
        ("delete from full_names where rowid = :account", values),
        *count_public(fact.account, "-"),
        (erase(columns, "users where account = :account"), values),
        (
            f"update users set gone = {GONE}, username = 'deleted:' || account, avatar = null, "
            f"private = 1, verified = 0, {cleared} where account = :account",
            values,
        ),
    ]


def clear_account(fact: AccountCleared, entry: Entry) -> list[Statement]:
    values = {"account": fact.account}
    return [
        ("delete from tags where account = :account", values),
        ("delete from notifications where recipient = :account", values),
        ("delete from notifications where actor = :account", values),
        (f"update users set gone = {CLEARED} where account = :account", values),
    ]


def read_notifications(fact: NotificationsRead, entry: Entry) -> list[Statement]:
    values = {"account": fact.account, "up_to": fact.up_to}
    return [("update users set read_up_to = :up_to where account = :account", values)]
