"""Why this provider served: what had been selected for the run when the usage was recorded."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, select

from metering.selections.keeping import KeptSelection
from metering.workflows import OwnedId
from models.json_paths import json_field, json_items
from models.selection import WorkflowSelection
from models.service_usage import ServiceUsage
from pricing.selection import Decision


@dataclass(frozen=True, slots=True)
class ProviderChoice:
    """What was selected for a usage's service type, and whether that served: None where nothing was.

    Several providers may have been selected for one service type: any of them is as selected, and the
    decision is that of the one which served, else the first.
    """

    as_selected: bool | None
    decision: Decision | None
    sentence: str


def deciding_selections(usages: Collection[OwnedId]) -> Select[Any]:
    """Select usage and selection: the newest of its run that decides its service type, made by then."""
    decision = json_items(WorkflowSelection.record, "decisions").c.value
    decides = exists().where(json_field(decision, "service_type") == ServiceUsage.service_type)
    newest: Any = (
        select(WorkflowSelection.id)
        .where(
            WorkflowSelection.account_id == ServiceUsage.account_id,
            WorkflowSelection.workflow_id == ServiceUsage.workflow_id,
            WorkflowSelection.made_at <= ServiceUsage.recorded_at,
            decides.correlate(WorkflowSelection, ServiceUsage),
        )
        .order_by(WorkflowSelection.made_at.desc(), WorkflowSelection.id.desc())
        .limit(1)
        .correlate(ServiceUsage)
        .scalar_subquery()
    )
    return select(ServiceUsage.id, newest).where(
        ServiceUsage.account_id.in_({account_id for account_id, _ in usages}),
        ServiceUsage.id.in_({usage_id for _, usage_id in usages}),
    )


def is_as_selected(usage: ServiceUsage, kept: KeptSelection | None) -> bool | None:
    """Say whether a selected provider served; None where none was selected for the service type."""
    decisions = _decisions(usage, kept)
    return any(it.provider == usage.provider for it in decisions) if decisions else None


def choice_of(usage: ServiceUsage, kept: KeptSelection | None) -> ProviderChoice:
    """Tell why the provider of a usage served."""
    decisions = _decisions(usage, kept)
    if kept is None or not decisions:
        sentence = (
            f"No provider had been selected for {usage.service_type}: whoever recorded the usage named "
            f"{usage.provider}."
        )
        return ProviderChoice(None, None, sentence)
    selected_at = f"selected at {kept.row.made_at.isoformat()}"
    providers = list(dict.fromkeys(it.provider for it in decisions))
    for decision in decisions:
        if decision.provider == usage.provider:
            return ProviderChoice(
                as_selected=True,
                decision=decision,
                sentence=f"{usage.provider} was {selected_at}. {decision.reason}",
            )
    were = f"{' and '.join(providers)} {'was' if len(providers) == 1 else 'were'} {selected_at}"
    sentence = f"Not as selected: {were}, and {usage.provider} served."
    return ProviderChoice(
        as_selected=False, decision=decisions[0], sentence=f"{sentence} {decisions[0].reason}"
    )


def _decisions(usage: ServiceUsage, kept: KeptSelection | None) -> list[Decision]:
    decisions = kept.selection.decisions if kept is not None else ()
    return [it for it in decisions if it.service_type is usage.service_type]
