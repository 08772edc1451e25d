"""The service as an operator runs it: the real command line, and a server process that can be killed."""

import os
import re
import signal
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx2

from tests.databases.opened import READ_CONNECTIONS
from tests.databases.postgresql import free_port

CREDITGRAPH = Path(sysconfig.get_path("scripts")) / "creditgraph"
# The tests hold the other end of the guard's input: however they end, that input ends with them.
GUARD = 'read -r line; kill -s KILL -- "-$1"'
START_SECONDS = 60
STOP_SECONDS = 20


def creditgraph(*arguments: str, database_url: str) -> str:
    """Run a command on a store and give what it prints; anything but exit code 0 fails the story."""
    done = subprocess.run(
        [CREDITGRAPH, *arguments, "--database-url", database_url],
        check=False,
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def environment() -> dict[str, str]:
    """Give the environment without settings of a service that runs here already.

    What is served has one connection for reads: every story also shows that it is enough. What is compiled
    at a start is kept for the next.
    """
    left_out = ("CREDITGRAPH_", "PYTHONDONTWRITEBYTECODE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return clean | {"CREDITGRAPH_READ_CONNECTIONS": str(READ_CONNECTIONS)}


@contextmanager
def served(database_url: str, folder: Path, *options: str, **settings: object) -> Iterator["ServerProcess"]:
    """Serve a store for the length of the block; afterwards the log must know of no bug."""
    server = ServerProcess(database_url, folder, options, settings)
    try:
        yield server.start()
    finally:
        server.kill()
    assert server.bugs() == []


class ServerProcess:
    """`creditgraph serve` in a process group of its own, at one address over all restarts."""

    def __init__(
        self,
        database_url: str,
        folder: Path,
        options: tuple[str, ...] = (),
        settings: Mapping[str, object] | None = None,
    ) -> None:
        self.database_url = database_url
        self._port = free_port()
        self._options = options
        self._settings = {
            f"CREDITGRAPH_{name.upper()}": str(value) for name, value in (settings or {}).items()
        }
        self._output = folder / f"serve-{self._port}.out"
        self._log = folder / f"serve-{self._port}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address without a slash at its end."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> Self:
        """Start the process and return when it answers."""
        with self._output.open("wb") as output, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [CREDITGRAPH, "serve", *self._options, "--port", str(self._port)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                env=environment()
                | self._settings
                | {"CREDITGRAPH_DATABASE_URL": self.database_url}
                # Who is killed leaves temporary files behind; these go with the test's own.
                | {"TMPDIR": str(self._log.parent)},
                start_new_session=True,  # the group is what is killed: workers die with their supervisor
            )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "guard", str(self._process.pid)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait_until_ready(self._process)
        return self

    def kill(self) -> None:
        """End all its processes as a power cut would: nothing is committed, answered or closed any more."""
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(STOP_SECONDS)
            self._process = None

    @property
    def process_id(self) -> int:
        """The id of the process that was started."""
        assert self._process is not None
        return self._process.pid

    def wait(self) -> int:
        """Wait until it has ended by itself, and give its exit code."""
        assert self._process is not None
        code = self._process.wait(STOP_SECONDS)
        self._process = None
        return code

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    def audit(self) -> str:
        """Let the command line recompute all books; a difference fails the story."""
        printed = creditgraph("audit", database_url=self.database_url)
        assert printed.startswith("Every balance equals its transfers"), printed
        return printed

    def demo_key(self) -> str:
        """Give the key that `serve --demo` prints."""
        found = re.search(r"^Demo key: (nexus_\w+)$", self._output.read_text(), re.MULTILINE)
        assert found, self._output.read_text()
        return found[1]

    def bugs(self) -> list[str]:
        """Give the log's lines about errors that nobody expected."""
        return [line for line in self.log().splitlines() if "internal error" in line]

    def log(self) -> str:
        """Give all that it has logged."""
        return self._log.read_text()

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + START_SECONDS
        with httpx2.Client(trust_env=False) as client:
            while not _is_ready(client, self.url):
                if process.poll() is not None or time.monotonic() > deadline:
                    self.kill()
                    raise RuntimeError(f"creditgraph serve does not start: {self.log()}")
                time.sleep(0.05)


def _is_ready(client: httpx2.Client, url: str) -> bool:
    # The port takes connections before anybody answers on it.
    try:
        return client.get(f"{url}/readyz", timeout=1).status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False
