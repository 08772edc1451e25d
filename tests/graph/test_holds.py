"""Holds, as callers make and release them."""

from datetime import UTC, datetime
from functools import partial

from metering.rate_cards import publish_rate_card
from models.api_key import Scope
from models.writer import Command
from pricing.credits import RoundingMode
from pricing.rate_card import Rate, RateCard
from pricing.units import ServiceType, UnitType
from tests.clock import SettableClock
from tests.door import Door, scoped
from tests.graph.holding import CALL, balance, booked, mutate, refusal_of, service, started
from tests.tenant import Tenant, next_key


async def test_a_call_is_held_for_with_all_its_services(ask: Door, prepaid: Tenant) -> None:
    await prepaid.grant("150")
    run = await prepaid.start()
    workflow_id = f"workflow_{run.id.hex}"
    made = await mutate(ask, prepaid, "holdCredits", *CALL, workflowId=workflow_id, idempotencyKey="a call")
    hold = made["hold"]
    lines = hold.pop("lines")
    assert made.pop("__typename") == "CreditsHeld"
    assert made == {"replayed": False, "hold": hold}
    assert hold.pop("id").startswith("hold_")
    assert hold == {
        "status": "OPEN",
        "amount": "144",
        "captured": "0",
        "released": "0",
        "lent": "0",
        "remaining": "144",
        "createdAt": "2026-03-04T12:00:00Z",
        "expiresAt": "2026-03-04T13:00:00Z",
        "closedAt": None,
    }
    credits_ = ["100", "3", "40", "1"]
    assert lines == [
        {
            **service(text),
            "line": number,
            "credits": credits_[number],
            "remaining": credits_[number],
            "heldAt": "2026-03-04T12:00:00Z",
            "parts": [{"amount": credits_[number], "remaining": credits_[number]}],
        }
        for number, text in enumerate(CALL)
    ]
    assert await balance(ask, prepaid) == booked(available="6", held="144", granted="150", spendable="6")

    await prepaid.add(run, "PHONE twilio 4 MINUTES", "GPT gpt-4o-mini 1500 TOKENS")
    query = """query($id: ID!) { workflow(id: $id) { holds { totalCount nodes { captured remaining
      workflow { id } rateCard { version } lines { remaining } } } } }"""
    found = await ask.data(prepaid.secret, query, {"id": workflow_id})
    assert found["workflow"]["holds"] == {
        "totalCount": 1,
        "nodes": [
            {
                "captured": "82",
                "remaining": "62",
                "workflow": {"id": workflow_id},
                "rateCard": {"version": "2025-01-01"},
                "lines": [{"remaining": left} for left in ("20", "1", "40", "1")],
            }
        ],
    }
    await prepaid.end(run)
    assert await balance(ask, prepaid) == booked(available="68", granted="150", spent="82", spendable="68")


async def test_the_same_key_answers_with_the_same_hold(ask: Door, prepaid: Tenant) -> None:
    await prepaid.grant("100")
    given = {"workflowId": await started(prepaid), "idempotencyKey": "once", "amount": "30"}
    first = await mutate(ask, prepaid, "holdCredits", **given)
    assert await mutate(ask, prepaid, "holdCredits", **given) == first | {"replayed": True}
    for changed in ({"amount": "31"}, {"expiresInSeconds": 60}, {"workflowId": await started(prepaid)}):
        assert await refusal_of(ask, prepaid, "holdCredits", **given | changed) == "IdempotencyConflict"
    assert await balance(ask, prepaid) == booked(available="70", held="30", granted="100", spendable="70")


async def test_a_hold_by_amount_has_one_line_for_any_service(ask: Door, prepaid: Tenant) -> None:
    await prepaid.grant("100")
    made = await mutate(ask, prepaid, "holdCredits", workflowId=await started(prepaid), amount="12.5")
    assert made["hold"]["lines"] == [
        {
            "line": 0,
            "serviceType": None,
            "provider": None,
            "units": None,
            "unitType": None,
            "credits": "12.5",
            "remaining": "12.5",
            "heldAt": "2026-03-04T12:00:00Z",
            "parts": [{"amount": "12.5", "remaining": "12.5"}],
        }
    ]


async def test_a_run_starts_with_its_hold_or_not_at_all(ask: Door, prepaid: Tenant) -> None:
    await prepaid.grant("100")
    given = {
        "workflowName": "phone_ai_call",
        "idempotencyKey": "run",
        "hold": {"services": [service("PHONE twilio 5 MINUTES")], "expiresInSeconds": 90},
    }
    refused = await mutate(
        ask, prepaid, "startWorkflow", **given | {"hold": {"services": [service(text) for text in CALL]}}
    )
    assert (refused["__typename"], refused["needed"], refused["available"]) == (
        "CreditsExhausted",
        "144",
        "100",
    )
    count = "{ viewer { account { workflows { totalCount } holds { totalCount } } } }"
    nothing = {"workflows": {"totalCount": 0}, "holds": {"totalCount": 0}}
    assert (await ask.data(prepaid.secret, count))["viewer"]["account"] == nothing

    # A refusal is not remembered: the same key may ask for less.
    first = await mutate(ask, prepaid, "startWorkflow", **given)
    assert (first["hold"]["amount"], first["hold"]["expiresAt"]) == ("100", "2026-03-04T12:01:30Z")
    assert await mutate(ask, prepaid, "startWorkflow", **given) == first | {"replayed": True}
    without = {"workflowName": "phone_ai_call", "idempotencyKey": "run"}
    assert await refusal_of(ask, prepaid, "startWorkflow", **without) == "IdempotencyConflict"


async def test_a_run_without_a_hold_shows_none(ask: Door, tenant: Tenant) -> None:
    assert (await mutate(ask, tenant, "startWorkflow", workflowName="w"))["hold"] is None


async def test_releasing_gives_back_what_is_left_once(ask: Door, prepaid: Tenant) -> None:
    await prepaid.grant("100")
    run = await prepaid.start()
    hold = await prepaid.hold(run, "PHONE twilio 5 MINUTES")
    await prepaid.add(run, "PHONE twilio 1 MINUTES")
    given = {"holdId": f"hold_{hold.id.hex}", "idempotencyKey": "enough"}
    first = await mutate(ask, prepaid, "releaseHold", **given)
    assert first["releasedCredits"] == "80"
    shown = {
        name: first["hold"][name] for name in ("status", "captured", "released", "remaining", "closedAt")
    }
    assert shown == {
        "status": "RELEASED",
        "captured": "20",
        "released": "80",
        "remaining": "0",
        "closedAt": "2026-03-04T12:00:00Z",
    }
    assert await mutate(ask, prepaid, "releaseHold", **given) == first | {"replayed": True}
    again = await mutate(ask, prepaid, "releaseHold", **given | {"idempotencyKey": next_key()})
    assert (again["__typename"], again["status"], again["closedAt"]) == (
        "HoldClosed",
        "RELEASED",
        "2026-03-04T12:00:00Z",
    )
    assert await balance(ask, prepaid) == booked(available="80", granted="100", spent="20", spendable="80")


async def test_a_child_run_draws_on_its_parents_hold(ask: Door, prepaid: Tenant) -> None:
    await prepaid.grant("100")
    parent = await prepaid.start()
    lender = await prepaid.hold(parent, "80")
    child = await prepaid.start("lookup", parent_workflow_id=parent.id)
    made = await mutate(ask, prepaid, "holdCredits", workflowId=f"workflow_{child.id.hex}", amount="90")
    query = """query($id: ID!) { node(id: $id) { id ... on Hold { amount lent remaining status
      lines { parts { amount remaining grant { amount remaining } lentBy { id lent remaining } } } } } }"""
    found = (await ask.data(prepaid.secret, query, {"id": made["hold"]["id"]}))["node"]
    lender_id = f"hold_{lender.id.hex}"
    grant = {"amount": "100", "remaining": "10"}
    assert found["lines"] == [
        {
            "parts": [
                {
                    "amount": "80",
                    "remaining": "80",
                    "grant": grant,
                    "lentBy": {"id": lender_id, "lent": "80", "remaining": "0"},
                },
                {"amount": "10", "remaining": "10", "grant": grant, "lentBy": None},
            ]
        }
    ]
    await prepaid.end(child)
    assert (await ask.data(prepaid.secret, query, {"id": lender_id}))["node"] == {
        "id": lender_id,
        "amount": "80",
        "lent": "0",
        "remaining": "80",
        "status": "OPEN",
        "lines": [
            {
                "parts": [
                    {"amount": "80", "remaining": "80", "grant": grant | {"remaining": "20"}, "lentBy": None}
                ]
            }
        ],
    }


async def test_holds_are_listed_by_status(ask: Door, tenant: Tenant, clock: SettableClock) -> None:
    run, ended = await tenant.start(), await tenant.start()
    await tenant.hold(run, "1")
    await tenant.release(await tenant.hold(run, "2"))
    await tenant.hold(ended, "3")
    await tenant.end(ended)
    clock.forward(seconds=1)
    await tenant.hold(run, "4")
    query = """query($filter: HoldFilter) { viewer { account { holds(filter: $filter) {
      totalCount nodes { amount } } } } }"""
    for filter_, amounts in [
        (None, ["4", "3", "2", "1"]),
        ({"status": []}, ["4", "3", "2", "1"]),
        ({"status": ["OPEN"]}, ["4", "1"]),
        ({"status": ["RELEASED", "SETTLED"]}, ["3", "2"]),
        ({"status": ["EXPIRED"]}, []),
    ]:
        found = (await ask.data(tenant.secret, query, {"filter": filter_}))["viewer"]["account"]["holds"]
        assert [node["amount"] for node in found["nodes"]] == amounts
        assert found["totalCount"] == len(amounts)


FREE = ("SEARCH own 9 REQUESTS",)


async def publish_free_searches(tenant: Tenant) -> None:
    free = Rate(ServiceType.SEARCH, "own", UnitType.REQUESTS, 0, free=True)
    phone = Rate(ServiceType.PHONE, "twilio", UnitType.MINUTES, 20_000_000)
    card = RateCard("free", datetime(2026, 1, 1, tzinfo=UTC), RoundingMode.UP, 0, (free, phone))
    await tenant.database.write(Command(None, partial(publish_rate_card, card=card)))


async def test_what_costs_nothing_is_not_held_for(ask: Door, tenant: Tenant) -> None:
    await publish_free_searches(tenant)
    run = {"workflowId": await started(tenant)}
    assert await refusal_of(ask, tenant, "holdCredits", *FREE, **run) == "NothingToHold"
    made = await mutate(ask, tenant, "holdCredits", *FREE, "PHONE twilio 1 MINUTES", *FREE, **run)
    assert [line["credits"] for line in made["hold"]["lines"]] == ["0", "20", "0"]


async def test_lines_that_cost_nothing_are_numbered_too(ask: Door, tenant: Tenant) -> None:
    await publish_free_searches(tenant)
    lines = ("PHONE twilio 1 MINUTES", *FREE)
    made = await mutate(ask, tenant, "holdCredits", *lines, workflowId=await started(tenant))
    for _ in range(2):
        extended = await mutate(ask, tenant, "extendHold", *lines, holdId=made["hold"]["id"])
    shown = [(line["line"], line["credits"]) for line in extended["hold"]["lines"]]
    assert shown == [(0, "20"), (1, "0"), (2, "20"), (3, "0"), (4, "20"), (5, "0")]


async def test_runs_within_runs_end_somewhere(ask: Door, tenant: Tenant) -> None:
    run = None
    for _ in range(21):
        run = await tenant.start(parent_workflow_id=run and run.id)
    assert run is not None
    given = {"workflowName": "w", "parentWorkflowId": f"workflow_{run.id.hex}"}
    assert await refusal_of(ask, tenant, "startWorkflow", **given) == "WorkflowNestedTooDeep"


async def test_a_key_that_only_tracks_sees_its_hold_and_no_further(ask: Door, tenant: Tenant) -> None:
    secret = await scoped(tenant, Scope.TRACK)
    run = await started(tenant)
    query = "mutation($in: HoldCreditsInput!) {{ holdCredits(input: $in) {{ ... on CreditsHeld {{ hold {{ {} }} }} }} }}"
    shown = query.format("id rateCard { version } lines { remaining parts { amount } }")
    given = {"workflowId": run, "amount": "1", "idempotencyKey": "1"}
    assert "hold" in (await ask.data(secret, shown, {"in": given}))["holdCredits"]
    for number, further in enumerate(
        ["workflow { id }", "lines { parts { grant { id } } }", "lines { parts { lentBy { id } } }"]
    ):
        given = {"workflowId": run, "amount": "1", "idempotencyKey": f"more {number}"}
        _, answer = await ask(secret, query.format(further), {"in": given})
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}
