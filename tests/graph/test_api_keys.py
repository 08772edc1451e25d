"""Keys as callers meet them: rotated with an overlap, expired like revoked ones, and seen without secrets."""

import time
from datetime import timedelta
from typing import Any

import pytest

from models.api_key import Scope
from models.writer import Command
from server.authentication import KNOWN_SECONDS
from tests.clock import NOON, SettableClock
from tests.databases.statements import recognitions
from tests.door import Door, scoped
from tests.keys import DAY, entries, rotate
from tests.tenant import Tenant, issue, new_tenant

REFUSAL = "... on Refusal { __typename code message }"
SHOWN = "id prefix expiresAt rotatedAt oldSecretsUntil revokedAt"
ISSUE = f"""mutation($input: IssueApiKeyInput!) {{ issueApiKey(input: $input) {{
  ... on ApiKeyIssued {{ secret apiKey {{ {SHOWN} }} }} ... on TimeOutOfRange {{ field earliest }} {REFUSAL} }} }}"""
ROTATE = f"""mutation($input: RotateApiKeyInput!) {{ rotateApiKey(input: $input) {{
  ... on ApiKeyRotated {{ secret apiKey {{ {SHOWN} }} }} ... on ApiKeyEnded {{ endedAt }} {REFUSAL} }} }}"""
REVOKE = """mutation($id: ID!) { revokeApiKey(input: {apiKeyId: $id}) { ... on ApiKeyRevoked { apiKey { revokedAt } } } }"""
AGENT = b'{"business_logic_adapter": "emergencyservices"}'
WHO = "{ viewer { apiKey { id } } }"


async def done(ask: Door, key: str, query: str, **given: Any) -> Any:
    [answer] = (await ask.data(key, query, {"input": given})).values()
    return answer


async def lets_in(ask: Door, secret: str) -> dict[str, bool]:
    """Try a secret at every door that there is."""
    graph, _ = await ask(secret, WHO)
    by_header = await ask.post(None, b'{"query": "{ viewer { scopes } }"}', x_api_key=secret)
    rest = await ask.post(secret, AGENT, "/api/v1/agent/create")
    statuses = {"graphql": graph, "X-API-Key": by_header.status_code, "REST": rest.status_code}
    assert set(statuses.values()) <= {200, 201, 401}
    return {door: status != 401 for door, status in statuses.items()}


OPEN = {"graphql": True, "X-API-Key": True, "REST": True}
SHUT = dict.fromkeys(OPEN, False)


async def test_a_rotated_key_has_two_secrets_for_a_while(
    ask: Door, tenant: Tenant, clock: SettableClock
) -> None:
    key_id = f"key_{tenant.api_key_id.hex}"
    rotated = await done(ask, tenant.secret, ROTATE, apiKeyId=key_id)
    assert rotated["apiKey"] == {
        "id": key_id,
        "prefix": rotated["secret"][:12],
        "expiresAt": None,
        "rotatedAt": "2026-03-04T12:00:00Z",
        "oldSecretsUntil": "2026-03-05T12:00:00Z",
        "revokedAt": None,
    }
    for secret in (tenant.secret, rotated["secret"]):
        assert await lets_in(ask, secret) == OPEN
        assert (await ask.data(secret, WHO))["viewer"]["apiKey"]["id"] == key_id
    clock.now = NOON + DAY
    assert (await lets_in(ask, tenant.secret), await lets_in(ask, rotated["secret"])) == (SHUT, OPEN)


async def test_no_overlap_ends_the_old_secret_at_once(ask: Door, tenant: Tenant) -> None:
    key_id = f"key_{tenant.api_key_id.hex}"
    rotated = await done(ask, tenant.secret, ROTATE, apiKeyId=key_id, overlapSeconds=0)
    assert rotated["apiKey"]["oldSecretsUntil"] is None
    assert (await lets_in(ask, tenant.secret), await lets_in(ask, rotated["secret"])) == (SHUT, OPEN)


@pytest.mark.parametrize("seconds", [-1, 30 * 24 * 3600 + 1])
async def test_an_overlap_has_bounds(ask: Door, tenant: Tenant, seconds: int) -> None:
    given = {"apiKeyId": f"key_{tenant.api_key_id.hex}", "overlapSeconds": seconds}
    error = await ask.error(tenant.secret, ROTATE, {"input": given})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "overlapSeconds"}
    assert error["message"] == f"overlapSeconds: 0 to 2,592,000 is possible, not {seconds}."
    await done(ask, tenant.secret, ROTATE, apiKeyId=given["apiKeyId"], overlapSeconds=2_592_000)


async def test_an_expired_key_is_as_wrong_as_a_revoked_one(
    ask: Door, tenant: Tenant, clock: SettableClock
) -> None:
    expires = NOON + timedelta(hours=1)
    issued = await done(ask, tenant.secret, ISSUE, name="guest", expiresAt=expires.isoformat())
    revoked = await done(ask, tenant.secret, ISSUE, name="gone")
    await ask.data(tenant.secret, REVOKE, {"id": revoked["apiKey"]["id"]})
    assert issued["apiKey"]["expiresAt"] == "2026-03-04T13:00:00Z"
    clock.now = expires - timedelta(microseconds=1)
    assert await lets_in(ask, issued["secret"]) == OPEN
    clock.now = expires
    assert await lets_in(ask, issued["secret"]) == SHUT
    assert await ask(issued["secret"], WHO) == await ask(revoked["secret"], WHO)
    ended = await done(ask, tenant.secret, ROTATE, apiKeyId=issued["apiKey"]["id"])
    assert (ended["code"], ended["endedAt"]) == ("API_KEY_ENDED", "2026-03-04T13:00:00Z")
    for use in (
        f'startWorkflow(input: {{workflowName: "w", idempotencyKey: "k", apiKeyId: "{issued["apiKey"]["id"]}"}})',
        f'setBudget(input: {{scope: API_KEY, window: DAY, limit: "1", subject: "{issued["apiKey"]["id"]}"}})',
    ):
        [answer] = (await ask.data(tenant.secret, f"mutation {{ {use} {{ {REFUSAL} }} }}")).values()
        assert answer["code"] == "API_KEY_NOT_FOUND"


async def test_a_key_does_not_expire_before_it_is_issued(ask: Door, tenant: Tenant) -> None:
    before = len(await entries(tenant.database))
    refused = await done(ask, tenant.secret, ISSUE, name="late", expiresAt="2026-03-04T12:00:00Z")
    assert (refused["code"], refused["field"], refused["earliest"]) == (
        "TIME_OUT_OF_RANGE",
        "expiresAt",
        "2026-03-04T12:00:00Z",
    )
    assert len(await entries(tenant.database)) == before


async def test_a_key_that_may_less_rotates_none_that_may_more(ask: Door, tenant: Tenant) -> None:
    manages = await scoped(tenant, Scope.MANAGE)
    refused = await done(ask, manages, ROTATE, apiKeyId=f"key_{tenant.api_key_id.hex}")
    assert refused["code"] == "SCOPE_NOT_HELD"
    assert await lets_in(ask, tenant.secret) == OPEN


async def test_operators_rotate_keys_of_any_account(ask: Door, operator: str, tenant: Tenant) -> None:
    rotated = await done(ask, operator, ROTATE, apiKeyId=f"key_{tenant.api_key_id.hex}", overlapSeconds=0)
    assert (await lets_in(ask, tenant.secret), await lets_in(ask, rotated["secret"])) == (SHUT, OPEN)


async def test_another_account_s_key_is_not_rotated(ask: Door, tenant: Tenant) -> None:
    stranger = await new_tenant(tenant.database, "Stranger")
    given = {"apiKeyId": f"key_{stranger.api_key_id.hex}"}
    assert (await done(ask, tenant.secret, ROTATE, **given))["code"] == "API_KEY_NOT_FOUND"
    assert await lets_in(ask, stranger.secret) == OPEN


async def test_a_secret_is_looked_for_once_and_known_for_a_moment(ask: Door, tenant: Tenant) -> None:
    rotated = await rotate(tenant, tenant.api_key_id)
    for secret in (tenant.secret, rotated.secret):
        begin = time.monotonic()
        with recognitions(tenant.database) as looks:
            for _ in range(3):
                await ask.data(secret, WHO)
        assert 1 <= len(looks) <= 1 + (time.monotonic() - begin) // KNOWN_SECONDS


async def test_use_of_either_secret_is_use_of_the_key(
    ask: Door, tenant: Tenant, clock: SettableClock
) -> None:
    asked = "query($id: ID!) { apiKey(id: $id) { lastUsedAt } }"
    reader = (await issue(tenant.database, tenant.account_id, "reader"))[1]
    await rotate(tenant, tenant.api_key_id)
    clock.forward(minutes=5)
    await ask.data(tenant.secret, WHO)
    await tenant.database.write(Command(tenant.account_id, lambda session, *, now: None))  # noqa: ARG005 - a verb
    found = await ask.data(reader, asked, {"id": f"key_{tenant.api_key_id.hex}"})
    assert found["apiKey"]["lastUsedAt"] == "2026-03-04T12:05:00Z"
