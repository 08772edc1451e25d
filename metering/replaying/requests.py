"""What somebody wants replayed, read strictly; with the store's prices it becomes the terms of a replay."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from adapters.service_configuration import ServicePresets, UnknownPreset
from metering.analytics import RunsLike
from metering.errors import AccountNotFound, NoRateCardInForce
from metering.prices import CardIds, PriceBook, price_book
from metering.rate_cards import UnknownVersion, card_named
from metering.replaying.reading import ALL_RUNS, Past
from metering.replaying.repricing import CardAt, ReplayTerms
from models.account import Account
from pricing.catalogue import built_in_catalogue
from pricing.configuration import InvalidConfiguration, ServiceConfiguration, refuse_unknown_providers
from pricing.names import LONGEST_NAME
from pricing.rate import InvalidRateCard
from pricing.rate_card import RateCard
from pricing.rate_card_fields import rate_card_from_fields
from pricing.table import field_name

LONGEST_PERIOD = timedelta(days=400)


class InvalidReplay(ValueError):  # noqa: N818 - named for the state, as every refusal here
    """A replay that cannot be made; `field` leads to what is wrong, e.g. rateCard.rates[3].price."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """A period of runs like these, under a preset or a configuration, a published or another card, or both.

    InvalidReplay for a period that is empty or too long, for two of a kind, and for nothing to replay under.
    """

    start: datetime
    end: datetime
    preset: str | None = None
    configuration: ServiceConfiguration | None = None
    rate_card_version: str | None = None
    rate_card: RateCard | None = None
    runs: RunsLike = ALL_RUNS

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise InvalidReplay("to", "it must be later than from.")
        if self.end - self.start > LONGEST_PERIOD:
            raise InvalidReplay(
                "to", f"at most {LONGEST_PERIOD.days} days after from can be replayed at once."
            )
        choosers = (self.preset, self.configuration)
        cards = (self.rate_card_version, self.rate_card)
        if None not in choosers:
            raise InvalidReplay("configuration", "give either preset or configuration, not both.")
        if None not in cards:
            raise InvalidReplay("rateCard", "give either rateCardVersion or rateCard, not both.")
        if all(each is None for each in (*choosers, *cards)):
            raise InvalidReplay(
                "preset",
                "give preset or configuration, rateCardVersion or rateCard, or one of each: "
                "they say what is to be otherwise.",
            )

    def past(self, account_id: UUID) -> Past:
        """Say which part of an account's past is meant."""
        return Past(account_id, self.start, self.end, self.runs)


def configuration_from_settings(settings: Mapping[str, object]) -> ServiceConfiguration:
    """Read settings as agents store them; InvalidReplay names the field."""
    try:
        return ServiceConfiguration.parse(settings)
    except InvalidConfiguration as error:
        raise InvalidReplay(f"configuration.{error.field[:LONGEST_NAME]}", error.fix) from error


def rate_card_from_json(fields: Mapping[str, object]) -> RateCard:
    """Read a rate card with the fields of its file; InvalidReplay names the field."""
    try:
        return rate_card_from_fields(fields)
    except InvalidRateCard as error:
        raise InvalidReplay(field_name(("rateCard", *error.path)), str(error)) from error


def replay_terms(session: Session, *, account_id: UUID, request: ReplayRequest, now: datetime) -> ReplayTerms:
    """Make a request's terms by the prices that the account may see.

    Raises AccountNotFound, and InvalidReplay for a preset, a version or a provider that is not known.
    """
    if session.get(Account, account_id) is None:
        raise AccountNotFound
    book = price_book(session)
    card_at = _cards(book, account_id, request)
    configuration = _configuration(request)
    if request.configuration is not None:
        _refuse_unknown_providers(request.configuration, card_at, now)
    return ReplayTerms(card_at, built_in_catalogue(), configuration)


def _cards(book: PriceBook, account_id: UUID, request: ReplayRequest) -> CardAt:
    if request.rate_card is not None:
        return partial(_given, request.rate_card)
    if request.rate_card_version is not None:
        return _published(book, account_id, request.rate_card_version)
    return partial(book.in_force, account_id=account_id)


def _published(book: PriceBook, account_id: UUID, version: str) -> CardAt:
    own = {card.version: card for card in book.overrides.get(account_id, ())}
    if version in own:
        return partial(_overridden, book, book.ids_of(own[version]).card_id)
    try:
        return partial(_given, card_named(book, version, overrides_of=[account_id]))
    except UnknownVersion as error:
        raise InvalidReplay("rateCardVersion", str(error)) from error


def _given(card: RateCard, _at: datetime) -> RateCard:
    return card


def _overridden(book: PriceBook, override_id: UUID, at: datetime) -> RateCard:
    # An account's own card holds some rates only: all else is everybody's, as it is when it is in force.
    everybodys = book.in_force(at, account_id=None)
    return book.by_ids(CardIds(book.ids_of(everybodys).card_id, override_id))


def _configuration(request: ReplayRequest) -> ServiceConfiguration | None:
    if request.preset is None:
        return request.configuration
    try:
        return ServicePresets.by_name(request.preset)
    except UnknownPreset as error:
        raise InvalidReplay("preset", str(error)) from error


def _refuse_unknown_providers(configuration: ServiceConfiguration, card_at: CardAt, now: datetime) -> None:
    try:
        refuse_unknown_providers(configuration, card_at(now), built_in_catalogue())
    except InvalidConfiguration as error:
        raise InvalidReplay(f"configuration.{error.field[:LONGEST_NAME]}", error.fix) from error
    except NoRateCardInForce as error:
        raise InvalidReplay("configuration", str(error)) from error
