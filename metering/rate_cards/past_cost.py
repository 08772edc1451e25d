"""What a period would have cost by other cards: the same usages, by the same providers, at other prices.

Usages of equal service, provider and units cost the same by one card, so each kind of them is priced once.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.account import Account
from models.database import Question
from models.service_usage import ServiceUsage
from models.sums import wide_total
from pricing.quote import AmountTooLarge, price
from pricing.rate_card import RateCard, UnknownRate
from pricing.units import Quantity, ServiceType

ACCOUNTS_AT_ONCE = 100
Answer = TypeVar("Answer")
_Service = tuple[ServiceType, str]
_Kinds = Sequence[Any]


class Ask(Protocol):
    """Asks questions of one snapshot."""

    async def __call__(self, question: Question[Answer]) -> Answer:
        """Answer a question."""


@dataclass(frozen=True, slots=True)
class CardsOfAccounts:
    """The card of all accounts but those that have another; without one, of those alone."""

    card: RateCard | None
    others: Mapping[UUID, RateCard]

    def of(self, account_id: UUID) -> RateCard:
        """Give an account's card; KeyError where it has none."""
        return self.others[account_id] if self.card is None else self.others.get(account_id, self.card)


@dataclass(frozen=True, slots=True)
class ServiceCost:
    """Usages of one service and provider: what they were charged, and what they would have cost.

    Amounts are micro-credits. What the card does not price counts apart, and in neither amount.
    """

    service_type: ServiceType
    provider: str
    usage_count: int = 0
    before_micros: int = 0
    after_micros: int = 0
    unpriced_count: int = 0
    unpriced_micros: int = 0

    def __add__(self, other: "ServiceCost") -> "ServiceCost":
        return ServiceCost(
            self.service_type,
            self.provider,
            self.usage_count + other.usage_count,
            self.before_micros + other.before_micros,
            self.after_micros + other.after_micros,
            self.unpriced_count + other.unpriced_count,
            self.unpriced_micros + other.unpriced_micros,
        )


@dataclass(frozen=True, slots=True)
class PastCost:
    """A period's usages by service and provider, the dearest first."""

    start: datetime
    end: datetime
    services: tuple[ServiceCost, ...]

    @property
    def totals(self) -> ServiceCost:
        """All of them together; service and provider mean nothing in it."""
        return sum(self.services, ServiceCost(ServiceType.OTHER, ""))


async def past_cost(ask: Ask, cards: CardsOfAccounts, *, start: datetime, end: datetime) -> PastCost:
    """Price a period's usages by other cards; every question must be asked of the same snapshot.

    The statements grow with the accounts, a hundred of them at once; pricing leaves the loop to others.
    """
    account_ids = list(cards.others) if cards.card is None else await ask(_accounts)
    costs: dict[_Service, ServiceCost] = {}
    for first in range(0, len(account_ids), ACCOUNTS_AT_ONCE):
        some = account_ids[first : first + ACCOUNTS_AT_ONCE]
        kinds = await ask(partial(_kinds, account_ids=some, start=start, end=end))
        await asyncio.to_thread(_add_up, costs, kinds, cards)
    return PastCost(start, end, tuple(sorted(costs.values(), key=_dearest_first)))


def _accounts(session: Session) -> list[UUID]:
    return list(session.scalars(select(Account.id).order_by(Account.id)))


def _kinds(session: Session, *, account_ids: list[UUID], start: datetime, end: datetime) -> _Kinds:
    alike = (
        ServiceUsage.account_id,
        ServiceUsage.service_type,
        ServiceUsage.provider,
        ServiceUsage.micro_units,
        ServiceUsage.unit_type,
    )
    statement = (
        select(*alike, func.count(), wide_total(ServiceUsage.credits))
        .where(
            ServiceUsage.account_id.in_(account_ids),
            ServiceUsage.voided_at.is_(None),
            ServiceUsage.used_at >= start,
            ServiceUsage.used_at < end,
        )
        .group_by(*alike)
    )
    return session.execute(statement).all()


def _add_up(costs: dict[_Service, ServiceCost], kinds: _Kinds, cards: CardsOfAccounts) -> None:
    for account_id, service_type, provider, micro_units, unit_type, count, micros in kinds:
        cost = ServiceCost(service_type, provider, unpriced_count=count, unpriced_micros=micros)
        try:
            priced = price(cards.of(account_id), service_type, provider, Quantity(micro_units, unit_type))
            cost = ServiceCost(service_type, provider, count, micros, count * priced.credits.micros)
        except (UnknownRate, AmountTooLarge):
            pass
        before = costs.get((service_type, provider))
        costs[service_type, provider] = cost if before is None else before + cost


def _dearest_first(cost: ServiceCost) -> tuple[int, str, str]:
    return -cost.before_micros - cost.unpriced_micros, cost.service_type, cost.provider
