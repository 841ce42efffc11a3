"""Facts that change or delete rows which are there already, each by statements of its own.

`storage.projection` executes them in the order of `seq`, after the rows of all facts before are
written: so they may look at what is there.
"""

from collections.abc import Callable, Mapping

from storage.amending import accounts, discovery, graph, posts
from storage.amending.statement import Statement
from storage.facts import (
    AccountCleared,
    AccountDeleted,
    AvatarChanged,
    Blocked,
    CommentDeleted,
    Fact,
    InviteCreated,
    InviteUsed,
    LocationCreated,
    NotificationsRead,
    PasswordChanged,
    PostDeleted,
    PostEdited,
    PrivacyChanged,
    ProfileChanged,
    SessionEnded,
    SessionRefreshed,
    StoryEnded,
    Unblocked,
    UsernameChanged,
    Verified,
)

AMENDMENTS: Mapping[type[Fact], Callable[..., list[Statement]]] = {
    UsernameChanged: accounts.change_username,
    SessionRefreshed: accounts.refresh_session,
    SessionEnded: accounts.end_session,
    PasswordChanged: accounts.change_password,
    Verified: accounts.set_verified,
    ProfileChanged: accounts.change_profile,
    AvatarChanged: accounts.change_avatar,
    PrivacyChanged: accounts.change_privacy,
    InviteCreated: accounts.create_invite,
    InviteUsed: accounts.use_invite,
    AccountDeleted: accounts.delete_account,
    AccountCleared: accounts.clear_account,
    Blocked: graph.block,
    Unblocked: graph.unblock,
    PostEdited: posts.edit_post,
    PostDeleted: posts.delete_post,
    CommentDeleted: posts.delete_comment,
    StoryEnded: posts.end_story,
    LocationCreated: discovery.create_location,
    NotificationsRead: accounts.read_notifications,
}
"""Every kind of fact that is written by itself -> its statements."""
