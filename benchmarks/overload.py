"""Overload: what one process still does when asked for four times its most, and how it refuses the rest."""

import argparse
import asyncio
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.databases.postgresql import postgresql_server
from tests.load import ACCEPTED, NUMBER, REFUSED, Load, Outcome, Phase, loaded
from tests.stories.caller import START, Caller, http_client
from tests.stories.conftest import account_on
from tests.stories.process import ServerProcess, served

DATABASES, OPERATIONS = ("sqlite", "postgresql"), ("usage", "read")
READ_CONNECTIONS = {"sqlite": 4, "postgresql": 20}
"""As many as the service takes by itself; what the tests serve has one."""
CLIENTS = (8, 16, 24)
TIMES = 4
WARM_UP_SECONDS, PEAK_SECONDS, BEFORE_SECONDS, AFTER_SECONDS = 3.0, 4.0, 5.0, 10.0
WINDOW_SECONDS = 0.5
CREDITS_OF_A_USAGE = 3
TICKS_IN_A_SECOND = os.sysconf("SC_CLK_TCK")
ADD = (
    "mutation Add($input: AddServiceUsageInput!) { addServiceUsage(input: $input) "
    "{ __typename ... on ServiceUsageAdded { serviceUsage { id creditsUsed } } } }"
)
READ = "{ viewer { account { balance { available spent overdraft } } } }"
COUNT = "{ viewer { account { usage { usageCount totalCredits } } } }"
HEADING = """\
                 peak | sent done     of of peak  done done | refused         | half load      | sender
                   /s |   /s   /s   peak  by CPU   p50  p99 |  p50  p99   max |  p99   back in | busy late"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a server, again and again."""

    url: str
    key: str
    body: str
    accepted: str

    async def load(self, *phases: Phase) -> Outcome:
        """Ask."""
        return await loaded(Load(self.url, self.key, self.body, self.accepted, phases))


@dataclass(frozen=True, slots=True)
class Round:
    """What one round found; what was done in a second, and in a second of the server's processor time."""

    peak: float
    peak_by_cpu: float
    outcome: Outcome
    by_cpu: float
    seconds: float


@dataclass(slots=True)
class Usage:
    """How much processor time a server has used, at any moment of a block."""

    samples: list[tuple[float, float]] = field(default_factory=list)

    def between(self, begin: float, end: float) -> float:
        """Give the seconds of processor time that were used between two moments."""
        used = [seconds for moment, seconds in self.samples if begin <= moment <= end]
        return used[-1] - used[0] if used else 0.0


def main() -> None:
    arguments = parsed_arguments()
    lines = []
    for database in arguments.database:
        for operation in arguments.operation:
            lines += cell(database, operation, arguments.rounds, arguments.seconds)
    print("", HEADING, *lines, sep="\n")


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--operation", nargs="+", choices=OPERATIONS, default=OPERATIONS)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each (default: 3)")
    parser.add_argument("--seconds", type=float, default=15.0, help="seconds of overload (default: 15)")
    return parser.parse_args()


def cell(database: str, operation: str, rounds: int, seconds: float) -> list[str]:
    """Measure one operation on an empty store; the books must be right afterwards."""
    with server_on(database) as server, http_client() as http:
        owner = account_on(server, http)
        # Keys of usages count from one in every load: each has a run of its own.
        ask = usages if operation == "usage" else reads
        before = resident_megabytes(server)
        acknowledged = asyncio.run(warm_up(ask(owner)))
        print(HEADING)
        found = []
        with observed(server) as usage:
            for _ in range(rounds):
                one, told = asyncio.run(play([ask(owner) for _ in range(3)], seconds, usage))
                acknowledged += told
                found.append(line(database, operation, one))
                print(found[-1], flush=True)
        print(f"memory {before:.0f} MB before, {resident_megabytes(server):.0f} MB after, {server.audit()}")
        if operation == "usage":
            check_total(owner, acknowledged)
    return found


@contextmanager
def server_on(database: str) -> Iterator[ServerProcess]:
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        url = f"sqlite+aiosqlite:///{folder}/benchmark.db"
        if database == "postgresql":
            postgresql = stack.enter_context(postgresql_server())
            postgresql.create_database("overload")
            url = postgresql.url("overload")
        connections = READ_CONNECTIONS[database]
        yield stack.enter_context(served(url, Path(folder), read_connections=connections))


def usages(owner: Caller) -> Asked:
    """Add usages to a run of their own."""
    started = owner.mutate(START, workflowName="phone_ai_call", idempotencyKey=f"run-{next(_numbers)}")
    given = {
        "workflowId": started["workflow"]["id"],
        "serviceType": "GPT",
        "provider": "gpt-4o-mini",
        "units": "2500",
        "unitType": "TOKENS",
        "idempotencyKey": f"{started['workflow']['id']} {NUMBER.decode()}",
    }
    body = json.dumps({"query": ADD, "variables": {"input": given}})
    return Asked(owner.url, owner.key, body, f'"creditsUsed":"{CREDITS_OF_A_USAGE}"')


def reads(owner: Caller) -> Asked:
    """Ask for the balance."""
    return Asked(owner.url, owner.key, json.dumps({"query": READ}), '"available":')


@contextmanager
def observed(server: ServerProcess) -> Iterator[Usage]:
    """Look at a server's processor time while the block runs."""
    usage, stopped = Usage(), threading.Event()

    def look() -> None:
        while not stopped.wait(0.02):
            fields = Path(f"/proc/{server.process_id}/stat").read_text().rpartition(")")[2].split()
            usage.samples.append((time.perf_counter(), sum(map(int, fields[11:13])) / TICKS_IN_A_SECOND))

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield usage
    finally:
        stopped.set()
        looking.join()


async def warm_up(asked: Asked) -> int:
    outcome = await asked.load(Phase(WARM_UP_SECONDS, clients=CLIENTS[0]))
    return accepted(outcome, 0)


async def play(asked: Sequence[Asked], seconds: float, usage: Usage) -> tuple[Round, int]:
    """Find the peak, ask for half, for four times as much, for half again, and find the peak once more.

    Gives what was found, and how many requests were acknowledged in all.
    """
    before = await asked[0].load(*(Phase(PEAK_SECONDS, clients=each) for each in CLIENTS))
    peak, peak_by_cpu = best(before, usage)
    phases = (
        Phase(BEFORE_SECONDS, rate=peak / 2),
        Phase(seconds, rate=TIMES * peak),
        Phase(AFTER_SECONDS, rate=peak / 2),
    )
    outcome = await asked[1].load(*phases)
    after = await asked[2].load(*(Phase(PEAK_SECONDS, clients=each) for each in CLIENTS))
    told = sum(each.outcome == ACCEPTED for found in (before, outcome, after) for each in found.told)
    peak_after, after_by_cpu = best(after, usage)
    found = Round(
        (peak + peak_after) / 2,
        (peak_by_cpu + after_by_cpu) / 2,
        outcome,
        by_cpu(outcome, 1, seconds, usage),
        seconds,
    )
    return found, told


def best(outcome: Outcome, usage: Usage) -> tuple[float, float]:
    """Give the most that was done in a second, of all numbers of clients, and in one of processor time."""
    number = max(range(len(CLIENTS)), key=lambda number: accepted(outcome, number))
    return accepted(outcome, number) / PEAK_SECONDS, by_cpu(outcome, number, PEAK_SECONDS, usage)


def by_cpu(outcome: Outcome, phase: int, seconds: float, usage: Usage) -> float:
    began = outcome.began + min(each.due for each in outcome.told if each.phase == phase)
    return accepted(outcome, phase) / usage.between(began, began + seconds)


def accepted(outcome: Outcome, phase: int) -> int:
    return len(latencies(outcome, phase, ACCEPTED))


def latencies(outcome: Outcome, phase: int, how: str) -> list[float]:
    return sorted(each.seconds for each in outcome.told if (each.phase, each.outcome) == (phase, how))


def line(database: str, operation: str, one: Round) -> str:
    """Show a round."""
    outcome, seconds = one.outcome, one.seconds
    strange = Counter(each.outcome for each in outcome.told) - Counter(
        {ACCEPTED: len(outcome.told), REFUSED: len(outcome.told)}
    )
    if strange or outcome.unsent:
        print(f"neither done nor refused: {dict(strange)}, never sent: {outcome.unsent}")
    sent = sum(each.phase == 1 for each in outcome.told) / seconds
    done, refused = latencies(outcome, 1, ACCEPTED), latencies(outcome, 1, REFUSED)
    goodput = len(done) / seconds
    before = percentile(latencies(outcome, 0, ACCEPTED), 99)
    return (
        f"{database:10} {operation:5} {one.peak:4.0f} | {sent:4.0f} {goodput:4.0f} "
        f"{goodput / one.peak:6.0%} {one.by_cpu / one.peak_by_cpu:7.0%} "
        f"{percentile(done, 50):5.0f} {percentile(done, 99):4.0f} | "
        f"{percentile(refused, 50):4.0f} {percentile(refused, 99):4.0f} {percentile(refused, 100):5.0f} | "
        f"{before:4.0f} {back_in(outcome, before):>9} | {outcome.busy[1]:4.0%} {outcome.late[1] * 1_000:4.0f}"
    )


def back_in(outcome: Outcome, before: float) -> str:
    """Give the seconds in which p99 is back within twice its value before, looked at window by window."""
    after = [each for each in outcome.told if each.phase == 2]
    began = min(each.due for each in after)
    for number in range(int(AFTER_SECONDS / WINDOW_SECONDS)):
        from_seconds = began + number * WINDOW_SECONDS
        window = [each for each in after if 0 <= each.due - from_seconds < WINDOW_SECONDS]
        seconds = sorted(each.seconds for each in window)
        if all(each.outcome == ACCEPTED for each in window) and percentile(seconds, 99) <= 2 * before:
            return f"{(number + 1) * WINDOW_SECONDS:.1f} s"
    return "never"


def percentile(found: Sequence[float], percent: int) -> float:
    """Give a percentile of sorted seconds in milliseconds."""
    return found[min(len(found) - 1, len(found) * percent // 100)] * 1_000 if found else 0.0


def check_total(owner: Caller, acknowledged: int) -> None:
    recorded = owner.query(COUNT)["account"]["usage"]
    if recorded != {"usageCount": acknowledged, "totalCredits": str(CREDITS_OF_A_USAGE * acknowledged)}:
        raise SystemExit(f"{acknowledged} usages were acknowledged, not {recorded}: the run is void.")
    print(f"{acknowledged:,} usages were acknowledged, and as many are recorded")


def resident_megabytes(server: ServerProcess) -> float:
    status = Path(f"/proc/{server.process_id}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


_numbers = iter(range(1_000_000))


if __name__ == "__main__":
    main()
