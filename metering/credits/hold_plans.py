"""What a hold is made for: plans as callers give them, and as they are once providers are chosen."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from metering.plans import Plan
from metering.prices import CardIds, PriceBook
from metering.quotes.taking import Quotes, card_of, chosen_by, open_quotes
from metering.selections.choosing import Chooser, Chosen
from metering.selections.keeping import KeptSelection, Selections
from models.quote import StoredQuote
from models.workflow import Workflow
from pricing.credits import Credits
from pricing.quote import PlannedService


@dataclass(frozen=True, slots=True)
class HoldPlan:
    """What to set aside: an amount for any service, or planned services, each with a line of its own.

    The services may also be those of a stored quote, at its prices, or those that a selection chooses. With
    nothing of these, the first hold of a run that starts is for what was selected for the run.
    """

    amount: Credits | None = None
    services: tuple[PlannedService, ...] = ()
    quote_id: UUID | None = None
    selection: Plan | None = None

    @property
    def is_for_what_was_selected(self) -> bool:
        """Whether it says nothing itself."""
        return self.amount is None and not self.services and self.quote_id is None and self.selection is None

    @property
    def content(self) -> list[object]:
        """The plan as far as a fingerprint cares."""
        services = [
            [each.service_type, each.provider, each.quantity.micro_units, each.quantity.unit_type]
            for each in self.services
        ]
        # An amount and services have the digest that they had before there were quotes and selections.
        return [
            self.amount.micros if self.amount is not None else None,
            services,
            *([{"quote": self.quote_id}] if self.quote_id else []),
            *([{"selection": self.selection.content}] if self.selection else []),
        ]


@dataclass(frozen=True, slots=True)
class SettledPlan:
    """An amount, or services with their providers; `pinned` is the card of the quote that they are from."""

    plan: HoldPlan
    pinned: CardIds | None = None
    chosen: Chosen | None = None
    quote: StoredQuote | None = None


@dataclass(frozen=True, slots=True)
class Planner:
    """Settles the plans of a batch, and keeps what was chosen and which quotes were taken.

    `chooser` is None only where no plan of the batch is to be chosen for.
    """

    prices: PriceBook
    chooser: Chooser | None
    quotes: Quotes
    selections: Selections

    def choose(self, run: Workflow, plan: Plan) -> Chosen:
        """Choose providers for a run as `Chooser.choose` does."""
        assert self.chooser is not None  # noqa: S101 - the batch has this plan
        return self.chooser.choose(run, plan)

    def settle(self, run: Workflow, plan: HoldPlan, chosen: Chosen | None = None) -> SettledPlan:
        """Say which services a hold is for; `chosen` is what was selected for the run as it starts.

        Raises QuoteNotFound, QuoteTaken, QuoteExpired, and what `Chooser.choose` raises.
        """
        if plan.quote_id is not None:
            return self._quoted(run, plan.quote_id)
        if plan.selection is not None:
            chosen = self.choose(run, plan.selection)
        elif not plan.is_for_what_was_selected:
            chosen = None
        return SettledPlan(plan) if chosen is None else SettledPlan(plan_of(chosen), chosen=chosen)

    def keep(self, run: Workflow, chosen: Chosen | None) -> KeptSelection | None:
        """Keep what was chosen for a run that has an id."""
        return None if chosen is None else self.selections.keep(run, chosen)

    def take(self, run: Workflow, settled: SettledPlan, hold_id: UUID) -> None:
        """Give the quote, where there is one, to the hold that was made of it."""
        if settled.quote is not None:
            self.quotes.take(settled.quote, run, hold_id)

    def write(self) -> None:
        """Write selections and takings, a statement for each; runs and holds are in the store already."""
        self.selections.insert()
        self.quotes.write()

    def _quoted(self, run: Workflow, quote_id: UUID) -> SettledPlan:
        quote = self.quotes.require(run.account_id, quote_id)
        plan = HoldPlan(services=self.quotes.services(quote))
        return SettledPlan(plan, card_of(quote), chosen_by(quote, self.prices), quote)


def plan_of(chosen: Chosen) -> HoldPlan:
    """Plan to hold exactly what was chosen."""
    return HoldPlan(services=chosen.selection.plan)


def open_planner(
    session: Session,
    holds: Iterable[tuple[UUID, HoldPlan]],
    *,
    prices: PriceBook,
    chooser: Chooser | None,
    now: datetime,
) -> Planner:
    """Load the quotes that holds of accounts name; `chooser` is there where anything is to be selected."""
    quotes = {(account_id, plan.quote_id) for account_id, plan in holds if plan.quote_id is not None}
    return Planner(prices, chooser, open_quotes(session, quotes, now=now), Selections(session, now))
