"""Rivals in processes of their own: what they need, how they are started, and that they go with us."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.harness.clients import ROOT
from tests.databases.postgresql import free_port
from tests.stories.process import GUARD

PEERS = ROOT / "benchmarks" / "peers"
INSTALLED = ROOT / ".venv" / "bench"
NODE_MODULES = INSTALLED / "node_modules"
PEERS_PYTHON = INSTALLED / "python" / "bin" / "python"
START_SECONDS = 60.0

Opened = TypeVar("Opened")


class Absent(Exception):  # noqa: N818 - named for the state, as every refusal here
    """A rival is not there; the message names what is missing."""


@dataclass(frozen=True, slots=True)
class Program:
    """A rival that runs and listens."""

    process_id: int
    url: str


def those_present(
    stack: ExitStack, rivals: Mapping[str, AbstractContextManager[Opened]]
) -> list[tuple[str, Opened]]:
    """Open all rivals that are there, and say which are not."""
    found = []
    for name, rival in rivals.items():
        try:
            found.append((name, stack.enter_context(rival)))
        except Absent as missing:
            print(f"skipped: {name}, without {missing}", flush=True)
    return found


@contextmanager
def node_program(script: str, *arguments: str) -> Iterator[Program]:
    """Run a script of Node.js on a free port, its packages being those of benchmarks/peers/package.json."""
    if not NODE_MODULES.is_dir():
        raise Absent("the packages of benchmarks/peers/package.json, which npm installs")
    environment = {"NODE_PATH": str(NODE_MODULES), "NODE_ENV": "production"}
    with _program([_node(), str(PEERS / script)], arguments, environment) as program:
        yield program


def _node() -> str:
    """Find a Node.js: playwright brings a recent one, of the version that the lock of the tests says."""
    playwright = importlib.util.find_spec("playwright")
    if playwright is not None and playwright.origin is not None:
        own = Path(playwright.origin).parent / "driver" / "node"
        if own.exists():
            return str(own)
    node = shutil.which("node")
    if node is None:
        raise Absent("Node.js")
    return node


@contextmanager
def python_program(module: str, *arguments: str) -> Iterator[Program]:
    """Run an ASGI rival of benchmarks/peers on a free port, with the packages of the service."""
    command = [sys.executable, "-m", f"benchmarks.peers.{module}"]
    with _program(command, arguments, {}) as program:
        yield program


@contextmanager
def caller(command: Sequence[str | Path]) -> Iterator["Calls"]:
    """Run a rival that calls something as often as it is told by its input, and tells how long it took."""
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        calls = Calls(process)
        try:
            calls.ready()
            yield calls
        finally:
            calls.end()


class Calls:
    """A rival behind a pipe: it writes a line when ready, then reads numbers of calls and writes seconds."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ready(self) -> None:
        """Wait until it can be told."""
        self._line()

    def seconds(self, calls: int) -> float:
        """Let it call so often."""
        assert self._process.stdin is not None  # noqa: S101 - for the types
        self._process.stdin.write(f"{calls}\n")
        self._process.stdin.flush()
        return float(self._line())

    def end(self) -> None:
        """Let it go: its input ends."""
        assert self._process.stdin is not None  # noqa: S101 - for the types
        self._process.stdin.close()
        self._process.wait()

    def _line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101 - for the types
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended with {self._process.wait()}")
        return line


@contextmanager
def _program(
    command: list[str], arguments: Sequence[str], environment: Mapping[str, str]
) -> Iterator[Program]:
    port = free_port()
    process = subprocess.Popen(
        [*command, str(port), *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # the guard ends the group, however we end
    )
    guard = subprocess.Popen(
        ["/bin/sh", "-c", GUARD, "guard", str(process.pid)],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(process, port)
        yield Program(process.pid, f"http://127.0.0.1:{port}")
    finally:
        guard.communicate()  # its input ends, and with it the rival
        process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{process.args!r} does not start") from None
            time.sleep(0.05)
        else:
            return
