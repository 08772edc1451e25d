"""Emergency services: accuracy and speed first, at any cost."""

from typing import ClassVar

from pydantic import BaseModel

from adapters.base import AdapterSettings, BusinessAdapter, SettingText
from adapters.service_configuration import ServicePresets
from pricing.configuration import ServiceConfiguration


class EmergencySettings(AdapterSettings):
    """Which kind of emergency, and where."""

    emergency_type: SettingText | None = None
    location: SettingText | None = None


class EmergencyServicesAdapter(BusinessAdapter):
    """Calls for help, by phone and with vision."""

    name: ClassVar[str] = "emergencyservices"
    settings_model: ClassVar[type[BaseModel]] = EmergencySettings
    settings: EmergencySettings

    def get_service_configuration(self) -> ServiceConfiguration:
        """Return the preset emergency_services."""
        return ServicePresets.emergency_services()
