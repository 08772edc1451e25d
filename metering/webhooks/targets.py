"""Where webhooks may go: an address that a caller names must not reach into the operator's own network."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx2

LONGEST_URL = 2_000

_PRINTABLE = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_URL}}}")
_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_HIGHEST_PORT = 65_535
# Of IPv6 only this block leads to the world; what lies outside is local, or stands for an IPv4 address.
_WORLD = IPv6Network("2000::/3")
# Examples of documents, which Python's own list learned of late.
_DOCUMENTS = IPv6Network("3fff::/20")


@dataclass(frozen=True, slots=True)
class TargetRules:
    """Which schemes an endpoint's URL may have, and whether it may lead to addresses that are not public."""

    schemes: tuple[str, ...]
    private_addresses: bool


PUBLIC_TARGETS = TargetRules(("https",), private_addresses=False)
PRIVATE_TARGETS = TargetRules(("https", "http"), private_addresses=True)


def url_from_text(text: str, rules: TargetRules) -> str:
    """Return the URL in its normal form.

    Its name is looked up when something is sent, not here: it may come to lead elsewhere at any time.
    Raises ValueError for what is no address of an endpoint, and for an address that the rules do not allow.
    """
    url = _parsed(text)
    if url.scheme not in rules.schemes:
        raise ValueError(
            f"the address must begin with {' or '.join(f'{each}://' for each in rules.schemes)}."
        )
    if url.userinfo or url.fragment or url.port == 0 or (url.port or 0) > _HIGHEST_PORT:
        raise ValueError("the address must have no user, password or #fragment, and a port that exists.")
    host = url.raw_host.decode("ascii")
    literal = _literal(host)
    if literal is None and not _HOST.fullmatch(host):
        raise ValueError("the address has no valid host name.")
    if literal is not None and not (rules.private_addresses or is_public(host)):
        raise ValueError(f"{host} is not a public address.")
    return str(url)


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet, for one machine, and wraps no other."""
    literal = _literal(address)
    if isinstance(literal, IPv6Address):
        wraps = literal.sixtofour is not None or literal.teredo is not None
        return literal.is_global and literal in _WORLD and literal not in _DOCUMENTS and not wraps
    return literal is not None and literal.is_global and not literal.is_multicast


def _parsed(text: str) -> httpx2.URL:
    if not _PRINTABLE.fullmatch(text):
        raise ValueError(f"an address is 1 to {LONGEST_URL} printable ASCII characters without spaces.")
    try:
        # Parsed by whom it is sent with: two readings of one address are how checks are got round.
        return httpx2.URL(text)
    except httpx2.InvalidURL as error:
        raise ValueError("this is not an address such as https://example.com/hooks.") from error


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
