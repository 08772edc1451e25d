"""Drafts: all that is wrong at once, what an account's own rates leave out, and what a card takes over."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from pricing.credits import RoundingMode
from pricing.rate_card_draft import InvalidDraft, RateCardDraft, draft_from_fields, override_from_fields

RATE = {"service_type": "PHONE", "provider": "twilio", "unit_type": "MINUTES", "price": "20"}
WHOLE = {"version": "v", "rounding": "DOWN", "precision": 3, "rates": [RATE]}
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def paths(fields: Mapping[str, object], *, own: bool = False) -> list[tuple[str | int, ...]]:
    with pytest.raises(InvalidDraft) as raised:
        (override_from_fields if own else draft_from_fields)(fields)
    return [problem.path for problem in raised.value.problems]


def test_a_draft_becomes_a_card_with_a_date() -> None:
    draft = draft_from_fields(WHOLE)
    assert draft.effective_from is None
    card = draft.dated(NEW_YEAR, rounding=RoundingMode.UP, precision=0)
    assert (card.effective_from, card.rounding, card.precision) == (NEW_YEAR, RoundingMode.DOWN, 3)


def test_an_accounts_own_rates_take_everybodys_rounding() -> None:
    draft = override_from_fields({"version": "v", "effective_from": "2026-01-01T00:00:00Z", "rates": [RATE]})
    card = draft.dated(NEW_YEAR, rounding=RoundingMode.HALF_UP, precision=2)
    assert (draft.effective_from, card.rounding, card.precision) == (NEW_YEAR, RoundingMode.HALF_UP, 2)
    assert paths(WHOLE, own=True) == [("rounding",), ("precision",)]


def test_all_problems_are_told_in_the_order_of_the_fields() -> None:
    wrong: dict[str, object] = {
        "versoin": "v",
        "effective_from": "tomorrow",
        "rounding": "SIDEWAYS",
        "precision": "0",
        "rates": [{**RATE, "price": "x"}, RATE, {**RATE, "unit_type": "HOURS"}, "none"],
    }
    assert paths(wrong) == [
        ("versoin",),
        ("version",),
        ("effective_from",),
        ("rounding",),
        ("precision",),
        ("rates", 0, "price"),
        ("rates", 2, "unit_type"),
        ("rates", 3),
    ]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"rates": [RATE, RATE]}, ("rates", 1)),
        ({"precision": 7}, ("precision",)),
        ({"effective_from": "2026-01-01T00:00:00"}, ("effective_from",)),
        ({"version": "one + two"}, ("version",)),
        ({"rates": []}, ("rates",)),
    ],
)
def test_a_draft_keeps_the_rules_of_a_card(fields: dict[str, object], path: tuple[str | int, ...]) -> None:
    assert paths({**WHOLE, **fields}) == [path]


def test_an_account_may_have_no_rates_of_its_own() -> None:
    assert override_from_fields({"version": "v", "rates": []}).rates == ()
    assert paths({"version": "v"}, own=True) == [("rates",)]


def test_a_draft_is_a_value() -> None:
    assert isinstance(draft_from_fields(WHOLE), RateCardDraft)
    assert draft_from_fields(WHOLE) == draft_from_fields(dict(WHOLE))
