"""What is written of a selection is read back as it was, by the card that priced it and no other."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.service_configuration import ServicePresets
from metering.prices import CardIds, PriceBook, price_book
from metering.selections import read_selection, request_of, requested_accuracy, written
from models.base import Json
from models.database import Database
from pricing.catalogue import Catalogue, built_in_catalogue
from pricing.configuration import AccuracyRequirement, ServiceConfiguration
from pricing.credits import RoundingMode
from pricing.rate_card import Rate, RateCard, RateCards
from pricing.rate_card_file import built_in_rate_card
from pricing.selection import OverLimit, Selection, ServiceRequest, select
from pricing.units import ServiceType, UnitType
from tests.pricing.selections import PHONE, STT, TOKENS, need, selected
from tests.pricing.test_selection_properties import Down, cards, downs, modestly, outcome


def book(card: RateCard, override: RateCard | None = None, account_id: UUID | None = None) -> PriceBook:
    """Publish cards as a store does, without one."""
    published = [card] if override is None else [card, override]
    return PriceBook(
        None,
        RateCards([card]),
        {} if override is None or account_id is None else {account_id: RateCards([override])},
        {each.version: CardIds(uuid4()) for each in published},
        {
            (each.version, rate.service_type, rate.provider, rate.unit_type): uuid4()
            for each in published
            for rate in each.rates
        },
    )


def through_text(record: Json) -> Json:
    copy = json.loads(json.dumps(record))
    assert isinstance(copy, dict)
    return copy


@modestly
@given(configuration=..., request=..., card=cards(), catalogue=..., down=downs)
def test_any_selection_is_read_as_it_was_written(
    configuration: ServiceConfiguration,
    request: ServiceRequest,
    card: RateCard,
    catalogue: Catalogue,
    down: Down,
) -> None:
    given_back = outcome(configuration, request, card, catalogue, down)
    selection = given_back.selection if isinstance(given_back, OverLimit) else given_back
    assume(isinstance(selection, Selection))
    assert isinstance(selection, Selection)
    again = read_selection(through_text(written(selection)), book(card))
    assert again == selection
    assert request_of(again) == request


@given(units=st.integers(1, 10**15))
def test_exact_amounts_that_no_decimal_can_hold_are_read_exactly(units: int) -> None:
    seconds = f"PHONE {units // 10**6}.{units % 10**6:06d} SECONDS"
    selection = selected(ServicePresets.premium_quality(), seconds)
    again = read_selection(through_text(written(selection)), book(built_in_rate_card()))
    assert again.lines[0].exact == selection.lines[0].exact
    assert again == selection


def test_a_record_is_readable_without_any_code() -> None:
    record = written(selected(ServicePresets.balanced(), "VOICE_STT 50 SECONDS", accuracy="HIGH"))
    decisions: Any = record.pop("decisions")
    assert record == {
        "version": 1,
        "card_version": "2025-01-01",
        "catalogue_version": "2025-01-01",
        "complexity": "NORMAL",
        "accuracy": "HIGH",
        "requested_accuracy": "HIGH",
        "limit": "75",
    }
    [decision] = decisions
    assert decision["lines"] == [
        {"position": 0, "units": "50", "unit_type": "SECONDS", "exact": "25/3", "credits": "9"}
    ]
    assert decision["steps"][0]["saved"] == "-2"
    assert (decision["requested_provider"], decision["provider"]) == ("deepgram", "openai-whisper")
    assert {candidate["provider"]: candidate["chosen"] for candidate in decision["candidates"]} == {
        "deepgram": False,
        "openai-whisper": True,
    }


@pytest.mark.parametrize("versions", [("everybody's", "Ada's"), ("spring + summer", "Ada's + more")])
def test_a_card_that_is_made_up_of_two_is_found_before_anybody_asked_for_it(
    versions: tuple[str, str],
) -> None:
    account_id, long_ago = uuid4(), datetime(2025, 1, 1, tzinfo=UTC)
    everybodys = RateCard(versions[0], long_ago, RoundingMode.UP, 0, built_in_rate_card().rates)
    phone = Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 7_000_000)
    own = RateCard(versions[1], long_ago, RoundingMode.UP, 0, (phone,))
    whole = everybodys.overridden_by(own)
    request = ServiceRequest((need(PHONE), need(STT)))
    selection = select(ServicePresets.premium_quality(), request, whole, built_in_catalogue())
    assert str(selection.total) == "85"
    restarted = book(everybodys, own, account_id)
    again = read_selection(through_text(written(selection)), restarted)
    assert again == selection
    assert again.lines[0].rate == phone
    assert restarted.in_force(long_ago, account_id=account_id).version == whole.version


def test_a_record_of_another_format_and_of_a_card_that_never_was() -> None:
    record = written(selected(ServicePresets.balanced(), TOKENS))
    with pytest.raises(ValueError, match="format 2"):
        read_selection({**record, "version": 2}, book(built_in_rate_card()))
    with pytest.raises(KeyError, match="never"):
        read_selection({**record, "card_version": "never + was"}, book(built_in_rate_card()))


@pytest.mark.parametrize("accuracy", [None, *AccuracyRequirement])
def test_a_request_is_told_from_the_configuration_that_counted(accuracy: AccuracyRequirement | None) -> None:
    record = written(selected(ServicePresets.emergency_services(), TOKENS, accuracy=accuracy))
    assert record["accuracy"] == accuracy or (accuracy, record["accuracy"]) == (None, "HIGH")
    assert requested_accuracy(record) is accuracy


def test_the_first_records_hold_only_the_accuracy_that_counted() -> None:
    record = written(selected(ServicePresets.emergency_services(), TOKENS))
    del record["requested_accuracy"]
    again = read_selection(record, book(built_in_rate_card()))
    assert (requested_accuracy(record), again.requested_accuracy) == (AccuracyRequirement.HIGH,) * 2


async def test_the_book_of_a_store_knows_the_card(database: Database) -> None:
    selection = selected(ServicePresets.balanced(), TOKENS, STT)
    async with database.read() as session:
        cards_ = await session.run_sync(price_book)
    assert read_selection(through_text(written(selection)), cards_) == selection
