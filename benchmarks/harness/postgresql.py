"""PostgreSQL as rivals use it: their tables in the service's database, pgbench, and what it takes."""

import asyncio
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # ships no type information
from sqlalchemy import make_url

from benchmarks.harness.processor import parent_of, process_name, processor_seconds
from benchmarks.harness.programs import PEERS, Absent
from benchmarks.harness.turns import Slice
from tests.databases.postgresql import package_folder

CLIENTS = 32
THREADS = 2


@dataclass(frozen=True, slots=True)
class Postgresql:
    """A database, for whoever speaks SQL to it."""

    dsn: str

    @classmethod
    def of(cls, url: str) -> "Postgresql":
        """Take the address that the service is given."""
        return cls(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))

    def run(self, script: str) -> None:
        """Run statements."""
        asyncio.run(self._with(lambda connection: connection.execute(script)))

    def value(self, query: str) -> Any:  # noqa: ANN401 - whatever it asks for
        """Ask for one value."""
        return asyncio.run(self._with(lambda connection: connection.fetchval(query)))

    def export(self, query: str, path: Path) -> None:
        """Write what a query finds to a CSV file with a heading."""
        asyncio.run(
            self._with(
                lambda connection: connection.copy_from_query(query, output=path, format="csv", header=True)
            )
        )

    def add_rivals(self) -> None:
        """Make the tables of rivals."""
        self.run((PEERS / "rival.sql").read_text("utf-8"))

    def processes(self) -> list[int]:
        """Give the server's first process, below which all others are, where it runs on this machine."""

        async def first(connection: Any) -> list[int]:  # noqa: ANN401 - asyncpg's
            backend = connection.get_server_pid()  # it ends with the connection
            return [parent_of(backend)] if process_name(backend) == "postgres" else []

        found: list[int] = asyncio.run(self._with(first))
        return found

    async def _with(self, work: Any) -> Any:  # noqa: ANN401 - whatever it does
        connection = await asyncpg.connect(self.dsn)
        try:
            return await work(connection)
        finally:
            await connection.close()


@dataclass(frozen=True, slots=True)
class Pgbench:
    """pgbench with a script of benchmarks/peers: prepared statements, as many clients as the others have."""

    name: str
    database: Postgresql
    script: Path
    program: str
    processes: list[int]

    def work(self, seconds: float) -> Slice:
        """Run it: for whole seconds, which is how it counts."""
        before = processor_seconds(self.processes)
        whole = max(1, round(seconds))
        options = ["-n", "-M", "prepared", "-c", str(CLIENTS), "-j", str(THREADS), "-T", str(whole)]
        done = subprocess.run(
            [self.program, *options, "-f", str(self.script), self.database.dsn],
            check=False,
            capture_output=True,
            text=True,
        )
        found = re.search(r"actually processed: (\d+)", done.stdout)
        rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
        if done.returncode or found is None or rate is None:
            raise RuntimeError(f"pgbench: {done.stderr[-2_000:]}")
        count = int(found[1])
        return Slice(count, count / float(rate[1]), processor_seconds(self.processes) - before)


def pgbench(name: str, database: Postgresql, script: str, folder: Path, *, hot: bool = False) -> Pgbench:
    """Prepare pgbench with a script, for accounts of the clients' own or for one that all share."""
    whose = "hot" if hot else "own"
    written = folder / f"{whose}-{script}"
    account = "1" if hot else ":n"
    head = f"\\set n :client_id + 1\n\\set account {account}\n"
    written.write_text(head + (PEERS / script).read_text("utf-8"), "utf-8")
    return Pgbench(name, database, written, _program(), database.processes())


def _program() -> str:
    """Find pgbench: the package that the tests' server is from brings one."""
    own = package_folder() / "pginstall18" / "bin" / "pgbench"
    found = shutil.which("pgbench") or (str(own) if os.access(own, os.X_OK) else None)
    if found is None:
        raise Absent("pgbench")
    return found
