"""The usages of one batch and all that they move: prices, runs and the ledger, written back as sets."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from metering.allocation import Service
from metering.ledger import Postings
from metering.prices import PriceBook
from metering.rollups import UsageCounts
from models.base import table_of
from models.prepared import PreparedWrite
from models.rows import new_row, values_of
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from models.writing import together
from pricing.units import Quantity, ServiceType


@dataclass(slots=True)
class UsageBatch:
    """Usages are priced, then recorded; nothing reaches the store before `write`."""

    session: Session
    now: datetime
    prices: PriceBook
    postings: Postings
    _usages: list[ServiceUsage] = field(default_factory=list)
    _counts: UsageCounts = field(default_factory=UsageCounts)

    def price(
        self,
        workflow: Workflow,
        service_type: ServiceType,
        provider: str,
        quantity: Quantity,
        *,
        used_at: datetime,
        late: bool,
        usage_id: UUID | None = None,
    ) -> ServiceUsage:
        """Price a use by the card in force when it happened; it has an id before it is recorded.

        Raises RateUnknown, NoRateCardInForce, AmountTooLarge.
        """
        priced, rate_id = self.prices.price(
            service_type, provider, quantity, at=used_at, account_id=workflow.account_id
        )
        self.postings.require_room_for(workflow, priced.credits, Service(service_type, provider))
        return new_row(
            ServiceUsage,
            account_id=workflow.account_id,
            id=usage_id,
            workflow_id=workflow.id,
            rate_id=rate_id,
            service_type=service_type,
            provider=provider,
            unit_type=quantity.unit_type,
            micro_units=quantity.micro_units,
            credits=priced.credits,
            exact_micros=_ratio(priced.exact_numerator, priced.exact_denominator),
            used_at=used_at,
            recorded_at=self.now,
            late=late,
            voided_at=None,
            void_reason=None,
        )

    def require_cover(self, usage: ServiceUsage, workflow: Workflow) -> None:
        """Raise CreditsExhausted or BudgetExceeded where nothing covers the usage, or a budget forbids it."""
        service = Service(usage.service_type, usage.provider)
        self.postings.require_cover(workflow, usage.credits, service)

    def record(self, usage: ServiceUsage, workflow: Workflow) -> None:
        """Pay for a usage and add it to its run's totals; what nothing covers becomes overdraft."""
        self.postings.spend(workflow, usage)
        workflow.total_credits += usage.credits
        workflow.usage_count += 1
        if usage.workflow_id != workflow.id:  # the run had no id yet when its usages were priced
            usage.workflow_id = workflow.id
        self._counts.add(usage, workflow)
        self._usages.append(usage)

    def write(self) -> None:
        """Write everything back, a fixed number of statements for any number of usages."""
        with together(self.session):
            _INSERT.write(self.session, values_of(ServiceUsage, self._usages))
            self._usages = []
            self._counts.write(self.session)
            self.postings.write()


def _ratio(numerator: int, denominator: int) -> str:
    return str(numerator) if denominator == 1 else f"{numerator}/{denominator}"


_INSERT = PreparedWrite(insert(table_of(ServiceUsage)))
