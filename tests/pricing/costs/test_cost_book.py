from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from pricing.costs import ALWAYS, CostBook, CostTable, InvalidCosts, NoCost, UnitCost
from pricing.units import ServiceType, UnitType
from tests.pricing.costs.rates import day, rate, table

LATER = day("2026-06-01")
DIFFERENTLY = "'m' charges input and output tokens differently: record INPUT_TOKENS and OUTPUT_TOKENS in place of TOKENS."


def cost(book: CostBook, text: str, at: datetime = LATER) -> str:
    """The source of the rate that charges "GPT m TOKENS" and the cost of a million units; or the reason."""
    service_type, provider, unit_type = text.split()
    found = book.unit_cost(ServiceType(service_type), provider, UnitType(unit_type), at)
    if isinstance(found, NoCost):
        return found.reason
    return f"{found.of(10**12)} by {found.rate.source}"


def book(*layers: CostTable, remark: str = "") -> CostBook:
    return CostBook("USD", layers, remark)


def test_a_rate_holds_until_the_next_begins() -> None:
    dated = book(table("- PHONE a 1 MINUTES", "2026-03-01 PHONE a 3 MINUTES", "2026-02-01 PHONE a 2 MINUTES"))
    edge = day("2026-02-01")
    tick = timedelta(microseconds=1)
    found = [cost(dated, "PHONE a MINUTES", at)[0] for at in (ALWAYS, edge - tick, edge, LATER)]
    assert found == ["1", "1", "2", "3"]


def test_before_the_first_date_nothing_is_known() -> None:
    dated = book(table("2026-03-01 PHONE a 1 MINUTES"))
    for unit in ("MINUTES", "SECONDS"):
        assert cost(dated, f"PHONE a {unit}", day("2026-02-28")) == (
            f"No cost rate for {unit} of PHONE 'a' before 2026-03-01T00:00:00Z: add one to your costs."
        )


def test_seconds_are_charged_by_minutes_exactly_and_nothing_else_is_converted() -> None:
    minutes = book(table("- PHONE a 0.01 MINUTES"))
    found = minutes.unit_cost(ServiceType.PHONE, "a", UnitType.SECONDS, LATER)
    assert isinstance(found, UnitCost)
    assert found.of(100_000_000) == Fraction(1, 60)
    seconds = book(table("- PHONE a 0.01 SECONDS", "- PHONE b 1 MINUTES", "- PHONE b 2 SECONDS"))
    assert cost(seconds, "PHONE a MINUTES") == "No cost rate for MINUTES of PHONE 'a': add one to your costs."
    assert cost(seconds, "PHONE b SECONDS") == "2000000 by - PHONE b 2 SECONDS"


@pytest.mark.parametrize(
    ("layers", "unit", "expected"),
    [
        # A flat price charges both kinds, and each kind's own price comes before it.
        ([["- GPT m 4 TOKENS"]], "INPUT_TOKENS", "4000000 by - GPT m 4 TOKENS"),
        (
            [["- GPT m 4 TOKENS", "- GPT m 3 INPUT_TOKENS"]],
            "INPUT_TOKENS",
            "3000000 by - GPT m 3 INPUT_TOKENS",
        ),
        ([["- GPT m 4 TOKENS", "- GPT m 3 INPUT_TOKENS"]], "TOKENS", "4000000 by - GPT m 4 TOKENS"),
        (
            [["- GPT m 4 TOKENS"]],
            "CACHED_TOKENS",
            "No cost rate for CACHED_TOKENS of GPT 'm': add one to your costs.",
        ),
        # Tokens of either kind have a cost where both cost the same, whatever they are written as.
        ([["- GPT m 1 INPUT_TOKENS", "- GPT m 2 OUTPUT_TOKENS"]], "TOKENS", DIFFERENTLY),
        ([["- GPT m 1 INPUT_TOKENS"]], "TOKENS", DIFFERENTLY),
        (
            [["- GPT m 2/1000 INPUT_TOKENS", "- GPT m 1/500 OUTPUT_TOKENS"]],
            "TOKENS",
            "2000 by - GPT m 2/1000 INPUT_TOKENS",
        ),
        (
            [["- GPT m 1 OUTPUT_TOKENS"]],
            "TOKENS",
            "No cost rate for INPUT_TOKENS of GPT 'm': add one to your costs.",
        ),
        # The upper layer knows one kind: with the lower one's other kind they differ.
        (
            [["- GPT m 1 INPUT_TOKENS"], ["- GPT m 2 INPUT_TOKENS", "- GPT m 2 OUTPUT_TOKENS"]],
            "TOKENS",
            DIFFERENTLY,
        ),
        (
            [["- GPT m 2 INPUT_TOKENS"], ["- GPT m 2 OUTPUT_TOKENS"]],
            "TOKENS",
            "2000000 by - GPT m 2 INPUT_TOKENS",
        ),
        # What the upper layer says of the unit in any way comes before what the lower one says exactly.
        ([["- GPT m 4 TOKENS"], ["- GPT m 1 INPUT_TOKENS"]], "INPUT_TOKENS", "4000000 by - GPT m 4 TOKENS"),
        (
            [["- GPT m 4 CACHED_TOKENS"], ["- GPT m 1 INPUT_TOKENS"]],
            "INPUT_TOKENS",
            "1000000 by - GPT m 1 INPUT_TOKENS",
        ),
    ],
)
def test_tokens(layers: list[list[str]], unit: str, expected: str) -> None:
    assert cost(book(*(table(*rates) for rates in layers)), f"GPT m {unit}") == expected


def test_only_language_models_have_flat_prices_of_tokens() -> None:
    flat = book(table("- EMBEDDING m 4 TOKENS"))
    assert cost(flat, "EMBEDDING m INPUT_TOKENS").startswith("No cost rate for INPUT_TOKENS")


def test_the_upper_layer_counts_while_it_has_a_rate_in_force() -> None:
    layered = book(table("2026-03-01 PHONE a 2 MINUTES"), table("- PHONE a 1 MINUTES"))
    assert [cost(layered, "PHONE a MINUTES", at)[0] for at in (day("2026-02-01"), LATER)] == ["1", "2"]


def test_changes_of_a_period_are_those_inside_of_it() -> None:
    dated = book(
        table("2026-01-01 PHONE a 1 MINUTES", "2026-02-01 PHONE a 2 SECONDS", "2026-02-01 PHONE a 2 MINUTES"),
        table("- GPT m 1 TOKENS", "2026-03-01 GPT m 2 TOKENS", "2026-04-01 GPT n 2 TOKENS"),
    )
    services = [(ServiceType.PHONE, "a"), (ServiceType.GPT, "m")]
    days = [day(f"2026-0{month}-01") for month in (1, 2, 3)]
    assert dated.changes(services, None, None) == tuple(days)
    assert dated.changes(services, days[0], days[2]) == (days[1],)
    assert dated.changes([], None, None) == ()


def test_a_remark_follows_what_no_layer_knows() -> None:
    assert cost(book(remark="Look here."), "PHONE a MINUTES") == (
        "No cost rate for MINUTES of PHONE 'a': add one to your costs. Look here."
    )


def test_two_rates_of_one_unit_from_one_moment_are_refused() -> None:
    with pytest.raises(
        InvalidCosts, match="a second cost for PHONE, 'a', MINUTES from the same moment"
    ) as it:
        table("- PHONE a 1 MINUTES", "- PHONE a 1 SECONDS", "- PHONE a 2 MINUTES")
    assert it.value.path == ("costs", 2)


def test_a_table_has_a_bounded_number_of_dates() -> None:
    dates = [f"2026-01-01T{number // 60:02}:{number % 60:02} PHONE a 1 MINUTES" for number in range(101)]
    assert len(table(*dates[:100]).rates) == 100
    with pytest.raises(InvalidCosts, match="more than 100 different dates"):
        table(*dates)


def test_a_date_needs_an_offset() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - what is refused
    known = rate("- PHONE a 1 MINUTES")
    dated = type(known)(known.service_type, "a", known.unit_type, known.amount, 1, "x", naive)
    with pytest.raises(InvalidCosts, match="needs an offset"):
        CostTable("USD", (dated,))
