"""One run again: who would have served it under other rules, and what it would have cost; pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from metering.errors import NoRateCardInForce
from metering.replaying.charged import ChargedRun, ChargedUsage
from pricing.catalogue import Catalogue
from pricing.configuration import ServiceConfiguration
from pricing.quote import AmountTooLarge, price
from pricing.rate_card import RateCard, UnknownRate
from pricing.selection import (
    Need,
    NothingServes,
    OverLimit,
    ProviderUnnamed,
    ServiceDisabled,
    ServiceRequest,
    select,
)

CardAt = Callable[[datetime], RateCard]
"""Gives the card that prices at a moment; it may raise NoRateCardInForce."""


class ReplayRefusalKind(StrEnum):
    """Why a run would not have run."""

    SERVICE_DISABLED = "SERVICE_DISABLED"
    NOTHING_SERVES = "NOTHING_SERVES"
    OVER_LIMIT = "OVER_LIMIT"
    NO_RATE = "NO_RATE"
    NO_RATE_CARD_IN_FORCE = "NO_RATE_CARD_IN_FORCE"
    AMOUNT_TOO_LARGE = "AMOUNT_TOO_LARGE"


@dataclass(frozen=True, slots=True)
class ReplayTerms:
    """What the past is replayed under. Without a configuration the same providers serve, at other prices."""

    card_at: CardAt
    catalogue: Catalogue
    configuration: ServiceConfiguration | None = None


@dataclass(frozen=True, slots=True)
class RepricedUsage:
    """Who would serve a usage, and at what price."""

    provider: str
    micros: int


@dataclass(frozen=True, slots=True)
class RunRefused:
    """A run that would not run; the sentence of the cause is worded only where somebody reads it."""

    kind: ReplayRefusalKind
    cause: Exception

    @property
    def sentence(self) -> str:
        """Why, in words."""
        return str(self.cause)


def repriced(run: ChargedRun, terms: ReplayTerms) -> tuple[RepricedUsage, ...] | RunRefused:
    """Serve a run again under the terms: a price for each usage, in order, or why it would be refused."""
    try:
        if terms.configuration is None:
            return tuple(_repriced(terms, usage, usage.provider) for usage in run.usages)
        return _reselected(run, terms, terms.configuration)
    except tuple(_KINDS) as cause:
        return RunRefused(_KINDS[type(cause)], cause)
    except UnknownRate as cause:
        return RunRefused(ReplayRefusalKind.NO_RATE, cause)


def _reselected(
    run: ChargedRun, terms: ReplayTerms, configuration: ServiceConfiguration
) -> tuple[RepricedUsage, ...]:
    needs = tuple(_need(configuration, usage) for usage in run.usages)
    request = ServiceRequest(needs, run.complexity, run.accuracy)
    card = terms.card_at(run.started_at)
    # Everybody counts as available: who was down on a day of the past says nothing about the rules.
    selection = select(configuration, request, card, terms.catalogue)
    return tuple(
        RepricedUsage(line.provider, line.credits.micros)
        if terms.card_at(usage.used_at) is card
        else _repriced(terms, usage, line.provider)
        for usage, line in zip(run.usages, selection.lines, strict=True)
    )


def _need(configuration: ServiceConfiguration, usage: ChargedUsage) -> Need:
    # A service type without a field, such as SMS, is nothing to choose: who served it serves it again.
    is_chosen = configuration.provider_of(usage.service_type) is not None
    return Need(usage.service_type, usage.quantity, None if is_chosen else usage.provider)


def _repriced(terms: ReplayTerms, usage: ChargedUsage, provider: str) -> RepricedUsage:
    line = price(terms.card_at(usage.used_at), usage.service_type, provider, usage.quantity)
    return RepricedUsage(provider, line.credits.micros)


_KINDS: dict[type[Exception], ReplayRefusalKind] = {
    ServiceDisabled: ReplayRefusalKind.SERVICE_DISABLED,
    NothingServes: ReplayRefusalKind.NOTHING_SERVES,
    ProviderUnnamed: ReplayRefusalKind.NOTHING_SERVES,
    OverLimit: ReplayRefusalKind.OVER_LIMIT,
    NoRateCardInForce: ReplayRefusalKind.NO_RATE_CARD_IN_FORCE,
    AmountTooLarge: ReplayRefusalKind.AMOUNT_TOO_LARGE,
}
