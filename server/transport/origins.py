"""Origins: from where a request comes, as far as it can be known."""

import random
import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

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
        name = scope[_NAMED] = request_name(dict(scope["headers"]).get(b"x-request-id"))
    return name


def request_name(given: bytes | None) -> str:
    """Give the id of a request whose `X-Request-Id` says this."""
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given.decode()
    return _draw.randbytes(16).hex()


def origin_of(scope: Scope) -> Origin:
    """Give the client's address and the request's id.

    The address is what the server sees: behind a proxy it is the client's only where the server trusts the
    proxy's word, and over a Unix socket there is none.
    """
    return Origin(client_address(scope.get("client")), named_request(scope))


def client_address(client: Sequence[Any] | None) -> str | None:
    """Give the address of one who is named by a host and a port; None where there is none."""
    return None if client is None else address_of(client[0])


def address_of(host: str) -> str | None:
    """Give the address that a host is; None where it is none."""
    # What a proxy says is any text; only an address is kept. Behind a percent sign, which names one of the
    # proxy's own links, any text would do.
    return None if len(host) > _LONGEST_ADDRESS or "%" in host else _address_of(host)


@lru_cache(maxsize=10_000)
def _address_of(host: str) -> str | None:
    try:
        return str(ip_address(host))
    except ValueError:
        return None


_LONGEST_ADDRESS = 45
"""Characters of an IPv6 address whose end is written as an IPv4 address."""
