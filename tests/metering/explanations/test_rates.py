"""Which of everybody's cards rounded a usage: the one that was in force then, as far as was known then."""

from datetime import datetime, timedelta

from metering.explanations import RateFacts, card_that_rounded
from models.identity import new_id
from models.rate_card import PublishedRateCard
from models.service_usage import ServiceUsage
from pricing.credits import RoundingMode
from pricing.rate import Rate
from pricing.units import ServiceType, UnitType
from tests.clock import NOON

DAY = timedelta(days=1)


def card(
    order: int, effective_from: datetime, published_at: datetime, *, own: bool = False
) -> PublishedRateCard:
    return PublishedRateCard(
        id=new_id(),
        account_id=new_id() if own else None,
        publishing_order=order,
        version=str(order),
        effective_from=effective_from,
        rounding=RoundingMode.UP,
        precision=0,
        published_at=published_at,
    )


def usage(used_at: datetime, recorded_at: datetime) -> ServiceUsage:
    return ServiceUsage(used_at=used_at, recorded_at=recorded_at)


FIRST = card(1, NOON - 9 * DAY, NOON - 9 * DAY)
SECOND = card(2, NOON - 3 * DAY, NOON - 4 * DAY)
SAME_DATE = card(3, NOON - 3 * DAY, NOON - 3 * DAY)
LATER_KNOWN = card(4, NOON - 2 * DAY, NOON)
OWN = card(5, NOON - 2 * DAY, NOON - 2 * DAY, own=True)
CARDS = (FIRST, SECOND, SAME_DATE, LATER_KNOWN, OWN)


def test_it_is_the_latest_in_force_that_was_published_by_then() -> None:
    found = [
        card_that_rounded(usage(used_at, recorded_at), CARDS)
        for used_at, recorded_at in (
            (NOON - 10 * DAY, NOON),
            (NOON - 5 * DAY, NOON),
            (NOON - DAY, NOON - DAY),
            (NOON - DAY, NOON),
            (NOON - 3 * DAY, NOON - 3 * DAY - timedelta(seconds=1)),
        )
    ]
    assert found == [None, FIRST, SAME_DATE, LATER_KNOWN, SECOND]


def test_a_rate_of_the_accounts_own_is_told_with_both_cards() -> None:
    rate = Rate(ServiceType.SMS, "twilio", UnitType.MESSAGES, 1)
    everybodys, own = RateFacts(rate, SECOND, SECOND), RateFacts(rate, OWN, SECOND)
    assert (everybodys.overridden, everybodys.version) == (False, "2")
    assert (own.overridden, own.version) == (True, "2 + 5")
    assert everybodys.in_words == "by rate card 2, in force since 2026-03-01T12:00:00+00:00"
