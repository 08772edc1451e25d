"""Grants, as operators take them back."""

from typing import Any

from tests.door import Door
from tests.graph.holding import NOTHING, balance, booked
from tests.tenant import Tenant, new_tenant, next_key

VOID = """mutation($in: VoidGrantInput!) { voidGrant(input: $in) { __typename
  ... on GrantVoided { replayed voidedCredits
    grant { remaining status voidedCredits voidedAt voidReason } }
  ... on GrantAlreadyVoided { voidedAt }
  ... on Refusal { code } } }"""


async def void(ask: Door, operator: str, tenant: Tenant, grant_id: str, **given: Any) -> Any:
    """Take a grant back and give the result."""
    named = {"accountId": f"account_{tenant.account_id.hex}", "grantId": grant_id, "reason": "given twice"}
    return (await ask.data(operator, VOID, {"in": named | {"idempotencyKey": next_key()} | given}))[
        "voidGrant"
    ]


async def test_a_grant_is_taken_back_with_what_holds_keep_of_it(
    ask: Door, prepaid: Tenant, operator: str
) -> None:
    grant = await prepaid.grant("100")
    run = await prepaid.start()
    hold = await prepaid.hold(run, "30")
    await prepaid.add(run, "PHONE twilio 1 MINUTES")
    grant_id = f"grant_{grant.id.hex}"
    first = await void(ask, operator, prepaid, grant_id, idempotencyKey="back")
    assert first == {
        "__typename": "GrantVoided",
        "replayed": False,
        "voidedCredits": "70",
        "grant": {
            "remaining": "0",
            "status": "VOIDED",
            "voidedCredits": "70",
            "voidedAt": "2026-03-04T12:00:00Z",
            "voidReason": "given twice",
        },
    }
    assert await balance(ask, prepaid) == booked(held="10", granted="30", spent="20")
    await prepaid.release(hold)
    assert await balance(ask, prepaid) == booked(granted="20", spent="20")

    # The replay says what was taken back then, the grant what it is by now.
    again = await void(ask, operator, prepaid, grant_id, idempotencyKey="back")
    assert again == {**first, "replayed": True, "grant": first["grant"] | {"voidedCredits": "80"}}


async def test_a_grant_is_voided_once_and_by_its_own_account(
    ask: Door, prepaid: Tenant, operator: str
) -> None:
    grant_id = f"grant_{(await prepaid.grant('100')).id.hex}"
    stranger = await new_tenant(prepaid.database, "Stranger")
    for given, kind, code in [
        ({"accountId": f"account_{stranger.account_id.hex}"}, "GrantNotFound", "GRANT_NOT_FOUND"),
        ({"grantId": f"grant_{NOTHING}"}, "GrantNotFound", "GRANT_NOT_FOUND"),
        ({"accountId": f"account_{NOTHING}"}, "AccountNotFound", "ACCOUNT_NOT_FOUND"),
    ]:
        refused = await void(ask, operator, prepaid, grant_id, **given)
        assert (refused["__typename"], refused["code"]) == (kind, code)
    assert (await balance(ask, prepaid))["available"] == "100"

    await void(ask, operator, prepaid, grant_id, idempotencyKey="back")
    other = await void(ask, operator, prepaid, grant_id, idempotencyKey="back", reason="another")
    assert other["code"] == "IDEMPOTENCY_CONFLICT"
    assert await void(ask, operator, prepaid, grant_id) == {
        "__typename": "GrantAlreadyVoided",
        "code": "GRANT_ALREADY_VOIDED",
        "voidedAt": "2026-03-04T12:00:00Z",
    }


async def test_a_node_is_a_grant_too(ask: Door, prepaid: Tenant) -> None:
    grant = await prepaid.grant("5", reason="welcome")
    query = "query($id: ID!) { node(id: $id) { ... on Grant { remaining status reason voidedCredits } } }"
    assert (await ask.data(prepaid.secret, query, {"id": f"grant_{grant.id.hex}"}))["node"] == {
        "remaining": "5",
        "status": "LIVE",
        "reason": "welcome",
        "voidedCredits": None,
    }
