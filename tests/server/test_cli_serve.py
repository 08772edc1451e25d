import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from server.examples import examples
from tests.clock import NOON
from tests.databases.postgresql import free_port

CREDITGRAPH = Path(sys.executable).parent / "creditgraph"
START_SECONDS = 30


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[tuple[str, str, subprocess.Popen[str]]]:
    """Give the address, the demo key or nothing, and the process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CREDITGRAPH_")}
    with (folder / "errors.log").open("w") as errors:
        server = subprocess.Popen(
            [CREDITGRAPH, "serve", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=folder,
            env=environment,
        )
    assert server.stdout is not None
    try:
        address = server.stdout.readline().removeprefix("GraphiQL: ").strip()
        key = server.stdout.readline().removeprefix("Demo key: ").strip() if "--demo" in arguments else ""
        wait_until_ready(address, server, folder / "errors.log")
        yield address, key, server
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)
        server.stdout.close()


def wait_until_ready(address: str, server: subprocess.Popen[str], errors: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(httpx2.TransportError):
            if httpx2.get(f"{address}readyz", timeout=5).status_code == 200:
                return
        time.sleep(0.05)
    pytest.fail(f"the server does not start: {errors.read_text()}")


def ask(address: str, key: str, query: str) -> dict[str, object]:
    headers = {"authorization": f"Bearer {key}"}
    answer = httpx2.post(f"{address}graphql", json={"query": query}, headers=headers, timeout=20)
    told: dict[str, object] = answer.json()
    return told


def test_the_demo_answers_the_first_query(database_url: str, tmp_path: Path) -> None:
    with serving(tmp_path, "--demo", "--database-url", database_url) as (address, key, _):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
        assert re.fullmatch(r"nexus_[0-9A-Za-z]{38}", key)
        told = ask(address, key, examples(NOON)[0].query)
        assert key in httpx2.get(address, timeout=5).text
    charged = [{"provider": "twilio", "creditsUsed": "100"}, {"provider": "gpt-4o-mini", "creditsUsed": "3"}]
    assert told["data"] == {
        "recordWorkflow": {
            "workflow": {
                "workflowName": "phone_ai_call",
                "totalCreditsUsed": "103",
                "servicesUsed": {"nodes": charged},
            }
        }
    }


def test_two_workers_share_a_demo_whose_history_is_written(tmp_path: Path) -> None:
    with serving(tmp_path, "--demo", "--workers", "2") as (address, key, _):
        told = ask(address, key, "{ viewer { account { usage { totalCredits } } } }")
    assert told["data"] == {"viewer": {"account": {"usage": {"totalCredits": "239116"}}}}


def test_a_taken_port_changes_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [CREDITGRAPH, "serve", "--port", port, "--database-url", "sqlite:///a.db"],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: Cannot listen on 127.0.0.1 port {port}: address already in use. "
        "Choose others by --host and --port.\n"
    )
    assert not (tmp_path / "a.db").exists()


def test_a_newer_store_is_refused(sqlite_database_url: str, tmp_path: Path) -> None:
    path = sqlite_database_url.removeprefix("sqlite+aiosqlite:///")
    store = sqlite3.connect(path)
    store.execute("UPDATE alembic_version SET version_num = '9999'")
    store.commit()
    store.close()
    done = subprocess.run(
        [CREDITGRAPH, "serve", "--port", "0", "--database-url", sqlite_database_url],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: The database has schema 9999, newer than this creditgraph's ")
    assert done.stderr.count("\n") == 1


def test_the_first_rate_card_can_be_ones_own(tmp_path: Path) -> None:
    (tmp_path / "card.toml").write_text(
        'version = "mine"\neffective_from = 2025-01-01T00:00:00Z\nrounding = "UP"\nprecision = 0\n'
        '[[rates]]\nservice_type = "SMS"\nprovider = "twilio"\nunit_type = "MESSAGES"\nprice = "2"\n'
    )
    with serving(tmp_path, "--rate-card", "card.toml"):
        shown = subprocess.run(
            [CREDITGRAPH, "rate-card", "show"], check=True, capture_output=True, text=True, cwd=tmp_path
        )
    assert shown.stdout.startswith("Version mine, ")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_broken_plug_in_stops_the_start_in_one_line(tmp_path: Path, workers: str) -> None:
    package = tmp_path / "broken-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    entry_points = "[creditgraph.business_adapters]\nclinic = broken_nowhere:Adapter\n"
    (package / "entry_points.txt").write_text(entry_points)
    done = subprocess.run(
        [CREDITGRAPH, "serve", "--port", "0", "--workers", workers],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: Business adapter 'clinic' of broken (broken_nowhere:Adapter) cannot be loaded: "
        "ModuleNotFoundError(\"No module named 'broken_nowhere'\"). Repair or uninstall the package.\n"
    )


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("delay_seconds", [0, 0.1, 0.3])
def test_who_is_told_to_stop_soon_after_the_start_stops_in_good_order(
    tmp_path: Path, told: signal.Signals, delay_seconds: float
) -> None:
    with subprocess.Popen(
        [CREDITGRAPH, "serve", "--port", "0", "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("Gra")
        time.sleep(delay_seconds)
        server.send_signal(told)
        assert server.wait(30) == 0


def test_nobody_needs_to_listen_to_what_it_says(tmp_path: Path) -> None:
    port = str(free_port())
    with subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$0" serve --port "$1" --workers 2 >&- 2>errors.log', CREDITGRAPH, port],
        cwd=tmp_path,
        text=True,
    ) as server:
        wait_until_ready(f"http://127.0.0.1:{port}/", server, tmp_path / "errors.log")
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
