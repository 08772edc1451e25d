"""A row of the table: what is sent, byte by byte, and what may come back."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

KEY = b"@" * 44
"""Stands for the secret of a living key, and is as long, until the row is sent."""
OTHER_KEY = b"%" * 44
"""Stands for the secret of another key of the same account: its floods stand in nobody's way."""
MARK = "qz7mark"
"""A word of the callers' texts and variables: no log may hold it."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Heard:
    """Nothing more is sent before so many messages have come over the WebSocket."""

    messages: int


@dataclass(frozen=True, slots=True)
class Leave:
    """The connection is cut."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Nothing more is sent before the handshake has been answered."""


Piece = bytes | Pause | Heard | Opened | Leave


@dataclass(frozen=True, slots=True)
class Row:
    """One hostile caller.

    `statuses` are the sequences of statuses that may be answered. `outcomes` are the codes of errors that may
    come, "OK" for an answer without errors and "TEXT" for one that is no JSON. `closes` are the codes that may
    close the WebSocket; 1000 is the caller's own good-bye.
    """

    name: str
    pieces: tuple[Piece, ...]
    statuses: frozenset[tuple[int, ...]]
    outcomes: frozenset[str]
    closes: frozenset[int] = frozenset()

    @property
    def is_socket(self) -> bool:
        """Whether it speaks over a WebSocket."""
        return bool(self.closes)


REFUSED = frozenset({"BAD_USER_INPUT"})
TOO_COMPLEX = frozenset({"QUERY_TOO_COMPLEX", "BAD_USER_INPUT"})
UNKNOWN = frozenset({"UNAUTHENTICATED"})
FINE = frozenset({"OK"})
EITHER = TOO_COMPLEX | FINE
PLAIN = frozenset({"TEXT"})


def row(
    name: str, sent: bytes | Iterable[Piece], statuses: int | Iterable[int], outcomes: Iterable[str]
) -> Row:
    """Write a row that is answered once, with one of the statuses."""
    allowed = [statuses] if isinstance(statuses, int) else statuses
    pieces = (sent,) if isinstance(sent, bytes) else tuple(sent)
    return Row(name, pieces, frozenset((status,) for status in allowed), frozenset(outcomes))


def head(method: str, target: str, *headers: str | bytes, host: str | None = "here") -> bytes:
    """Write the head of a request that is the last of its connection."""
    first = [f"{method} {target} HTTP/1.1", *([] if host is None else [f"host: {host}"]), "connection: close"]
    return lines(*first, *headers)


def lines(*given: str | bytes) -> bytes:
    """Write the lines of a head, and the empty one after them."""
    written = [each.encode("latin-1") if isinstance(each, str) else each for each in given]
    return b"\r\n".join([*written, b"", b""])


def bearer() -> bytes:
    """Write the header that carries the key."""
    return b"authorization: Bearer " + KEY


def post(
    body: bytes | str | dict[str, Any] | list[Any],
    *headers: str | bytes,
    target: str = "/graphql",
    media_type: str | None = "application/json",
) -> bytes:
    """Write a whole request with a key and a true length."""
    content = as_bytes(body)
    typed = [] if media_type is None else [f"content-type: {media_type}"]
    return head("POST", target, bearer(), *typed, *headers, f"content-length: {len(content)}") + content


def as_bytes(body: bytes | str | dict[str, Any] | list[Any]) -> bytes:
    """Write a body; what is no text yet becomes JSON."""
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode("utf-8", "surrogatepass")


def asked(query: str, variables: object = None, **more: object) -> bytes:
    """Write the request that sends a document."""
    return post({"query": query, "variables": variables} | more)
