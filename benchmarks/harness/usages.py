"""Usages over HTTP: prepared requests, and proof that all that were acknowledged are recorded."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.harness.clients import OverHttp, Request, Sending
from benchmarks.harness.sender import NUMBER
from benchmarks.harness.stage import Service
from benchmarks.harness.turns import Slice
from tests.stories.caller import START, Caller

CREDITS_OF_A_USAGE = 3
ADDED = f'"creditsUsed":"{CREDITS_OF_A_USAGE}"'
ADD = (
    "mutation Add($input: AddServiceUsageInput!) { addServiceUsage(input: $input) "
    "{ __typename ... on ServiceUsageAdded { serviceUsage { id creditsUsed } replayed } "
    "... on Refusal { code message } } }"
)
ADD_MANY = (
    "mutation AddMany($input: AddServiceUsagesInput!) { addServiceUsages(input: $input) "
    "{ __typename ... on ServiceUsagesAdded { addedCount } ... on Refusal { code message } } }"
)
COUNT = "{ viewer { account { usage { usageCount totalCredits } } } }"


@dataclass(slots=True)
class Recording:
    """A side that records usages, and counts how many."""

    asked: OverHttp
    callers: Sequence[Caller]
    done: int = 0

    @property
    def name(self) -> str:
        """Who it is."""
        return self.asked.name

    def work(self, seconds: float) -> Slice:
        """Record for so long."""
        found = self.asked.work(seconds)
        self.done += found.done
        return found

    def check(self) -> None:
        """Ask whether as many are recorded as were acknowledged; SystemExit where not."""
        usages = [caller.query(COUNT)["account"]["usage"] for caller in self.callers]
        count = sum(int(usage["usageCount"]) for usage in usages)
        credits_ = sum(int(usage["totalCredits"]) for usage in usages)
        if (count, credits_) != (self.done, CREDITS_OF_A_USAGE * self.done):
            raise SystemExit(f"{self.done} usages were acknowledged, not {usages}: the run is void.")


def runs_of(callers: Sequence[Caller], count: int) -> list[tuple[Caller, str]]:
    """Start so many runs, for one caller after the other."""
    found = []
    for number in range(count):
        caller = callers[number % len(callers)]
        answer = caller.mutate(START, workflowName="phone_ai_call", idempotencyKey=f"run-{number}")
        found.append((caller, answer["workflow"]["id"]))
    return found


def add_one(caller: Caller, workflow_id: str) -> Request:
    """Prepare the recording of one usage; each time under another key."""
    return Request({"query": ADD, "variables": {"input": _usage(workflow_id)}}, caller.key)


def add_many(caller: Caller, workflow_id: str, count: int) -> Request:
    """Prepare the recording of many at once."""
    usages = [_usage(workflow_id) for _ in range(count)]
    return Request({"query": ADD_MANY, "variables": {"input": {"usages": usages}}}, caller.key)


def recording(
    name: str,
    sending: Sending,
    service: Service,
    callers: Sequence[Caller],
    clients: int,
    *,
    database_processes: Sequence[int] = (),
) -> Recording:
    """Let clients record, each in a run of its own."""
    requests = [add_one(caller, workflow_id) for caller, workflow_id in runs_of(callers, clients)]
    processes = [service.process.process_id, *database_processes]
    return Recording(OverHttp(name, sending, service.url, requests, ADDED, clients, processes), callers)


def _usage(workflow_id: str) -> dict[str, str]:
    return {
        "workflowId": workflow_id,
        "serviceType": "GPT",
        "provider": "gpt-4o-mini",
        "units": "2500",
        "unitType": "TOKENS",
        "idempotencyKey": f"{workflow_id} {NUMBER.decode()}",
    }
