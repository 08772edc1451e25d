"""The trial of a shadow policy: what it would have chosen where a run was selected for, or why nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from metering.selections.record import written
from models.base import Json
from models.selection import ShadowPolicy
from pricing.catalogue import Catalogue
from pricing.configuration import InvalidConfiguration, ServiceConfiguration
from pricing.credits import Credits
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
from pricing.selection import (
    select as select_services,
)
from pricing.units import ServiceType

OwnedId = tuple[UUID, UUID]
"""An account and the id of something that it owns."""


class ShadowRefusalKind(StrEnum):
    """Why a shadow policy would not have served a run."""

    SERVICE_DISABLED = "SERVICE_DISABLED"
    NOTHING_SERVES = "NOTHING_SERVES"
    OVER_LIMIT = "OVER_LIMIT"
    AMOUNT_TOO_LARGE = "AMOUNT_TOO_LARGE"
    INVALID_CONFIGURATION = "INVALID_CONFIGURATION"


@dataclass(frozen=True, slots=True)
class ShadowOutcome:
    """What a policy would have chosen, ready to be stored beside the live selection.

    `record` is the selection as it is written down, with the `changes` against the live one; where the
    policy would refuse, `refusal` says why, and there are no credits.
    """

    policy_id: UUID
    credits: Credits | None = None
    record: Json | None = None
    refusal: Json | None = None


def shadows_in_force(session: Session, agents: Collection[OwnedId]) -> dict[OwnedId, ShadowPolicy]:
    """Load the policies that are tried on the runs of agents, by account and agent; one statement or none."""
    if not agents:
        return {}
    in_force = select(ShadowPolicy).where(
        ShadowPolicy.account_id.in_({account_id for account_id, _ in agents}),
        ShadowPolicy.agent_id.in_({agent_id for _, agent_id in agents}),
        ShadowPolicy.removed_at.is_(None),
    )
    return {(policy.account_id, policy.agent_id): policy for policy in session.scalars(in_force)}


def shadow_outcome(
    policy: ShadowPolicy,
    request: ServiceRequest,
    live: Selection,
    *,
    card: RateCard,
    catalogue: Catalogue,
    unavailable: frozenset[tuple[ServiceType, str]],
) -> ShadowOutcome:
    """Select by a policy what was selected live, on the same terms. It never raises a refusal."""
    try:
        configuration = ServiceConfiguration.parse(policy.configuration)
        chosen = select_services(configuration, request, card, catalogue, unavailable=unavailable)
    except tuple(_KINDS) as cause:
        refusal: Json = {"kind": _KINDS[type(cause)].value, "message": _sentence(cause)}
        return ShadowOutcome(policy.id, refusal=refusal)
    record = {**written(chosen), "changes": _changes(live, chosen)}
    return ShadowOutcome(policy.id, chosen.total, record)


def _changes(live: Selection, chosen: Selection) -> list[Json]:
    # One request makes the same decisions in the same order, whatever the configuration decides.
    return [
        {
            "service_type": one.service_type.value,
            "from": one.provider,
            "to": other.provider,
            "saved_micros": (one.credits - other.credits).micros,
        }
        for one, other in zip(live.decisions, chosen.decisions, strict=True)
        if one.provider != other.provider
    ]


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
