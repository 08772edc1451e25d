"""Migrating in a process of its own, for one that serves from then on."""

import asyncio
import os
import sys
from contextlib import suppress

from models.migrations import is_behind, migrate


def migrate_apart(url: str) -> None:
    """Bring a database to the newest schema, and keep nothing of what only migrating needs: some 10 MB.

    Where that fails nothing is said: `migrate`, which comes next, meets the same and says why. Where this
    process alone is ended meanwhile, the other one finishes what it has begun.
    """
    # Elsewhere the libraries of a system may not be used any more in a process that was split off.
    if sys.platform != "linux" or not asyncio.run(is_behind(url)):
        return
    other = os.fork()
    if other == 0:
        try:
            # The port that this process listens on is free when this one is gone.
            os.closerange(_FIRST_OF_OURS, os.sysconf("SC_OPEN_MAX"))
            asyncio.run(migrate(url))
        finally:
            os._exit(0)
    # Who was started with SIGCHLD ignored waits as long, and then hears that there is nobody.
    with suppress(ChildProcessError):
        os.waitpid(other, 0)


_FIRST_OF_OURS = 3
"""The file descriptor after those of input, output and errors."""
