"""The same account in the service: it is asked in the oracle's words, and its books are read back in them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.agents import create_agent
from metering.auditing import audit
from metering.credits import expire_credits
from metering.errors import Refusal
from models.account import Account
from models.budget import Budget, BudgetUse, BudgetWindow
from models.database import Database
from models.event import Event, EventType
from models.hold import Hold
from models.identity import IdKind, parse_id
from models.ledger import Grant
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from models.writer import Command, SetCommand
from pricing.credits import Credits
from tests.metering.machine.answers import seen, told
from tests.metering.machine.limits import window_key
from tests.metering.machine.names import Names
from tests.metering.machine.oracle import Answer
from tests.metering.machine.questions import ITEMS, SET_VERBS, VERBS
from tests.tenant import Tenant, new_tenant

Inputs = dict[str, Any]
Question = tuple[str | None, Inputs]  # an idempotency key, and what the verb takes


@dataclass
class Real:
    """One account of a started store, and which of its ids the oracle knows by which label."""

    tenant: Tenant
    names: Names

    async def ask_all(self, verb: str, questions: list[Question], expected: list[Any]) -> list[Any]:
        """Do a verb for several inputs in one call: an answer or a refusal for each, in the oracle's words.

        What an answer makes is called as the oracle expects it to be.
        """
        items = [ITEMS[verb](self.names, key, **inputs) for key, inputs in questions]
        if verb in SET_VERBS:
            command = SetCommand(self.tenant.account_id, SET_VERBS[verb], tuple(items))
            answers = await self.tenant.database.write(command)
        else:
            answers = [await self._one(VERBS[verb], item) for item in items]
        return [
            told(self.names, verb, answer, expect) for answer, expect in zip(answers, expected, strict=True)
        ]

    async def expire(self) -> None:
        """Do what the process does by itself now and then."""
        verb = partial(expire_credits, account_id=self.tenant.account_id)
        await self.tenant.database.write(Command(self.tenant.account_id, verb))

    async def books(self) -> Answer:
        """Read everything that callers can see of the account; its audit must find nothing."""
        async with self.tenant.database.read() as session:
            return await session.run_sync(self._read)

    async def _one(self, verb: Callable[..., Any], item: Any) -> Any:
        try:
            return await self.tenant.database.write(
                Command(
                    self.tenant.account_id,
                    partial(verb, **item) if isinstance(item, dict) else partial(verb, item=item),
                )
            )
        except Refusal as refusal:
            return refusal

    def _read(self, session: Session) -> Answer:
        account_id = self.tenant.account_id
        found = audit(session, account_id=account_id)
        account = session.get_one(Account, account_id)

        def each(table: Any) -> list[Any]:
            return list(
                session.scalars(select(table).where(table.account_id == account_id).order_by(table.id))
            )

        return {
            "differences": found.differences,
            "events": sorted(map(self._event, each(Event)), key=str),
            "budgets": self._budgets(session, self.tenant.database.clock()),
            "account": {
                name: getattr(account, name).micros
                for name in ("granted", "spent", "expired", "held", "owed")
            },
            "grants": {self.names.labels[row.id]: seen(row, "remaining", "voided") for row in each(Grant)},
            "holds": {self.names.labels[row.id]: seen(row, *_HOLD) for row in each(Hold)},
            "runs": {self.names.labels[row.id]: seen(row, *_RUN) for row in each(Workflow)},
            "usages": {
                self._usage(row): seen(row, "credits", "late") | {"voided": row.voided_at is not None}
                for row in each(ServiceUsage)
            },
        }

    def _event(self, row: Event) -> tuple[object, ...]:
        texts = {key: str(value) for key, value in row.data.items()}
        match row.type:
            case EventType.HOLD_EXPIRED:
                hold = self.names.labels[parse_id(texts["holdId"], IdKind.HOLD)]
                return row.type.value, hold, Credits.parse(texts["releasedCredits"]).micros
            case EventType.BUDGET_THRESHOLD_REACHED:
                budget = self.names.labels[parse_id(texts["budgetId"], IdKind.BUDGET)]
                subject = row.data["subject"] or ""
                named = self.names.subject_labels.get(str(subject), subject)
                return row.type.value, budget, named, row.data["threshold"]
            case _:
                return (row.type.value,)

    def _budgets(self, session: Session, now: datetime) -> dict[str, dict[str, tuple[int, int]]]:
        """Read the counters of the present windows; whether a window is present, the calendar tells."""
        ours = Budget.account_id == self.tenant.account_id, Budget.removed_at.is_(None)
        found: dict[str, dict[str, tuple[int, int]]] = {
            self.names.labels[row.id]: {}
            for row in session.scalars(select(Budget).where(*ours, Budget.window != BudgetWindow.REQUEST))
        }
        both = (BudgetUse.account_id == Budget.account_id) & (BudgetUse.budget_id == Budget.id)
        for budget, use in session.execute(select(Budget, BudgetUse).join(BudgetUse, both).where(*ours)):
            present = window_key(budget.window, budget.time_zone, now)
            if window_key(budget.window, budget.time_zone, use.window_start) == present and (
                use.used or use.held
            ):
                subject = self.names.subject_labels.get(use.subject, use.subject)
                found[self.names.labels[budget.id]][subject] = use.used.micros, use.held.micros
        return found

    def _usage(self, row: ServiceUsage) -> str:
        if row.id not in self.names.labels:
            return self.names.named(
                {"usage": self.names.recorded[self.names.labels[row.workflow_id]].pop(0)}, "usage", row.id
            )
        return self.names.labels[row.id]


async def new_account(database: Database, limit: int | None) -> Real:
    """Create an account with two keys and an agent."""
    tenant = await new_tenant(database, overdraft_limit=None if limit is None else str(Credits(limit)))
    other = await tenant.with_another_key()
    verb = partial(
        create_agent,
        account_id=tenant.account_id,
        name="agent",
        business_adapter="emergencyservices",
        preset=None,
        custom_settings={},
    )
    agent = await database.write(Command(tenant.account_id, verb))
    ids = {"key 1": tenant.api_key_id, "key 2": other.api_key_id, "agent 1": agent.id}
    labels = {id_: label for label, id_ in ids.items()}
    return Real(tenant, Names(tenant.account_id, tenant.api_key_id, ids, labels))


_HOLD = ("status", "amount", "captured", "released", "lent", "remaining", "expires_at", "closed_at")
_RUN = ("status", "total_credits", "usage_count", "ended_at")
