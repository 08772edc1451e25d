"""Actors: on whose behalf a command runs, and from where it came."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Self
from uuid import UUID

from models.api_key import ApiKey


class ActorKind(StrEnum):
    """What kind of caller it is."""

    API_KEY = "API_KEY"
    OPERATOR = "OPERATOR"
    COMMAND_LINE = "COMMAND_LINE"
    SERVICE = "SERVICE"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from: the client's address, and the id under which the caller knows it."""

    address: str | None = None
    request_id: str | None = None


class Actor(NamedTuple):
    """Who acts. Requests have a key, an id and mostly an address; the others have none of them."""

    kind: ActorKind
    api_key_id: UUID | None = None
    address: str | None = None
    request_id: str | None = None

    @classmethod
    def with_key(cls, api_key: ApiKey, origin: Origin) -> Self:
        """Give the actor of a request; a key that belongs to no account is an operator's."""
        kind = ActorKind.OPERATOR if api_key.account_id is None else ActorKind.API_KEY
        return cls(kind, api_key.id, origin.address, origin.request_id)


NOWHERE = Origin()
COMMAND_LINE = Actor(ActorKind.COMMAND_LINE)
THE_SERVICE = Actor(ActorKind.SERVICE)
"""Nobody asked: the service acts by itself."""
