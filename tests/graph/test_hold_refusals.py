"""What is refused of holds, and what the caller is told."""

from typing import Any

import pytest

from tests.clock import SettableClock
from tests.door import Door
from tests.graph.holding import CALL, NOTHING, balance, mutate, refusal_of, service, started
from tests.tenant import Tenant, new_tenant


async def test_a_refusal_says_what_would_fit(ask: Door, prepaid: Tenant) -> None:
    await prepaid.grant("70")
    refused = await mutate(ask, prepaid, "holdCredits", *CALL, workflowId=await started(prepaid))
    assert refused == {
        "__typename": "CreditsExhausted",
        "code": "CREDITS_EXHAUSTED",
        "message": "144 credits are needed and 70 are available; nothing was recorded.",
        "needed": "144",
        "available": "70",
        "fitting": [
            {**service("PHONE twilio 2.375 MINUTES"), "credits": "48"},
            {**service("GPT gpt-4o-mini 1425 TOKENS"), "credits": "2"},
            {**service("VOICE_STT deepgram 2.375 MINUTES"), "credits": "19"},
            {**service("VOICE_TTS openai-tts 380 CHARACTERS"), "credits": "1"},
        ],
    }
    assert (await balance(ask, prepaid))["held"] == "0"
    by_amount = await mutate(ask, prepaid, "holdCredits", workflowId=await started(prepaid), amount="71")
    assert (by_amount["needed"], by_amount["available"], by_amount["fitting"]) == ("71", "70", [])


@pytest.mark.parametrize(
    ("mutation", "given", "field", "message"),
    [
        ("holdCredits", {}, "amount", "give one of amount, services, quoteId and selection, none is given."),
        ("holdCredits", {"amount": "1", "services": []}, "services", "give one of amount, services, quoteId and selection, not amount and services."),
        ("holdCredits", {"amount": "0"}, "amount", "more than 0 credits are needed."),
        ("holdCredits", {"services": []}, "services", "1 to 100 services, not 0."),
        ("holdCredits", {"services": ["x"] * 101}, "services", "1 to 100 services, not 101."),
        ("holdCredits", {"amount": "1", "expiresInSeconds": 0}, "expiresInSeconds", "1 to 3,024,000 seconds, not 0."),
        (
            "holdCredits",
            {"amount": "1", "expiresInSeconds": 3_024_001},
            "expiresInSeconds",
            "1 to 3,024,000 seconds, not 3,024,001.",
        ),
        ("startWorkflow", {"hold": {}}, "hold.amount", "give amount, services or quoteId here, or a selection beside the hold."),
        ("startWorkflow", {"hold": {"amount": "0"}}, "hold.amount", "more than 0 credits are needed."),
        (
            "startWorkflow",
            {"hold": {"amount": "1", "expiresInSeconds": -1}},
            "hold.expiresInSeconds",
            "1 to 3,024,000 seconds, not -1.",
        ),
        ("extendHold", {}, "services", "give services or an amount to add, expiresInSeconds, or both."),
        ("extendHold", {"amount": "0"}, "amount", "more than 0 credits are needed."),
        ("extendHold", {"expiresInSeconds": 0}, "expiresInSeconds", "1 to 3,024,000 seconds, not 0."),
        ("holdCredits", {"workflowId": "hold_" + NOTHING, "amount": "1"}, "workflowId", "This is the id of a hold"),
        ("releaseHold", {"holdId": "grant_" + NOTHING}, "holdId", "This is the id of a grant"),
    ],
)  # fmt: skip
async def test_malformed_input_is_named(
    ask: Door, tenant: Tenant, mutation: str, given: dict[str, Any], field: str, message: str
) -> None:
    required = {
        "holdCredits": {"workflowId": "workflow_" + NOTHING},
        "startWorkflow": {"workflowName": "w"},
        "extendHold": {"holdId": "hold_" + NOTHING},
        "releaseHold": {},
    }
    given = required[mutation] | {"idempotencyKey": "k"} | given
    if "services" in given:
        given["services"] = [service("PHONE twilio 1 MINUTES") for _ in given["services"]]
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    query = f"mutation($in: {kind}!) {{ {mutation}(input: $in) {{ __typename }} }}"
    error = await ask.error(tenant.secret, query, {"in": given})
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": field}
    assert error["message"].startswith(f"{field}: {message}")


async def test_every_refusal_of_a_hold_reaches_the_caller(
    ask: Door, tenant: Tenant, clock: SettableClock
) -> None:
    run = await tenant.start()
    running = {"workflowId": f"workflow_{run.id.hex}"}
    ended = await tenant.start()
    settled = await tenant.hold(ended, "5")
    await tenant.end(ended)
    expired = await tenant.hold(run, "5")
    clock.forward(hours=1)
    stranger = await new_tenant(tenant.database, "Stranger")
    strange = await stranger.hold(await stranger.start(), "5")
    many = "PHONE twilio 999999999999 MINUTES"
    for mutation, services, given, kind in [
        ("holdCredits", (), {"workflowId": "workflow_" + NOTHING, "amount": "1"}, "WorkflowNotFound"),
        ("holdCredits", (), {"workflowId": f"workflow_{ended.id.hex}", "amount": "1"}, "WorkflowAlreadyEnded"),
        ("holdCredits", ("SEARCH x 1 REQUESTS",), running, "RateUnknown"),
        ("holdCredits", (many,), running, "AmountTooLarge"),
        ("startWorkflow", (), {"workflowName": "w", "hold": {"services": [service(many)]}}, "AmountTooLarge"),
        ("startWorkflow", (), {"workflowName": "w", "hold": {"services": [service("GPT x 1 TOKENS")]}}, "RateUnknown"),
        ("extendHold", (), {"holdId": "hold_" + NOTHING, "amount": "1"}, "HoldNotFound"),
        ("extendHold", (), {"holdId": f"hold_{strange.id.hex}", "amount": "1"}, "HoldNotFound"),
        ("extendHold", (), {"holdId": f"hold_{expired.id.hex}", "amount": "1"}, "HoldClosed"),
        ("extendHold", (), {"holdId": f"hold_{settled.id.hex}", "expiresInSeconds": 60}, "HoldClosed"),
        ("releaseHold", (), {"holdId": "hold_" + NOTHING}, "HoldNotFound"),
        ("releaseHold", (), {"holdId": f"hold_{strange.id.hex}"}, "HoldNotFound"),
        ("releaseHold", (), {"holdId": f"hold_{expired.id.hex}"}, "HoldClosed"),
        ("releaseHold", (), {"holdId": f"hold_{settled.id.hex}"}, "HoldClosed"),
    ]:  # fmt: skip
        assert await refusal_of(ask, tenant, mutation, *services, **given) == kind, (mutation, given)
    assert (await balance(ask, tenant))["held"] == "0"


async def test_a_hold_of_another_account_is_none(ask: Door, tenant: Tenant) -> None:
    hold = await tenant.hold(await tenant.start(), "5")
    stranger = await new_tenant(tenant.database, "Stranger")
    query = "query($id: ID!) { node(id: $id) { ... on Hold { amount } } }"
    variables = {"id": f"hold_{hold.id.hex}"}
    assert (await ask.data(tenant.secret, query, variables))["node"] == {"amount": "5"}
    assert (await ask.data(stranger.secret, query, variables))["node"] is None
