"""GraphQL over HTTP: the protocol's own audits, those of the npm package graphql-http, ask a real server.

They are built by `web/` into one file, which the Node.js that playwright brings along runs.
"""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

from tests.streams import served
from tests.tenant import new_tenant

AUDITS = Path(__file__).parent / "graphql_over_http" / "audits.mjs"


@dataclass(frozen=True, slots=True)
class Audit:
    """What one audit found."""

    id: str
    name: str
    status: str
    reason: str | None


@pytest.fixture
async def audits(sqlite_database_url: str) -> list[Audit]:
    """What all audits find, asked with the key of an account."""
    async with served(sqlite_database_url) as live:
        tenant = await new_tenant(live.database)
        node, *_ = compute_driver_executable()
        running = await asyncio.create_subprocess_exec(
            node, AUDITS, live.http_url, tenant.secret, stdout=asyncio.subprocess.PIPE
        )
        found, _ = await asyncio.wait_for(running.communicate(), 60)
    return [Audit(**each) for each in json.loads(found)]


async def test_only_operations_by_get_fail_an_audit(audits: list[Audit]) -> None:
    """All that a server must and should do passes, and of what it may do all else."""
    levels = Counter(audit.name.split()[0] for audit in audits)
    assert levels == {"MUST": 13, "SHOULD": 23, "MAY": 25}
    failed = {audit.id: (audit.status, audit.reason) for audit in audits if audit.status != "ok"}
    assert failed == dict.fromkeys(BY_GET, ("notice", "Response status code is not 200"))


BY_GET = ("5A70", "D6D5", "6A70")
"""Operations by GET are off: an address is kept by browsers and proxies, and any page can send a reader to it."""
