"""What agents can be made of."""

from adapters.registry import business_adapters as registered
from adapters.service_configuration import ServicePresets
from graph.types.catalogue import BusinessAdapterType, ServicePreset


async def service_presets() -> list[ServicePreset]:
    """List the presets, cheapest first."""
    return [ServicePreset.of(name) for name in ServicePresets.names()]


async def business_adapters() -> list[BusinessAdapterType]:
    """List the adapters by name."""
    return [BusinessAdapterType.of(adapter) for _, adapter in sorted(registered().items())]
