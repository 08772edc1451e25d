"""The smallest query over HTTP and a list of 5,000 small objects: what GraphQL and HTTP cost."""

from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.harness.clients import OverHttp, Request
from benchmarks.harness.figures import Figure, Work, compared
from benchmarks.harness.programs import node_program, python_program, those_present
from benchmarks.harness.stage import Stage
from benchmarks.harness.turns import take_turns

CLIENTS = 32
VIEWER = Request({"query": "{ viewer { scopes } }"})
SCOPES = '"scopes":["READ"'
ITEMS = Request({"query": "{ items { id name count price available } }"})
LAST_ITEM = '"id":"item_4999"'
MERCURIUS, APOLLO, BARE = "Mercurius JIT on Fastify", "Apollo on Fastify", "bare ASGI"
ENGINE = "compiled engine on bare ASGI"


def smallest(stage: Stage) -> Iterator[Figure]:
    """Ask the service, with its keys, permissions, limits and log; rivals have nothing of the kind."""
    with ExitStack() as stack:
        service = stack.enter_context(stage.service(stack.enter_context(stage.database("SQLite"))))
        request = Request(VIEWER.body, service.account().key)
        ours = OverHttp(
            "creditgraph",
            stage.sending,
            service.url,
            [request],
            SCOPES,
            CLIENTS,
            [service.process.process_id],
        )
        rivals = _rivals(stack, stage, VIEWER, SCOPES)
        series = take_turns([ours, *rivals], stage.pace)
    targets = {MERCURIUS: ">= 0.4", APOLLO: ">= 1.0"}
    yield from compared(Work("smallest", "smallest query over HTTP", "SQLite"), series, targets)
    engine = [each for each in series if each.name == ENGINE]
    others = [each for each in series[1:] if each.name != ENGINE]
    yield from compared(
        Work("smallest", "smallest query, the engine alone", "none"), engine + others, {MERCURIUS: ">= 0.4"}
    )


def objects(stage: Stage) -> Iterator[Figure]:
    """Ask for 5,000 objects of five fields: the engine alone, since no list of the service is so long."""
    with ExitStack() as stack:
        rivals = _rivals(stack, stage, ITEMS, LAST_ITEM)
        series = take_turns(rivals, stage.pace)
    targets = {MERCURIUS: ">= 0.9", BARE: ">= 0.5"}
    yield from compared(Work("objects", "5,000 objects over HTTP, the engine alone", "none"), series, targets)


def _rivals(stack: ExitStack, stage: Stage, request: Request, accepted: str) -> list[OverHttp]:
    programs = {
        ENGINE: python_program("engine"),
        BARE: python_program("bare"),
        MERCURIUS: node_program("mercurius.cjs"),
        APOLLO: node_program("apollo.cjs"),
    }
    return [
        OverHttp(name, stage.sending, program.url, [request], accepted, CLIENTS, [program.process_id])
        for name, program in those_present(stack, programs)
    ]
