"""The messages of graphql-transport-ws, read as strictly as bodies are."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.transport.bodies import object_from
from server.transport.refusals import Refused

PROTOCOL = "graphql-transport-ws"
LONGEST_ID_CHARACTERS = 255


class BadMessage(Exception):  # noqa: N818 - named for the state
    """A message that the protocol does not know; the socket closes with 4400."""


@dataclass(frozen=True, slots=True)
class Init:
    """The first message: it carries the key."""

    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Ping:
    """A question whether somebody is there."""


@dataclass(frozen=True, slots=True)
class Pong:
    """An answer to a ping."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """An operation to run; its answers carry its id."""

    id: str
    payload: dict[str, object]


@dataclass(frozen=True, slots=True)
class Complete:
    """The end of an operation that the client listens to no more."""

    id: str


Message = Init | Ping | Pong | Subscribe | Complete


def read_message(text: str) -> Message:
    """Read a message.

    Raises BadMessage.
    """
    try:
        message = object_from(text.encode())
    except (Refused, UnicodeEncodeError):
        raise BadMessage("A message is a JSON object.") from None
    match message.get("type"):
        case "connection_init":
            payload = message.get("payload")
            return Init({} if payload is None else _object(payload))
        case "ping":
            return Ping()
        case "pong":
            return Pong()
        case "subscribe":
            return Subscribe(_id(message), _object(message.get("payload")))
        case "complete":
            return Complete(_id(message))
    raise BadMessage("A message has a type that the protocol knows.")


def _id(message: dict[str, object]) -> str:
    given = message.get("id")
    if not isinstance(given, str) or not 1 <= len(given) <= LONGEST_ID_CHARACTERS:
        raise BadMessage(f"An id is a text of 1 to {LONGEST_ID_CHARACTERS} characters.")
    return given


def _object(given: object) -> dict[str, object]:
    if not isinstance(given, dict):
        raise BadMessage("A payload is a JSON object.")
    return given
