import json
import logging
import subprocess
import sys

import pytest

from server.logs import without_secrets

PROGRAM = """
import logging, sys
import structlog
from server.logs import set_up_logs
set_up_logs(sys.argv[1], "info")
structlog.get_logger("demo").info("ready", key="nexus_0123456789", runs=3)
logging.getLogger("uvicorn.error").info("too much")
logging.getLogger("uvicorn.error").warning("slow")
try:
    raise ValueError("postgresql://a:secret@b/c")
except ValueError:
    logging.getLogger("x").exception("failed")
"""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key nexus_abcd1234 used", "key nexus_… used"),
        ("signed by whsec_ab/cd+12== today", "signed by whsec_… today"),
        ("postgresql+asyncpg://root:p%40ss@db:5432/x", "postgresql+asyncpg://root:…@db:5432/x"),
        ("http://127.0.0.1:8000/ is up", "http://127.0.0.1:8000/ is up"),
        ("write nexus_…", "write nexus_…"),
    ],
)
def test_secrets_are_cut_out(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


def logged(form: str) -> str:
    done = subprocess.run([sys.executable, "-c", PROGRAM, form], check=True, capture_output=True, text=True)
    assert done.stdout == ""
    return done.stderr


def test_json_lines() -> None:
    ready, slow, failed = [json.loads(line) for line in logged("json").splitlines()]
    assert (ready["message"], ready["logger"], ready["level"], ready["key"], ready["runs"]) == (
        "ready",
        "demo",
        "info",
        "nexus_…",
        3,
    )
    assert (slow["message"], slow["logger"], slow["level"]) == ("slow", "uvicorn.error", "warning")
    assert failed["exception"].splitlines()[-1] == "ValueError: postgresql://a:…@b/c"


def test_pretty_lines() -> None:
    text = logged("pretty")
    assert "ready" in text
    assert "too much" not in text
    assert "nexus_0" not in text
    assert "secret" not in text


def test_setting_up_is_left_to_the_process() -> None:
    assert logging.getLogger("uvicorn.error").handlers == []


def test_a_line_that_nobody_takes_is_lost_and_no_more() -> None:
    script = (
        "import os, sys, structlog\n"
        "from server.logs import set_up_logs\n"
        "set_up_logs('json', 'info')\n"
        "reader, writer = os.pipe(); os.dup2(writer, 2); os.close(reader)\n"
        "structlog.get_logger('server.expiry').warning('nobody reads this')\n"
        "print('went on')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, stdout=subprocess.PIPE, text=True)
    assert done.stdout == "went on\n"
