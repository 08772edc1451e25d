"""Text and numbers as callers write them: checked once, with errors that name the field and the fix."""

import re
from datetime import datetime

from graphql import GraphQLError

from graph.scalars import DecimalText
from metering.analytics import Period
from metering.windows import UnknownZone, require_zone
from pricing.names import LONGEST_TEXT, free_text, name_from_text
from pricing.units import Quantity, UnitType

MOST_USAGES = 1_000
"""How many usages one request may bring."""
MOST_SERVICES = 100
"""How many services one request may plan."""
_KEY = re.compile(r"[\x20-\x7e]{1,255}")


def bad_input(field: str, message: str) -> GraphQLError:
    """Make the error for malformed input."""
    return GraphQLError(f"{field}: {message}", extensions={"code": "BAD_USER_INPUT", "field": field})


def not_found(field: str, message: str) -> GraphQLError:
    """Make the error for input that names a thing which is not there."""
    return GraphQLError(f"{field}: {message}", extensions={"code": "NOT_FOUND", "field": field})


def name(field: str, text: str) -> str:
    """Read a name: 1 to 100 characters, NFC, no control characters, no spaces at its ends."""
    try:
        return name_from_text(text)
    except ValueError as error:
        raise bad_input(field, str(error)) from error


def optional_name(field: str, text: str | None) -> str | None:
    """Read a name that may be left out."""
    return None if text is None else name(field, text)


def text(field: str, value: str) -> str:
    """Read free text: 1 to 255 characters, NFC, no control characters."""
    try:
        return free_text(value)
    except ValueError as error:
        raise bad_input(field, str(error)) from error


def optional_text(field: str, value: str | None) -> str | None:
    """Read free text that may be left out."""
    return None if value is None else text(field, value)


def characters(field: str, value: str) -> str:
    """Take text that the business looks at itself, but for halves of characters, which no text has."""
    if any("\ud800" <= each <= "\udfff" for each in value):
        raise bad_input(field, "it holds half a character: remove it.")
    return value


def optional_characters(field: str, value: str | None) -> str | None:
    """Take such text that may be left out."""
    return None if value is None else characters(field, value)


def idempotency_key(field: str, value: str) -> str:
    """Read an idempotency key: 1 to 255 printable ASCII characters."""
    if not _KEY.fullmatch(value):
        raise bad_input(field, f"1 to {LONGEST_TEXT} printable ASCII characters are needed.")
    return value


def quantity(field: str, units: DecimalText, unit_type: UnitType) -> Quantity:
    """Read a quantity: more than zero, exact to a millionth."""
    try:
        return Quantity.parse(units, unit_type)
    except ValueError as error:
        raise bad_input(field, str(error)) from error


def time_zone(field: str, text: str) -> str:
    """Read the name of a time zone, e.g. `Europe/Vienna`."""
    zone = name(field, text)
    try:
        require_zone(zone)
    except UnknownZone as error:
        raise bad_input(field, str(error)) from error
    return zone


def period(start: datetime | None, end: datetime | None) -> Period:
    """Read the period of the arguments `from` and `to`, which must not end before it begins."""
    if start is not None and end is not None and end < start:
        raise bad_input("to", "the period ends before it begins.")
    return Period(start, end)
