"""addServiceUsage over HTTP on PostgreSQL: beside pgbench, a naive service, PostGraphile and Mercurius."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from benchmarks.harness.clients import OverHttp, Request
from benchmarks.harness.figures import Figure, Work, compared, waits
from benchmarks.harness.postgresql import CLIENTS, Postgresql, pgbench
from benchmarks.harness.programs import Absent, Program, node_program, python_program, those_present
from benchmarks.harness.sender import NUMBER
from benchmarks.harness.stage import Service, Stage
from benchmarks.harness.turns import Side, take_turns
from benchmarks.harness.usages import Recording, recording

FOUR, CTE = "pgbench, four statements", "pgbench, one CTE"
NAIVE, POSTGRAPHILE, MERCURIUS = "naive strawberry + ORM", "PostGraphile 5 + plpgsql", "Mercurius JIT + pg"
STRAWBERRY_ADD = "mutation Add($given: AddInput!) { addServiceUsage(given: $given) { id credits } }"
POSTGRAPHILE_ADD = """mutation Add($account: UUID!, $workflow: UUID!, $key: String!) {
  addServiceUsage(input: {account: $account, workflow: $workflow, key: $key, service: "GPT",
    provider: "gpt-4o-mini", unit: "TOKENS", units: "2500000000"}) { result { id credits } }
}"""
MERCURIUS_ADD = """mutation Add($account: ID!, $workflow: ID!, $key: String!) {
  addServiceUsage(account: $account, workflow: $workflow, key: $key, serviceType: "GPT",
    provider: "gpt-4o-mini", unitType: "TOKENS", units: 2500) { id credits }
}"""
APART = "creditgraph, many accounts"
ASKED = {
    NAIVE: (STRAWBERRY_ADD, '"credits":"3"'),
    POSTGRAPHILE: (POSTGRAPHILE_ADD, '"credits":"3000000"'),
    MERCURIUS: (MERCURIUS_ADD, '"credits":"3"'),
}


def record(stage: Stage) -> Iterator[Figure]:
    """Let 32 clients add usages, each to a run in an account of its own."""
    with ExitStack() as stack:
        service, database = postgresql_service(stack, stage)
        processes = database.processes()
        ours = own_accounts(stage, service, processes)
        sides: list[Side] = [ours, *_pgbenches(stage, database)]
        programs = {
            NAIVE: python_program("naive", database.dsn.replace("postgresql://", "postgresql+asyncpg://")),
            POSTGRAPHILE: node_program("postgraphile.cjs", database.dsn),
            MERCURIUS: node_program("mercurius_pg.cjs", database.dsn),
        }
        sides += [
            _over_http(name, program, stage, CLIENTS, processes)
            for name, program in those_present(stack, programs)
        ]
        series = take_turns(sides, stage.pace)
        ours.check()
        print(service.process.audit())
    work = Work("record", f"addServiceUsage over HTTP, {CLIENTS} clients", "PostgreSQL")
    targets = {FOUR: ">= 1.0", CTE: ">= 0.5", NAIVE: ">= 30", POSTGRAPHILE: ">= 1.8"}
    yield from compared(work, series, targets)


def hot(stage: Stage) -> Iterator[Figure]:
    """Let all clients add usages to one account, each to a run of its own, beside accounts of their own."""
    with ExitStack() as stack:
        service, database = postgresql_service(stack, stage)
        processes = database.processes()
        shared = recording(
            "creditgraph",
            stage.sending,
            service,
            [service.account("Hot")],
            CLIENTS,
            database_processes=processes,
        )
        apart = own_accounts(stage, service, processes, APART)
        sides: list[Side] = [shared, apart, *_pgbenches(stage, database, hot=True)]
        series = take_turns(sides, stage.pace)
        shared.check()
        apart.check()
        print(service.process.audit())
    work = Work("hot", f"addServiceUsage on one account, {CLIENTS} clients", "PostgreSQL")
    targets = {APART: ">= 0.95", FOUR: ">= 4", CTE: ">= 4"}
    yield from compared(work, series, targets)


def lone(stage: Stage) -> Iterator[Figure]:
    """Let one client add usages, and look how long it waits for an answer."""
    with ExitStack() as stack:
        service, database = postgresql_service(stack, stage)
        processes = database.processes()
        ours = recording(
            "creditgraph", stage.sending, service, [service.account()], 1, database_processes=processes
        )
        programs = {MERCURIUS: node_program("mercurius_pg.cjs", database.dsn)}
        rivals = [
            _over_http(name, program, stage, 1, processes) for name, program in those_present(stack, programs)
        ]
        series = take_turns([ours, *rivals], stage.pace)
        ours.check()
    work = Work("lone", "addServiceUsage, p50 of one client", "PostgreSQL", "ms")
    yield from waits(work, series, {MERCURIUS: "<= 1.5"}, alone="<= 1.5")


def postgresql_service(
    stack: ExitStack, stage: Stage, *options: str, **settings: object
) -> tuple[Service, Postgresql]:
    """Serve an empty PostgreSQL database, and put the rivals' tables beside the service's."""
    url = stack.enter_context(stage.database("PostgreSQL"))
    service = stack.enter_context(stage.service(url, *options, **settings))
    database = Postgresql.of(url)
    database.add_rivals()
    return service, database


def own_accounts(
    stage: Stage, service: Service, processes: Sequence[int], name: str = "creditgraph"
) -> Recording:
    """Prepare clients that each have an account."""
    callers = [service.account(f"Client {number}") for number in range(CLIENTS)]
    return recording(name, stage.sending, service, callers, CLIENTS, database_processes=processes)


def _pgbenches(stage: Stage, database: Postgresql, *, hot: bool = False) -> list[Side]:
    try:
        return [
            pgbench(FOUR, database, "four_statements.pgbench", stage.folder, hot=hot),
            pgbench(CTE, database, "one_cte.pgbench", stage.folder, hot=hot),
        ]
    except Absent as missing:
        print(f"skipped: {FOUR} and {CTE}, without {missing}", flush=True)
        return []


def _over_http(name: str, program: Program, stage: Stage, clients: int, processes: Sequence[int]) -> OverHttp:
    query, accepted = ASKED[name]
    requests = [_rival_request(name, query, number) for number in range(1, clients + 1)]
    all_processes = [program.process_id, *processes]
    return OverHttp(name, stage.sending, program.url, requests, accepted, clients, all_processes)


def _rival_request(name: str, query: str, number: int) -> Request:
    numbered = f"00000000-0000-0000-0000-{number:012x}"
    given: dict[str, object] = {"account": numbered, "workflow": numbered, "key": f"{name} {NUMBER.decode()}"}
    if name == NAIVE:
        usage = {"serviceType": "GPT", "provider": "gpt-4o-mini", "unitType": "TOKENS", "units": 2500}
        given = {"given": given | usage}
    return Request({"query": query, "variables": given})
