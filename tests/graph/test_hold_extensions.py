"""Holds are extended, in credits, in time or both, and say until when the credits last."""

from tests.clock import SettableClock
from tests.door import Door
from tests.graph.holding import balance, booked, mutate, refusal_of, started
from tests.tenant import Tenant


async def test_a_call_is_extended_slice_by_slice(ask: Door, prepaid: Tenant, clock: SettableClock) -> None:
    await prepaid.grant("100")
    slice_ = ("PHONE twilio 1 MINUTES", "VOICE_STT deepgram 1 MINUTES")
    made = await mutate(ask, prepaid, "holdCredits", *slice_, workflowId=await started(prepaid))
    given = {"holdId": made["hold"]["id"], "expiresInSeconds": 120, "idempotencyKey": "second minute"}
    clock.forward(seconds=50)
    first = await mutate(ask, prepaid, "extendHold", *slice_, **given)
    # 44 credits are left: at 28 a minute, each service rounded up by itself, they buy 93 seconds more.
    assert (first["addedCredits"], first["heldUntil"], first["affordableUntil"]) == (
        "28",
        "2026-03-04T12:02:00Z",
        "2026-03-04T12:03:33Z",
    )
    assert (first["hold"]["amount"], first["hold"]["expiresAt"]) == ("56", "2026-03-04T13:00:00Z")
    assert [line["line"] for line in first["hold"]["lines"]] == [0, 1, 2, 3]
    clock.forward(seconds=50)
    assert await mutate(ask, prepaid, "extendHold", *slice_, **given) == first | {"replayed": True}
    assert await refusal_of(ask, prepaid, "extendHold", **given) == "IdempotencyConflict"

    # The last slice does not fit whole; the answer says how much of it would.
    refused = await mutate(
        ask, prepaid, "extendHold", *(text.replace("1", "2") for text in slice_), holdId=given["holdId"]
    )
    assert (refused["needed"], refused["available"]) == ("56", "44")
    assert [(line["units"], line["credits"]) for line in refused["fitting"]] == [
        ("1.55", "31"),
        ("1.55", "13"),
    ]
    # Once nothing is left, what is held is what is affordable.
    last = await mutate(ask, prepaid, "extendHold", holdId=given["holdId"], amount="44")
    assert last["heldUntil"] == last["affordableUntil"] == "2026-03-04T12:02:00Z"


async def test_a_hold_is_extended_in_time_alone(ask: Door, tenant: Tenant, clock: SettableClock) -> None:
    made = await mutate(ask, tenant, "holdCredits", workflowId=await started(tenant), amount="5")
    clock.forward(minutes=59)
    given = {"holdId": made["hold"]["id"], "expiresInSeconds": 3600}
    extended = await mutate(ask, tenant, "extendHold", **given)
    assert extended["hold"] == made["hold"] | {"expiresAt": "2026-03-04T13:59:00Z"}
    assert (extended["addedCredits"], extended["heldUntil"], extended["affordableUntil"]) == ("0", None, None)


async def test_nothing_limits_a_postpaid_call(ask: Door, tenant: Tenant) -> None:
    made = await mutate(
        ask, tenant, "holdCredits", "PHONE twilio 1 MINUTES", workflowId=await started(tenant)
    )
    extended = await mutate(ask, tenant, "extendHold", "PHONE twilio 30 SECONDS", holdId=made["hold"]["id"])
    assert (extended["addedCredits"], extended["heldUntil"], extended["affordableUntil"]) == (
        "10",
        "2026-03-04T12:01:30Z",
        None,
    )
    # What a postpaid account sets aside is not owed before it is spent.
    assert await balance(ask, tenant) == booked(held="30", spendable=None)


async def test_minutes_beyond_all_time_are_held_for(ask: Door, tenant: Tenant) -> None:
    minutes = "PHONE twilio 6000000000 MINUTES"  # eleven thousand years
    made = await mutate(ask, tenant, "holdCredits", minutes, workflowId=await started(tenant))
    extended = await mutate(ask, tenant, "extendHold", "PHONE twilio 1 MINUTES", holdId=made["hold"]["id"])
    assert extended["hold"]["amount"] == "120000000020"
