"""The telephone of a clinic: appointments at low cost, an urgent line as accurate as can be."""

from typing import Literal

from pydantic import Field

from adapters.base import AdapterSettings, BusinessAdapter
from adapters.service_configuration import ServicePresets
from pricing.configuration import ServiceConfiguration


class ClinicSettings(AdapterSettings):
    """What a clinic decides about its agent."""

    line: Literal["appointments", "urgent"] = Field("appointments", description="Which calls it takes.")
    photos_welcome: bool = Field(default=False, description="Whether callers may send photos.")
    most_credits: int = Field(
        default=120, ge=1, le=1000, description="The most that one call about an appointment may cost."
    )


class ClinicAdapter(BusinessAdapter):
    """Calls to a clinic, by phone."""

    name = "clinic"
    settings_model = ClinicSettings
    settings: ClinicSettings

    def get_service_configuration(self) -> ServiceConfiguration:
        """Return emergency_services for the urgent line, else balanced by phone with the clinic's limit."""
        photos = {"vision_enabled": self.settings.photos_welcome}
        if self.settings.line == "urgent":
            return ServicePresets.emergency_services().overridden_by(photos)
        return ServicePresets.balanced().overridden_by(
            {"phone_enabled": True, "max_credits_per_request": self.settings.most_credits, **photos}
        )
