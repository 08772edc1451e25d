"""What shadow policies would have done against what was chosen: two statements for any number of policies.

A run counts once, by its newest selection, in the period in which that was made; so the figures of adjoining
periods add up.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, and_, cast, exists, func, or_, select
from sqlalchemy.orm import aliased

from metering.analytics import Period
from metering.shadows.trial import ShadowRefusalKind
from metering.workflows import OwnedId
from models.json_paths import json_field, json_items
from models.selection import WorkflowSelection
from models.sums import wide_total
from models.workflow import Workflow
from pricing.credits import Credits
from pricing.units import ServiceType


@dataclass(frozen=True, slots=True)
class RefusedRuns:
    """Runs that a policy would have refused in one way; `message` is what it would have said to one."""

    kind: ShadowRefusalKind
    run_count: int
    live: Credits
    charged: Credits
    message: str


@dataclass(frozen=True, slots=True)
class ChangedChoice:
    """How often another provider would have served, and what that saves; negative where it costs more."""

    service_type: ServiceType
    from_provider: str
    to_provider: str
    count: int
    saved: Credits


@dataclass(frozen=True, slots=True)
class ShadowComparison:
    """A policy against what was chosen. `live`, `shadow` and `charged` are of the runs that it would serve.

    `live` and `shadow` are estimates of the same plans; `charged` is what the runs used. What the changed
    choices save adds up to `saved`.
    """

    served_run_count: int
    live: Credits
    shadow: Credits
    charged: Credits
    refused: tuple[RefusedRuns, ...]
    changed_choices: tuple[ChangedChoice, ...]

    @property
    def run_count(self) -> int:
        """All runs, those that it would refuse too."""
        return self.served_run_count + sum(each.run_count for each in self.refused)

    @property
    def saved(self) -> Credits:
        """What the policy would save on the runs that it would serve; negative where it costs more."""
        return self.live - self.shadow


def compared_runs(policies: Sequence[OwnedId], period: Period) -> Select[Any]:
    """Select policy, kind of refusal or null, a message, runs, micros live, micros of the shadow, charged."""
    kind = json_field(WorkflowSelection.shadow_refusal, "kind").label("kind")
    of_run = and_(
        Workflow.account_id == WorkflowSelection.account_id, Workflow.id == WorkflowSelection.workflow_id
    )
    figures: list[Any] = [
        func.min(json_field(WorkflowSelection.shadow_refusal, "message")),
        func.count(),
        wide_total(WorkflowSelection.total_credits),
        wide_total(WorkflowSelection.shadow_credits),
        wide_total(Workflow.total_credits),
    ]
    return (
        select(WorkflowSelection.shadow_policy_id, kind, *figures)
        .select_from(WorkflowSelection)
        .join(Workflow, of_run)
        .where(*_counted(policies, period))
        .group_by(WorkflowSelection.shadow_policy_id, "kind")
    )


def changed_choices(policies: Sequence[OwnedId], period: Period) -> Select[Any]:
    """Select policy, service type, provider live, provider of the shadow, how often, and micros saved."""
    change = json_items(WorkflowSelection.shadow_record, "changes").c.value
    dimensions = [json_field(change, name).label(name) for name in ("service_type", "from", "to")]
    saved = wide_total(cast(json_field(change, "saved_micros"), BigInteger()))
    columns: list[Any] = [*dimensions, func.count(), saved]
    return (
        select(WorkflowSelection.shadow_policy_id, *columns)
        .select_from(WorkflowSelection)
        .where(*_counted(policies, period))
        .group_by(WorkflowSelection.shadow_policy_id, "service_type", "from", "to")
    )


def compared(runs: Iterable[Sequence[Any]], changes: Iterable[Sequence[Any]]) -> dict[UUID, ShadowComparison]:
    """Put the rows of both statements together, policy by policy; the dearest stand first."""
    rows: dict[UUID, list[Sequence[Any]]] = defaultdict(list)
    changed: dict[UUID, list[ChangedChoice]] = defaultdict(list)
    for policy_id, *row in runs:
        rows[policy_id].append(row)
    for policy_id, service_type, one, other, count, saved in changes:
        choice = ChangedChoice(ServiceType(service_type), one, other, count, Credits(saved))
        changed[policy_id].append(choice)
    return {policy_id: _comparison(found, changed[policy_id]) for policy_id, found in rows.items()}


def nothing_compared() -> ShadowComparison:
    """Give the comparison of no runs."""
    return _comparison([], [])


def _comparison(rows: Iterable[Sequence[Any]], changes: Iterable[ChangedChoice]) -> ShadowComparison:
    served, live, shadow, charged = 0, Credits.ZERO, Credits.ZERO, Credits.ZERO
    refused = []
    for kind, message, count, live_micros, shadow_micros, charged_micros in rows:
        if kind is None:
            served, live, shadow = count, Credits(live_micros), Credits(shadow_micros)
            charged = Credits(charged_micros)
        else:
            amounts = Credits(live_micros), Credits(charged_micros)
            refused.append(RefusedRuns(ShadowRefusalKind(kind), count, *amounts, message))
    return ShadowComparison(
        served,
        live,
        shadow,
        charged,
        tuple(sorted(refused, key=lambda each: (-each.run_count, each.kind))),
        tuple(sorted(changes, key=_most_saved_first)),
    )


def _most_saved_first(choice: ChangedChoice) -> tuple[int, str, str, str]:
    return -choice.saved.micros, choice.service_type, choice.from_provider, choice.to_provider


def _counted(policies: Sequence[OwnedId], period: Period) -> list[ColumnElement[bool]]:
    newer = aliased(WorkflowSelection)
    is_superseded = exists().where(
        newer.account_id == WorkflowSelection.account_id,
        newer.workflow_id == WorkflowSelection.workflow_id,
        or_(
            newer.made_at > WorkflowSelection.made_at,
            and_(newer.made_at == WorkflowSelection.made_at, newer.id > WorkflowSelection.id),
        ),
    )
    return [
        WorkflowSelection.account_id.in_({account_id for account_id, _ in policies}),
        WorkflowSelection.shadow_policy_id.in_({policy_id for _, policy_id in policies}),
        *period.contains(WorkflowSelection.made_at),
        ~is_superseded,
    ]
