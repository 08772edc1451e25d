"""Two rate cards, told twice: as the service reads them, and as the plain numbers that the oracle reckons by."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil

from pricing.credits import RoundingMode
from pricing.rate_card import Rate, RateCard
from pricing.units import ServiceType, UnitType
from tests.clock import NOON

CREDIT = 1_000_000
SECOND_CARD_FROM = NOON + timedelta(days=10)

# Credits for one unit. Seconds are sixtieths of minutes, exactly.
_FIRST = {
    ("PHONE", "twilio", "MINUTES"): Fraction(20),
    ("VOICE_STT", "deepgram", "MINUTES"): Fraction(8),
    ("GPT", "gpt-4o", "TOKENS"): Fraction(8, 1_000),
    ("VOICE_TTS", "openai-tts", "CHARACTERS"): Fraction(1, 1_000),
    ("OTHER", "house", "REQUESTS"): Fraction(0),
}
_SECOND = {
    ("PHONE", "twilio", "MINUTES"): Fraction(25),
    ("VOICE_STT", "deepgram", "MINUTES"): Fraction("7.5"),
    ("GPT", "gpt-4o", "TOKENS"): Fraction(6, 1_000),
    ("VOICE_TTS", "openai-tts", "CHARACTERS"): Fraction(2, 1_000),
    ("OTHER", "house", "REQUESTS"): Fraction(0),
}
# By number: the smallest step of a charge, in micro-credits, and the prices.
_CARDS = {1: (CREDIT, _FIRST), 2: (CREDIT // 100, _SECOND)}

_SECONDS = {"MINUTES": 60, "SECONDS": 1}


def card_at(at: datetime) -> int:
    """Tell which of the two cards is in force."""
    return 2 if at >= SECOND_CARD_FROM else 1


def price(card: int, text: str) -> int:
    """Price "PHONE twilio 5 MINUTES" in micro-credits, rounded up to the card's step."""
    service_type, provider, units, unit_type = text.split()
    number = Fraction(units)
    if unit_type == "SECONDS":
        number, unit_type = number / 60, "MINUTES"
    step, prices = _CARDS[card]
    return ceil(prices[service_type, provider, unit_type] * number * CREDIT / step) * step


def service(text: str) -> tuple[str, str]:
    """Tell the service type and provider of "PHONE twilio 5 MINUTES"."""
    service_type, provider, _, _ = text.split()
    return service_type, provider


def metered_micros(plan: list[str]) -> dict[tuple[str, str], int]:
    """Tell for how many microseconds a plan lasts, for each service that is metered by time."""
    metered: dict[tuple[str, str], int] = {}
    for text in plan:
        length = _SECONDS.get(text.split()[3])
        if length is not None:
            micros = Fraction(text.split()[2]) * length * 1_000_000
            metered[service(text)] = metered.get(service(text), 0) + int(micros)
    return metered


def affordable_micros(card: int, plan: list[str], amount: int) -> int:
    """Tell for how many microseconds all time-metered services of a plan can run side by side for an amount.

    Each runs in the unit in which it was planned first, of which a started millionth counts.
    """
    units: dict[tuple[str, str], str] = {}
    for text in plan:
        if text.split()[3] in _SECONDS:
            units.setdefault(service(text), text.split()[3])

    def cost(micros: int) -> int:
        each = (
            (*of, Fraction(ceil(Fraction(micros, _SECONDS[unit])), 1_000_000), unit)
            for of, unit in units.items()
        )
        return sum(price(card, " ".join(map(str, usage))) for usage in each)

    least, most = 0, 1
    while cost(most) <= amount:
        least, most = most, most * 2
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if cost(middle) <= amount else (least, middle)
    return least


def published_cards() -> list[RateCard]:
    """Give both cards as the service publishes them."""
    since = {1: datetime(2025, 6, 1, tzinfo=UTC), 2: SECOND_CARD_FROM}
    precisions = {1: 0, 2: 2}
    return [
        RateCard(
            f"machine-{card}",
            since[card],
            RoundingMode.UP,
            precisions[card],
            tuple(_rate(*key, per_unit) for key, per_unit in prices.items()),
        )
        for card, (_, prices) in _CARDS.items()
    ]


def _rate(service_type: str, provider: str, unit_type: str, per_unit: Fraction) -> Rate:
    return Rate(
        service_type=ServiceType(service_type),
        provider=provider,
        unit_type=UnitType(unit_type),
        price_micros=int(per_unit * 1_000 * CREDIT),
        per=1_000,
        free=per_unit == 0,
    )
