"""Random requests over every verb that moves credits, made from what was acknowledged so far."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from metering.budgets.setting import SetBudget, remove_budget, set_budget
from metering.credits import (
    ExtendHold,
    GrantCredits,
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
from metering.tracking import (
    EndWorkflow,
    IfUncovered,
    RecordWorkflow,
    VoidServiceUsage,
    add_service_usages,
    end_workflows,
    record_workflows,
    start_workflows,
    void_service_usage,
)
from models.budget import BudgetScope, BudgetWindow
from models.ledger import RestrictionKind
from models.workflow import WorkflowStatus
from pricing.credits import Credits
from tests.tenant import Tenant, metered, plan

SET_VERBS: dict[str, Callable[..., Any]] = {
    "start": start_workflows,
    "add": add_service_usages,
    "record": record_workflows,
    "end": end_workflows,
    "hold": hold_credits,
    "extend": extend_holds,
    "release": release_holds,
}
VERBS: dict[str, Callable[..., Any]] = {
    "void": void_service_usage,
    "grant": grant_credits,
    "void grant": void_grant,
    "expire": expire_credits,
    "set budget": set_budget,
    "remove budget": remove_budget,
}
LIKELIHOODS = {
    "start": 12,
    "add": 16,
    "record": 6,
    "end": 8,
    "hold": 10,
    "extend": 9,
    "release": 8,
    "void": 8,
    "grant": 7,
    "void grant": 7,
    "expire": 6,
    "set budget": 6,
    "remove budget": 6,
}
SERVICES = ("GPT gpt-4o 1500 TOKENS", "PHONE twilio 1 MINUTES", "VOICE_TTS cartesia 900 CHARACTERS")
NAMES = ("phone_ai_call", "voice_chat", "emergency")


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller asks of a verb; `item` for one item, `fields` for verbs that take none."""

    verb: str
    tenant: Tenant
    item: Any = None
    fields: tuple[tuple[str, Any], ...] = ()

    @property
    def key(self) -> tuple[UUID, str] | None:
        """What makes it the same request again; verbs without one do the same again by themselves."""
        key = getattr(self.item, "idempotency_key", None)
        return None if key is None else (self.tenant.account_id, key)


@dataclass(slots=True)
class Known:
    """What an account is known to have, newest last."""

    runs: list[UUID] = field(default_factory=list)
    holds: list[UUID] = field(default_factory=list)
    usages: list[UUID] = field(default_factory=list)
    grants: list[UUID] = field(default_factory=list)
    budgets: list[UUID] = field(default_factory=list)


class Requests:
    """Makes one request after another, by its seed."""

    def __init__(self, seed: int, tenants: Sequence[Tenant]) -> None:
        self._draw = random.Random(f"requests {seed}")
        self._tenants = tenants
        self.known = {tenant.account_id: Known() for tenant in tenants}

    def some(self) -> list[Request]:
        """Make what comes in at the same time."""
        return [self._one() for _ in range(self._draw.randint(1, 4))]

    def pause(self) -> timedelta:
        """Say how long it is until the next requests come in."""
        return timedelta(seconds=self._draw.choice([0, 1, 20]))

    def _one(self) -> Request:
        tenant = self._draw.choice(self._tenants)
        while True:
            [verb] = self._draw.choices(list(LIKELIHOODS), weights=list(LIKELIHOODS.values()))
            make: Callable[[Tenant, Known], Request | None] = getattr(self, f"_{verb.replace(' ', '_')}")
            request = make(tenant, self.known[tenant.account_id])
            if request is not None:
                return request

    def _start(self, tenant: Tenant, known: Known) -> Request:
        draw = self._draw
        return Request(
            "start",
            tenant,
            tenant.run(
                draw.choice(NAMES),
                user_id=draw.choice([None, "ann", "bob"]),
                parent_workflow_id=draw.choice([None, *known.runs[-2:]]),
                hold=draw.choice([None, plan("12"), plan(*SERVICES[:2])]),
                hold_expires_in=self._lasting(),
            ),
        )

    def _add(self, tenant: Tenant, known: Known) -> Request | None:
        run = self._pick(known.runs)
        refusing = self._draw.choice(list(IfUncovered))
        return run and Request(
            "add", tenant, tenant.usage(run, self._draw.choice(SERVICES), if_uncovered=refusing)
        )

    def _record(self, tenant: Tenant, _known: Known) -> Request:
        usages = tuple(metered(self._draw.choice(SERVICES)) for _ in range(self._draw.randint(0, 3)))
        return Request("record", tenant, RecordWorkflow(tenant.run(), WorkflowStatus.COMPLETED, None, usages))

    def _end(self, tenant: Tenant, known: Known) -> Request | None:
        run = self._pick(known.runs)
        return run and Request("end", tenant, EndWorkflow(tenant.account_id, run, WorkflowStatus.COMPLETED))

    def _hold(self, tenant: Tenant, known: Known) -> Request | None:
        run = self._pick(known.runs)
        what = self._draw.choice([("7",), SERVICES])
        return run and Request("hold", tenant, tenant.holding(run, *what, expires_in=self._lasting()))

    def _extend(self, tenant: Tenant, known: Known) -> Request | None:
        hold = self._pick(known.holds)
        return hold and Request(
            "extend",
            tenant,
            ExtendHold(
                account_id=tenant.account_id,
                hold_id=hold,
                idempotency_key=tenant.run().idempotency_key,
                plan=self._draw.choice([None, plan("3"), plan(SERVICES[1])]),
                expires_in=self._lasting(),
            ),
        )

    def _release(self, tenant: Tenant, known: Known) -> Request | None:
        hold = self._pick(known.holds)
        key = tenant.run().idempotency_key
        return hold and Request("release", tenant, ReleaseHold(tenant.account_id, hold, key))

    def _void(self, tenant: Tenant, known: Known) -> Request | None:
        usage = self._pick(known.usages)
        key = tenant.run().idempotency_key
        return usage and Request("void", tenant, VoidServiceUsage(tenant.account_id, usage, "wrong", key))

    def _grant(self, tenant: Tenant, _known: Known) -> Request:
        draw = self._draw
        only = draw.choice([None, None, Restriction(RestrictionKind.WORKFLOW, "emergency")])
        now = tenant.database.clock()
        return Request(
            "grant",
            tenant,
            GrantCredits(
                tenant.account_id,
                Credits.parse(draw.choice(["20", "45"])),
                tenant.run().idempotency_key,
                restricted_to=only,
                expires_at=draw.choice([None, now + self._lasting()]),
            ),
        )

    def _void_grant(self, tenant: Tenant, known: Known) -> Request | None:
        grant = self._pick(known.grants)
        key = tenant.run().idempotency_key
        return grant and Request("void grant", tenant, VoidGrant(tenant.account_id, grant, "wrong", key))

    def _expire(self, tenant: Tenant, _known: Known) -> Request:
        return Request("expire", tenant, fields=(("account_id", tenant.account_id),))

    def _set_budget(self, tenant: Tenant, _known: Known) -> Request:
        scope, window = self._draw.choice(list(BudgetScope)), self._draw.choice(list(BudgetWindow))
        limit = Credits.parse(self._draw.choice(["60", "400"]))
        return Request("set budget", tenant, SetBudget(tenant.account_id, scope, window, limit))

    def _remove_budget(self, tenant: Tenant, known: Known) -> Request | None:
        budget = self._pick(known.budgets)
        return budget and Request(
            "remove budget", tenant, fields=(("account_id", tenant.account_id), ("budget_id", budget))
        )

    def _pick(self, ids: Sequence[UUID]) -> Any:
        return self._draw.choice(ids[-4:]) if ids else None

    def _lasting(self) -> timedelta:
        return timedelta(seconds=self._draw.choice([30, 120, 3_600]))
