"""The operator's commands on the command line, but for `tail`, which has a file of its own.

`run.py` adds them to its own. What belongs to the server (hashing passwords, what a username may
be) is handed in as an `Operator`.
"""

import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click
import msgspec
import trio

import admin.invites as invites
import admin.users as accounts
from actors.runtime.actors import Actors, open_actors
from actors.runtime.rounds import Clocks
from admin.control import ask_lift, ask_status
from admin.failures import EXIT_DIFFERENCES, Failed, told
from admin.populate import Chance, Plan, populate, read_graph
from admin.progress import progress_bar
from admin.repair import repair_folder
from admin.typed import password_option
from admin.upgrading import upgrade_folder
from admin.verify import database_in, verify_folder
from storage.folder import METRICS_SECRET, DataFolder, known_secret, open_folder
from storage.journal import open_disk

T = TypeVar("T")


class Operator(msgspec.Struct, frozen=True):
    """What the commands are given by the process."""

    clocks: Clocks
    hash_password: Callable[[str], Awaitable[str]]
    """Raises an error whose message is a sentence if nobody may choose the password."""
    is_username: Callable[[str], bool]
    is_full_name: Callable[[str], bool]
    chance: Callable[[int], Chance]
    """Chance that a seed decides, for test data."""
    secret: Callable[[], str]
    """A code that nobody can guess."""


REPAIR = "with the server stopped, `run.py verify --repair` rebuilds what the journal knows"
BEYOND_REPAIR = "the journal can't mend them, so go back to a backup if they matter"
"""The remedy for differences, and for those that are left then."""

data_option = click.option(
    "--data",
    default="data",
    envvar="TRIPTYCH_DATA",
    show_envvar=True,
    type=click.Path(path_type=Path),
    help="The data folder.",
)


@click.command()
@data_option
@click.pass_obj
@click.option("--repair", is_flag=True, help="Rebuild rows and snapshots from the journal first.")
def verify(operator: Operator, data: Path, repair: bool) -> None:
    """Check that everything in the folder is what its journal says."""
    with told():
        database_in(data)  # or else a repair would make the folder
        if repair:
            with open_folder(data) as folder, progress_bar("Rebuilding") as progress:
                repair_folder(folder, progress)
        with progress_bar("Folding the journal") as progress:
            report = verify_folder(data, progress, operator.clocks.now())
    counts = ", ".join(f"{number} {name}" for name, number in report.counts.items())
    for difference in report.differences:
        click.echo(difference)
    if report.differences:
        found = f"{len(report.differences)} differences in {counts or 'the database'}"
        raise Failed(f"{found}: {BEYOND_REPAIR if repair else REPAIR}", EXIT_DIFFERENCES)
    click.echo(f"sound: {counts}")


@contextmanager
def _opened(data: Path) -> Generator[DataFolder]:
    """The folder, to be written to, with a database of this version or none."""
    with open_folder(data) as folder:
        upgrade_folder(folder)
        yield folder


@click.command("populate")
@data_option
@click.pass_obj
@click.option("--users", type=click.IntRange(0), default=100, help="Accounts user1 … userN.")
@click.option("--follows", type=click.IntRange(0), default=1_000, help="Follows, in all.")
@click.option("--posts", type=click.IntRange(0), default=500, help="Posts, in all.")
@click.option("--likes", type=click.IntRange(0), default=2_000, help="Likes, in all.")
@click.option("--comments", type=click.IntRange(0), default=0, help="Comments, in all.")
@click.option("--seed", type=int, default=0, help="The same seed gives the same data.")
@click.option("--password", default="password", help="Everybody's password.")
@click.option(
    "--graph", type=click.Path(exists=True, path_type=Path), help="Ties, two numbers a line."
)
def populate_folder(
    operator: Operator, data: Path, seed: int, password: str, graph: Path | None, **plan: int
) -> None:
    """Fill an empty folder with test data."""
    wanted = Plan(**plan)
    with told(), _opened(data) as folder:
        password_hash = _hash(operator, password)
        ties = [] if graph is None else read_graph(graph)
        label, length = "Populating", sum(plan.values())
        with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
            populate(folder, wanted, operator.chance(seed), password_hash, ties, bar.update)
    click.echo(f"{data} has " + ", ".join(f"{number} {name}" for name, number in plan.items()))


def _hash(operator: Operator, password: str) -> str:
    """Raises `Failed` for a password that nobody may choose."""

    async def hash_password() -> str:
        return await operator.hash_password(password)

    try:
        return trio.run(hash_password)
    except ValueError as bad:
        raise Failed(str(bad)) from None


@click.group()
def user() -> None:
    """Accounts, on a folder that no server is running on."""


def with_actors(
    operator: Operator, data: Path, do: Callable[[Actors], Awaitable[T]], *, new: bool = False
) -> T:
    """Do something with the actors of a folder, as a server would; of a `new` one, too."""

    async def run(folder: DataFolder) -> T:
        async with (
            open_disk(folder.database) as disk,
            open_actors(disk, operator.clocks) as actors,
        ):
            return await do(actors)

    with told():
        if not new:
            database_in(data)  # or else a folder would be made
        with _opened(data) as folder:
            return trio.run(run, folder)


@user.command()
@data_option
@click.pass_obj
@click.argument("username")
@click.option("--full-name")
@password_option
def create(
    operator: Operator, data: Path, username: str, full_name: str | None, password: str
) -> None:
    """Register an account."""
    if not operator.is_username(username):
        raise Failed(f"{username!r} is no username: 1 to 30 of letters, digits, single dots and _")
    if full_name is not None and not operator.is_full_name(full_name):
        raise Failed("that is no full name: it has 64 characters at most")
    name, password_hash = username.lower(), _hash(operator, password)

    async def do(actors: Actors) -> int:
        return await accounts.create_user(actors, name, password_hash, full_name or None)

    click.echo(f"{name} is account {with_actors(operator, data, do, new=True)}")


@user.command("list")
@data_option
@click.pass_obj
def list_users(operator: Operator, data: Path) -> None:
    """Every account in order of registration."""

    async def do(actors: Actors) -> None:
        async for one in accounts.list_users(actors):
            badge = " verified" if one.verified else ""
            click.echo(
                f"{one.account} {one.username}{badge} {one.posts} posts, {one.followers} followers"
            )

    with_actors(operator, data, do)


@user.command("reset-password")
@data_option
@click.pass_obj
@click.argument("username")
@password_option
def reset_password(operator: Operator, data: Path, username: str, password: str) -> None:
    """Set a new password and end every session of the account."""
    name, password_hash = username.lower(), _hash(operator, password)

    async def do(actors: Actors) -> None:
        await accounts.reset_password(actors, name, password_hash)

    with_actors(operator, data, do)
    click.echo(f"{name} has a new password, and is logged out everywhere")


@user.command("verify")
@data_option
@click.pass_obj
@click.argument("username")
@click.option("--remove", is_flag=True, help="Take the badge away.")
def verify_user(operator: Operator, data: Path, username: str, remove: bool) -> None:
    """Give an account its badge."""
    name = username.lower()

    async def do(actors: Actors) -> None:
        await accounts.set_verified(actors, name, verified=not remove)

    with_actors(operator, data, do)
    click.echo(f"{name} is {'not ' if remove else ''}verified")


@click.group()
def invite() -> None:
    """Invites, for a server whose setting `registration` asks for them."""


@invite.command("create")
@data_option
@click.pass_obj
def create_invite(operator: Operator, data: Path) -> None:
    """Make an invite for one registration, and say its code: it is told only now."""
    code = operator.secret()

    async def do(actors: Actors) -> None:
        await invites.create_invite(actors, code)

    with_actors(operator, data, do, new=True)
    click.echo(f"good for one registration: {code}")


@click.command()
@data_option
def status(data: Path) -> None:
    """What a running server says of its queues, and which actors are quarantined."""
    with told():
        answer = ask_status(data)
    for queue, figures in answer.queues.items():
        shown = ", ".join(f"{name} {number}" for name, number in figures.items())
        click.echo(f"{queue}: {shown}")
    for actor, why in answer.quarantined.items():
        click.echo(f"quarantined: {actor}, {why}")
    if not answer.quarantined:
        click.echo("quarantined: nobody")


@click.command("metrics-token")
@data_option
def tell_metrics_token(data: Path) -> None:
    """Say the token with which other machines may read /metrics."""
    with told():
        click.echo(known_secret(data, METRICS_SECRET).hex())


@click.command("lift")
@data_option
@click.argument("actor")
def lift_quarantine(data: Path, actor: str) -> None:
    """Open a quarantined actor of a running server again, as `status` names it: post:123."""
    with told():
        answer = ask_lift(data, actor)
    if answer.error is not None:
        raise Failed(answer.error)
    if not answer.lifted:
        raise Failed(f"{actor} is not quarantined: `run.py status` shows who is")
    click.echo(f"{actor} is open again")
