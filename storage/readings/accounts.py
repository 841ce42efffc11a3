"""Names, passwords and sessions, media and kept replies: what is looked up one at a time.

Texts and types only; see `storage.readings`.
"""

from storage.readings.reading import Reading
from storage.reads import (
    GetAccounts,
    GetBeginning,
    GetCredentials,
    GetExisting,
    GetKeptReply,
    GetMediaNames,
    GetMediumOwner,
    GetPassword,
    GetSession,
    GetSessionOfFamily,
    GetSessions,
    KeptReply,
)
from storage.rows import Beginning, Credentials, MediumOwner, SessionRow

BEGINNING = """
select json_object(
    'seq', coalesce((select max(seq) from journal), 0),
    'id', coalesce((select id from largest_id where one = 1), 0),
    'at', coalesce((select at from journal where seq = (select max(seq) from journal)), 0))"""

CREDENTIALS = """
select json_object('account', u.account, 'username', u.username, 'password', c.text,
    'password_id', u.password_id)
from users u join contents c on c.id = u.password_id where u."""

ACCOUNTS = """
select json_group_array(json_array(u.username, u.account) order by j.key)
from json_each(:usernames) j cross join users u on u.username = j.value where not u.gone"""

EXISTING = """
select json_group_array(u.account order by j.key)
from json_each(:accounts) j cross join users u on u.account = j.value where not u.gone"""

SESSION = "select json_quote(account) from sessions where session = :session"

SESSION_OF_FAMILY = "select json_array(account, session) from sessions where family = :family"

SESSIONS = """
select json_group_array(json_object('session', s.session, 'opened_at', s.opened_at,
    'used_at', s.used_at, 'client', c.text) order by s.session desc)
from sessions s left join contents c on c.id = s.client_id where s.account = :account"""

KEPT_REPLY = """
select json_array(hex(request), hex(reply), at) from replies
where account = :account and route = :route and key = :key"""

NAMED_BLOBS = (("media", "file"), ("media", "thumbnail"), ("users", "avatar"), ("stories", "file"))

MEDIA_NAMES = f"""
with bounds as materialized (select :prefix as low, :prefix || char(1114111) as high)
select json_group_array(name order by name) from ({
    " union all ".join(
        f"select {column} as name from bounds cross join {table} "
        f"on {column} >= low and {column} < high"
        for table, column in NAMED_BLOBS
    )
})"""

MEDIUM_OWNER = """
select json_object('account', account, 'avatar', json(iif(avatar, 'true', 'false')),
    'expires_at', expires_at) from (
    select p.author as account, 0 as avatar, null as expires_at
    from media m join posts p on p.post = m.post where m.file = :name
    union all
    select p.author, 0, null from media m join posts p on p.post = m.post
    where m.thumbnail = :name
    union all
    select author, 0, expires_at from stories where file = :name
    union all
    select account, 1, null from users where avatar = :name)"""


def finish_kept_reply(
    question: GetKeptReply, found: tuple[str, str, int] | None
) -> KeptReply | None:
    """Bytes come in hexadecimal, since JSON holds none."""
    if found is None:
        return None
    request, reply, at = found
    key = (question.account, question.route, question.key)
    return KeptReply(*key, bytes.fromhex(request), bytes.fromhex(reply), at)


LOOKED_UP = {
    GetBeginning: Reading(BEGINNING, Beginning),
    GetCredentials: Reading(CREDENTIALS + "username = :username", Credentials | None),
    GetPassword: Reading(CREDENTIALS + "account = :account", Credentials | None),
    GetAccounts: Reading(ACCOUNTS, list[tuple[str, int]]),
    GetExisting: Reading(EXISTING, list[int]),
    GetSession: Reading(SESSION, int | None),
    GetSessionOfFamily: Reading(SESSION_OF_FAMILY, tuple[int, int] | None),
    GetSessions: Reading(SESSIONS, list[SessionRow]),
    GetKeptReply: Reading(KEPT_REPLY, tuple[str, str, int] | None, finish=finish_kept_reply),
    GetMediaNames: Reading(MEDIA_NAMES, list[str]),
    GetMediumOwner: Reading(MEDIUM_OWNER, MediumOwner | None),
}
