"""What happens to an account by itself: it comes to be, logs in, is described, and goes.

Decided by the accounts actor where a username is concerned, else by the account's own user actor.
"""

from storage.facts.fact import Fact, Text, present
from storage.ids import ACCOUNTS, user_key


class OfAccount(Fact, frozen=True, array_like=True):
    """A fact that concerns the user actor of its account, and whose texts go with the account."""

    account: int

    def concerns(self) -> tuple[int, ...]:
        return (user_key(self.account),)

    def owner(self) -> int | None:
        return self.account


class InviteCreated(Fact, frozen=True, array_like=True):
    """The operator made an invite. `code` is the SHA-256 of what is given away, in hexadecimal."""

    invite: int
    code: Text

    def concerns(self) -> tuple[int, ...]:
        return (ACCOUNTS,)

    def texts(self) -> tuple[Text, ...]:
        return (self.code,)

    def owner(self) -> int | None:
        return None


class InviteUsed(Fact, frozen=True, array_like=True):
    """An account registered with an invite, which is good for nobody else now."""

    invite: int
    account: int

    def concerns(self) -> tuple[int, ...]:
        return (ACCOUNTS,)

    def owner(self) -> int | None:
        return self.account


class Registered(OfAccount, frozen=True, array_like=True):
    """An account came to be."""

    username: Text
    password: Text
    email: Text | None
    full_name: Text | None

    def concerns(self) -> tuple[int, ...]:
        return (ACCOUNTS, user_key(self.account))

    def texts(self) -> tuple[Text, ...]:
        return present(self.username, self.password, self.email, self.full_name)


class UsernameChanged(OfAccount, frozen=True, array_like=True):
    """An account has another username; the one before is free again."""

    username: Text

    def concerns(self) -> tuple[int, ...]:
        return (ACCOUNTS, user_key(self.account))

    def texts(self) -> tuple[Text, ...]:
        return (self.username,)


class SessionOpened(OfAccount, frozen=True, array_like=True):
    """A client logged in. `refresh` and `family` are SHA-256 in hexadecimal: of its refresh token,
    and of the part that all later refresh tokens of the session share. `client` is what it calls
    itself."""

    session: int
    refresh: Text
    family: Text | None = None
    client: Text | None = None

    def texts(self) -> tuple[Text, ...]:
        return present(self.refresh, self.family, self.client)


class SessionRefreshed(OfAccount, frozen=True, array_like=True):
    """A session has a new refresh token; the one before is spent."""

    session: int
    refresh: Text

    def texts(self) -> tuple[Text, ...]:
        return (self.refresh,)


class SessionEnded(OfAccount, frozen=True, array_like=True):
    """A session ended: by logging out, from another session, or by a spent refresh token."""

    session: int


class PasswordChanged(OfAccount, frozen=True, array_like=True):
    """An account has a new password; every session but `kept` ended with the old one."""

    password: Text
    kept: int | None

    def texts(self) -> tuple[Text, ...]:
        return (self.password,)


class Verified(OfAccount, frozen=True, array_like=True):
    """The operator gave an account its badge, or took it away."""

    verified: bool


class ProfileChanged(OfAccount, frozen=True, array_like=True):
    """An account describes itself otherwise. Of the texts only those named in `changed` say
    anything; None is nothing."""

    changed: tuple[str, ...]
    full_name: Text | None = None
    bio: Text | None = None
    website: Text | None = None

    def texts(self) -> tuple[Text, ...]:
        named = {"full_name": self.full_name, "bio": self.bio, "website": self.website}
        return present(*(text for name, text in named.items() if name in self.changed))


class AvatarChanged(OfAccount, frozen=True, array_like=True):
    """An account has another picture, or none. `file` is the name of its blob."""

    file: Text | None

    def texts(self) -> tuple[Text, ...]:
        return present(self.file)


class PrivacyChanged(OfAccount, frozen=True, array_like=True):
    """An account is for its followers only from now on, or for everybody again."""

    private: bool


class AccountDeleted(OfAccount, frozen=True, array_like=True):
    """An account is gone, with its sessions and all that describes it. What it left elsewhere is
    hidden from now on and cleared away by facts of its own."""

    def concerns(self) -> tuple[int, ...]:
        return (user_key(self.account), ACCOUNTS)


class AccountCleared(OfAccount, frozen=True, array_like=True):
    """Nothing of a deleted account is left anywhere."""

    def concerns(self) -> tuple[int, ...]:
        return (ACCOUNTS, user_key(self.account))
