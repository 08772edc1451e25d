"""Acts that do not come over GraphQL are in the audit log too: those of the REST endpoint and of the command line."""

import asyncio
import re
from pathlib import Path

import pytest

from models.actor import COMMAND_LINE, Actor, ActorKind
from models.audit_entry import AuditAct, AuditEntry
from models.database import Database
from tests.databases.opened import opened
from tests.door import opened_door
from tests.keys import entries
from tests.server.test_cli import Shell
from tests.tenant import Tenant

AGENT = b'{"business_logic_adapter": "emergencyservices", "name": "dispatcher"}'
UNKNOWN = b'{"business_logic_adapter": "nobody"}'


async def test_agents_that_are_created_by_json(tenant: Tenant, database: Database) -> None:
    before = len(await entries(database))
    async with opened_door(database) as door:
        made = await door.post(tenant.secret, AGENT, "/api/v1/agent/create", x_request_id="deploy-17")
        refused = await door.post(tenant.secret, UNKNOWN, "/api/v1/agent/create")
    assert (made.status_code, made.headers["x-request-id"], refused.status_code) == (201, "deploy-17", 422)
    [entry] = (await entries(database))[before:]
    assert (entry.act, entry.subject, entry.account_id) == (
        AuditAct.CREATE_AGENT,
        made.json()["id"],
        tenant.account_id,
    )
    assert entry.details == {"name": "dispatcher", "version": 1}
    assert entry.by == Actor(ActorKind.API_KEY, tenant.api_key_id, "127.0.0.1", "deploy-17")


def log_of(database_url: str) -> list[AuditEntry]:
    async def read() -> list[AuditEntry]:
        async with opened(database_url) as database:
            return await entries(database)

    return asyncio.run(read())


@pytest.fixture
def shell(database_url: str, tmp_path: Path) -> Shell:
    return Shell(database_url, tmp_path)


def test_every_command_that_administers_says_so(shell: Shell, database_url: str, tmp_path: Path) -> None:
    account = shell.answer("account", "create", "Acme").strip()
    secret = shell.answer("key", "issue", "--account", account, "--name", "app").strip()
    [key] = re.findall(r"key_[0-9a-f]{32}", shell.answer("key", "list", "--account", account))
    rotated = shell.answer("key", "rotate", key, "--overlap-seconds", "60").strip()
    shell.answer("key", "revoke", key)
    shell.answer("key", "revoke", key)
    given = ("--account", account, "--amount", "5")
    grant = shell.answer("credits", "grant", *given, "--idempotency-key", "1").strip()
    void = ("--account", account, "--grant", grant, "--reason", "twice")
    shell.answer("credits", "void-grant", *void, "--idempotency-key", "2")
    card = tmp_path / "card.toml"
    card.write_text(
        'version = "mine"\neffective_from = 2025-01-01T00:00:00Z\nrounding = "UP"\nprecision = 0\n'
        '[[rates]]\nservice_type = "GPT"\nprovider = "gpt-4o"\nunit_type = "TOKENS"\nprice = "2"\n'
    )
    shell.answer("rate-card", "publish", "card.toml")
    shell.answer("provider", "down", "GPT", "gpt-4o")
    shell.answer("provider", "up", "GPT", "gpt-4o")
    found = log_of(database_url)
    assert [(entry.act.value, entry.subject) for entry in found][:-3] == [
        ("CREATE_ACCOUNT", account),
        ("ISSUE_API_KEY", key),
        ("ROTATE_API_KEY", key),
        ("REVOKE_API_KEY", key),
        ("GRANT_CREDITS", grant),
        ("VOID_GRANT", grant),
    ]
    assert [(entry.act.value, entry.details) for entry in found][-3:] == [
        ("PUBLISH_RATE_CARD", {"version": "mine", "effectiveFrom": "2025-01-01T00:00:00+00:00"}),
        ("SET_PROVIDER_AVAILABILITY", {"available": False, "reason": None}),
        ("SET_PROVIDER_AVAILABILITY", {"available": True}),
    ]
    assert {entry.by for entry in found} == {COMMAND_LINE}
    assert secret != rotated
    written = str([vars(entry) for entry in found])
    assert [each for each in (secret, rotated) if each in written] == []


def test_a_key_is_rotated_and_expires_from_the_shell(shell: Shell) -> None:
    account = shell.answer("account", "create", "Acme").strip()
    issue = ("key", "issue", "--account", account)
    shell.answer(*issue, "--expires", "2999-01-31T00:00:00Z")
    listed = shell.answer("key", "list", "--account", account)
    assert "2999-01-31T00:00:00+00:00" in listed
    [key] = re.findall(r"key_[0-9a-f]{32}", listed)
    done = shell.run("key", "rotate", key)
    assert re.fullmatch(r"nexus_[0-9A-Za-z]{38}\n", done.stdout)
    assert "Those before it work until" in done.stderr
    assert "do not work any more" in shell.run("key", "rotate", key, "--overlap-seconds", "0").stderr
    assert shell.run("key", "rotate", key, "--overlap-seconds", "2592001").returncode == 2
    assert shell.refusal(*issue, "--expires", "2020-01-31T00:00:00Z").startswith("Error: expiresAt is 2020")
    shell.answer("key", "revoke", key)
    assert shell.refusal("key", "rotate", key).startswith("Error: The key was revoked or expired at")
    nobody = "key_" + 32 * "0"
    assert shell.refusal("key", "rotate", nobody) == "Error: There is no such API key in this account."
