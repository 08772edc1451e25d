"""The service configuration that an agent ends up with."""

from collections.abc import Mapping

from adapters.base import OVERRIDE
from adapters.registry import adapter_named
from adapters.service_configuration import ServicePresets
from pricing.configuration import InvalidConfiguration, ServiceConfiguration


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
