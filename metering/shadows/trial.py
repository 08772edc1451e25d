"""The trial of a shadow policy: what it would have chosen where a run was selected for, or why nothing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.availability import ProviderKey, unavailable_providers
from metering.prices import price_book
from models.base import Json
from models.selection import ShadowPolicy
from models.workflow import Workflow
from pricing import selection
from pricing.catalogue import built_in_catalogue
from pricing.configuration import InvalidConfiguration, ServiceConfiguration
from pricing.quote import AmountTooLarge
from pricing.rate_card import RateCard
from pricing.selection import (
    NothingServes,
    OverLimit,
    ProviderUnnamed,
    Selection,
    ServiceDisabled,
    ServiceRequest,
)


class ShadowRefusalKind(StrEnum):
    """Why a shadow policy would not have served a run."""

    SERVICE_DISABLED = "SERVICE_DISABLED"
    NOTHING_SERVES = "NOTHING_SERVES"
    OVER_LIMIT = "OVER_LIMIT"
    AMOUNT_TOO_LARGE = "AMOUNT_TOO_LARGE"
    INVALID_CONFIGURATION = "INVALID_CONFIGURATION"


@dataclass(frozen=True, slots=True)
class ShadowOutcome:
    """What a policy would have chosen beside a live selection: a selection, or the refusal in its place.

    `changes` are the choices that differ, `refusal` kind and message, both as they are stored.
    """

    policy_id: UUID
    selection: Selection | None = None
    changes: tuple[Json, ...] = ()
    refusal: Json | None = None


def shadow_outcomes(
    session: Session, selected: Sequence[tuple[Workflow, ServiceRequest, Selection]]
) -> list[ShadowOutcome | None]:
    """Try the policies in force on what was asked for runs, beside what was selected for them.

    None for a run whose agent has no policy. It takes one statement, none where no run has an agent; and a
    few more, for any number of runs, where there are policies. What a policy refuses is an outcome.
    """
    policies = _in_force(session, [run for run, _, _ in selected])
    if not policies:
        return [None] * len(selected)
    cards, unavailable = price_book(session), unavailable_providers(session)
    return [
        None
        if (policy := policies.get((run.account_id, run.agent_id))) is None
        else _outcome(policy, request, live, cards.by_version(live.card_version), unavailable)
        for run, request, live in selected
    ]


def _in_force(session: Session, runs: Collection[Workflow]) -> dict[tuple[UUID, UUID | None], ShadowPolicy]:
    agents = {run.agent_id for run in runs if run.agent_id is not None}
    if not agents:
        return {}
    in_force = select(ShadowPolicy).where(
        ShadowPolicy.account_id.in_({run.account_id for run in runs}),
        ShadowPolicy.agent_id.in_(agents),
        ShadowPolicy.removed_at.is_(None),
    )
    return {(policy.account_id, policy.agent_id): policy for policy in session.scalars(in_force)}


def _outcome(
    policy: ShadowPolicy,
    request: ServiceRequest,
    live: Selection,
    card: RateCard,
    unavailable: frozenset[ProviderKey],
) -> ShadowOutcome:
    try:
        configuration = ServiceConfiguration.parse(policy.configuration)
        chosen = selection.select(configuration, request, card, built_in_catalogue(), unavailable=unavailable)
    except tuple(_KINDS) as cause:
        refusal: Json = {"kind": _KINDS[type(cause)].value, "message": _sentence(cause)}
        return ShadowOutcome(policy.id, refusal=refusal)
    return ShadowOutcome(policy.id, chosen, _changes(live, chosen))


def _changes(live: Selection, chosen: Selection) -> tuple[Json, ...]:
    # One request makes the same decisions in the same order, whatever the configuration decides.
    return tuple(
        {
            "service_type": one.service_type.value,
            "from": one.provider,
            "to": other.provider,
            "saved_micros": (one.credits - other.credits).micros,
        }
        for one, other in zip(live.decisions, chosen.decisions, strict=True)
        if one.provider != other.provider
    )


def _sentence(cause: Exception) -> str:
    if isinstance(cause, OverLimit):
        # Its own words seek what would fit, which takes long, and nobody is there to take it.
        return (
            f"The plan costs {cause.estimate} credits and the limit is {cause.limit}; with the cheaper "
            f"providers that the request allows it costs {cause.allowed.total}."
        )
    return str(cause)


_KINDS: dict[type[Exception], ShadowRefusalKind] = {
    ServiceDisabled: ShadowRefusalKind.SERVICE_DISABLED,
    NothingServes: ShadowRefusalKind.NOTHING_SERVES,
    ProviderUnnamed: ShadowRefusalKind.NOTHING_SERVES,
    OverLimit: ShadowRefusalKind.OVER_LIMIT,
    AmountTooLarge: ShadowRefusalKind.AMOUNT_TOO_LARGE,
    InvalidConfiguration: ShadowRefusalKind.INVALID_CONFIGURATION,
}
