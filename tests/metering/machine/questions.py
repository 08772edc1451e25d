"""Verbs of the business, asked in the oracle's words."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from metering.budgets.setting import SetBudget, remove_budget, set_budget
from metering.credits import (
    ExtendHold,
    GrantCredits,
    HoldCredits,
    HoldPlan,
    ReleaseHold,
    Restriction,
    VoidGrant,
    extend_holds,
    grant_credits,
    hold_credits,
    release_holds,
    void_grant,
)
from metering.plans import Plan as Selecting
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
from models.budget import BudgetAction, BudgetScope, BudgetWindow
from models.ledger import RestrictionKind
from models.workflow import WorkflowStatus
from pricing.credits import Credits
from pricing.quote import PlannedService
from pricing.selection import Need, ServiceRequest
from tests.metering.machine.names import Names
from tests.metering.machine.oracle import HOUR, Plan
from tests.tenant import metered


def _plan(plan: Plan) -> HoldPlan:
    if isinstance(plan, int):
        return HoldPlan(Credits(plan), ())
    pasts = [metered(text) for text in plan]
    return HoldPlan(
        None, tuple(PlannedService(each.service_type, each.provider, each.quantity) for each in pasts)
    )


def _selecting(plan: Plan) -> Selecting:
    """Plan what a selection keeps as it is named, under a configuration that forbids nothing."""
    assert not isinstance(plan, int), "an amount names no services"
    pasts = [metered(text) for text in plan]
    needs = tuple(Need(each.service_type, each.quantity, each.provider) for each in pasts)
    return Selecting(ServiceRequest(needs), preset="emergency_services")


def _grant(
    names: Names,
    key: str,
    amount: int,
    priority: int,
    effective_at: datetime | None,
    expires_at: datetime | None,
    restriction: tuple[str, str] | None,
) -> GrantCredits:
    return GrantCredits(
        names.account_id,
        Credits(amount),
        key,
        priority,
        effective_at,
        expires_at,
        restriction and Restriction(RestrictionKind(restriction[0]), restriction[1]),
    )


def _start(
    names: Names,
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
    selected: Plan | None = None,
) -> StartWorkflow:
    hold: dict[str, Any] = {}
    if plan is not None:
        hold = {"hold": _plan(plan), "hold_expires_in": expires_in}
    if selected is not None:
        hold = {"hold": HoldPlan(), "hold_expires_in": expires_in, "selection": _selecting(selected)}
    return StartWorkflow(
        names.account_id,
        names.api_key_id,
        name,
        key,
        agent_id=names.id_of(agent) if agent else None,
        business_adapter=adapter,
        user_id=user,
        attributed_key_id=None if api_key == "key 1" else names.id_of(api_key),
        parent_workflow_id=names.id_of(parent) if parent else None,
        started_at=started_at,
        **hold,
    )


def _record(
    names: Names,
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
    start = _start(names, key, name, adapter, None, user, api_key, None, started_at)
    pasts: list[PastUsage] = [metered(text) for text in usages]
    return RecordWorkflow(start, WorkflowStatus(status), ended_at, tuple(pasts))


def _add(
    names: Names, key: str, run: str, text: str, used_at: datetime | None, if_uncovered: str
) -> AddServiceUsage:
    past = metered(text)
    return AddServiceUsage(
        names.account_id,
        names.id_of(run),
        past.service_type,
        past.provider,
        past.quantity,
        key,
        used_at,
        IfUncovered(if_uncovered),
    )


def _end(names: Names, _key: None, run: str, status: str, ended_at: datetime | None) -> EndWorkflow:
    return EndWorkflow(names.account_id, names.id_of(run), WorkflowStatus(status), ended_at)


def _hold(
    names: Names,
    key: str,
    run: str,
    expires_in: timedelta,
    plan: Plan | None = None,
    selected: Plan | None = None,
) -> HoldCredits:
    planned = HoldPlan(selection=_selecting(selected)) if selected else _plan(() if plan is None else plan)
    return HoldCredits(names.account_id, names.id_of(run), planned, key, expires_in)


def _extend(names: Names, key: str, hold: str, plan: Plan | None, expires_in: timedelta | None) -> ExtendHold:
    return ExtendHold(
        account_id=names.account_id,
        hold_id=names.ids[hold],
        idempotency_key=key,
        plan=None if plan is None else _plan(plan),
        expires_in=expires_in,
    )


def _set_budget(
    names: Names, _key: None, scope: str, subject: str | None, window: str, zone: str, limit: int, action: str
) -> SetBudget:
    subjects = {label: text for text, label in names.subject_labels.items()}
    return SetBudget(
        account_id=names.account_id,
        scope=BudgetScope(scope),
        window=BudgetWindow(window),
        limit=Credits(limit),
        subject=None if subject is None else subjects.get(subject, subject),
        time_zone=zone,
        action=BudgetAction(action),
    )


ITEMS: dict[str, Callable[..., Any]] = {
    "grant": _grant,
    "void_grant": lambda names, key, grant: VoidGrant(names.account_id, names.ids[grant], "a slip", key),
    "start": _start,
    "record": _record,
    "add": _add,
    "end": _end,
    "void_usage": lambda names, key, usage: VoidServiceUsage(
        names.account_id, names.ids[usage], "a mistake", key
    ),
    "hold": _hold,
    "extend": _extend,
    "release": lambda names, key, hold: ReleaseHold(names.account_id, names.ids[hold], key),
    "set_budget": _set_budget,
    "remove_budget": lambda names, _key, budget: {
        "account_id": names.account_id,
        "budget_id": names.ids[budget],
    },
}
SET_VERBS: dict[str, Any] = {
    "start": start_workflows,
    "record": record_workflows,
    "add": add_service_usages,
    "end": end_workflows,
    "hold": hold_credits,
    "extend": extend_holds,
    "release": release_holds,
}
VERBS: dict[str, Callable[..., Any]] = {
    "grant": grant_credits,
    "void_grant": void_grant,
    "void_usage": void_service_usage,
    "set_budget": set_budget,
    "remove_budget": remove_budget,
}
