"""A request and its answer as JSON, so that a job keeps them; what is read back equals what was written."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from metering.analytics import RunsLike
from metering.replaying.figures import (
    AgentFigures,
    ChangedChoice,
    Figures,
    RefusalFigures,
    RefusedRun,
    Replay,
    ServiceFigures,
    WorkflowNameFigures,
)
from metering.replaying.repricing import ReplayRefusalKind
from metering.replaying.requests import ReplayRequest, configuration_from_settings, rate_card_from_json
from models.base import Json
from pricing.decimal_text import text_from_micros
from pricing.rate import Rate
from pricing.rate_card import RateCard
from pricing.units import ServiceType

_RUN_IDS = ("agent_id", "api_key_id")


def written_request(request: ReplayRequest) -> Json:
    """Write a request down; its rate card has the fields of a rate card's file."""
    configuration, card = request.configuration, request.rate_card
    return {
        "from": request.start.astimezone(UTC).isoformat(),
        "to": request.end.astimezone(UTC).isoformat(),
        "preset": request.preset,
        "configuration": None if configuration is None else configuration.to_mapping(),
        "rate_card_version": request.rate_card_version,
        "rate_card": None if card is None else rate_card_fields(card),
        "runs": {
            name: value.hex if isinstance(value, UUID) else value
            for name, value in asdict(request.runs).items()
            if value is not None
        },
    }


def read_request(given: Json) -> ReplayRequest:
    """Read a request that was written down."""
    fields: Any = given
    runs: dict[str, Any] = {
        name: UUID(hex=text) if name in _RUN_IDS else text for name, text in fields["runs"].items()
    }
    configuration, card = fields["configuration"], fields["rate_card"]
    return ReplayRequest(
        start=datetime.fromisoformat(fields["from"]),
        end=datetime.fromisoformat(fields["to"]),
        preset=fields["preset"],
        configuration=None if configuration is None else configuration_from_settings(configuration),
        rate_card_version=fields["rate_card_version"],
        rate_card=None if card is None else rate_card_from_json(card),
        runs=RunsLike(**runs),
    )


def written_replay(replay: Replay) -> Json:
    """Write an answer down, amounts as whole micro-credits."""
    return {
        "totals": asdict(replay.totals),
        "by_workflow_name": [asdict(row) for row in replay.by_workflow_name],
        "by_agent": [
            {**asdict(row), "agent_id": row.agent_id and row.agent_id.hex} for row in replay.by_agent
        ],
        "by_service": [asdict(row) for row in replay.by_service],
        "changed_choices": [asdict(row) for row in replay.changed_choices],
        "refusals": [asdict(row) for row in replay.refusals],
        "refused_runs": [{**asdict(row), "workflow_id": row.workflow_id.hex} for row in replay.refused_runs],
    }


def read_replay(given: Json) -> Replay:
    """Read an answer that was written down."""
    rows: Any = given
    return Replay(
        totals=Figures(**rows["totals"]),
        by_workflow_name=tuple(
            WorkflowNameFigures(row["workflow_name"], Figures(**row["figures"]))
            for row in rows["by_workflow_name"]
        ),
        by_agent=tuple(
            AgentFigures(
                agent_id=None if row["agent_id"] is None else UUID(hex=row["agent_id"]),
                is_rest=row["is_rest"],
                figures=Figures(**row["figures"]),
            )
            for row in rows["by_agent"]
        ),
        by_service=tuple(ServiceFigures(**_typed(row)) for row in rows["by_service"]),
        changed_choices=tuple(ChangedChoice(**_typed(row)) for row in rows["changed_choices"]),
        refusals=tuple(RefusalFigures(**_kind(row)) for row in rows["refusals"]),
        refused_runs=tuple(
            RefusedRun(**_kind({**row, "workflow_id": UUID(hex=row["workflow_id"])}))
            for row in rows["refused_runs"]
        ),
    )


def rate_card_fields(card: RateCard) -> Json:
    """Write a rate card with the fields of its file, so that `rate_card_from_fields` reads the same card."""
    return {
        "version": card.version,
        "effective_from": card.effective_from.isoformat(),
        "rounding": card.rounding.value,
        "precision": card.precision,
        "rates": [_rate_fields(rate) for rate in card.rates],
    }


def _rate_fields(rate: Rate) -> Json:
    fields: Json = {
        "service_type": rate.service_type.value,
        "provider": rate.provider,
        "unit_type": rate.unit_type.value,
        "per": rate.per,
        "minimum": text_from_micros(rate.minimum_micros),
        "free": rate.free,
    }
    if rate.increment_micro_units is not None:
        fields["increment"] = text_from_micros(rate.increment_micro_units)
    if not rate.tiers:
        return {**fields, "price": text_from_micros(rate.price_micros)}
    tiers = [
        {"price": text_from_micros(tier.price_micros)}
        | ({} if tier.up_to_micro_units is None else {"up_to": text_from_micros(tier.up_to_micro_units)})
        for tier in rate.tiers
    ]
    return {**fields, "tiers": tiers}


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "service_type": ServiceType(row["service_type"])}


def _kind(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "kind": ReplayRefusalKind(row["kind"])}
