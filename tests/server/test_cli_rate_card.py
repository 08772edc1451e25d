"""`creditgraph rate-card`, as an operator types it."""

from pathlib import Path

import pytest

from tests.server.test_cli import SOME_ACCOUNT, Shell

CARD = """
version = "{version}"
{date}
rounding = "UP"
precision = 0
[[rates]]
service_type = "SMS"
provider = "twilio"
unit_type = "MESSAGES"
price = "{price}"
"""
OWN = """
version = "own"
effective_from = 2026-02-01T00:00:00Z
[[rates]]
service_type = "SMS"
provider = "twilio"
unit_type = "MESSAGES"
price = "1.5"
"""


@pytest.fixture
def shell(database_url: str, tmp_path: Path) -> Shell:
    shell = Shell(database_url, tmp_path)
    card = CARD.format(version="first", date="effective_from = 2026-01-01T00:00:00Z", price="2")
    (tmp_path / "first.toml").write_text(card)
    (tmp_path / "second.toml").write_text(CARD.format(version="second", date="", price="3"))
    (tmp_path / "own.toml").write_text(OWN)
    shell.answer("rate-card", "publish", "first.toml")
    return shell


def test_an_account_has_its_own_rates(shell: Shell) -> None:
    account = shell.answer("account", "create", "Acme").strip()
    assert shell.answer("rate-card", "publish", "own.toml", "--account", account) == (
        "Published: version own, in force from 2026-02-01T00:00:00+00:00.\n"
    )
    shown = shell.answer("rate-card", "show", "--account", account)
    assert shown.startswith("Version first + own, in force from 2026-02-01T00:00:00+00:00; rounding UP to 0")
    assert "1.5 per MESSAGES" in shown
    earlier = shell.answer("rate-card", "show", "--account", account, "--at", "2026-01-31T00:00:00Z")
    assert "2 per MESSAGES" in earlier
    assert "2 per MESSAGES" in shell.answer("rate-card", "show")
    compared = shell.answer("rate-card", "diff", "first", "own")
    assert compared.startswith("From first to first + own: 0 rates unchanged\n")
    assert "-25.00 %" in compared
    assert shell.refusal("rate-card", "diff", "first", "owner").startswith(
        "Error: B: there is no version 'owner'. Did you mean 'own'?"
    )


def test_an_accounts_own_rates_are_not_rounded_by_themselves(shell: Shell) -> None:
    assert shell.refusal("rate-card", "publish", "first.toml", "--account", SOME_ACCOUNT) == (
        "Error: first.toml:4: rounding: leave it out: an account's own rates are rounded as everybody's card "
        "says. first.toml:5: precision: leave it out: an account's own rates are rounded as everybody's card "
        "says."
    )
    assert shell.refusal("rate-card", "publish", "own.toml", "--account", SOME_ACCOUNT) == (
        "Error: There is no such account."
    )


def test_a_card_without_a_date_is_in_force_now(shell: Shell) -> None:
    assert "second" in shell.answer("rate-card", "publish", "second.toml")
    assert shell.answer("rate-card", "show").startswith("Version second")


def test_a_preview_publishes_nothing(shell: Shell) -> None:
    shown = shell.answer("rate-card", "preview", "second.toml")
    assert "From first to second: 0 rates unchanged" in shown
    assert "+50.00 %" in shown
    [totals] = [line.split() for line in shown.splitlines() if line.split()[:1] == ["all"]]
    assert totals == ["all", "0", "0", "0", "0", "0", "0"]
    assert shell.answer("rate-card", "show").startswith("Version first")
    taken = shell.run("rate-card", "preview", "first.toml")
    assert taken.returncode == 1
    assert taken.stdout.startswith("Problem: version: 'first' is published already")
