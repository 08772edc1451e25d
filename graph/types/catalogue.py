"""What an agent can be made of: presets and business adapters."""

from typing import Self

import strawberry

from adapters.base import BusinessAdapter
from adapters.resolution import field_origins
from adapters.service_configuration import ServicePresets
from graph.scalars import JsonValue
from graph.types.service_configuration import ServiceConfiguration


@strawberry.type(description="A ready-made service configuration with a name.")
class ServicePreset:
    """A ready-made service configuration."""

    name: str = strawberry.field(description="The preset's name, for `createAgent`.")
    configuration: ServiceConfiguration = strawberry.field(description="What it stands for.")

    @classmethod
    def of(cls, name: str) -> Self:
        """Show a preset."""
        configuration = ServicePresets.by_name(name)
        origins = field_origins(configuration, None, name)
        return cls(name=name, configuration=ServiceConfiguration.of(configuration, origins))


@strawberry.type(name="BusinessAdapter", description="A use case that supplies a service configuration.")
class BusinessAdapterType:
    """A use case."""

    name: str = strawberry.field(description="The adapter's name, for `createAgent`.")
    configuration: ServiceConfiguration = strawberry.field(
        description="What serves it, unless an agent overrides."
    )
    settings_schema: JsonValue = strawberry.field(
        description="The JSON Schema of its own settings, from which a form can be drawn."
    )

    @classmethod
    def of(cls, adapter: type[BusinessAdapter]) -> Self:
        """Show an adapter."""
        configuration = adapter().get_service_configuration()
        return cls(
            name=adapter.name,
            configuration=ServiceConfiguration.of(configuration, field_origins(configuration, None, None)),
            settings_schema=JsonValue(adapter.settings_model.model_json_schema()),
        )
