"""Heads: the headers of a request, read once, and what follows from them alone."""

from collections.abc import Mapping, Sequence
from itertools import chain

from starlette.types import Scope

from server.authentication import Secret, secret_of
from server.transport.bodies import require_json
from server.transport.refusals import Refused
from server.transport.replies import EVENT_STREAM, GRAPHQL_RESPONSE

_HEAD = "creditgraph.head"
RawHeaders = Sequence[tuple[bytes, bytes]]


class Head:
    """The headers of a request, named in small letters; several of one name are one list, as HTTP has it."""

    __slots__ = (
        "_secret",
        "forwarded_for",
        "given_id",
        "is_json",
        "is_strict",
        "length",
        "named",
        "wants_events",
    )

    def __init__(self, headers: RawHeaders) -> None:
        self.named = _named(headers)
        accepted = self.named.get("accept", "")
        self.is_strict = GRAPHQL_RESPONSE in accepted
        """Whether the status is to say that nothing was executed."""
        self.wants_events = _first_of(accepted) == EVENT_STREAM
        """Whether the caller would rather have events than one answer."""
        self.given_id = dict(headers)[b"x-request-id"] if "x-request-id" in self.named else None
        """The id that the caller wants the request to have."""
        self.forwarded_for = self.named.get("x-forwarded-for")
        """Whom a proxy asks for, if it may be believed."""
        self.length = _length(self.named)
        """Of the body, as announced; None where that is no number that could be."""
        self.is_json = False
        self._secret: Secret | None = None

    @property
    def secret(self) -> Secret:
        """The secret that they carry in the form of one of ours.

        Raises Unauthenticated.
        """
        if self._secret is None:
            self._secret = secret_of(self.named)
        return self._secret

    def require_json(self) -> None:
        """Raise Refused where they announce another body than JSON in UTF-8."""
        if not self.is_json:
            require_json(self.named)
            self.is_json = True


def head_of(scope: Scope) -> Head:
    """Give a request's head."""
    known: Head | None = scope.get(_HEAD)
    if known is None:
        known = scope[_HEAD] = Head(scope["headers"])
    return known


def require_bounded(headers: RawHeaders, most_bytes: int) -> None:
    """Raise Refused for headers that are too large, or of which one comes twice that must be one."""
    if sum(map(len, chain.from_iterable(headers))) > most_bytes:
        raise Refused(431, f"The headers are larger than {most_bytes:,} bytes.")
    names = [name for name, _ in headers]
    if len(set(names)) == len(names):
        return
    for name in _ONLY_ONCE:
        if names.count(name) > 1:
            raise Refused(400, f"The header {name.decode()} comes more than once.")


def _named(headers: RawHeaders) -> Mapping[str, str]:
    named = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    return named if len(named) == len(headers) else _joined(headers)


def _length(named: Mapping[str, str]) -> int | None:
    announced = named.get("content-length", "")
    is_number = announced.isascii() and announced.isdigit()
    return int(announced[:_LONGEST_LENGTH]) if is_number else None


def _joined(headers: RawHeaders) -> dict[str, str]:
    lists: dict[str, list[str]] = {}
    for name, value in headers:
        lists.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return {name: ", ".join(values) for name, values in lists.items()}


def _first_of(accepted: str) -> str:
    return accepted.partition(",")[0].partition(";")[0].strip().lower()


_LONGEST_LENGTH = 20
"""More digits than these are more bytes than there are, and would take time to read."""
_ONLY_ONCE = (b"authorization", b"content-length", b"content-type", b"host", b"x-api-key")
