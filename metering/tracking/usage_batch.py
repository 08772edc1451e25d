"""The usages of one batch and all that they move: prices, runs and the ledger, written back as sets."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from metering.allocation import Service
from metering.ledger import OpenAccount, Postings
from metering.prices import PriceBook
from metering.rollups import UsageCounts
from models.base import table_of
from models.prepared import PreparedWrite
from models.rows import loaded, move, new_row, values_of
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from models.writing import together
from pricing.credits import Credits
from pricing.units import Quantity, ServiceType


@dataclass(slots=True, eq=False)
class _Run:
    """A run, its account, and what the batch's usages add to the run: how many they are, in micro-credits."""

    workflow: Workflow
    account: OpenAccount
    usages: int = 0
    micros: int = 0


@dataclass(slots=True)
class UsageBatch:
    """Usages are priced, then recorded; nothing reaches the store before `write`."""

    session: Session
    now: datetime
    prices: PriceBook
    postings: Postings
    _runs: dict[Workflow, _Run] = field(default_factory=dict)
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
    ) -> ServiceUsage:
        """Price a use by the card in force when it happened; it has no id before it is recorded.

        Raises RateUnknown, NoRateCardInForce, AmountTooLarge.
        """
        account = self._run(workflow).account
        priced, rate_id = self.prices.price(
            service_type, provider, quantity, at=used_at, account_id=account.id
        )
        if not account.has_room(priced.credits.micros):
            self.postings.require_room_for(workflow, priced.credits, Service(service_type, provider))
        return new_row(
            ServiceUsage,
            account_id=account.id,
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

    def record(self, usage: ServiceUsage, workflow: Workflow, usage_id: UUID) -> None:
        """Pay for a usage and add it to its run's totals; what nothing covers becomes overdraft."""
        run = self._run(workflow)
        move(usage, {"id": usage_id, "workflow_id": workflow.id})
        self.postings.spend(run.account, workflow, usage)
        run.usages += 1
        run.micros += usage.credits.micros
        self._counts.add(usage, workflow)
        self._usages.append(usage)

    def close_runs(self) -> list[Workflow]:
        """Let the runs say what their usages add up to, and give those for which that is news."""
        closed = [run for run in self._runs.values() if run.usages]
        for run in closed:
            total, count = _TOTALS(run.workflow)
            total = Credits(total.micros + run.micros)
            move(run.workflow, {"total_credits": total, "usage_count": count + run.usages})
        self._runs = {}
        return [run.workflow for run in closed]

    def write(self) -> None:
        """Write everything back, a fixed number of statements for any number of usages."""
        with together(self.session):
            _INSERT.write(self.session, values_of(ServiceUsage, self._usages))
            self._usages = []
            self._counts.write(self.session)
            self.postings.write(moved=self.close_runs())

    def _run(self, workflow: Workflow) -> _Run:
        run = self._runs.get(workflow)
        if run is None:
            account = self.postings.accounts[workflow.account_id]
            run = self._runs[workflow] = _Run(workflow, account)
        return run


def _ratio(numerator: int, denominator: int) -> str:
    return str(numerator) if denominator == 1 else f"{numerator}/{denominator}"


_TOTALS = loaded("total_credits", "usage_count")
_INSERT = PreparedWrite(insert(table_of(ServiceUsage)))
