import json
import logging
import subprocess
import sys

import pytest

from server.monitoring.logs import without_secrets

PROGRAM = """
import logging, sys
import structlog
from server.monitoring.logs import set_up_logs
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
        "from server.monitoring.logs import set_up_logs\n"
        "set_up_logs('json', 'info')\n"
        "reader, writer = os.pipe(); os.dup2(writer, 2); os.close(reader)\n"
        "structlog.get_logger('server.background.expiry').warning('nobody reads this')\n"
        "print('went on')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, stdout=subprocess.PIPE, text=True)
    assert done.stdout == "went on\n"


def test_lines_that_are_written_together_are_as_if_one_by_one() -> None:
    script = (
        "import structlog\n"
        "from server.monitoring.logs import LoggedAs, log_all, set_up_logs\n"
        "set_up_logs('json', 'info')\n"
        "given = [(None, {'a': 1}), ('one', {'a': 'nexus_0123456789'}), *[('x', {'a': 'y' * 90})] * 60]\n"
        "log_all('demo', 'ready', given)\n"
        "for request_id, fields in given:\n"
        "    with LoggedAs(request_id):\n"
        "        structlog.get_logger('demo').info('ready', **fields)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert len(lines) == 2 * 62
    assert all(line.pop("timestamp").endswith("Z") for line in lines)
    assert [list(line.items()) for line in lines[:62]] == [list(line.items()) for line in lines[62:]]
    assert (lines[1]["request_id"], lines[1]["a"], lines[1]["message"]) == ("one", "nexus_…", "ready")
