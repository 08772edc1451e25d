"""`/metrics`: what is told, to whom, and that it equals what has happened."""

from pathlib import Path

import pytest
from httpx2 import Response
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from models.database import Database
from server.monitoring.ledger_gauges import ASKED_EVERY_SECONDS, LedgerGauges
from server.monitoring.metrics import Meters
from tests.door import opened_door
from tests.house.tree import ROOT
from tests.tenant import Tenant

TOKEN = "prometheus-only"


def figures(answer: Response) -> dict[str, float]:
    """Give every figure by its name and labels."""
    assert answer.status_code == 200
    return {
        f"{sample.name}{dict(sorted(sample.labels.items())) or ''}": sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_the_ledger_the_door_and_the_process(database: Database, prepaid: Tenant) -> None:
    await prepaid.grant("100.5")
    await prepaid.hold(await prepaid.start(), "40")
    async with opened_door(database) as door:
        await door(prepaid.secret, "{ viewer { scopes } }")
        await door(None, "{ viewer { scopes } }")
        await door.post(prepaid.secret, b"{" + b" " * 1024 * 1024 + b"}")
        await door.http.get("/nowhere")
        answer = await door.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["cache-control"] == "no-store"
    told = figures(answer)
    assert {name: value for name, value in told.items() if name.startswith("creditgraph_http")} == {
        "creditgraph_http_requests_total{'route': 'graphql', 'status': '200'}": 1,
        "creditgraph_http_requests_total{'route': 'graphql', 'status': '401'}": 1,
        "creditgraph_http_requests_total{'route': 'graphql', 'status': '413'}": 1,
        "creditgraph_http_requests_total{'route': 'other', 'status': '404'}": 1,
    }
    assert {name: told[f"creditgraph_{name}"] for name in LEDGER} == {
        "unspent_credits": 60.5,
        "held_credits": 40,
        "owed_credits": 0,
        "open_holds": 1,
        "running_workflows": 1,
        "unsent_webhook_deliveries": 0,
    }
    assert told["creditgraph_open_streams"] == told["creditgraph_open_subscriptions"] == 0
    assert told["creditgraph_writer_waiting_items{'lane': '0'}"] == 0
    assert told["process_cpu_seconds_total"] > 0
    assert told["process_resident_memory_bytes"] > 10_000_000
    assert str(prepaid.account_id) not in answer.text


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": f"Basic {TOKEN}"}, 401),
        ({"authorization": f"Bearer {TOKEN}x"}, 401),
        ({"authorization": "Bearer ünicode".encode()}, 401),
        ({"authorization": f"Bearer {TOKEN}"}, 200),
        ({"authorization": f"bearer  {TOKEN}"}, 200),
    ],
)
async def test_with_a_token_only_who_sends_it_is_told(
    database: Database, sent: dict[str, str | bytes], status: int
) -> None:
    async with opened_door(database, metrics_token=TOKEN) as door:
        answer = await door.http.get("/metrics", headers=sent)
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json() == {"error": {"message": "Send the metrics token as 'Authorization: Bearer …'."}}


async def test_the_store_is_asked_every_15_seconds_at_most(database: Database, prepaid: Tenant) -> None:
    now = 100.0
    gauges = LedgerGauges(database, clock=lambda: now)

    async def running() -> float:
        await gauges.refresh()
        return {each.name: each.samples[0].value for each in gauges.collect()}[
            "creditgraph_running_workflows"
        ]

    assert await running() == 0
    await prepaid.grant("1")
    await prepaid.start()
    now += ASKED_EVERY_SECONDS - 0.1
    assert await running() == 0
    now += 0.1
    assert await running() == 1


async def test_without_the_store_all_else_is_told(tmp_path: Path) -> None:
    away = Database(f"sqlite+aiosqlite:///{tmp_path}/no/folder/creditgraph.db")
    async with opened_door(away) as door:
        told = figures(await door.http.get("/metrics"))
    assert "creditgraph_open_streams" in told
    assert "creditgraph_held_credits" not in told
    await away.close()


async def test_the_guide_has_every_metric_as_it_is_told(database: Database) -> None:
    meters, ledger = Meters(), LedgerGauges(database)
    await ledger.refresh()
    # A metric without samples tells its labels to nobody.
    labels = {
        vars(each)["_name"]: vars(each)["_labelnames"]
        for each in vars(meters).values()
        if isinstance(each, Counter | Gauge | Histogram)
    }
    told = [
        f"| `{metric.name}{'_total' if metric.type == 'counter' else ''}` | {metric.type} | "
        f"{', '.join(f'`{label}`' for label in labels.get(metric.name, ()))} | {metric.documentation} |"
        for metric in [*meters.registry.collect(), *ledger.collect()]
    ]
    guide = (ROOT / "docs" / "monitoring.md").read_text("utf-8").splitlines()
    assert [
        line for line in guide if line.startswith(("| `creditgraph_", "| `process_")) and line.count("|") == 5
    ] == told


LEDGER = (
    "unspent_credits",
    "held_credits",
    "owed_credits",
    "open_holds",
    "running_workflows",
    "unsent_webhook_deliveries",
)
