"""A replay as a command answers it: tables for a person, JSON for a script."""

from collections.abc import Iterable

import typer

from metering.replaying import Figures, Replay
from models.base import Json
from models.identity import IdKind, format_id
from pricing.credits import Credits
from server.commands.tables import print_table

_COLUMNS = ("runs", "usages", "actual", "refused runs", "refused", "compared", "replayed", "saved")
_REFUSED_SHOWN = 10


def replay_fields(replay: Replay) -> Json:
    """Give all of it, under the names of the graph."""
    return {
        "totals": _figures(replay.totals),
        "byWorkflowName": [
            {"workflowName": row.workflow_name, **_figures(row.figures)} for row in replay.by_workflow_name
        ],
        "byAgent": [
            {
                "agentId": None if row.agent_id is None else format_id(IdKind.AGENT, row.agent_id),
                "isRest": row.is_rest,
                **_figures(row.figures),
            }
            for row in replay.by_agent
        ],
        "byService": [
            {
                "serviceType": row.service_type.value,
                "provider": row.provider,
                "usageCount": row.usage_count,
                "actualCredits": _text(row.actual_micros),
                "refusedUsageCount": row.refused_usage_count,
                "refusedCredits": _text(row.refused_micros),
                "replayedUsageCount": row.replayed_usage_count,
                "replayedCredits": _text(row.replayed_micros),
            }
            for row in replay.by_service
        ],
        "changedChoices": [
            {
                "serviceType": row.service_type.value,
                "from": row.from_provider,
                "to": row.to_provider,
                "usageCount": row.usage_count,
                "actualCredits": _text(row.actual_micros),
                "replayedCredits": _text(row.replayed_micros),
                "savedCredits": _text(row.actual_micros - row.replayed_micros),
            }
            for row in replay.changed_choices
        ],
        "refusals": [
            {
                "kind": row.kind.value,
                "runCount": row.run_count,
                "usageCount": row.usage_count,
                "actualCredits": _text(row.actual_micros),
            }
            for row in replay.refusals
        ],
        "refusedRuns": [
            {
                "workflowId": format_id(IdKind.WORKFLOW, row.workflow_id),
                "workflowName": row.workflow_name,
                "kind": row.kind.value,
                "message": row.sentence,
                "actualCredits": _text(row.actual_micros),
            }
            for row in replay.refused_runs
        ],
    }


def print_replay(replay: Replay) -> None:
    """Print the figures, what would change, and why runs would be refused."""
    totals = replay.totals
    typer.echo(
        f"{totals.run_count:,} runs with {totals.usage_count:,} usages were charged {totals.actual} credits. "
        f"{totals.run_count - totals.refused_run_count:,} of them would have run, at {totals.replayed} "
        f"in place of {totals.compared}: {_difference(totals.saved)}."
    )
    _print_figures(
        "workflow name",
        ((row.workflow_name or "(others)", row.figures) for row in replay.by_workflow_name),
        totals,
    )
    agents = (
        (
            "(others)"
            if row.is_rest
            else "(none)"
            if row.agent_id is None
            else format_id(IdKind.AGENT, row.agent_id),
            row.figures,
        )
        for row in replay.by_agent
    )
    _print_figures("agent", agents, totals)
    _print_services(replay)
    _print_changes(replay)
    _print_refusals(replay)


def _print_figures(what: str, rows: Iterable[tuple[str, Figures]], totals: Figures) -> None:
    print_table([what, *_COLUMNS], ([name, *_cells(figures)] for name, figures in (*rows, ("total", totals))))


def _print_services(replay: Replay) -> None:
    print_table(
        ["service type", "provider", "usages", "actual", "of them refused", "usages then", "replayed"],
        (
            [
                row.service_type.value,
                row.provider,
                f"{row.usage_count:,}",
                _text(row.actual_micros),
                _text(row.refused_micros),
                f"{row.replayed_usage_count:,}",
                _text(row.replayed_micros),
            ]
            for row in replay.by_service
        ),
    )


def _print_changes(replay: Replay) -> None:
    if not replay.changed_choices:
        typer.echo("The same providers would have served.")
        return
    print_table(
        ["service type", "from", "to", "usages", "actual", "replayed"],
        (
            [
                row.service_type.value,
                row.from_provider,
                row.to_provider,
                f"{row.usage_count:,}",
                _text(row.actual_micros),
                _text(row.replayed_micros),
            ]
            for row in replay.changed_choices
        ),
    )


def _print_refusals(replay: Replay) -> None:
    if not replay.refusals:
        typer.echo("No run would have been refused.")
        return
    print_table(
        ["refused because", "runs", "usages", "actual"],
        (
            [row.kind.value, f"{row.run_count:,}", f"{row.usage_count:,}", _text(row.actual_micros)]
            for row in replay.refusals
        ),
    )
    for row in replay.refused_runs[:_REFUSED_SHOWN]:
        typer.echo(f"{format_id(IdKind.WORKFLOW, row.workflow_id)}: {row.sentence}")
    more = replay.totals.refused_run_count - _REFUSED_SHOWN
    if more > 0:
        typer.echo(f"and {more:,} more; --json tells of the first {len(replay.refused_runs)} one by one.")


def _figures(of: Figures) -> Json:
    return {
        "runCount": of.run_count,
        "usageCount": of.usage_count,
        "actualCredits": str(of.actual),
        "refusedRunCount": of.refused_run_count,
        "refusedUsageCount": of.refused_usage_count,
        "refusedCredits": str(of.refused),
        "comparedCredits": str(of.compared),
        "replayedCredits": str(of.replayed),
        "savedCredits": str(of.saved),
    }


def _cells(of: Figures) -> list[str]:
    return [
        f"{of.run_count:,}",
        f"{of.usage_count:,}",
        str(of.actual),
        f"{of.refused_run_count:,}",
        str(of.refused),
        str(of.compared),
        str(of.replayed),
        str(of.saved),
    ]


def _difference(saved: Credits) -> str:
    return f"{saved} saved" if saved >= Credits.ZERO else f"{Credits.ZERO - saved} more"


def _text(micros: int) -> str:
    return str(Credits(micros))
