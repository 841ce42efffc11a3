"""The rules of what an account has read, and of the places that it adds.

Called by `actors.user.decide` for an account that exists. Pure.
"""

from actors.decisions import Accepted, Moment
from actors.user.messages import CreateLocation, LocationReply, ReadNotifications, ReadReply
from actors.user.state import UserState
from storage.facts import LocationCreated, NotificationsRead


def read_notifications(state: UserState, command: ReadNotifications) -> Accepted[ReadReply]:
    reply = ReadReply(command.unread)
    if command.up_to <= state.read_up_to:
        return Accepted((), reply)
    return Accepted((NotificationsRead(state.account, command.up_to),), reply)


def create_location(
    state: UserState, command: CreateLocation, moment: Moment
) -> Accepted[LocationReply]:
    created = LocationCreated(
        account=state.account,
        location=moment.next_id(),
        name=moment.text(command.name),
        city=moment.text_or_none(command.city),
        country=moment.text_or_none(command.country),
        lat=command.lat,
        lng=command.lng,
    )
    reply = LocationReply(
        created.location, command.name, command.city, command.country, command.lat, command.lng
    )
    return Accepted((created,), reply)
