"""A rate card from TOML text; every error names the line, the field and the fix."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from pricing.rate import InvalidRateCard
from pricing.rate_card import RateCard
from pricing.rate_card_draft import InvalidDraft, RateCardDraft, draft_from_fields, override_from_fields
from pricing.rate_card_fields import rate_card_from_fields
from pricing.toml_text import InvalidToml, fields_of, located

_BUILT_IN: Final = "rate_card.toml"


class RateCardError(ValueError):
    """A text that is not a valid rate card; the message begins with the source and the line."""


@cache
def built_in_rate_card() -> RateCard:
    """Return the first rate card, the one that comes with the package."""
    return parse_rate_card(files("pricing").joinpath(_BUILT_IN).read_text(encoding="utf-8"))


def parse_rate_card(text: str, *, source: str = _BUILT_IN) -> RateCard:
    """Read a rate card; RateCardError, beginning "source:line: ", for anything that is not in order."""
    fields = _toml(text, source)
    try:
        return rate_card_from_fields(fields)
    except InvalidRateCard as error:
        raise RateCardError(located(text, source, error.path, str(error))) from error


def parse_draft(text: str, *, source: str) -> RateCardDraft:
    """Read everybody's next card, whose date may be left out; RateCardError, with a line for each problem."""
    return _draft(text, source, draft_from_fields)


def parse_override(text: str, *, source: str) -> RateCardDraft:
    """Read an account's own rates; RateCardError, with a line for each problem."""
    return _draft(text, source, override_from_fields)


def _draft(text: str, source: str, read: Callable[[Mapping[str, object]], RateCardDraft]) -> RateCardDraft:
    try:
        return read(_toml(text, source))
    except InvalidDraft as error:
        lines = [located(text, source, each.path, str(each)) for each in error.problems]
        raise RateCardError("\n".join(lines)) from error


def _toml(text: str, source: str) -> Mapping[str, object]:
    try:
        return fields_of(text, source)
    except InvalidToml as error:
        raise RateCardError(str(error)) from None
