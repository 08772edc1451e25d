"""Versions of agents: what an agent was from one change to the next."""

from datetime import datetime
from typing import Self

import strawberry

from adapters.resolution import field_origins
from graph.scalars import JsonValue
from graph.types.service_configuration import ServiceConfiguration
from models.agent import AgentVersion as VersionRow
from pricing.configuration import InvalidConfiguration
from pricing.configuration import ServiceConfiguration as Configuration


@strawberry.type(description="What an agent was from one change to the next; it never changes.")
class AgentVersion:
    """What an agent was from one change to the next."""

    version: int = strawberry.field(description="Its number, from 1.")
    name: str = strawberry.field(description="The agent's name.")
    business_adapter: str = strawberry.field(description="The use case.")
    preset: str | None = strawberry.field(
        description="The preset that its configuration started from, if any."
    )
    custom_settings: JsonValue = strawberry.field(description="The settings as they were given.")
    service_configuration: ServiceConfiguration | None = strawberry.field(
        description=(
            "What could serve the agent, as it was resolved then; later changes of its adapter change "
            "nothing. Null where it could not be resolved, and for versions from before they were kept."
        )
    )
    created_at: datetime = strawberry.field(description="When the agent became so.")

    @classmethod
    def of(cls, row: VersionRow) -> Self:
        """Show a version."""
        return cls(
            version=row.version,
            name=row.name,
            business_adapter=row.business_adapter,
            preset=row.preset,
            custom_settings=JsonValue(row.custom_settings),
            service_configuration=_configuration(row),
            created_at=row.created_at,
        )


def _configuration(row: VersionRow) -> ServiceConfiguration | None:
    if row.configuration is None:
        return None
    try:
        configuration = Configuration.parse(row.configuration)
    except InvalidConfiguration:
        return None
    return ServiceConfiguration.of(
        configuration, field_origins(configuration, row.custom_settings, row.preset)
    )
