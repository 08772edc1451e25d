"""The audit log as callers read it: their own account's, in pages, narrowed, and operators without their traces."""

from typing import Any

from models.api_key import Scope
from tests.clock import SettableClock
from tests.door import Door, scoped
from tests.graph.test_statement_counts import counted
from tests.tenant import Tenant, new_tenant

ENTRY = (
    "id act subject details occurredAt accountId actor { kind apiKeyId address requestId apiKey { name } }"
)
LOG = f"""query($first: Int, $after: String, $filter: AuditLogFilter) {{ viewer {{ account {{
  auditLog(first: $first, after: $after, filter: $filter) {{ totalCount nodes {{ {ENTRY} }}
    pageInfo {{ hasNextPage endCursor }} }} }} }} }}"""
EVERYTHING = f"""query($id: ID, $filter: AuditLogFilter) {{ auditLog(accountId: $id, filter: $filter, first: 100) {{
  totalCount nodes {{ {ENTRY} }} }} }}"""
ISSUE = 'mutation { issueApiKey(input: {name: "%s"}) { ... on ApiKeyIssued { apiKey { id } } } }'
GRANT = """mutation($id: ID!) { grantCredits(input: {accountId: $id, amount: "5", idempotencyKey: "k"}) { __typename } }"""


async def log_of(ask: Door, key: str, **given: Any) -> Any:
    return (await ask.data(key, LOG, given))["viewer"]["account"]["auditLog"]


async def acts_of(ask: Door, key: str, **narrowed: Any) -> list[str]:
    return [entry["act"] for entry in (await log_of(ask, key, filter=narrowed))["nodes"]]


async def test_an_account_reads_who_administered_it(ask: Door, tenant: Tenant) -> None:
    _, answer = await ask(tenant.secret, ISSUE % "mobile app", x_request_id="deploy-17")
    issued = answer["data"]["issueApiKey"]["apiKey"]["id"]
    [entry, first, created] = (await log_of(ask, tenant.secret))["nodes"]
    assert entry.pop("id").startswith("auditentry_")
    assert entry == {
        "act": "ISSUE_API_KEY",
        "subject": issued,
        "details": {"name": "mobile app", "scopes": ["READ", "TRACK", "MANAGE"], "expiresAt": None},
        "occurredAt": "2026-03-04T12:00:00Z",
        "accountId": f"account_{tenant.account_id.hex}",
        "actor": {
            "kind": "API_KEY",
            "apiKeyId": f"key_{tenant.api_key_id.hex}",
            "address": "127.0.0.1",
            "requestId": "deploy-17",
            "apiKey": {"name": "first"},
        },
    }
    assert (first["act"], created["act"], created["details"]) == (
        "ISSUE_API_KEY",
        "CREATE_ACCOUNT",
        {"name": "Acme", "overdraftLimit": None},
    )
    nobody = {"kind": "SERVICE", "apiKeyId": None, "address": None, "requestId": None, "apiKey": None}
    assert created["actor"] == nobody


async def test_pages_and_filters(ask: Door, tenant: Tenant, clock: SettableClock) -> None:
    for number in range(5):
        clock.forward(minutes=1)
        await ask.data(tenant.secret, ISSUE % number)
    page = await log_of(ask, tenant.secret, first=3)
    names = [entry["details"]["name"] for entry in page["nodes"]]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"], names) == (7, True, ["4", "3", "2"])
    rest = await log_of(ask, tenant.secret, first=3, after=page["pageInfo"]["endCursor"])
    assert [entry["details"]["name"] for entry in rest["nodes"]] == ["1", "0", "first"]
    entry = page["nodes"][0]
    for narrowed, count in (
        ({"act": ["CREATE_ACCOUNT", "REVOKE_API_KEY"]}, 1),
        ({"subject": entry["subject"]}, 1),
        ({"apiKeyId": entry["actor"]["apiKeyId"]}, 5),
        ({"apiKeyId": entry["subject"]}, 0),
        ({"occurredFrom": "2026-03-04T12:04:00Z"}, 2),
        ({"occurredTo": "2026-03-04T12:01:00Z"}, 2),
        ({"act": [], "subject": entry["subject"], "occurredTo": "2026-03-04T12:05:00Z"}, 0),
    ):
        assert (await log_of(ask, tenant.secret, filter=narrowed))["totalCount"] == count, narrowed


async def test_another_account_s_log_is_nowhere(ask: Door, tenant: Tenant) -> None:
    stranger = await new_tenant(tenant.database, "Stranger")
    theirs = (await log_of(ask, stranger.secret))["nodes"]
    mine = (await log_of(ask, tenant.secret))["nodes"]
    assert {entry["accountId"] for entry in mine} == {f"account_{tenant.account_id.hex}"}
    for narrowed in ({"subject": theirs[0]["subject"]}, {"apiKeyId": f"key_{stranger.api_key_id.hex}"}):
        assert (await log_of(ask, tenant.secret, filter=narrowed))["totalCount"] == 0
    query = "query($id: ID!) { node(id: $id) { id __typename } }"
    assert await ask.data(tenant.secret, query, {"id": theirs[0]["id"]}) == {"node": None}
    assert await ask.data(tenant.secret, query, {"id": mine[0]["id"]}) == {
        "node": {"id": mine[0]["id"], "__typename": "AuditEntry"}
    }


async def test_it_is_for_those_who_manage(ask: Door, tenant: Tenant) -> None:
    [entry, *_] = (await log_of(ask, tenant.secret))["nodes"]
    reads = await scoped(tenant, Scope.READ, Scope.TRACK)
    assert await ask.code(reads, LOG) == "FORBIDDEN"
    node = "query($id: ID!) { node(id: $id) { id } }"
    for id_ in (entry["id"], f"auditentry_{'0' * 32}"):
        assert await ask.code(reads, node, {"id": id_}) == "FORBIDDEN"
    assert await ask.code(tenant.secret, EVERYTHING) == "FORBIDDEN"


async def test_an_account_sees_that_an_operator_acted_and_not_which_one(
    ask: Door, operator: str, tenant: Tenant
) -> None:
    account_id = f"account_{tenant.account_id.hex}"
    await ask(operator, GRANT, {"id": account_id}, x_request_id="invoice-17")
    [seen] = (await log_of(ask, tenant.secret, filter={"act": ["GRANT_CREDITS"]}))["nodes"]
    assert seen["actor"] == {
        "kind": "OPERATOR",
        "apiKeyId": None,
        "address": None,
        "requestId": "invoice-17",
        "apiKey": None,
    }
    narrowed = {"act": ["GRANT_CREDITS"]}
    [known] = (await ask.data(operator, EVERYTHING, {"id": account_id, "filter": narrowed}))["auditLog"][
        "nodes"
    ]
    assert known["actor"] | {"apiKeyId": None} == {
        "kind": "OPERATOR",
        "apiKeyId": None,
        "address": "127.0.0.1",
        "requestId": "invoice-17",
        "apiKey": {"name": "operator"},
    }
    by_operator = {"apiKeyId": known["actor"]["apiKeyId"]}
    assert await acts_of(ask, tenant.secret, **by_operator) == []
    found = (await ask.data(operator, EVERYTHING, {"filter": by_operator}))["auditLog"]
    assert [entry["act"] for entry in found["nodes"]] == ["GRANT_CREDITS"]


async def test_operators_read_every_account_s_log_and_the_service_s(
    ask: Door, operator: str, tenant: Tenant
) -> None:
    await new_tenant(tenant.database, "Stranger")
    every = (await ask.data(operator, EVERYTHING))["auditLog"]
    assert every["totalCount"] == len(every["nodes"]) == 6
    assert [(entry["act"], entry["accountId"] is None) for entry in every["nodes"]] == [
        ("ISSUE_API_KEY", False),
        ("CREATE_ACCOUNT", False),
        ("ISSUE_API_KEY", False),
        ("CREATE_ACCOUNT", False),
        ("ISSUE_API_KEY", True),
        ("PUBLISH_RATE_CARD", True),
    ]
    own = (await ask.data(operator, EVERYTHING, {"id": f"account_{tenant.account_id.hex}"}))["auditLog"]
    assert own["totalCount"] == 2


async def test_a_page_is_one_statement_and_its_keys_another(ask: Door, tenant: Tenant) -> None:
    for name in range(8):
        await ask.data(tenant.secret, ISSUE % name)
    _, sent = await counted(ask, tenant, LOG)
    # The calling key, the account, the page, the keys that acted, and the count.
    assert len(sent) == 4


async def test_a_request_has_an_id_of_its_own_unless_it_brings_a_good_one(ask: Door, tenant: Tenant) -> None:
    body = b'{"query": "{ viewer { scopes } }"}'
    assert (await ask.post(tenant.secret, body, x_request_id="a.b-c:d_1")).headers[
        "x-request-id"
    ] == "a.b-c:d_1"
    for wrong in ("a b", "x" * 65, "<script>", ""):
        given = (await ask.post(tenant.secret, body, x_request_id=wrong)).headers["x-request-id"]
        assert len(given) == 32
        assert given != wrong
    refused = await ask.post(None, body)
    assert (refused.status_code, len(refused.headers["x-request-id"])) == (401, 32)
