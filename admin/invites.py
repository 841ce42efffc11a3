"""`run.py invite …`: what is given to people who may register.

Called by `admin.commands` with the actors of a folder that no server is running on. Of a code only
the hash is kept.
"""

from actors.accounts.messages import CreateInvite, hash_of_invite
from actors.runtime.actors import Actors


async def create_invite(actors: Actors, code: str) -> None:
    """Have `code` be good for one registration."""
    await actors.ask(CreateInvite(hash_of_invite(code)))
