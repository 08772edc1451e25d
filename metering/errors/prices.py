"""What the rate card cannot price."""

from datetime import datetime

from metering.errors.base import Refusal
from pricing.rate_card import UnknownProvider, UnknownRate, UnknownService
from pricing.units import ServiceType, UnitType


class RateUnknown(Refusal):
    """The rate card does not price this; an unknown thing is never a price of zero."""

    def __init__(self, cause: UnknownRate) -> None:
        super().__init__(str(cause))
        self.code = _unknown_code(cause)
        self.service_type: ServiceType = cause.service_type
        self.provider: str = cause.provider
        self.unit_type: UnitType = cause.unit_type
        self.known: list[str] = list(cause.known)


class NoRateCardInForce(Refusal):
    """No rate card was in force when the usage happened."""

    code = "NO_RATE_CARD_IN_FORCE"

    def __init__(self, at: datetime) -> None:
        super().__init__(f"No rate card is in force at {at.isoformat()}; the operator publishes one.")


class AmountTooLarge(Refusal):
    """The amount has more than 12 digits before the point."""

    code = "AMOUNT_TOO_LARGE"


class InvalidRateCard(Refusal):
    """A rate card that cannot be published."""

    code = "INVALID_RATE_CARD"


def _unknown_code(cause: UnknownRate) -> str:
    if isinstance(cause, UnknownService):
        return "UNKNOWN_SERVICE"
    return "UNKNOWN_PROVIDER" if isinstance(cause, UnknownProvider) else "UNKNOWN_UNIT"
