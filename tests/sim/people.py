"""What clients do to accounts, to sessions and to each other. Each act is one step of a client."""

from actors.accounts.messages import ChangeUsername, CreateInvite, Register
from actors.user.messages import (
    Approve,
    Block,
    ChangePassword,
    ChangeProfile,
    DeleteAccount,
    Deny,
    EndSession,
    Follow,
    OpenSession,
    Refresh,
    RemoveFollower,
    SetAvatar,
    SetVerified,
    Unblock,
    Unfollow,
)
from tests.sim.clients import Client
from tests.sim.world import Login


def _a_name(client: Client) -> str:
    """A new username, or one that somebody has or had."""
    names = client.world.names
    if not names or client.chance(0.5):
        names.append(client.world.thing("user"))
    return client.random.choice(names[-6:])


async def register(client: Client) -> None:
    session = client.new_session()
    needs_invite = client.chance(0.1)
    invite = client.one_of([*client.world.invites, "<no invite>"], None) if needs_invite else None
    thing = client.world.thing
    command = Register(
        _a_name(client),
        thing("password"),
        thing("email"),
        thing("full name"),
        session,
        invite,
        needs_invite,
    )
    reply = await client.ask(command)
    if reply is not None:
        client.world.accounts.append(reply.account)
        client.world.logins.append(Login(reply.account, reply.session, session.refresh))


async def operate(client: Client) -> None:
    """What the operator may do."""
    if client.chance(0.7):
        code = client.world.thing("invite")
        if await client.ask(CreateInvite(code)) is not None:
            client.world.invites.append(code)
    elif (account := client.somebody()) in client.truth.names:
        await client.ask(SetVerified(account, client.chance(0.5)))


async def log_in(client: Client) -> None:
    account, session = client.somebody(), client.new_session()
    password = client.truth.passwords.get(account, 0)
    reply = await client.ask(OpenSession(account, password, session))
    if reply is not None:
        client.world.logins.append(Login(account, reply.session, session.refresh))


async def refresh(client: Client) -> None:
    """With the token at hand; whoever never heard the last answer, or stole it, spends one
    twice."""
    if login := client.me():
        token = client.world.thing("refresh")
        presented = login.spent if client.chance(0.1) else login.refresh
        reply = await client.ask(Refresh(login.account, login.session, presented, token))
        if reply is not None and reply.refreshed:
            login.refresh, login.spent = token, presented


async def log_out(client: Client) -> None:
    if login := client.me():
        own = [s for s, whose in client.truth.sessions.items() if whose == login.account]
        session = client.one_of(sorted(own), 0) if client.chance(0.3) else login.session
        await client.ask(EndSession(login.account, session), login)


async def change_password(client: Client) -> None:
    if login := client.me():
        checked = client.truth.passwords.get(login.account)
        kept = login.session if client.chance(0.8) else None
        new = client.world.thing("password")
        await client.ask(ChangePassword(login.account, new, kept, checked), login)


async def rename(client: Client) -> None:
    if login := client.me():
        profile = None
        if client.chance(0.4):
            bio, private = client.world.thing("bio"), client.chance(0.5)
            profile = ChangeProfile(login.account, ("bio",), bio=bio, private=private)
        await client.ask(ChangeUsername(login.account, _a_name(client), profile), login)


async def describe(client: Client) -> None:
    if login := client.me():
        bio = client.world.thing("bio") if client.chance(0.7) else None
        if client.chance(0.5):
            await client.ask(ChangeProfile(login.account, ("bio", "full_name"), bio=bio), login)
        else:
            file = client.world.thing("avatar") if client.chance(0.7) else None
            await client.ask(SetAvatar(login.account, file), login)


async def change_privacy(client: Client) -> None:
    if login := client.me():
        private = login.account not in client.truth.private or client.chance(0.1)
        await client.ask(ChangeProfile(login.account, (), private=private), login)


async def delete_account(client: Client) -> None:
    if login := client.me():
        password = client.truth.passwords.get(login.account, 0)
        key = client.key_of(login, "POST /users/me/delete") if client.chance(0.5) else None
        await client.ask(DeleteAccount(login.account, password), login, key)


# Between two.


async def follow(client: Client) -> None:
    if login := client.me():
        await client.ask(Follow(client.somebody(login.account), login.account), login)


async def unfollow(client: Client) -> None:
    """Or withdraw a request."""
    if login := client.me():
        edges = sorted(client.truth.follows | client.truth.requests)
        mine = [followee for follower, followee in edges if follower == login.account]
        await client.ask(Unfollow(client.one_of(mine, 0), login.account), login)


async def answer_request(client: Client) -> None:
    asked = sorted(client.truth.requests)
    if client.chance(0.7) and asked:
        follower, followee = client.random.choice(asked)
        login = next((one for one in client.world.logins if one.account == followee), client.me())
    else:
        follower, login = client.somebody(), client.me()
    if login is not None:
        act = client.random.choice([Approve, Approve, Deny])
        await client.ask(act(login.account, follower), login)


async def remove_follower(client: Client) -> None:
    if login := client.me():
        edges = sorted(client.truth.follows)
        mine = [follower for follower, followee in edges if followee == login.account]
        await client.ask(RemoveFollower(login.account, client.one_of(mine, 0)), login)


async def block(client: Client) -> None:
    if login := client.me():
        await client.ask(Block(login.account, client.somebody(login.account)), login)


async def unblock(client: Client) -> None:
    if login := client.me():
        mine = sorted(one for by, one in client.truth.blocks if by == login.account)
        await client.ask(Unblock(login.account, client.one_of(mine, 0)), login)
