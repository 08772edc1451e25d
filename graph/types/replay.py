"""Replays: what a period would have cost under other rules."""

from typing import Any, Self

import strawberry

from graph.ids import written
from graph.scalars import Long
from metering import replaying
from metering.replaying import MOST_EXAMPLES, MOST_ROWS, ReplayRefusalKind
from models.identity import IdKind
from pricing.credits import Credits
from pricing.units import ServiceType


@strawberry.type(description="What some runs were charged, and what they would have cost.")
class ReplayFigures:
    """What some runs were charged, and what they would have cost."""

    run_count: Long = strawberry.field(description="How many runs have usages in the period.")
    usage_count: Long = strawberry.field(description="How many usages those are; voided ones are none.")
    actual_credits: Credits = strawberry.field(description="What they were charged.")
    refused_run_count: Long = strawberry.field(description="How many of the runs would not have run.")
    refused_usage_count: Long = strawberry.field(description="How many usages those have.")
    refused_credits: Credits = strawberry.field(
        description="What the runs were charged that would not have run."
    )
    compared_credits: Credits = strawberry.field(
        description="What the runs were charged that would have run: actual less refused."
    )
    replayed_credits: Credits = strawberry.field(description="What the same runs would have cost.")
    saved_credits: Credits = strawberry.field(
        description="How much less that is, compared less replayed; negative where it is more."
    )


def _figures(of: replaying.Figures) -> dict[str, Any]:
    return {
        "run_count": Long(of.run_count),
        "usage_count": Long(of.usage_count),
        "actual_credits": of.actual,
        "refused_run_count": Long(of.refused_run_count),
        "refused_usage_count": Long(of.refused_usage_count),
        "refused_credits": of.refused,
        "compared_credits": of.compared,
        "replayed_credits": of.replayed,
        "saved_credits": of.saved,
    }


@strawberry.type(description="The runs of one workflow name.")
class ReplayOfWorkflowName(ReplayFigures):
    """The runs of one workflow name."""

    workflow_name: str | None = strawberry.field(
        description=f"The name; null are all names beyond the {MOST_ROWS:,} that were used first."
    )


@strawberry.type(description="The runs of one agent.")
class ReplayOfAgent(ReplayFigures):
    """The runs of one agent."""

    agent_id: strawberry.ID | None = strawberry.field(description="The agent; null for runs of no agent.")
    is_rest: bool = strawberry.field(
        description=f"True for all agents beyond the {MOST_ROWS:,} that were used first."
    )


@strawberry.type(description="What one provider of a service type served, and what it would have served.")
class ReplayOfService:
    """What one provider served, and would have served."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    provider: str = strawberry.field(description="The provider or model.")
    usage_count: Long = strawberry.field(description="How many usages it served.")
    actual_credits: Credits = strawberry.field(description="What they were charged.")
    refused_usage_count: Long = strawberry.field(
        description="How many of them belong to runs that would not have run."
    )
    refused_credits: Credits = strawberry.field(description="What those were charged.")
    replayed_usage_count: Long = strawberry.field(
        description="How many usages it would have served, of its own and in others' places."
    )
    replayed_credits: Credits = strawberry.field(description="What those would have cost.")

    @classmethod
    def of(cls, row: replaying.ServiceFigures) -> Self:
        """Show a service."""
        return cls(
            service_type=row.service_type,
            provider=row.provider,
            usage_count=Long(row.usage_count),
            actual_credits=Credits(row.actual_micros),
            refused_usage_count=Long(row.refused_usage_count),
            refused_credits=Credits(row.refused_micros),
            replayed_usage_count=Long(row.replayed_usage_count),
            replayed_credits=Credits(row.replayed_micros),
        )


@strawberry.type(description="Usages that another provider would have served.")
class ReplayChangedChoice:
    """Usages that another provider would have served."""

    service_type: ServiceType = strawberry.field(description="The kind of service.")
    from_provider: str = strawberry.field(name="from", description="Who served them.")
    to_provider: str = strawberry.field(name="to", description="Who would have.")
    usage_count: Long = strawberry.field(description="How many they are.")
    actual_credits: Credits = strawberry.field(description="What they were charged.")
    replayed_credits: Credits = strawberry.field(description="What they would have cost.")
    saved_credits: Credits = strawberry.field(description="How much less that is; negative where it is more.")

    @classmethod
    def of(cls, row: replaying.ChangedChoice) -> Self:
        """Show a changed choice."""
        return cls(
            service_type=row.service_type,
            from_provider=row.from_provider,
            to_provider=row.to_provider,
            usage_count=Long(row.usage_count),
            actual_credits=Credits(row.actual_micros),
            replayed_credits=Credits(row.replayed_micros),
            saved_credits=Credits(row.actual_micros - row.replayed_micros),
        )


@strawberry.type(description="Runs that would not have run, for one reason.")
class ReplayRefusals:
    """Runs that would not have run, for one reason."""

    kind: ReplayRefusalKind = strawberry.field(description="The reason.")
    run_count: Long = strawberry.field(description="How many runs.")
    usage_count: Long = strawberry.field(description="How many usages they have.")
    actual_credits: Credits = strawberry.field(description="What they were charged.")

    @classmethod
    def of(cls, row: replaying.RefusalFigures) -> Self:
        """Show a kind of refusals."""
        return cls(
            kind=row.kind,
            run_count=Long(row.run_count),
            usage_count=Long(row.usage_count),
            actual_credits=Credits(row.actual_micros),
        )


@strawberry.type(description="A run that would not have run.")
class ReplayRefusedRun:
    """A run that would not have run."""

    workflow_id: strawberry.ID = strawberry.field(description="The run; `workflow(id)` tells more.")
    workflow_name: str = strawberry.field(description="Its name.")
    kind: ReplayRefusalKind = strawberry.field(description="Why, for programs.")
    message: str = strawberry.field(description="Why, for people, and what would help.")
    actual_credits: Credits = strawberry.field(description="What it was charged.")

    @classmethod
    def of(cls, row: replaying.RefusedRun) -> Self:
        """Show a refused run."""
        return cls(
            workflow_id=written(IdKind.WORKFLOW, row.workflow_id),
            workflow_name=row.workflow_name,
            kind=row.kind,
            message=row.sentence,
            actual_credits=Credits(row.actual_micros),
        )


@strawberry.type(
    description=(
        "A period again under other rules. Every amount is exact, and every dimension adds up to the totals; "
        "rows stand dearest first."
    )
)
class Replay:
    """A period again under other rules."""

    totals: ReplayFigures = strawberry.field(description="All of it.")
    by_workflow_name: list[ReplayOfWorkflowName] = strawberry.field(description="By workflow name.")
    by_agent: list[ReplayOfAgent] = strawberry.field(description="By agent.")
    by_service: list[ReplayOfService] = strawberry.field(
        description="By service type and provider, before and after."
    )
    changed_choices: list[ReplayChangedChoice] = strawberry.field(
        description="What another provider would have served."
    )
    refusals: list[ReplayRefusals] = strawberry.field(description="Runs that would not have run, by reason.")
    refused_runs: list[ReplayRefusedRun] = strawberry.field(
        description=f"The first {MOST_EXAMPLES} of those runs, one by one, in the order of use."
    )

    @classmethod
    def of(cls, replay: replaying.Replay) -> Self:
        """Show a replay."""
        return cls(
            totals=ReplayFigures(**_figures(replay.totals)),
            by_workflow_name=[
                ReplayOfWorkflowName(workflow_name=row.workflow_name, **_figures(row.figures))
                for row in replay.by_workflow_name
            ],
            by_agent=[
                ReplayOfAgent(
                    agent_id=None if row.agent_id is None else written(IdKind.AGENT, row.agent_id),
                    is_rest=row.is_rest,
                    **_figures(row.figures),
                )
                for row in replay.by_agent
            ],
            by_service=[ReplayOfService.of(row) for row in replay.by_service],
            changed_choices=[ReplayChangedChoice.of(row) for row in replay.changed_choices],
            refusals=[ReplayRefusals.of(row) for row in replay.refusals],
            refused_runs=[ReplayRefusedRun.of(row) for row in replay.refused_runs],
        )
