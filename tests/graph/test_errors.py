"""Errors: every one has a code of the closed list, and nothing internal reaches the caller."""

import asyncio
import gc
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from graph.errors import ErrorCode
from metering.api_keys import new_secret
from models.database import Database
from models.writer import Command
from server.monitoring.logs import name_request
from tests.databases.opened import opened
from tests.databases.postgresql import free_port
from tests.door import Door, opened_door
from tests.tenant import Tenant, next_key

MASK = re.compile(r"Something went wrong on our side; the log knows it as ([0-9a-f]{16})\.")
INTERNALS = re.compile(
    r"select|sqlite|postgres|asyncpg|sqlalchemy|traceback|service_usage|usage_rollup|\.py|no such table",
    re.IGNORECASE,
)
RUNS = "{ viewer { account { workflows { totalCount nodes { id } } agents { totalCount } balance { available } } } }"
SPENT = "{ viewer { account { usage { totalCredits } } } }"
ADD = """mutation($id: ID!, $key: String!) { addServiceUsage(input: {workflowId: $id, serviceType: GPT,
  provider: "gpt-4o", units: 5, unitType: TOKENS, idempotencyKey: $key}) { __typename } }"""


def test_the_list_of_codes_is_closed() -> None:
    assert " ".join(ErrorCode) == (
        "BAD_USER_INPUT UNAUTHENTICATED FORBIDDEN NOT_FOUND QUERY_TOO_COMPLEX RATE_LIMITED UNAVAILABLE INTERNAL"
    )


@pytest.fixture
async def run_of_broken_store(tenant: Tenant) -> AsyncIterator[str]:
    """The id of a run in a store that lacks a table until the test has ended."""
    workflow = await tenant.start()
    await rename(tenant.database, "service_usage", "hidden")
    await rename(tenant.database, "usage_rollup", "hidden_rollup")
    yield f"workflow_{workflow.id.hex}"
    await rename(tenant.database, "hidden_rollup", "usage_rollup")
    await rename(tenant.database, "hidden", "service_usage")


async def rename(database: Database, old: str, new: str) -> None:
    def verb(session: Session, *, now: object) -> None:  # noqa: ARG001 - a verb's signature
        session.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    await database.write(Command(None, verb))


async def test_a_bug_is_masked_with_a_reference_that_the_log_has(
    ask: Door, tenant: Tenant, run_of_broken_store: str
) -> None:
    writing = {"id": run_of_broken_store, "key": next_key()}
    for query, variables, path, table in [
        (SPENT, None, ["viewer", "account", "usage", "totalCredits"], "usage_rollup"),
        (ADD, writing, ["addServiceUsage"], "service_usage"),
    ]:
        with capture_logs(processors=[name_request]) as logs:
            status, answer = await ask(tenant.secret, query, variables, x_request_id="request-7")
        [error] = answer["errors"]
        reference = error["extensions"]["reference"]
        assert status == 200
        assert MASK.fullmatch(error["message"])
        assert (error["path"], error["extensions"]) == (path, {"code": "INTERNAL", "reference": reference})
        assert reference in error["message"]
        assert not INTERNALS.search(str(answer))
        [entry] = [entry for entry in logs if entry["event"] == "internal error"]
        assert (entry["reference"], entry["request_id"]) == (reference, "request-7")
        assert table in str(entry["exc_info"])


async def test_neighbours_of_a_bug_are_answered_and_nothing_else_is_logged(
    ask: Door, tenant: Tenant, run_of_broken_store: str, caplog: pytest.LogCaptureFixture
) -> None:
    query = f"""{{ a: viewer {{ account {{ usage {{ totalCredits }} workflows {{ totalCount nodes {{ id agent {{ id }} }} }} }} }}
      b: workflow(id: "{run_of_broken_store}") {{ id }} }}"""
    with capture_logs() as logs, caplog.at_level(logging.WARNING):
        _, answer = await ask(tenant.secret, query)
        gc.collect()
        await asyncio.sleep(0)
    # A field that cannot be null takes its parents with it, up to the first that can.
    assert answer["data"] == {"a": {"account": None}, "b": {"id": run_of_broken_store}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INTERNAL"]
    assert [entry["event"] for entry in logs] == ["internal error"]
    assert caplog.records == []
    assert (await ask.data(tenant.secret, RUNS))["viewer"]["account"]["workflows"]["totalCount"] == 1


async def test_an_early_error_leaves_no_noise_and_no_connection(
    ask: Door, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    await tenant.start_all(*(tenant.run() for _ in range(5)))
    query = """{ viewer { account { bad: workflows(first: 0) { totalCount } balance { available } usage { totalCredits
      workflowBreakdown { count } } workflows { totalCount nodes { agent { id } apiKey { id } servicesUsed { totalCount } } } } } }"""
    with capture_logs() as logs, caplog.at_level(logging.WARNING):
        for _ in range(30):
            assert await ask.code(tenant.secret, query) == "BAD_USER_INPUT"
        gc.collect()
        await asyncio.sleep(0)
    assert logs == []
    assert caplog.records == []
    await asyncio.wait_for(ask.data(tenant.secret, RUNS), 5)


@pytest.mark.parametrize("store", ["postgresql", "sqlite"])
async def test_a_store_that_cannot_be_reached(tmp_path: Path, store: str) -> None:
    url = {
        "postgresql": f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/nothing",
        "sqlite": f"sqlite+aiosqlite:///{tmp_path}/no/such/folder/creditgraph.db",
    }[store]
    key = new_secret()
    async with opened(url) as database, opened_door(database) as door:
        with capture_logs() as logs:
            status, answer = await door(key, RUNS)
            response = await door.post(key, b"{}", "/api/v1/agent/create")
    message = "The store is not available right now; try again in a moment."
    assert (status, answer) == (
        503,
        {"errors": [{"message": message, "extensions": {"code": "UNAVAILABLE"}}]},
    )
    assert (response.status_code, response.json()) == (503, {"error": {"message": message}})
    assert {entry["event"] for entry in logs} == {"unavailable"}


NOTHING = '"workflow_' + "0" * 32 + '" '
DEEP = "{ viewer { account { workflows { nodes {" + " parentWorkflow {" * 15 + " id" + " }" * 20
WIDE = (
    "{ viewer { account { workflows { nodes {"
    + " servicesUsed(first: 1) { nodes { workflow {" * 5
    + " id"
    + " }" * 20
)


async def test_whatever_document_is_sent_gets_a_code(ask: Door, tenant: Tenant) -> None:
    for query, message in {
        "{": "Syntax Error",
        "{ nope }": "Cannot query field 'nope' on type 'Query'.",
        "{ viewer }": "must have a selection",
        "{ nodes(ids: [null]) { id } }": "not to be None",
        "{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }": "within itself",
        "query A { viewer { scopes } } query B { viewer { scopes } }": "operationName",
        "subscription { balanceChanged { sequence } }": "a subscription needs a WebSocket",
        "query($a: ID!) { node(id: $a) { id } }": "$a",
        "query($a: Nope) { viewer { scopes } }": "Unknown type 'Nope'",
        "{ viewer { account { workflows(first: 99999999999) { totalCount } } } }": "32-bit",
        "{ viewer { account { workflows(orderBy: null) { totalCount } } } }": "not to be None",
        "{ viewer { account { workflows(orderBy: SIDEWAYS) { totalCount } } } }": "SIDEWAYS",
        "{ viewer { account { workflows(filter: {status: [null]}) { totalCount } } } }": "not to be None",
        "{ viewer { account { usage { topConsumingServices(first: null) { service } } } } }": "not to be None",
        "{ viewer { account { usage { topConsumingServices(first: 0) { service } } } } }": "first: 1 to 100",
        "{ viewer { account { usage { userBreakdown(first: 101) { userId } } } } }": "first: 1 to 100",
        '{ viewer { account { usage(from: "2026-02-01T00:00:00Z", to: "2026-01-01T00:00:00Z") { totalCredits } } } }': "to: ",
        "{ nodes(ids: [" + NOTHING * 101 + "]) { id } }": "ids: at most 100",
    }.items():
        _, answer = await ask(tenant.secret, query)
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}, query
        assert message in " ".join(error["message"] for error in answer["errors"]), query


async def test_numbers_without_end_get_a_code(ask: Door, tenant: Tenant) -> None:
    endless = "9" * 10_000
    for query in (
        f"{{ viewer {{ account {{ workflows(first: {endless}) {{ totalCount }} }} }} }}",
        f'mutation {{ createAgent(input: {{businessAdapter: "a", customSettings: {{a: {endless}}}}}) {{ __typename }} }}',
    ):
        status, answer = await ask(tenant.secret, query)
        assert status == 400
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_an_answer_may_be_as_deep_as_a_question(ask: Door, tenant: Tenant) -> None:
    run = await tenant.start()
    await tenant.add(run, "PHONE twilio 1 MINUTES")
    assert (await ask.data(tenant.secret, DEEP))["viewer"]["account"]["workflows"]["nodes"]
    answer = await ask.data(tenant.secret, WIDE)
    nodes = answer["viewer"]["account"]["workflows"]["nodes"]
    for _ in range(5):
        nodes = [nodes[0]["servicesUsed"]["nodes"][0]["workflow"]]
    assert nodes == [{"id": f"workflow_{run.id.hex}"}]


async def test_two_hundred_at_once_are_all_answered(ask: Door, tenant: Tenant) -> None:
    await tenant.start_all(*(tenant.run() for _ in range(3)))
    answers = await asyncio.gather(*(ask.data(tenant.secret, RUNS) for _ in range(200)))
    assert [answer["viewer"]["account"]["workflows"]["totalCount"] for answer in answers] == [3] * 200


async def test_reading_and_writing_at_once(ask: Door, tenant: Tenant) -> None:
    workflow = f"workflow_{(await tenant.start()).id.hex}"
    both = (
        work
        for _ in range(60)
        for work in (
            ask.data(tenant.secret, RUNS),
            ask.data(tenant.secret, ADD, {"id": workflow, "key": next_key()}),
        )
    )
    answers = await asyncio.gather(*both)
    assert answers[1::2] == [{"addServiceUsage": {"__typename": "ServiceUsageAdded"}}] * 60
    assert (await ask.data(tenant.secret, SPENT))["viewer"]["account"]["usage"]["totalCredits"] == "60"
