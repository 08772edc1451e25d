"""What a business adapter is: a use case's settings, and the service configuration they lead to."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from pricing.configuration import InvalidConfiguration, ServiceConfiguration
from pricing.names import did_you_mean, name_from_text

OVERRIDE = "service_configuration"
"""The custom setting that belongs to every adapter: fields of the service configuration to override."""

SettingText = Annotated[str, AfterValidator(name_from_text)]
"""Text of a setting: 1 to 100 characters, Unicode NFC, no control characters."""


class AdapterSettings(BaseModel):
    """Base of an adapter's settings; without fields, for an adapter that needs none."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class BusinessAdapter:
    """A use case. Subclass it, name it, and override `get_service_configuration`.

    It is built from an agent's custom settings; what `settings_model` does not know or accept is refused
    with InvalidConfiguration. A package registers its subclass as an entry point of the group
    "creditgraph.business_adapters", under the adapter's name.
    """

    name: ClassVar[str]
    settings_model: ClassVar[type[BaseModel]] = AdapterSettings
    settings: BaseModel

    def __init__(self, custom_settings: Mapping[str, object] | None = None) -> None:
        self.settings = _settings(self.settings_model, custom_settings or {})

    def get_service_configuration(self) -> ServiceConfiguration:
        """Return what may serve this use case, before an agent's own override."""
        return ServiceConfiguration()


def _settings(model: type[BaseModel], custom_settings: Mapping[str, object]) -> BaseModel:
    own = {field: value for field, value in custom_settings.items() if field != OVERRIDE}
    for field in own:
        if field not in model.model_fields:
            known = (*model.model_fields, OVERRIDE)
            raise InvalidConfiguration(field, f"there is no such setting. {did_you_mean(field, known)}")
    try:
        return model.model_validate(own)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "custom_settings"
        fix = first["msg"].removeprefix("Value error, ").removesuffix(".")
        raise InvalidConfiguration(field, f"{fix}.") from None
