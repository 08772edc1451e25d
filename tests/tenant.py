"""An account with a key, and the verbs of the business in one line each, for tests that tell a story.

`metered("PHONE twilio 5 MINUTES")` reads a usage as it is written on an invoice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

from metering.accounts import create_account
from metering.api_keys import ACCOUNT_SCOPES, issue_api_key
from metering.credits import (
    DEFAULT_EXPIRY,
    CreditsGrant,
    CreditsHold,
    ExtendHold,
    GrantCredits,
    GrantVoiding,
    HoldCredits,
    HoldExtension,
    HoldPlan,
    HoldRelease,
    ReleaseHold,
    VoidGrant,
    extend_holds,
    grant_credits,
    hold_credits,
    release_holds,
    void_grant,
)
from metering.tracking import (
    AddServiceUsage,
    EndWorkflow,
    IfUncovered,
    PastUsage,
    RecordWorkflow,
    StartWorkflow,
    UsageAddition,
    UsageVoiding,
    VoidServiceUsage,
    WorkflowRecord,
    add_service_usages,
    end_workflows,
    record_workflows,
    start_workflows,
    void_service_usage,
)
from models.account import Account
from models.api_key import ApiKey, Scope
from models.database import Database
from models.hold import Hold
from models.ledger import Grant
from models.service_usage import ServiceUsage
from models.workflow import Workflow, WorkflowStatus
from models.writer import Command, SetCommand
from pricing.credits import Credits
from pricing.quote import PlannedService
from pricing.units import Quantity, ServiceType, UnitType

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Tenant:
    """An account and the key that its calls are attributed to."""

    database: Database
    account_id: UUID
    api_key_id: UUID
    secret: str

    async def start(self, workflow_name: str = "phone_ai_call", **fields: Any) -> Workflow:
        """Start a run, or raise the refusal."""
        [answer] = await self.start_all(self.run(workflow_name, **fields))
        return given(answer).workflow

    async def start_all(self, *items: StartWorkflow) -> list[Any]:
        """Start runs: an answer or a refusal for each."""
        return await self.database.write(SetCommand(self.account_id, start_workflows, items))

    async def add(self, workflow: Workflow, *usages: str, **fields: Any) -> list[ServiceUsage]:
        """Add usages to a run in one call, or raise the first refusal."""
        answers = await self.add_all(*(self.usage(workflow.id, text, **fields) for text in usages))
        return [given(answer).usage for answer in answers]

    async def add_all(self, *items: AddServiceUsage) -> list[UsageAddition | Exception]:
        """Add usages: an answer or a refusal for each."""
        return await self.database.write(SetCommand(self.account_id, add_service_usages, items))

    async def record(self, *items: RecordWorkflow) -> list[WorkflowRecord | Exception]:
        """Record whole runs: an answer or a refusal for each."""
        return await self.database.write(SetCommand(self.account_id, record_workflows, items))

    async def end(
        self,
        workflow: Workflow,
        status: WorkflowStatus = WorkflowStatus.COMPLETED,
        ended_at: datetime | None = None,
    ) -> Workflow:
        """End a run, or raise the refusal."""
        item = EndWorkflow(self.account_id, workflow.id, status, ended_at)
        [answer] = await self.database.write(SetCommand(self.account_id, end_workflows, (item,)))
        return given(answer).workflow

    async def void(
        self, usage: ServiceUsage, reason: str = "a mistake", key: str | None = None
    ) -> UsageVoiding:
        """Void a usage, or raise the refusal."""
        item = VoidServiceUsage(self.account_id, usage.id, reason, key or next_key())
        return await self.database.write(Command(self.account_id, partial(void_service_usage, item=item)))

    async def grant(self, amount: str, **fields: Any) -> Grant:
        """Be given credits by the operator, or raise the refusal."""
        return (await self.grant_answer(amount, **fields)).grant

    async def grant_answer(self, amount: str, **fields: Any) -> CreditsGrant:
        """Be given credits by the operator; the answer says whether it is a replay."""
        fields.setdefault("idempotency_key", next_key())
        item = GrantCredits(self.account_id, Credits.parse(amount), **fields)
        return await self.database.write(Command(self.account_id, partial(grant_credits, item=item)))

    async def void_grant(
        self, grant: Grant, reason: str = "a mistake", key: str | None = None
    ) -> GrantVoiding:
        """Have a grant taken back by the operator, or raise the refusal."""
        item = VoidGrant(self.account_id, grant.id, reason, key or next_key())
        return await self.database.write(Command(self.account_id, partial(void_grant, item=item)))

    async def hold(self, workflow: Workflow, *what: str, **fields: Any) -> Hold:
        """Hold credits for a run, by amount ("50") or by planned services, or raise the refusal."""
        [answer] = await self.hold_all(self.holding(workflow.id, *what, **fields))
        return given(answer).hold

    async def hold_all(self, *items: HoldCredits) -> list[CreditsHold | Exception]:
        """Hold credits: an answer or a refusal for each."""
        return await self.database.write(SetCommand(self.account_id, hold_credits, items))

    async def extend(
        self, hold: Hold, *what: str, expires_in: timedelta | None = None, key: str | None = None
    ) -> HoldExtension:
        """Extend a hold by an amount, by planned services or in time only, or raise the refusal."""
        item = ExtendHold(
            account_id=self.account_id,
            hold_id=hold.id,
            idempotency_key=key or next_key(),
            plan=plan(*what) if what else None,
            expires_in=expires_in,
        )
        [answer] = await self.extend_all(item)
        return given(answer)

    async def extend_all(self, *items: ExtendHold) -> list[HoldExtension | Exception]:
        """Extend holds: an answer or a refusal for each."""
        return await self.database.write(SetCommand(self.account_id, extend_holds, items))

    async def release(self, hold: Hold, key: str | None = None) -> HoldRelease:
        """Release a hold, or raise the refusal."""
        [answer] = await self.release_all(ReleaseHold(self.account_id, hold.id, key or next_key()))
        return given(answer)

    async def release_all(self, *items: ReleaseHold) -> list[HoldRelease | Exception]:
        """Release holds: an answer or a refusal for each."""
        return await self.database.write(SetCommand(self.account_id, release_holds, items))

    def holding(self, workflow_id: UUID, *what: str, **fields: Any) -> HoldCredits:
        """Write down a hold to be made, under a fresh key unless one is given."""
        fields.setdefault("idempotency_key", next_key())
        fields.setdefault("expires_in", DEFAULT_EXPIRY)
        return HoldCredits(self.account_id, workflow_id, plan(*what), **fields)

    def run(self, workflow_name: str = "phone_ai_call", **fields: Any) -> StartWorkflow:
        """Write down a run to be started, under a fresh key unless one is given."""
        fields.setdefault("idempotency_key", next_key())
        return StartWorkflow(self.account_id, self.api_key_id, workflow_name, **fields)

    def usage(self, workflow_id: UUID, text: str, **fields: Any) -> AddServiceUsage:
        """Write down a usage to be added, under a fresh key unless one is given."""
        past = metered(text)
        fields.setdefault("idempotency_key", next_key())
        return AddServiceUsage(
            self.account_id, workflow_id, past.service_type, past.provider, past.quantity, **fields
        )

    async def account(self) -> Account:
        """Read the account with its balances."""
        async with self.database.read() as session:
            return await session.get_one(Account, self.account_id)

    async def workflow(self, workflow_id: UUID) -> Workflow:
        """Read a run."""
        async with self.database.read() as session:
            return await session.get_one(Workflow, (self.account_id, workflow_id))

    async def hold_now(self, hold: Hold) -> Hold:
        """Read a hold."""
        async with self.database.read() as session:
            return await session.get_one(Hold, (self.account_id, hold.id))

    async def remaining(self, grant: Grant) -> str:
        """Read what is left of a grant, as text."""
        async with self.database.read() as session:
            return str((await session.get_one(Grant, (self.account_id, grant.id))).remaining)

    async def with_another_key(self, name: str = "another") -> "Tenant":
        """Issue a second key and call with it."""
        api_key, secret = await issue(self.database, self.account_id, name)
        return replace(self, api_key_id=api_key.id, secret=secret)


async def new_tenant(database: Database, name: str = "Acme", *, overdraft_limit: str | None = None) -> Tenant:
    """Create an account with a key; without an overdraft limit it is postpaid."""
    limit = None if overdraft_limit is None else Credits.parse(overdraft_limit)
    account = await database.write(Command(None, partial(create_account, name=name, overdraft_limit=limit)))
    api_key, secret = await issue(database, account.id, "first")
    return Tenant(database, account.id, api_key.id, secret)


async def issue(
    database: Database,
    account_id: UUID | None,
    name: str,
    scopes: Iterable[Scope] = ACCOUNT_SCOPES,
    *,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Issue a key; give it with its secret."""
    verb = partial(issue_api_key, account_id=account_id, name=name, scopes=scopes, expires_at=expires_at)
    issued = await database.write(Command(account_id, verb))
    return issued.api_key, issued.secret


def metered(text: str, used_at: datetime | None = None) -> PastUsage:
    """Read "PHONE twilio 5 MINUTES"."""
    service_type, provider, units, unit_type = text.split()
    quantity = Quantity.parse(units, UnitType(unit_type))
    return PastUsage(ServiceType(service_type), provider, quantity, used_at)


def plan(*what: str) -> HoldPlan:
    """Read what to hold: an amount such as "50", or services as `metered` reads them."""
    if len(what) == 1 and " " not in what[0]:
        return HoldPlan(amount=Credits.parse(what[0]))
    services = [metered(text) for text in what]
    return HoldPlan(
        services=tuple(PlannedService(each.service_type, each.provider, each.quantity) for each in services)
    )


def given(answer: Any) -> Any:
    """Give an answer as it is, or raise it where it is a refusal."""
    if isinstance(answer, Exception):
        raise answer
    return answer


def next_key() -> str:
    """Make an idempotency key that no other call has."""
    return f"key-{next(_numbers)}"


__all__ = ["IfUncovered", "Tenant", "given", "issue", "metered", "new_tenant", "next_key", "plan"]
