"""What the rate card cannot price."""

from datetime import datetime, timedelta

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
    """A rate card that cannot be published; `field` leads to what is wrong, e.g. rates[3].price."""

    code = "INVALID_RATE_CARD"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.fix = message


class RateCardTooEarly(Refusal):
    """Usages at or after the card's date, which it would have priced, are priced already."""

    code = "RATE_CARD_TOO_EARLY"

    def __init__(self, effective_from: datetime, priced_until: datetime) -> None:
        self.effective_from = effective_from
        self.earliest = priced_until + _TICK
        super().__init__(
            f"A usage of {priced_until.isoformat()} is priced already, and stays so: the card cannot be in "
            f"force from {effective_from.isoformat()}. The earliest possible is {self.earliest.isoformat()}."
        )


# Times are kept to the microsecond.
_TICK = timedelta(microseconds=1)


def _unknown_code(cause: UnknownRate) -> str:
    if isinstance(cause, UnknownService):
        return "UNKNOWN_SERVICE"
    return "UNKNOWN_PROVIDER" if isinstance(cause, UnknownProvider) else "UNKNOWN_UNIT"
