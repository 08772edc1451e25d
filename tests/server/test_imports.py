"""What a process imports, and so keeps for good."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("server.processes.supervision", "sqlalchemy graphql strawberry pydantic typer rich"),
        ("server.app", "alembic genai_prices rich"),
    ],
)
def test_what_is_first_needed_later_is_not_there(module: str, absent: str) -> None:
    program = f"import {module}, sys; print(*sorted(sys.modules.keys() & set('{absent}'.split())))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
