import asyncio
import json
import os
import re
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest
from typer.testing import CliRunner

from metering.auditing import audit
from models.database import Database
from server.command_line import app

CREDITGRAPH = Path(sys.executable).parent / "creditgraph"
ACCOUNT_ID = re.compile(r"account_[0-9a-f]{32}\n")
SECRET = re.compile(r"nexus_[0-9A-Za-z]{38}\n")
SOME_ACCOUNT = f"account_{'0' * 31}1"


class Shell:
    """Runs the command line on one store, within this process: a start of its own would cost each command a second."""

    def __init__(self, database_url: str, folder: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CREDITGRAPH_")}
        self.environment = {**kept, "CREDITGRAPH_DATABASE_URL": database_url}
        self.folder = folder

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        with chdir(self.folder):
            done = CliRunner().invoke(app, arguments, env=self.environment)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    def answer(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refusal(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1
        return done.stderr.removesuffix("\n")


class ProcessShell(Shell):
    """Runs the installed command, as a person does."""

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [CREDITGRAPH, *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env=self.environment,
            cwd=self.folder,
        )


def test_the_installed_command(sqlite_database_url: str, tmp_path: Path) -> None:
    shell = ProcessShell(sqlite_database_url, tmp_path)
    account = shell.answer("account", "create", "Acme Voice")
    assert ACCOUNT_ID.fullmatch(account)
    assert SECRET.fullmatch(shell.answer("key", "issue", "--account", account.strip()))
    assert shell.refusal("key", "issue", "--account", SOME_ACCOUNT) == "Error: There is no such account."


@pytest.fixture
def shell(database_url: str, tmp_path: Path) -> Shell:
    return Shell(database_url, tmp_path)


@pytest.fixture
def anywhere(tmp_path: Path) -> Shell:
    """For what never reaches a store."""
    return Shell("sqlite:///never.db", tmp_path)


def test_first_account_and_its_key(shell: Shell) -> None:
    created = shell.answer("account", "create", "Acme Voice", "--overdraft-limit", "0.5")
    assert ACCOUNT_ID.fullmatch(created)
    account = created.strip()
    assert SECRET.fullmatch(shell.answer("key", "issue", "--account", account, "--name", "mobile app"))
    assert SECRET.fullmatch(shell.answer("key", "issue", "--account", account, "--scope", "read"))
    (listed,) = json.loads(shell.answer("account", "list", "--json"))
    assert (listed["id"], listed["name"], listed["granted"], listed["overdraftLimit"]) == (
        account,
        "Acme Voice",
        "0",
        "0.5",
    )
    assert account in shell.answer("account", "list")
    keys = shell.answer("key", "list", "--account", account)
    assert [line.split("   ")[-4].strip() for line in keys.splitlines() if "nexus_" in line]
    assert "READ TRACK MANAGE" in keys
    key_id = re.findall(r"key_[0-9a-f]{32}", keys)[0]
    assert shell.answer("key", "revoke", key_id) == f"{key_id} is revoked.\n"


def test_an_operators_key(shell: Shell) -> None:
    assert SECRET.fullmatch(shell.answer("key", "issue", "--operator", "--name", "on call"))
    listed = shell.answer("key", "list", "--operator")
    assert "on call" in listed
    assert "READ MANAGE OPERATE" in listed


def test_credits_are_granted_once(shell: Shell) -> None:
    account = shell.answer("account", "create", "Acme").strip()
    grant = ["credits", "grant", "--account", account, "--idempotency-key", "invoice-17"]
    first = shell.answer(*grant, "--amount", "500", "--restricted-to", "adapter:emergencyservices")
    assert re.fullmatch(r"grant_[0-9a-f]{32}\n", first)
    assert shell.answer(*grant, "--amount", "500", "--restricted-to", "adapter:emergencyservices") == first
    assert shell.refusal(*grant, "--amount", "501") == (
        "Error: The idempotency key 'invoice-17' was used for another input; nothing was done. Use a new key."
    )
    assert json.loads(shell.answer("account", "list", "--json"))[0]["granted"] == "500"
    assert shell.answer("audit") == (
        "Every balance equals its transfers (accounts: 1, transfers: 1, usages: 0).\n"
    )
    assert shell.answer("audit", "--account", account) == shell.answer("audit")


def test_the_audit_tells_any_past_balance(shell: Shell) -> None:
    account = shell.answer("account", "create", "Acme").strip()
    shell.answer("credits", "grant", "--account", account, "--amount", "12.5", "--idempotency-key", "1")
    summary = "Every balance equals its transfers (accounts: 1, transfers: 1, usages: 0)."
    titles = ["account", "available", "held", "granted", "spent", "overdraft", "expired"]
    for options in ((), ("--account", account)):
        lines = shell.answer("audit", *options, "--as-of", "2999-01-01T00:00:00Z").splitlines()
        assert lines[:2] == [summary, "Balances as of 2999-01-01T00:00:00+00:00:"]
        assert [line.split() for line in lines[2:] if account in line or "granted" in line] == [
            titles,
            [account, "12.5", "0", "12.5", "0", "0", "0"],
        ]
    before = shell.answer("audit", "--account", account, "--as-of", "2000-01-01T00:00:00Z")
    assert [line.split() for line in before.splitlines() if account in line] == [[account, *["0"] * 6]]
    assert account not in shell.answer("audit", "--as-of", "2000-01-01T00:00:00Z")
    assert shell.refusal("audit", "--as-of", "yesterday").startswith(
        "Error: --as-of: write a date and a time"
    )
    nobody = "account_" + 32 * "0"
    assert shell.refusal("audit", "--account", nobody) == "Error: There is no such account."


def test_a_grant_is_voided_once(shell: Shell) -> None:
    account = shell.answer("account", "create", "Acme").strip()
    given = ("--account", account, "--amount", "500", "--idempotency-key", "invoice-17")
    grant = shell.answer("credits", "grant", *given).strip()
    void = ["credits", "void-grant", "--account", account, "--grant", grant, "--reason", "given twice"]
    assert shell.answer(*void, "--idempotency-key", "correction-3") == "500\n"
    assert shell.answer(*void, "--idempotency-key", "correction-3") == "500\n"
    assert shell.refusal(*void, "--idempotency-key", "again").startswith(
        "Error: The grant was already voided"
    )
    assert json.loads(shell.answer("account", "list", "--json"))[0]["granted"] == "0"


def test_the_audit_finds_a_wrong_balance(sqlite_database_url: str, tmp_path: Path) -> None:
    shell = Shell(sqlite_database_url, tmp_path)
    account = shell.answer("account", "create", "Acme").strip()
    tamper = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('UPDATE account SET granted = 7'); c.commit()"
    path = sqlite_database_url.removeprefix("sqlite+aiosqlite:///")
    subprocess.run([sys.executable, "-c", tamper, path], check=True)
    done = shell.run("audit")
    assert done.returncode == 1
    cells = [line.split() for line in done.stdout.splitlines() if account in line]
    assert cells == [[account, "balance", "granted", "0.000007", "0"]]
    assert done.stderr == "Error: 1 differences (accounts: 1, transfers: 0, usages: 0).\n"


def test_rate_cards(shell: Shell, tmp_path: Path) -> None:
    card = tmp_path / "card.toml"
    card.write_text(
        'version = "mine"\neffective_from = 2025-01-01T00:00:00Z\nrounding = "UP"\nprecision = 0\n'
        '[[rates]]\nservice_type = "SMS"\nprovider = "twilio"\nunit_type = "MESSAGES"\nprice = "2"\n'
    )
    assert "; the operator publishes one." in shell.refusal("rate-card", "show")
    assert shell.answer("rate-card", "publish", "card.toml") == (
        "Published: version mine, in force from 2025-01-01T00:00:00+00:00.\n"
    )
    assert shell.refusal("rate-card", "publish", "card.toml") == (
        "Error: version: 'mine' is published already; a version never changes."
    )
    shown = shell.answer("rate-card", "show")
    assert "2 per MESSAGES" in shown
    card.write_text('version = "broken"\nprize = 1\n')
    assert shell.refusal("rate-card", "publish", "card.toml").startswith("Error: card.toml:")
    assert shell.refusal("rate-card", "publish", "no.toml") == (
        "Error: FILE: cannot read no.toml: No such file or directory."
    )


GRANT = ["credits", "grant", "--account", SOME_ACCOUNT, "--idempotency-key", "k"]
VOID = ["credits", "void-grant", "--account", SOME_ACCOUNT, "--idempotency-key", "k", "--reason", "r"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["account", "create", " a"], "NAME: ' a' begins or ends with a space: remove it."),
        (["key", "issue", "--account", "acme"], "--account: This is not an id"),
        (["key", "revoke", SOME_ACCOUNT], "KEY_ID: This is the id of an account"),
        (
            ["key", "issue", "--account", SOME_ACCOUNT, "--scope", "OPERATE"],
            "--scope OPERATE reaches across accounts: use --operator, not --account.",
        ),
        ([*VOID, "--grant", SOME_ACCOUNT], "--grant: This is the id of an account"),
        ([*GRANT, "--amount", "0"], "--amount: the amount must be more than 0."),
        ([*GRANT, "--amount", "1e9"], "--amount: '1e9' is not a plain decimal number"),
        (
            [*GRANT, "--amount", "1", "--expires", "2027-01-31"],
            "--expires: write a date and a time with an offset, e.g. 2027-01-31T00:00:00Z.",
        ),
        (
            [*GRANT, "--amount", "1", "--restricted-to", "agent:x"],
            "--restricted-to: write adapter:NAME or workflow:NAME.",
        ),
        (["audit", "--database-url", "mysql://a"], "--database-url: write sqlite:///FILE or postgresql://"),
        (["serve", "--port", "70000"], "--port: Input should be less than or equal to 65535."),
    ],
)
def test_a_bad_value_is_one_line_with_the_options_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    # Within this process: so many processes would take a minute to start.
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {message}")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["key", "issue"],
        ["key", "issue", "--operator", "--account", SOME_ACCOUNT],
        ["key", "issue", "--operator", "--scope", "EVERYTHING"],
        ["credits", "grant"],
        ["account", "make", "x"],
        ["serve", "--prot", "1"],
    ],
)
def test_a_usage_error_ends_with_2(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_unknown_things_are_refused(shell: Shell) -> None:
    assert shell.refusal("key", "issue", "--account", SOME_ACCOUNT) == "Error: There is no such account."
    assert (
        shell.refusal("key", "revoke", f"key_{'0' * 32}")
        == "Error: There is no such API key in this account."
    )
    assert shell.refusal(*GRANT, "--amount", "1") == "Error: There is no such account."
    account = shell.answer("account", "create", "Acme").strip()
    unknown = (
        "--account",
        account,
        "--grant",
        f"grant_{'0' * 32}",
        "--reason",
        "r",
        "--idempotency-key",
        "k",
    )
    assert (
        shell.refusal("credits", "void-grant", *unknown) == "Error: There is no such grant in this account."
    )


def test_an_empty_store_is_migrated(tmp_path: Path) -> None:
    shell = Shell("sqlite:///new.db", tmp_path)
    assert ACCOUNT_ID.fullmatch(shell.answer("account", "create", "Acme"))
    assert (tmp_path / "new.db").exists()


def test_an_unreachable_store_is_one_line_without_the_password(tmp_path: Path) -> None:
    shell = Shell("postgresql://me:secret@127.0.0.1:1/x", tmp_path)
    line = shell.refusal("account", "list")
    assert line.startswith("Error: Cannot use the database at postgresql+asyncpg://me:***@127.0.0.1:1/x: ")


def test_version_schema_and_help(anywhere: Shell) -> None:
    assert re.fullmatch(r"creditgraph \d+\.\d+\.\d+\n", anywhere.answer("--version"))
    assert "type Query" in anywhere.answer("schema")
    for command in (["serve"], ["account", "create"], ["key", "issue"], ["credits", "grant"], ["audit"]):
        assert f"  creditgraph {' '.join(command)}" in anywhere.answer(*command, "--help")


async def test_what_commands_write_leaves_the_books_right(shell: Shell, database: Database) -> None:
    # A command runs a loop of its own, which a thread of its own allows.
    account = (await asyncio.to_thread(shell.answer, "account", "create", "Acme")).strip()
    grant = ("credits", "grant", "--account", account, "--amount", "5", "--idempotency-key", "k")
    await asyncio.to_thread(shell.answer, *grant)
    found = await database.ask(audit)
    assert (found.account_count, found.differences) == (1, ())


def test_a_help_texts_examples_keep_their_lines() -> None:
    shown = CliRunner().invoke(app, ["serve", "--help"])
    assert "\n    creditgraph serve --demo\n" in shown.stdout
