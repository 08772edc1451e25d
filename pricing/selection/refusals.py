"""Why nothing was selected; each refusal says what would help.

SelectionRefused
├── ServiceDisabled    the configuration switches a service off
├── ProviderUnnamed    the configuration has no field for the service, and the request names no provider
├── NothingServes      the provider has no price or is unavailable, and no fallback serves
└── OverLimit          no plan that the request allows is within the limit
"""

from dataclasses import dataclass
from functools import cached_property

from pricing.credits import Credits
from pricing.fitting import fitting
from pricing.quote import PricedUsage
from pricing.rate_card import RateCard
from pricing.selection.choice import in_words
from pricing.selection.record import Candidate, Selection, SelectionRule
from pricing.units import ServiceType


class SelectionRefused(Exception):  # noqa: N818 - named for the state, as every refusal here
    """Nothing was selected."""


class ServiceDisabled(SelectionRefused):
    """The request needs services that the configuration disables; `fields` would enable them."""

    def __init__(self, services: tuple[ServiceType, ...], fields: tuple[str, ...]) -> None:
        super().__init__(services, fields)
        self.services = services
        self.fields = fields

    def __str__(self) -> str:
        return " ".join(
            f"{service} is disabled: set {field} to true, or leave it out of the request."
            for service, field in zip(self.services, self.fields, strict=True)
        )


class ProviderUnnamed(SelectionRefused):
    """The configuration has no field for the service type; `known` are the providers with a rate."""

    def __init__(self, service_type: ServiceType, known: tuple[str, ...]) -> None:
        super().__init__(service_type, known)
        self.service_type = service_type
        self.known = known

    def __str__(self) -> str:
        return (
            f"No configuration chooses a provider of {self.service_type}: name one in the request. "
            f"The rate card has {', '.join(self.known) or 'none'}."
        )


class NothingServes(SelectionRefused):
    """The requested provider cannot serve, and no fallback can; `candidates` say why of each."""

    def __init__(self, service_type: ServiceType, provider: str, candidates: tuple[Candidate, ...]) -> None:
        super().__init__(service_type, provider, candidates)
        self.service_type = service_type
        self.provider = provider
        self.candidates = candidates

    def __str__(self) -> str:
        # The requested one first; a reason that several share is told once.
        first = sorted(self.candidates, key=lambda candidate: candidate.provider != self.provider)
        whys = " ".join(dict.fromkeys(candidate.reason for candidate in first))
        return f"Nothing serves {self.service_type} in place of {self.provider}. {whys}{self._others()}"

    def _others(self) -> str:
        named = [each.provider for each in self.candidates if each.excluded_by is SelectionRule.NAMED]
        return f" Name one that serves: {', '.join(named)}." if named else ""


@dataclass(frozen=True, slots=True)
class TradeOff:
    """What a cheaper provider gives up; `sentence` tells it with the figures."""

    service_type: ServiceType
    from_provider: str
    to_provider: str
    saved: Credits
    sentence: str


@dataclass(frozen=True, slots=True)
class ReducedPlan:
    """A plan made cheaper, in the order of the request, and what each replacement gives up."""

    lines: tuple[PricedUsage, ...]
    trade_offs: tuple[TradeOff, ...]

    @property
    def total(self) -> Credits:
        """The sum of the rounded lines."""
        return Credits.total(line.credits for line in self.lines)


class OverLimit(SelectionRefused):
    """Even with every allowed alternative the plan costs more than the limit.

    `selection` is the plan as it was wanted, before it was made cheaper; `allowed` is the cheapest that is
    as accurate and adequate as the request asks; `cheapest` is the cheapest of all, whatever it gives up.
    """

    def __init__(
        self,
        limit: Credits,
        *,
        selection: Selection,
        allowed: ReducedPlan,
        cheapest: ReducedPlan,
        card: RateCard,
    ) -> None:
        super().__init__(limit, selection, allowed, cheapest)
        self.limit = limit
        self.selection = selection
        self.allowed = allowed
        self.cheapest = cheapest
        self._card = card

    @cached_property
    def fitting(self) -> tuple[PricedUsage, ...]:
        """The largest share of the wanted plan that is within the limit; sought where somebody asks."""
        return fitting(self._card, self.selection.plan, self.limit)

    @property
    def estimate(self) -> Credits:
        """What the wanted plan costs."""
        return self.selection.total

    @property
    def short_by(self) -> Credits:
        """How many credits the limit lacks for the wanted plan."""
        return self.estimate - self.limit

    @property
    def least_top_up(self) -> Credits:
        """How many credits the limit lacks for the plan of cheaper providers that the request allows."""
        return self.allowed.total - self.limit

    @property
    def offer(self) -> ReducedPlan | None:
        """The cheapest plan, where it is within the limit: the request made again with its providers runs."""
        return self.cheapest if self.cheapest.total <= self.limit else None

    def __str__(self) -> str:
        return (
            f"The plan costs {in_words(self.estimate)}, {self.short_by} over the limit of {self.limit}; "
            f"with the cheaper providers that the request allows, {self.allowed.total}. {self._what_fits()}"
        )

    def _what_fits(self) -> str:
        if self.offer is not None:
            whys = " ".join(trade_off.sentence for trade_off in self.offer.trade_offs)
            return f"This fits, at {in_words(self.offer.total)}: {_listed(self.offer.lines)}. {whys}"
        if not self.fitting:
            return "No part of it fits."
        return f"This much of it fits: {_listed(self.fitting)}."


def _listed(lines: tuple[PricedUsage, ...]) -> str:
    return ", ".join(
        f"{line.quantity} {line.quantity.unit_type} of {line.service_type} by {line.provider}"
        for line in lines
    )
