"""One table of a parsed text, read field by field with errors that know where the field stands."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from pricing.decimal_text import LIMIT_MICROS, MICROS, micros_from_text
from pricing.names import did_you_mean, name_from_text
from pricing.rate import InvalidRateCard

_Word = TypeVar("_Word", bound=StrEnum)


def field_name(path: Iterable[str | int]) -> str:
    """Write the path ("rates", 3, "tiers", 0, "price") as "rates[3].tiers[0].price"."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


@dataclass(frozen=True, slots=True)
class Table:
    """The fields of a table and the path that leads to it; every reader raises InvalidRateCard."""

    fields: Mapping[str, object]
    path: tuple[str | int, ...] = ()

    def __contains__(self, field: str) -> bool:
        return field in self.fields

    def invalid(self, field: str, message: str) -> InvalidRateCard:
        """Return the error for a field of this table."""
        return self.invalid_at((field,), message)

    def invalid_at(self, path: Iterable[str | int], message: str) -> InvalidRateCard:
        """Return the error for a path that begins at this table."""
        return InvalidRateCard(message, *self.path, *path)

    def refuse_unknown(self, known: tuple[str, ...]) -> None:
        """Refuse the first field that is not known, naming the nearest that is."""
        for field in self.fields:
            if field not in known:
                raise self.invalid(field, f"there is no such field. {did_you_mean(field, known)}")

    def name(self, field: str) -> str:
        """Return a name in NFC."""
        try:
            return name_from_text(self._text(field))
        except ValueError as error:
            raise self.invalid(field, str(error)) from None

    def word(self, field: str, words: type[_Word]) -> _Word:
        """Return a member of a closed list."""
        text = self._text(field)
        try:
            return words(text)
        except ValueError:
            message = f"{text[:40]!r} is not one of the words here. {did_you_mean(text, words)}"
            raise self.invalid(field, message) from None

    def micros(self, field: str) -> int:
        """Return a number, written as text or as a literal, in millionths."""
        value = self._value(field)
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise self.invalid(field, 'write a number in quotes, for example "0.5".')
        if (
            isinstance(value, int) and abs(value) >= LIMIT_MICROS // MICROS
        ):  # too long, perhaps, even to be written out
            raise self.invalid(field, "write at most 12 digits before the point.")
        try:
            return micros_from_text(str(value))
        except ValueError as error:
            raise self.invalid(field, str(error)) from None

    def integer(self, field: str) -> int:
        """Return a whole number."""
        value = self._value(field)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.invalid(field, "write a whole number, without quotes or a point.")
        return value

    def flag(self, field: str) -> bool:
        """Return true or false."""
        value = self._value(field)
        if not isinstance(value, bool):
            raise self.invalid(field, "write true or false, without quotes.")
        return value

    def time(self, field: str) -> datetime:
        """Return a time, in UTC; a time without an offset stays naive, for the rate card to refuse."""
        value = self._value(field)
        try:
            time = datetime.fromisoformat(value) if isinstance(value, str) else value
            if isinstance(time, datetime):
                return time if time.tzinfo is None else time.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise self.invalid(field, "write a time with an offset, for example 2025-01-01T00:00:00Z.")

    def tables(self, field: str) -> Iterator["Table"]:
        """Return the tables of a list that has at least one."""
        values = self._value(field)
        if not isinstance(values, list) or not values:
            raise self.invalid(field, f"write at least one table: [[{field}]].")
        for position, value in enumerate(values):
            if not isinstance(value, Mapping):
                raise self.invalid_at((field, position), "write a table of fields here.")
            yield Table(value, (*self.path, field, position))

    def _text(self, field: str) -> str:
        value = self._value(field)
        if not isinstance(value, str):
            raise self.invalid(field, "write text in quotes.")
        return value

    def _value(self, field: str) -> object:
        if field not in self.fields:
            raise self.invalid(field, "missing: add this field.")
        return self.fields[field]
