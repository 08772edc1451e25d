"""2,000 ask at 128 connections for what 700 can have: 700 get it, 1,300 hear one code, and nothing is left."""

import pytest

from tests.stories.caller import ADD, GRANT, HOLD, RELEASE, SET_BUDGET, START, START_HELD, Caller, fresh_key
from tests.stories.conftest import account_by
from tests.stories.wire import Request, ask_all, counted

ASKING = 2_000
COVERED = 700
SOAK = pytest.mark.soak
ROUNDS = pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=SOAK)])
EACH = "3"
COVER = str(COVERED * int(EACH))
RUNS = 200
USERS = 5
CALLERS_PER_USER = 50
FITTING_PER_USER = 10

ONE_CREDIT = {"serviceType": "GPT", "provider": "gpt-4o-mini", "units": "1000", "unitType": "TOKENS"}

FOUND = """
query Found {
  viewer { account { balance { available held spent } holds(first: 1) { totalCount } } }
}
"""


@ROUNDS
async def test_holds_of_an_account(crowd_operator: Caller, rounds: int) -> None:
    for _ in range(rounds):
        owner = account_by(crowd_operator, overdraft_limit="0")
        grant(crowd_operator, owner, COVER)
        results = await ask_all(owner, holds_of(await started(owner, *["run"] * RUNS)))
        assert counted(results) == {"ok": COVERED, "CREDITS_EXHAUSTED": ASKING - COVERED}
        assert found(owner) == {"available": "0", "held": COVER, "spent": "0", "holds": COVERED}


@ROUNDS
async def test_holds_under_a_budget(crowd_operator: Caller, rounds: int) -> None:
    """The account is postpaid: nothing but the budget limits it."""
    for _ in range(rounds):
        owner = account_by(crowd_operator)
        owner.mutate(SET_BUDGET, scope="ACCOUNT", window="LIFETIME", limit=COVER)
        results = await ask_all(owner, holds_of(await started(owner, *["run"] * RUNS)))
        assert counted(results) == {"ok": COVERED, "BUDGET_EXCEEDED": ASKING - COVERED}
        assert found(owner) == {"available": "0", "held": COVER, "spent": "0", "holds": COVERED}


@ROUNDS
async def test_holds_from_a_restricted_grant(crowd_operator: Caller, rounds: int) -> None:
    """Every tenth comes from a run that the grant is not for: it gets nothing, and takes nothing away."""
    for _ in range(rounds):
        owner = account_by(crowd_operator, overdraft_limit="0")
        grant(crowd_operator, owner, "1")
        grant(crowd_operator, owner, COVER, restrictedTo={"kind": "WORKFLOW", "name": "emergency"})
        runs = await started(owner, *[*["emergency"] * 9, "ordinary"] * (RUNS // 10))
        owner.mutate(ADD, workflowId=runs[-1], **ONE_CREDIT, **keyed())
        results = await ask_all(owner, holds_of(runs))
        assert counted(results) == {"ok": COVERED, "CREDITS_EXHAUSTED": ASKING - COVERED}
        assert counted(results[9::10]) == {"CREDITS_EXHAUSTED": ASKING // 10}
        assert found(owner) == {"available": "0", "held": COVER, "spent": "1", "holds": COVERED}


@ROUNDS
async def test_children_draw_on_their_parents_hold(crowd_operator: Caller, rounds: int) -> None:
    for _ in range(rounds):
        owner = account_by(crowd_operator, overdraft_limit="0")
        grant(crowd_operator, owner, COVER)
        parent = owner.mutate(START_HELD, workflowName="parent", hold={"amount": COVER}, **keyed())
        results = await ask_all(owner, children_of(parent["workflow"]["id"]))
        assert counted(results) == {"ok": COVERED, "CREDITS_EXHAUSTED": ASKING - COVERED}
        assert found(owner) == {"available": "0", "held": COVER, "spent": "0", "holds": 1 + COVERED}
        released = owner.mutate(RELEASE, holdId=parent["hold"]["id"], **keyed())
        hold = {name: released["hold"][name] for name in ("amount", "captured", "released", "lent")}
        assert hold == {"amount": COVER, "captured": "0", "released": "0", "lent": COVER}


@ROUNDS
async def test_the_first_runs_of_users_never_seen(crowd_operator: Caller, rounds: int) -> None:
    """50 callers at once start runs of one new user, whose budget nobody has counted yet."""
    owner = account_by(crowd_operator)
    limit = str(FITTING_PER_USER * int(EACH))
    owner.mutate(SET_BUDGET, scope="USER", window="LIFETIME", limit=limit)
    for round_ in range(rounds):
        users = [f"user-{round_}-{n}" for n in range(USERS)]
        results = await ask_all(
            owner,
            [
                (START_HELD, {"workflowName": "first", "userId": user, "hold": {"amount": EACH}, **keyed()})
                for _ in range(CALLERS_PER_USER)
                for user in users
            ],
        )
        for position in range(USERS):
            assert counted(results[position::USERS]) == {
                "ok": FITTING_PER_USER,
                "BUDGET_EXCEEDED": CALLERS_PER_USER - FITTING_PER_USER,
            }


def holds_of(workflow_ids: list[str]) -> list[Request]:
    """Make 2,000 holds, each run in its turn."""
    return [
        (HOLD, {"workflowId": workflow_ids[number % len(workflow_ids)], "amount": EACH, **keyed()})
        for number in range(ASKING)
    ]


def children_of(parent_id: str) -> list[Request]:
    return [
        (
            START_HELD,
            {"workflowName": "child", "parentWorkflowId": parent_id, "hold": {"amount": EACH}, **keyed()},
        )
        for _ in range(ASKING)
    ]


def keyed() -> dict[str, str]:
    return {"idempotencyKey": fresh_key()}


async def started(owner: Caller, *names: str) -> list[str]:
    """Start runs of these names."""
    results = await ask_all(owner, [(START, {"workflowName": name, **keyed()}) for name in names])
    return [each["workflow"]["id"] for each in results]


def grant(operator: Caller, owner: Caller, amount: str, **fields: object) -> None:
    operator.mutate(GRANT, accountId=owner.account_id, amount=amount, **keyed(), **fields)


def found(owner: Caller) -> dict[str, object]:
    account = owner.query(FOUND)["account"]
    return {**account["balance"], "holds": account["holds"]["totalCount"]}
