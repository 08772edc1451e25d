"""Values of options: read strictly, refused with the option's name and the fix."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from metering.credits import Restriction
from models.identity import IdKind, parse_id
from models.ledger import RestrictionKind
from pricing.credits import Credits
from pricing.names import free_text, name_from_text
from pricing.rate_card import RateCard
from pricing.rate_card_draft import RateCardDraft
from pricing.rate_card_file import parse_draft, parse_override, parse_rate_card
from server.files import text_of
from server.settings import InvalidSettings, database_url_from_text

Value = TypeVar("Value")


def database_url(text: str) -> str:
    """Read `--database-url`."""
    return _read("--database-url", database_url_from_text, text)


def account_id(text: str) -> UUID:
    """Read `--account`."""
    return _read("--account", lambda given: parse_id(given, IdKind.ACCOUNT), text)


def grant_id(text: str) -> UUID:
    """Read `--grant`."""
    return _read("--grant", lambda given: parse_id(given, IdKind.GRANT), text)


def api_key_id(text: str) -> UUID:
    """Read the id of a key."""
    return _read("KEY_ID", lambda given: parse_id(given, IdKind.API_KEY), text)


def name(option: str, text: str) -> str:
    """Read a name: 1 to 100 characters, normalised, none of them a control character."""
    return _read(option, name_from_text, text)


def text(option: str, given: str) -> str:
    """Read free text: 1 to 255 characters, normalised, none of them a control character."""
    return _read(option, free_text, given)


def amount(option: str, text: str) -> Credits:
    """Read an amount of credits, 0 or more."""
    return _read(option, Credits.parse, text)


def positive_amount(option: str, text: str) -> Credits:
    """Read an amount of credits that is more than 0."""
    credits_ = amount(option, text)
    if not credits_:
        raise InvalidSettings(f"{option}: the amount must be more than 0.")
    return credits_


def moment(option: str, text: str) -> datetime:
    """Read a time with its offset."""
    return _read(option, _aware, text)


def restriction(option: str, text: str) -> Restriction:
    """Read `adapter:NAME` or `workflow:NAME`."""
    kind, separator, restricted_name = text.partition(":")
    if not separator or kind not in _RESTRICTIONS:
        raise InvalidSettings(f"{option}: write adapter:NAME or workflow:NAME.")
    return Restriction(_RESTRICTIONS[kind], name(option, restricted_name))


def idempotency_key(text: str) -> str:
    """Read `--idempotency-key`: 1 to 255 printable ASCII characters."""
    if not 1 <= len(text) <= _LONGEST_KEY or not (text.isascii() and text.isprintable()):
        raise InvalidSettings("--idempotency-key: write 1 to 255 printable ASCII characters.")
    return text


def rate_card(option: str, path: Path) -> RateCard:
    """Read a rate card from a TOML file.

    Raises RateCardError, naming the line, and InvalidSettings for a file that cannot be read.
    """
    return parse_rate_card(text_of(option, path), source=str(path))


def rate_card_draft(option: str, path: Path) -> RateCardDraft:
    """Read everybody's next rate card from a TOML file; it raises as `rate_card` does."""
    return parse_draft(text_of(option, path), source=str(path))


def override(option: str, path: Path) -> RateCardDraft:
    """Read an account's own rates from a TOML file; it raises as `rate_card` does."""
    return parse_override(text_of(option, path), source=str(path))


def _read(option: str, read: Callable[[str], Value], text: str) -> Value:
    try:
        return read(text)
    except ValueError as error:
        raise InvalidSettings(f"{option}: {str(error).removesuffix('.')}.") from None


def _aware(text: str) -> datetime:
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        given = None
    if given is None or given.utcoffset() is None:
        raise ValueError("write a date and a time with an offset, e.g. 2027-01-31T00:00:00Z")
    return given


_RESTRICTIONS = {"adapter": RestrictionKind.ADAPTER, "workflow": RestrictionKind.WORKFLOW}
_LONGEST_KEY = 255
