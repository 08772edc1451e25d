"""Origins: from where a request comes, as far as it can be known."""

import random
import re
from functools import lru_cache
from ipaddress import ip_address

from starlette.types import Scope

from models.actor import Origin

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_NAMED = "creditgraph.request_id"
# Asking the system for random numbers lets go of the interpreter; with other threads at work, to have it back
# takes longer than all else that a refusal takes.
_draw = random.Random()  # noqa: S311 - a name, no secret


def named_request(scope: Scope) -> str:
    """Give a request its id: what its `X-Request-Id` says where that is well formed, else a new one."""
    name: str | None = scope.get(_NAMED)
    if name is None:
        given = dict(scope["headers"]).get(b"x-request-id", b"")
        name = given.decode() if _REQUEST_ID.fullmatch(given) else f"{_draw.getrandbits(128):032x}"
        scope[_NAMED] = name
    return name


def origin_of(scope: Scope) -> Origin:
    """Give the client's address and the request's id.

    The address is what the server sees: behind a proxy it is the client's only where the server trusts the
    proxy's word, and over a Unix socket there is none.
    """
    client = scope.get("client")
    return Origin(None if client is None else _address(client[0]), named_request(scope))


@lru_cache(maxsize=10_000)
def _address(host: str) -> str | None:
    # What a proxy says is any text; only an address is kept.
    try:
        return str(ip_address(host))
    except ValueError:
        return None
