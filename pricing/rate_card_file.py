"""A rate card from TOML text; every error names the line, the field and the fix."""

import re
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Final

from pricing.rate import InvalidRateCard
from pricing.rate_card import RateCard
from pricing.rate_card_draft import InvalidDraft, RateCardDraft, draft_from_fields, override_from_fields
from pricing.rate_card_fields import rate_card_from_fields
from pricing.toml_lines import Path, line_of

_BUILT_IN: Final = "rate_card.toml"
_GIANT_NUMBER = re.compile(r"[0-9_]{4301,}", re.ASCII)
_TOML_LINE = re.compile(r" \(at line (\d+), column \d+\)$", re.ASCII)


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
        raise RateCardError(_located(text, source, error)) from error


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
        raise RateCardError("\n".join(_located(text, source, each) for each in error.problems)) from error


def _toml(text: str, source: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        # tomllib says where in words; without a line, the text ends too early.
        message = str(error)
        at = _TOML_LINE.search(message)
        line = int(at[1]) if at else len(text.splitlines()) or 1
        raise RateCardError(f"{source}:{line}: not valid TOML: {_TOML_LINE.sub('', message)}.") from None
    except RecursionError:
        raise RateCardError(f"{source}:1: the text is nested too deeply.") from None
    except ValueError:
        # Python refuses to read whole numbers of thousands of digits, and does not say where they stand.
        before = _GIANT_NUMBER.split(text, maxsplit=1)[0]
        line = before.count("\n") + 1
        raise RateCardError(f"{source}:{line}: write at most 12 digits before the point.") from None


def _located(text: str, source: str, problem: InvalidRateCard) -> str:
    return f"{source}:{line_of(text, problem.path)}: {_named(problem.path)}{problem}"


def _named(path: Path) -> str:
    """Write ("rates", 3, "tiers", 0, "price") as "rates[3].tiers[0].price: "."""
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"{name.removeprefix('.')}: " if name else ""
