from pathlib import Path

import pytest

from pricing.quote import price
from pricing.rate_card_file import parse_rate_card
from pricing.units import Quantity, ServiceType, UnitType

GUIDE = Path(__file__).parents[2] / "docs" / "rate-card.md"


@pytest.mark.parametrize(
    ("service_type", "provider", "units", "unit_type", "credits_"),
    [
        (ServiceType.PHONE, "twilio", "61", UnitType.SECONDS, "40"),
        (ServiceType.PHONE, "twilio", "0.01", UnitType.MINUTES, "20"),
        (ServiceType.GPT, "gpt-4o", "150000", UnitType.TOKENS, "1100"),
        (ServiceType.GPT, "gpt-4o", "150000", UnitType.INPUT_TOKENS, "1100"),
        (ServiceType.GPT, "gpt-4o", "150000", UnitType.CACHED_TOKENS, "0"),
    ],
)
def test_the_guides_card_charges_what_the_guide_says(
    service_type: ServiceType, provider: str, units: str, unit_type: UnitType, credits_: str
) -> None:
    example = GUIDE.read_text(encoding="utf-8").split("```toml")[1].split("```")[0]
    priced = price(parse_rate_card(example), service_type, provider, Quantity.parse(units, unit_type))
    assert str(priced.credits) == credits_
