"""One real hour of requests to a language model, shifted to end now, as usages to be recorded."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

REQUESTS = Path(__file__).parents[1] / "data" / "llm_requests_conversation.csv"
BATCH_SIZE = 1_000
_MICROSECONDS_END = len("2023-11-16 18:15:46.680590")


@dataclass(frozen=True, slots=True)
class RealRequest:
    """A request: when it came, moved to the present, and its tokens."""

    number: int
    used_at: datetime
    tokens: int

    def credits(self, credits_per_thousand: int) -> int:
        """Price it by hand: each request is rounded up to a whole credit."""
        return -(-self.tokens * credits_per_thousand // 1_000)


def real_hour() -> list[RealRequest]:
    """Read the hour; its last request comes now, and the pauses between all of them stay."""
    with REQUESTS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    times = [datetime.fromisoformat(row["TIMESTAMP"][:_MICROSECONDS_END]).replace(tzinfo=UTC) for row in rows]
    shift = datetime.now(UTC) - max(times)
    return [
        RealRequest(number, time + shift, int(row["ContextTokens"]) + int(row["GeneratedTokens"]))
        for number, (time, row) in enumerate(zip(times, rows, strict=True))
    ]


def batches(
    requests: list[RealRequest], workflow_ids: list[str], provider: str
) -> Iterator[list[dict[str, str]]]:
    """Write the requests as inputs of `addServiceUsages`, taking turns among the runs."""
    usages = [
        {
            "workflowId": workflow_ids[request.number % len(workflow_ids)],
            "serviceType": "GPT",
            "provider": provider,
            "units": str(request.tokens),
            "unitType": "TOKENS",
            "usedAt": request.used_at.isoformat(),
            "idempotencyKey": f"request-{request.number}",
        }
        for request in requests
    ]
    for first in range(0, len(usages), BATCH_SIZE):
        yield usages[first : first + BATCH_SIZE]


def an_hour_before(requests: list[RealRequest]) -> str:
    """Give a moment before the first request, for runs to start at."""
    return (requests[0].used_at - timedelta(minutes=1)).isoformat()
