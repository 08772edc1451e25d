"""200 requests, each sent 20 times side by side: 200 effects, 3,800 replays, and one answer for each key."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.stories.caller import ADD, HOLD, START, Caller, fresh_key
from tests.stories.conftest import account_by
from tests.stories.wire import Request, ask_all, counted

KEYS = 200
DUPLICATES = 20
RUNS = 20
ROUNDS = pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.soak)])
TOKENS = {"serviceType": "GPT", "provider": "gpt-4o-mini", "units": "1000", "unitType": "TOKENS"}

FOUND = """
query Found { viewer { account { balance { held spent } holds(first: 1) { totalCount } usage { usageCount } } } }
"""


@ROUNDS
async def test_holds(crowd_operator: Caller, rounds: int) -> None:
    for _ in range(rounds):
        owner = account_by(crowd_operator)
        results = await ask_all(owner, duplicated(HOLD, await started(owner), {"amount": "1"}))
        assert counted(results) == {"ok": KEYS, "replayed": KEYS * (DUPLICATES - 1)}
        assert_one_answer_each([each["hold"] for each in results])
        assert found(owner) == {"held": str(KEYS), "spent": "0", "holds": KEYS, "usages": 0}


@ROUNDS
async def test_usages(crowd_operator: Caller, rounds: int) -> None:
    for _ in range(rounds):
        owner = account_by(crowd_operator)
        results = await ask_all(owner, duplicated(ADD, await started(owner), TOKENS))
        assert counted(results) == {"ok": KEYS, "replayed": KEYS * (DUPLICATES - 1)}
        assert_one_answer_each([each["serviceUsage"] for each in results])
        assert found(owner) == {"held": "0", "spent": str(KEYS), "holds": 0, "usages": KEYS}


def duplicated(mutation: str, workflow_ids: Sequence[str], given: dict[str, str]) -> list[Request]:
    """Write 200 requests with a key each, every one 20 times in a row."""
    requests = [
        (mutation, {**given, "workflowId": workflow_ids[n % RUNS], "idempotencyKey": f"once-{n}"})
        for n in range(KEYS)
    ]
    return [request for request in requests for _ in range(DUPLICATES)]


def assert_one_answer_each(answers: list[dict[str, Any]]) -> None:
    for first in range(0, len(answers), DUPLICATES):
        same = answers[first : first + DUPLICATES]
        assert same == [same[0]] * DUPLICATES
    assert len({each["id"] for each in answers}) == KEYS


async def started(owner: Caller) -> list[str]:
    requests = [(START, {"workflowName": "run", "idempotencyKey": fresh_key()}) for _ in range(RUNS)]
    return [each["workflow"]["id"] for each in await ask_all(owner, requests)]


def found(owner: Caller) -> dict[str, object]:
    account = owner.query(FOUND)["account"]
    counts = {"holds": account["holds"]["totalCount"], "usages": account["usage"]["usageCount"]}
    return {**account["balance"], **counts}
