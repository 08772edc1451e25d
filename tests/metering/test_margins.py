"""Margins by hand, and against the sum of single usages."""

from datetime import datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from metering.margins import NOTHING_KNOWN, UnitsUsed, margin_of
from pricing.costs import ALWAYS, CostBook, CostRate, CostTable, CreditValue, MarginTerms
from pricing.credits import Credits
from pricing.units import ServiceType, UnitType
from tests.clock import NOON

HOUR = timedelta(hours=1)


def rate(provider: str, amount: str, since: datetime | None = None) -> CostRate:
    return CostRate(ServiceType.PHONE, provider, UnitType.MINUTES, Fraction(amount), 1, "a test", since)


RATES = (rate("a", "0.02"), rate("a", "0.05", NOON), rate("a", "0.01", NOON + HOUR), rate("b", "0.3", NOON))
COSTS = CostBook("USD", (CostTable("USD", RATES),))
SOLD = MarginTerms(COSTS, CreditValue.parse("0.01 USD"))
EDGES = (ALWAYS, NOON, NOON + HOUR)


def used(provider: str, units: str, credits_: str, since: datetime, unit: str = "MINUTES") -> UnitsUsed:
    micro_units = int(Fraction(units) * 1_000_000)
    return UnitsUsed(ServiceType.PHONE, provider, UnitType(unit), since, micro_units, Credits.parse(credits_))


def test_a_margin_by_hand() -> None:
    margin = margin_of(
        [
            used("a", "10", "200", NOON),
            used("a", "10", "200", ALWAYS),
            used("a", "100", "34", NOON + HOUR, "SECONDS"),
            used("b", "1", "7", NOON),
            used("b", "2", "5", ALWAYS),
            used("c", "3", "11", NOON),
        ],
        SOLD,
    )
    # 10 * 0.02 + 10 * 0.05 + 100 / 60 * 0.01 + 1 * 0.3
    assert margin.cost == Fraction(1) + Fraction(1, 60)
    assert margin.revenue == Fraction("4.41")
    assert margin.margin == Fraction("3.41") - Fraction(1, 60)
    assert margin.share == (Fraction("3.41") - Fraction(1, 60)) / Fraction("4.41")
    assert (margin.reason, str(margin.matched_credits), str(margin.unmatched_credits)) == (None, "441", "16")
    assert [(row.provider, row.unit_type, row.rate.since, row.cost) for row in margin.known] == [
        ("a", "MINUTES", None, Fraction("0.2")),
        ("a", "MINUTES", NOON, Fraction("0.5")),
        ("a", "SECONDS", NOON + HOUR, Fraction(1, 60)),
        ("b", "MINUTES", NOON, Fraction("0.3")),
    ]
    assert [(row.provider, row.micro_units, row.credits, row.reason) for row in margin.unknown] == [
        (
            "b",
            2_000_000,
            Credits.whole(5),
            "No cost rate for MINUTES of PHONE 'b' before 2026-03-04T12:00:00Z: add one to your costs.",
        ),
        (
            "c",
            3_000_000,
            Credits.whole(11),
            "No cost rate for MINUTES of PHONE 'c': add one to your costs.",
        ),
    ]


def test_without_a_credit_value_costs_are_known_all_the_same() -> None:
    margin = margin_of([used("a", "10", "200", ALWAYS)], MarginTerms(COSTS))
    assert (margin.cost, margin.revenue, margin.margin, margin.share) == (Fraction("0.2"), None, None, None)
    assert margin.reason == (
        'Nobody said what a credit sells for: set CREDITGRAPH_CREDIT_VALUE, for example to "0.01 USD".'
    )


def test_where_nothing_is_known_nothing_is_0() -> None:
    margin = margin_of([used("c", "3", "11", ALWAYS)], SOLD)
    assert (margin.cost, margin.revenue, margin.margin, margin.share) == (None, None, None, None)
    assert (margin.reason, margin.unmatched_credits) == (NOTHING_KNOWN, Credits.whole(11))


def test_where_nothing_was_used_everything_is_0_but_the_share() -> None:
    margin = margin_of([], SOLD)
    assert (margin.cost, margin.revenue, margin.margin, margin.share) == (0, 0, 0, None)
    assert margin.reason is None


def test_a_loss_is_negative_and_free_usages_have_no_share() -> None:
    loss = margin_of([used("b", "1", "10", NOON)], SOLD)
    assert (loss.margin, loss.share) == (Fraction("-0.2"), -2)
    free = margin_of([used("b", "1", "0", NOON)], SOLD)
    assert (free.revenue, free.margin, free.share) == (0, Fraction("-0.3"), None)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.sampled_from(EDGES), st.integers(1, 10**9), st.integers(0, 10**9)
        ),
        max_size=20,
    )
)
def test_units_added_up_cost_what_single_usages_cost(usages: list[tuple[str, datetime, int, int]]) -> None:
    single = [
        UnitsUsed(ServiceType.PHONE, provider, UnitType.SECONDS, since, micro_units, Credits(micros))
        for provider, since, micro_units, micros in usages
    ]
    together = margin_of(single, SOLD)
    apart = [margin_of([units], SOLD) for units in single]
    assert (together.cost or 0) == sum(each.cost or 0 for each in apart)
    assert (together.margin or 0) == sum(each.margin or 0 for each in apart)
    assert together.matched_credits == Credits.total(each.matched_credits for each in apart)
    assert together.matched_credits + together.unmatched_credits == Credits.total(
        units.credits for units in single
    )
    assert sum(row.cost for row in together.known) == (together.cost or 0)
