"""Plans: what a workflow is about to use, and the configuration that says who may serve it."""

from dataclasses import dataclass
from uuid import UUID

from metering.configurations import configuration_of, preset_named, require_known_providers
from models.base import Json
from pricing.configuration import InvalidConfiguration, ServiceConfiguration
from pricing.rate_card import RateCard
from pricing.selection import ServiceRequest


class InvalidPlan(ValueError):  # noqa: N818 - named for the state, as every refusal here
    """A plan that cannot be answered; `field` leads to what is wrong, e.g. services[2].provider."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field

    def under(self, path: str) -> "InvalidPlan":
        """Name the field by where the plan stands in what was asked, e.g. `selection.`."""
        return InvalidPlan(f"{path}{self.field}", str(self))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a workflow is about to use; at most one of agent, preset and configuration says who may serve.

    `account_id` says whose agent and whose prices; without one, everybody's prices. `configuration` holds
    settings as agents store them.
    """

    request: ServiceRequest
    account_id: UUID | None = None
    agent_id: UUID | None = None
    preset: str | None = None
    configuration: Json | None = None

    @property
    def content(self) -> list[object]:
        """The plan as far as a fingerprint cares."""
        request = self.request
        needs = [
            [need.service_type, need.provider, need.quantity.micro_units, need.quantity.unit_type]
            for need in request.needs
        ]
        chooser = [self.agent_id, self.preset, self.configuration]
        return [needs, request.complexity, request.accuracy, *chooser]


def own_configuration(plan: Plan, card: RateCard) -> ServiceConfiguration | None:
    """Give the preset or the configuration that a plan brings; None where it names an agent, or nothing.

    Raises InvalidPlan, which names the field, for one that is unknown or does not hold together.
    """
    try:
        return _own(plan, card)
    except InvalidConfiguration as error:
        raise InvalidPlan(error.field, error.fix) from error


def _own(plan: Plan, card: RateCard) -> ServiceConfiguration | None:
    if plan.preset is not None:
        return preset_named(plan.preset)
    if plan.configuration is None:
        return None
    configuration = configuration_of(plan.configuration)
    require_known_providers(configuration, card)
    return configuration
