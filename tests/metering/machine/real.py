"""The same account in the service: its verbs in the oracle's words, and its books read back in them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.agents import create_agent
from metering.auditing import audit
from metering.budgets.setting import SetBudget, remove_budget, set_budget
from metering.credits import (
    ExtendHold,
    GrantCredits,
    HoldCredits,
    HoldPlan,
    ReleaseHold,
    Restriction,
    VoidGrant,
    expire_credits,
    extend_holds,
    grant_credits,
    hold_credits,
    release_holds,
    void_grant,
)
from metering.errors import Refusal
from metering.tracking import (
    AddServiceUsage,
    EndWorkflow,
    IfUncovered,
    PastUsage,
    RecordWorkflow,
    StartWorkflow,
    VoidServiceUsage,
    add_service_usages,
    end_workflows,
    record_workflows,
    start_workflows,
    void_service_usage,
)
from models.account import Account
from models.budget import Budget, BudgetAction, BudgetScope, BudgetUse, BudgetWindow
from models.event import Event, EventType
from models.hold import Hold
from models.identity import IdKind, format_id, parse_id
from models.ledger import Grant, RestrictionKind
from models.service_usage import ServiceUsage
from models.workflow import Workflow, WorkflowStatus
from models.writer import Command, SetCommand
from pricing.credits import Credits
from pricing.quote import PlannedService
from tests.metering.machine.limits import window_key
from tests.metering.machine.oracle import HOUR, Answer, Plan
from tests.tenant import Tenant, metered, new_tenant

Inputs = dict[str, Any]
Question = tuple[str | None, Inputs]  # an idempotency key, and what the verb takes


@dataclass
class Real:
    """One account of a started store, and which of its ids the oracle knows by which label."""

    tenant: Tenant
    ids: dict[str, UUID] = field(default_factory=dict)
    labels: dict[UUID, str] = field(default_factory=dict)
    recorded: dict[str, list[str]] = field(default_factory=dict)  # the usages of runs recorded as a whole

    async def ask_all(self, verb: str, questions: list[Question], expected: list[Any]) -> list[Any]:
        """Do a verb for several inputs in one call: an answer or a refusal for each, in the oracle's words.

        What an answer makes is called as the oracle expects it to be.
        """
        items = [_ITEMS[verb](self, key, **inputs) for key, inputs in questions]
        if verb in _SET_VERBS:
            command = SetCommand(self.tenant.account_id, _SET_VERBS[verb], tuple(items))
            answers = await self.tenant.database.write(command)
        else:
            answers = [await self._one(_VERBS[verb], item) for item in items]
        return [self._told(verb, answer, expect) for answer, expect in zip(answers, expected, strict=True)]

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

    def _told(self, verb: str, answer: Any, expected: Any) -> Any:
        if isinstance(answer, Refusal):
            return self._refusal(answer)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(expected, dict), f"{verb} is answered, and not refused as {expected}"
        told: Answer = _ANSWERS[verb](self, answer, expected)
        if hasattr(answer, "replayed"):
            told["replayed"] = answer.replayed
        return told

    def _refusal(self, refusal: Refusal) -> tuple[str, Answer]:
        name = type(refusal).__name__
        figures = {each: _plain(getattr(refusal, each)) for each in _FIGURES.get(name, ())}
        if "budget" in figures:
            figures["budget"] = self.labels[figures["budget"].id]
        return name, figures

    def named(self, expected: Answer, kind: str, id_: UUID) -> str:
        """Call what was made as the oracle does, or tell how it was called before."""
        if id_ not in self.labels:
            label: str = expected[kind]
            assert label not in self.ids, f"{label} is made a second time"
            self.ids[label], self.labels[id_] = id_, label
        return self.labels[id_]

    def id_of(self, label: str | None) -> UUID | None:
        """Find an id; what the oracle does not know is some id that nothing has."""
        return None if label is None else self.ids.get(label, _NOBODY)

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
            "grants": {self.labels[row.id]: _seen(row, "remaining", "voided") for row in each(Grant)},
            "holds": {self.labels[row.id]: _seen(row, *_HOLD) for row in each(Hold)},
            "runs": {self.labels[row.id]: _seen(row, *_RUN) for row in each(Workflow)},
            "usages": {
                self._usage(row): _seen(row, "credits", "late") | {"voided": row.voided_at is not None}
                for row in each(ServiceUsage)
            },
        }

    def _event(self, row: Event) -> tuple[object, ...]:
        texts = {key: str(value) for key, value in row.data.items()}
        match row.type:
            case EventType.HOLD_EXPIRED:
                hold = self.labels[parse_id(texts["holdId"], IdKind.HOLD)]
                return row.type.value, hold, Credits.parse(texts["releasedCredits"]).micros
            case EventType.BUDGET_THRESHOLD_REACHED:
                budget = self.labels[parse_id(texts["budgetId"], IdKind.BUDGET)]
                subject = row.data["subject"] or ""
                named = self.subject_labels.get(str(subject), subject)
                return row.type.value, budget, named, row.data["threshold"]
            case _:
                return (row.type.value,)

    def _budgets(self, session: Session, now: datetime) -> dict[str, dict[str, tuple[int, int]]]:
        """Read the counters of the present windows; whether a window is present, the calendar tells."""
        ours = Budget.account_id == self.tenant.account_id, Budget.removed_at.is_(None)
        found: dict[str, dict[str, tuple[int, int]]] = {
            self.labels[row.id]: {}
            for row in session.scalars(select(Budget).where(*ours, Budget.window != BudgetWindow.REQUEST))
        }
        both = (BudgetUse.account_id == Budget.account_id) & (BudgetUse.budget_id == Budget.id)
        for budget, use in session.execute(select(Budget, BudgetUse).join(BudgetUse, both).where(*ours)):
            present = window_key(budget.window, budget.time_zone, now)
            if window_key(budget.window, budget.time_zone, use.window_start) == present and (
                use.used or use.held
            ):
                subject = self.subject_labels.get(use.subject, use.subject)
                found[self.labels[budget.id]][subject] = use.used.micros, use.held.micros
        return found

    @property
    def subject_labels(self) -> dict[str, str]:
        """How keys and agents are called as subjects of budgets."""
        kinds = {"key 1": IdKind.API_KEY, "key 2": IdKind.API_KEY, "agent 1": IdKind.AGENT}
        return {format_id(kind, self.ids[label]): label for label, kind in kinds.items()}

    def _usage(self, row: ServiceUsage) -> str:
        if row.id not in self.labels:
            return self.named({"usage": self.recorded[self.labels[row.workflow_id]].pop(0)}, "usage", row.id)
        return self.labels[row.id]


async def new_account(database: Any, limit: int | None) -> Real:
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
    return Real(tenant, ids, {id_: label for label, id_ in ids.items()})


def _seen(row: Any, *names: str) -> Answer:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, Credits):
        return value.micros
    return str(value) if isinstance(value, str) else value


def _plan(plan: Plan) -> HoldPlan:
    if isinstance(plan, int):
        return HoldPlan(Credits(plan), ())
    pasts = [metered(text) for text in plan]
    return HoldPlan(
        None, tuple(PlannedService(each.service_type, each.provider, each.quantity) for each in pasts)
    )


def _grant(
    real: Real,
    key: str,
    amount: int,
    priority: int,
    effective_at: datetime | None,
    expires_at: datetime | None,
    restriction: tuple[str, str] | None,
) -> GrantCredits:
    return GrantCredits(
        real.tenant.account_id,
        Credits(amount),
        key,
        priority,
        effective_at,
        expires_at,
        restriction and Restriction(RestrictionKind(restriction[0]), restriction[1]),
    )


def _start(
    real: Real,
    key: str,
    name: str,
    adapter: str | None,
    agent: str | None,
    user: str | None,
    api_key: str,
    parent: str | None,
    started_at: datetime | None,
    plan: Plan | None = None,
    expires_in: timedelta = HOUR,
) -> StartWorkflow:
    hold = {} if plan is None else {"hold": _plan(plan), "hold_expires_in": expires_in}
    return StartWorkflow(
        real.tenant.account_id,
        real.tenant.api_key_id,
        name,
        key,
        agent_id=real.id_of(agent),
        business_adapter=adapter,
        user_id=user,
        attributed_key_id=None if api_key == "key 1" else real.id_of(api_key),
        parent_workflow_id=real.id_of(parent),
        started_at=started_at,
        **hold,
    )


def _record(
    real: Real,
    key: str,
    name: str,
    adapter: str | None,
    user: str | None,
    api_key: str,
    started_at: datetime | None,
    ended_at: datetime | None,
    status: str,
    usages: tuple[str, ...],
) -> RecordWorkflow:
    start = _start(real, key, name, adapter, None, user, api_key, None, started_at)
    pasts: list[PastUsage] = [metered(text) for text in usages]
    return RecordWorkflow(start, WorkflowStatus(status), ended_at, tuple(pasts))


def _add(
    real: Real, key: str, run: str, text: str, used_at: datetime | None, if_uncovered: str
) -> AddServiceUsage:
    past = metered(text)
    return AddServiceUsage(
        real.tenant.account_id,
        real.ids.get(run, _NOBODY),
        past.service_type,
        past.provider,
        past.quantity,
        key,
        used_at,
        IfUncovered(if_uncovered),
    )


def _end(real: Real, _key: None, run: str, status: str, ended_at: datetime | None) -> EndWorkflow:
    return EndWorkflow(real.tenant.account_id, real.ids.get(run, _NOBODY), WorkflowStatus(status), ended_at)


def _hold(real: Real, key: str, run: str, plan: Plan, expires_in: timedelta) -> HoldCredits:
    return HoldCredits(real.tenant.account_id, real.ids.get(run, _NOBODY), _plan(plan), key, expires_in)


def _extend(real: Real, key: str, hold: str, plan: Plan | None, expires_in: timedelta | None) -> ExtendHold:
    return ExtendHold(
        account_id=real.tenant.account_id,
        hold_id=real.ids[hold],
        idempotency_key=key,
        plan=None if plan is None else _plan(plan),
        expires_in=expires_in,
    )


def _set_budget(
    real: Real, _key: None, scope: str, subject: str | None, window: str, zone: str, limit: int, action: str
) -> SetBudget:
    subjects = {label: text for text, label in real.subject_labels.items()}
    return SetBudget(
        account_id=real.tenant.account_id,
        scope=BudgetScope(scope),
        window=BudgetWindow(window),
        limit=Credits(limit),
        subject=None if subject is None else subjects.get(subject, subject),
        time_zone=zone,
        action=BudgetAction(action),
    )


_ITEMS: dict[str, Callable[..., Any]] = {
    "grant": _grant,
    "void_grant": lambda real, key, grant: VoidGrant(real.tenant.account_id, real.ids[grant], "a slip", key),
    "start": _start,
    "record": _record,
    "add": _add,
    "end": _end,
    "void_usage": lambda real, key, usage: VoidServiceUsage(
        real.tenant.account_id, real.ids[usage], "a mistake", key
    ),
    "hold": _hold,
    "extend": _extend,
    "release": lambda real, key, hold: ReleaseHold(real.tenant.account_id, real.ids[hold], key),
    "set_budget": _set_budget,
    "remove_budget": lambda real, _key, budget: {
        "account_id": real.tenant.account_id,
        "budget_id": real.ids[budget],
    },
}
_SET_VERBS: dict[str, Any] = {
    "start": start_workflows,
    "record": record_workflows,
    "add": add_service_usages,
    "end": end_workflows,
    "hold": hold_credits,
    "extend": extend_holds,
    "release": release_holds,
}
_VERBS: dict[str, Callable[..., Any]] = {
    "grant": grant_credits,
    "void_grant": void_grant,
    "void_usage": void_service_usage,
    "set_budget": set_budget,
    "remove_budget": remove_budget,
}


def _started(real: Real, answer: Any, expected: Answer) -> Answer:
    hold = getattr(answer, "hold", None)
    return {
        "run": real.named(expected, "run", answer.workflow.id),
        "hold": None if hold is None else real.named(expected, "hold", hold.id),
    }


def _recorded(real: Real, answer: Any, expected: Answer) -> Answer:
    run = real.named(expected, "run", answer.workflow.id)
    real.recorded.setdefault(run, list(expected["usages"]))
    return {"run": run, "usages": expected["usages"]}


def _added(real: Real, answer: Any, expected: Answer) -> Answer:
    usage = answer.usage
    return {
        "usage": real.named(expected, "usage", usage.id),
        "credits": usage.credits.micros,
        "late": usage.late,
    }


def _extended(real: Real, answer: Any, expected: Answer) -> Answer:
    return {
        "hold": real.named(expected, "hold", answer.hold.id),
        "added": answer.added.micros,
        "held_until": answer.held_until,
        "affordable_until": answer.affordable_until,
    }


_ANSWERS: dict[str, Callable[[Real, Any, Answer], Answer]] = {
    "grant": lambda real, answer, expected: {"grant": real.named(expected, "grant", answer.grant.id)},
    "void_grant": lambda real, answer, expected: {
        "grant": real.named(expected, "grant", answer.grant.id),
        "voided": answer.voided.micros,
    },
    "start": _started,
    "record": _recorded,
    "add": _added,
    "end": lambda real, answer, expected: {"run": real.named(expected, "run", answer.workflow.id)},
    "void_usage": lambda real, answer, expected: {
        "usage": real.named(expected, "usage", answer.usage.id),
        "refunded": answer.refunded.micros,
    },
    "hold": lambda real, answer, expected: {"hold": real.named(expected, "hold", answer.hold.id)},
    "extend": _extended,
    "release": lambda real, answer, expected: {
        "hold": real.named(expected, "hold", answer.hold.id),
        "released": answer.released.micros,
    },
    "set_budget": lambda real, answer, expected: {"budget": real.named(expected, "budget", answer.id)},
    "remove_budget": lambda real, answer, expected: {"budget": real.named(expected, "budget", answer.id)},
}
_FIGURES = {
    "CreditsExhausted": ("needed", "available"),
    "OverdraftLimitReached": ("available",),
    "BudgetExceeded": ("budget", "needed", "limit", "used", "held", "left"),
    "TimeOutOfRange": ("field",),
    "WorkflowAlreadyEnded": ("status", "ended_at"),
    "HoldClosed": ("status", "closed_at"),
}
_HOLD = ("status", "amount", "captured", "released", "lent", "remaining", "expires_at", "closed_at")
_RUN = ("status", "total_credits", "usage_count", "ended_at")
_NOBODY = UUID(int=7)
