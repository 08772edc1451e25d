"""Configurations that callers bring, as the name of a preset or as settings; faults are told by their field.

Whoever asked says in its own words what InvalidConfiguration says: its `field` is `preset`, or leads to the
setting, e.g. configuration.stt_provider.
"""

from collections.abc import Mapping

from adapters.service_configuration import ServicePresets, UnknownPreset
from pricing.catalogue import built_in_catalogue
from pricing.configuration import InvalidConfiguration, ServiceConfiguration, refuse_unknown_providers
from pricing.names import LONGEST_NAME
from pricing.rate_card import RateCard


def preset_named(name: str) -> ServiceConfiguration:
    """Give the preset of a name; InvalidConfiguration where there is none."""
    try:
        return ServicePresets.by_name(name)
    except UnknownPreset as error:
        raise InvalidConfiguration("preset", str(error)) from error


def configuration_of(settings: Mapping[str, object]) -> ServiceConfiguration:
    """Read settings as agents store them; InvalidConfiguration where they do not hold together."""
    try:
        return ServiceConfiguration.parse(settings)
    except InvalidConfiguration as error:
        raise _at_its_field(error) from error


def require_known_providers(configuration: ServiceConfiguration, card: RateCard) -> None:
    """Raise InvalidConfiguration for a provider that neither the rate card nor the catalogue knows."""
    try:
        refuse_unknown_providers(configuration, card, built_in_catalogue())
    except InvalidConfiguration as error:
        raise _at_its_field(error) from error


def _at_its_field(error: InvalidConfiguration) -> InvalidConfiguration:
    # A name that nobody knows may be as long as the request.
    return InvalidConfiguration(f"configuration.{error.field[:LONGEST_NAME]}", error.fix)
