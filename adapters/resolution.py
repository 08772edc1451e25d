"""The service configuration that an agent ends up with, and where each of its fields comes from."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from adapters.base import OVERRIDE
from adapters.registry import adapter_named
from adapters.service_configuration import ServicePresets
from pricing.configuration import InvalidConfiguration, ServiceConfiguration


class FieldOrigin(StrEnum):
    """Where the value of a field of a service configuration comes from."""

    PRESET = "PRESET"
    ADAPTER = "ADAPTER"
    AGENT = "AGENT"


def resolve_service_configuration(
    adapter_name: str, custom_settings: Mapping[str, object] | None, preset: str | None = None
) -> ServiceConfiguration:
    """Return the preset's configuration, or else the adapter's, with the agent's override field by field.

    Raises UnknownAdapter, UnknownPreset, or InvalidConfiguration for a setting that is unknown or wrong.
    """
    adapter = adapter_named(adapter_name)(custom_settings)
    configuration = (
        ServicePresets.by_name(preset) if preset is not None else adapter.get_service_configuration()
    )
    override = (custom_settings or {}).get(OVERRIDE)
    if override is None:
        return configuration
    if not isinstance(override, Mapping):
        raise InvalidConfiguration(OVERRIDE, "write an object of fields to override.")
    return configuration.overridden_by(override)


def field_origins(
    configuration: ServiceConfiguration, custom_settings: Mapping[str, object] | None, preset: str | None
) -> dict[str, FieldOrigin]:
    """Tell of each field of a resolved configuration whether the agent set it, or else who supplied it."""
    supplied = FieldOrigin.ADAPTER if preset is None else FieldOrigin.PRESET
    override = (custom_settings or {}).get(OVERRIDE)
    own: Collection[object] = override if isinstance(override, Mapping) else ()
    return {field: FieldOrigin.AGENT if field in own else supplied for field in configuration.to_mapping()}
