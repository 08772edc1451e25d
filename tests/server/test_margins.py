from pathlib import Path

import pytest
from typer.testing import CliRunner

from pricing.costs import CreditValue
from server.command_line import app
from server.margins import margin_terms
from server.settings import InvalidSettings, Settings

EUROS = """currency = "EUR"
[[costs]]
service_type = "PHONE"
provider = "twilio"
unit_type = "MINUTES"
amount = "0.013"
source = "Our contract."
"""


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CREDITGRAPH_{name.upper()}", raising=False)


@pytest.fixture
def euros(tmp_path: Path) -> Path:
    path = tmp_path / "costs.toml"
    path.write_text(EUROS, encoding="utf-8")
    return path


def test_without_settings_the_list_prices_are_known_and_nothing_is_sold() -> None:
    terms = margin_terms(Settings.of({}))
    assert (terms.credit_value, terms.costs.currency, len(terms.costs.layers)) == (None, "USD", 3)


def test_both_settings_come_from_the_environment(euros: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITGRAPH_CREDIT_VALUE", "0.010 EUR")
    monkeypatch.setenv("CREDITGRAPH_PROVIDER_COSTS", str(euros))
    settings = Settings.of({})
    assert (settings.credit_value, settings.provider_costs) == ("0.01 EUR", euros)
    terms = margin_terms(settings)
    assert (terms.credit_value, terms.costs.currency) == (CreditValue(10_000, "EUR"), "EUR")


def test_they_reach_the_processes_that_serve(euros: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Settings.of({"credit_value": "0.01 EUR", "provider_costs": euros})
    for name in given.model_dump(exclude_none=True):
        monkeypatch.setenv(f"CREDITGRAPH_{name.upper()}", "")
    given.to_environment()
    assert Settings.of({}).model_dump() == given.model_dump()


@pytest.mark.parametrize("text", ["0.01", "0.01 usd", "a USD", "0 USD"])
def test_a_wrong_value_is_refused_in_one_line(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITGRAPH_CREDIT_VALUE", text)
    with pytest.raises(InvalidSettings, match=r"^CREDITGRAPH_CREDIT_VALUE: [^\n]+\.$"):
        Settings.of({})


def test_two_currencies_are_refused(euros: Path) -> None:
    for given, message in (
        ({"credit_value": "0.01 EUR"}, "a credit sells for 0.01 EUR, but costs are known in USD"),
        (
            {"credit_value": "0.01 USD", "provider_costs": euros},
            "a credit sells for 0.01 USD, but costs are known in EUR",
        ),
    ):
        with pytest.raises(InvalidSettings) as caught:
            margin_terms(Settings.of(given))
        assert str(caught.value) == (
            f"CREDITGRAPH_CREDIT_VALUE: {message}: give both in one currency, "
            "or a file of costs by CREDITGRAPH_PROVIDER_COSTS."
        )


def test_a_file_that_is_not_in_order_is_told_with_its_line(euros: Path) -> None:
    euros.write_text(EUROS.replace("amount", "price"), encoding="utf-8")
    with pytest.raises(InvalidSettings) as caught:
        margin_terms(Settings.of({"provider_costs": euros}))
    assert str(caught.value).startswith(
        f"CREDITGRAPH_PROVIDER_COSTS: {euros}:6: costs[0].price: there is no such field."
    )


def test_a_file_that_cannot_be_read(euros: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    with pytest.raises(InvalidSettings) as caught:
        margin_terms(Settings.of({"provider_costs": missing}))
    assert (
        str(caught.value) == f"CREDITGRAPH_PROVIDER_COSTS: cannot read {missing}: No such file or directory."
    )
    euros.write_bytes(b"\xff")
    with pytest.raises(InvalidSettings, match="it is not UTF-8 text"):
        margin_terms(Settings.of({"provider_costs": euros}))


def test_the_start_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CREDITGRAPH_CREDIT_VALUE", "0.01 EUR")
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(app, ["serve", "--port", "0"])
    assert answer.exit_code == 1
    assert answer.stderr == (
        "Error: CREDITGRAPH_CREDIT_VALUE: a credit sells for 0.01 EUR, but costs are known in USD: "
        "give both in one currency, or a file of costs by CREDITGRAPH_PROVIDER_COSTS.\n"
    )
    assert list(tmp_path.iterdir()) == []
