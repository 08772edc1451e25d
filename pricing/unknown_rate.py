"""What a rate card does not price; each error says what it does have.

UnknownRate
├── UnknownService    no rate for the service type
├── UnknownProvider   none for that provider of the service type
└── UnknownUnit       none in that unit
"""

from pricing.units import ServiceType, UnitType


class UnknownRate(LookupError):  # noqa: N818 - named for the state, as every refusal here
    """No rate: an unknown thing is refused, never priced at zero. `known` is what the card has instead."""

    def __init__(
        self, service_type: ServiceType, provider: str, unit_type: UnitType, known: tuple[str, ...]
    ) -> None:
        super().__init__(service_type, provider, unit_type, known)
        self.service_type = service_type
        self.provider = provider
        self.unit_type = unit_type
        self.known = known


class UnknownService(UnknownRate):
    """The card has no rate for the service type."""

    def __str__(self) -> str:
        return f"The rate card has no rate for {self.service_type}; it has {_listed(self.known)}."


class UnknownProvider(UnknownRate):
    """The card has rates for the service type, but none for the provider."""

    def __str__(self) -> str:
        return (
            f"{self.service_type} has no provider {self.provider!r}; the rate card has {_listed(self.known)}."
        )


class UnknownUnit(UnknownRate):
    """The card has rates for the service type and provider, but none that prices the unit."""

    def __str__(self) -> str:
        return (
            f"{self.service_type} by {self.provider!r} has no rate for {self.unit_type}; "
            f"the rate card has {_listed(self.known)}."
        )


def _listed(known: tuple[str, ...]) -> str:
    return ", ".join(known) or "no rates"
