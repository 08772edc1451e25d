"""Where figures are from."""

import os
import platform
import sqlite3
import subprocess
from datetime import UTC, datetime

from benchmarks.harness.clients import ROOT


def origin_now() -> str:
    """Say when and of what: a commit is marked where files differ from it."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - whichever git there is
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    ).stdout.strip()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {commit or 'no commit'}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores"
    )
