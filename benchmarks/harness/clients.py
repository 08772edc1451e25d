"""Load over HTTP as a side of a comparison: who is asked, by how many, and what it took the server."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from benchmarks.harness.processor import processor_seconds
from benchmarks.harness.turns import Slice

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Request:
    """A body for a server, with the key of who asks; `NUMBER` in it becomes another one each time."""

    body: object
    key: str = ""
    path: str = "/graphql"

    def written(self, host: str) -> str:
        """Write it as it goes over the wire."""
        body = json.dumps(self.body)
        authorization = f"authorization: Bearer {self.key}\r\n" if self.key else ""
        return (
            f"POST {self.path} HTTP/1.1\r\nhost: {host}\r\n{authorization}accept: application/json\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}"
        )


class Sending:
    """The sender's process; it goes with the block."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.harness.sender"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def send(self, task: dict[str, Any]) -> dict[str, Any]:
        """Let it do a task; RuntimeError with its last words where it cannot."""
        assert self._process.stdin is not None  # noqa: S101 - for the types
        assert self._process.stdout is not None  # noqa: S101 - likewise
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            _, words = self._process.communicate()
            raise RuntimeError(f"{task['port']}: {words.strip()[-2_000:]}")
        found: dict[str, Any] = json.loads(line)
        return found


@dataclass(frozen=True, slots=True)
class OverHttp:
    """A server and what it is asked again and again; client n asks the nth request, round and round.

    `processes` are those whose time counts: the server's, and its database's where it has one.
    `times` is how much is done by a request, e.g. 1,000 usages.
    """

    name: str
    sending: Sending
    url: str
    requests: Sequence[Request]
    accepted: str
    clients: int
    processes: Sequence[int]
    times: int = 1

    def work(self, seconds: float) -> Slice:
        """Ask for so long."""
        address = urlsplit(self.url)
        task = {
            "host": address.hostname,
            "port": address.port,
            "requests": [request.written(address.netloc) for request in self.requests],
            "accepted": self.accepted,
            "clients": self.clients,
            "seconds": seconds,
        }
        before = processor_seconds(self.processes)
        found = self.sending.send(task)
        used = processor_seconds(self.processes) - before
        return Slice(
            found["done"] * self.times,
            found["seconds"],
            used,
            found["p50_ms"],
            found["p99_ms"],
            found["busy"],
        )
