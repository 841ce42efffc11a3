"""The sorts of worlds, and how often each act comes in them. In a small world with few acts, races
are frequent; in the one in which everything happens, nothing is left out."""

from collections.abc import Awaitable, Callable

from tests.sim.clients import Client
from tests.sim.discovering import (
    add_place,
    delete_story,
    mark_read,
    publish_story,
    read_discovered,
    read_notifications,
    read_rings,
    view_story,
)
from tests.sim.people import (
    answer_request,
    block,
    change_password,
    change_privacy,
    delete_account,
    describe,
    follow,
    log_in,
    log_out,
    operate,
    refresh,
    register,
    remove_follower,
    rename,
    unblock,
    unfollow,
)
from tests.sim.publishing import (
    comment,
    delete_comment,
    delete_post,
    edit,
    like,
    like_comment,
    publish,
    save,
)
from tests.sim.reading import read_feed
from tests.sim.world import PEOPLE

Act = Callable[[Client], Awaitable[None]]

SORTS: dict[str, dict[Act, int]] = {
    "everything": {
        register: 6, log_in: 4, refresh: 6, log_out: 4, change_password: 4, rename: 4,
        describe: 6, change_privacy: 5, operate: 2, delete_account: 2, follow: 14, unfollow: 3,
        answer_request: 6, remove_follower: 2, block: 3, unblock: 4, publish: 12, edit: 5,
        delete_post: 5, like: 10, save: 5, comment: 14, like_comment: 8, delete_comment: 6,
        read_feed: 14, publish_story: 8, view_story: 8, delete_story: 2, add_place: 2,
        mark_read: 3, read_notifications: 6, read_rings: 6, read_discovered: 6,
    },
    "readers": {
        log_in: 2, follow: 14, unfollow: 5, change_privacy: 2, answer_request: 3, block: 1,
        unblock: 3, publish: 28, delete_post: 8, delete_account: 1, read_feed: 50,
    },
    "neighbours": {
        log_in: 4, log_out: 2, follow: 40, unfollow: 6, answer_request: 14, remove_follower: 6,
        block: 6, unblock: 10, change_privacy: 14, delete_account: 3, publish: 8, like: 10,
        read_feed: 14,
    },
    "talkers": {
        log_in: 4, log_out: 2, publish: 8, delete_post: 4, like: 6, save: 4, comment: 40,
        like_comment: 24, delete_comment: 16, block: 3, unblock: 4, change_privacy: 1,
        delete_account: 3, read_feed: 2, read_notifications: 8, mark_read: 2,
    },
    "finders": {
        log_in: 2, follow: 12, unfollow: 4, change_privacy: 5, answer_request: 4, block: 2,
        unblock: 4, delete_account: 2, publish: 14, edit: 8, delete_post: 4, like: 10, comment: 6,
        like_comment: 6, delete_comment: 2, publish_story: 14, view_story: 14, delete_story: 3,
        add_place: 3, mark_read: 4, read_notifications: 10, read_rings: 12, read_discovered: 12,
        read_feed: 4,
    },
}  # fmt: skip
"""Sort of world -> act -> its weight."""


def next_act(client: Client) -> Act:
    """What a client does next; first of all there must be some people."""
    world = client.world
    if not world.logins:
        return register if client.chance(0.5) or not client.truth.names else log_in
    if world.sort != "everything" and len(client.truth.names) < PEOPLE:
        return register
    weights = SORTS[world.sort]
    return client.random.choices(list(weights), list(weights.values()))[0]
