"""Places that people add to the gazetteer's, and notifications that they have read."""

from storage.facts.accounts import OfAccount
from storage.facts.fact import Text, present


class LocationCreated(OfAccount, frozen=True, array_like=True):
    """`account` added a place. What it is called is everybody's and stays when the account goes."""

    location: int
    name: Text
    city: Text | None
    country: Text | None
    lat: float
    lng: float

    def texts(self) -> tuple[Text, ...]:
        return present(self.name, self.city, self.country)

    def owner(self) -> int | None:
        return None


class NotificationsRead(OfAccount, frozen=True, array_like=True):
    """`account` has seen its notifications up to that of fact `up_to`."""

    up_to: int
