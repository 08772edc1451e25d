"""What neither ruff nor import-linter can see in the sources."""

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.house.tree import PACKAGES, ROOT, Rule, files, uphold

MOST_LINES = 400
GOAL_LINES = 250
VAGUE_WORDS = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}
# In pieces, so that this file is not itself among those it finds.
UNFINISHED_WORDS = [
    "".join(pieces) for pieces in (("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("HA", "CK"), ("TB", "D"))
]
UNFINISHED = re.compile(rf"\b(?:{'|'.join(UNFINISHED_WORDS)})\b")
SPEAKS_SQL = ("models/", "metering/", "graph/loaders/", "graph/context.py")
OPENS_THE_STORE = ("server/app.py", "server/settings.py", "server/cli.py")
SQL_ADVICE = f"SQL is spoken in {', '.join(SPEAKS_SQL)} only"


def vague_name(path: str, _text: str) -> list[str]:
    words = {word for part in Path(path).parts for word in re.split(r"[^a-z]+", part.lower())}
    return [f"{path}: '{word}' says nothing about what is inside" for word in sorted(words & VAGUE_WORDS)]


def test_no_file_or_folder_has_a_vague_name() -> None:
    everything = files("*", *PACKAGES, "benchmarks", "tests", "docs", "web")
    readable = [path for path in everything if path.suffix in {".py", ".md", ".js", ".ts", ".sh"}]
    uphold(vague_name, readable)


def unfinished(path: str, text: str) -> list[str]:
    return [
        f"{path}:{number}: finish it: {line.strip()}"
        for number, line in enumerate(text.splitlines(), 1)
        if UNFINISHED.search(line)
    ]


def test_no_source_is_marked_as_unfinished() -> None:
    uphold(unfinished, files("*.py", *PACKAGES, "benchmarks", "tests"))


def too_long(path: str, text: str) -> list[str]:
    lines = len(text.splitlines())
    return [f"{path}: {lines} lines, at most {MOST_LINES}"] if lines > MOST_LINES else []


def test_no_source_is_too_long(capsys: pytest.CaptureFixture[str]) -> None:
    # A command writes migrations, and nobody changes them afterwards.
    written = [path for path in files("*.py", *PACKAGES, "benchmarks") if path.parent.name != "versions"]
    uphold(too_long, written)
    for path in written:
        if (lines := len(path.read_text("utf-8").splitlines())) > GOAL_LINES:
            with capsys.disabled():
                sys.stdout.write(
                    f"\nnote: {path.relative_to(ROOT)} has {lines} lines; the goal is {GOAL_LINES}\n"
                )


def misplaced_sql(path: str, text: str) -> list[str]:
    if path.startswith((*SPEAKS_SQL, *OPENS_THE_STORE)):
        return []
    return [
        f"{path}:{line}: imports {module}; {SQL_ADVICE}"
        for line, module in imported_modules(text)
        if module.split(".")[0] == "sqlalchemy"
    ]


def imported_modules(text: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found.extend((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.append((node.lineno, node.module or ""))
    return found


def test_sql_is_spoken_only_where_the_house_says() -> None:
    uphold(misplaced_sql, files("*.py", *PACKAGES))


def caught_error(path: str, text: str) -> list[str]:
    return [
        f"{path}:{node.lineno}: try: refusals are raised, and become answers in graph/errors.py"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Try | ast.TryStar)
    ]


def test_no_mutation_catches_errors() -> None:
    uphold(caught_error, files("*.py", "graph/mutations"))


@pytest.mark.parametrize(
    ("rule", "path", "text", "wrong"),
    [
        (
            vague_name,
            "graph/date_utils.py",
            "",
            "graph/date_utils.py: 'utils' says nothing about what is inside",
        ),
        (
            unfinished,
            "a.py",
            f"one = 1\n# {UNFINISHED_WORDS[0]} two",
            f"a.py:2: finish it: # {UNFINISHED_WORDS[0]} two",
        ),
        (too_long, "a.py", "line\n" * 401, "a.py: 401 lines, at most 400"),
        (
            misplaced_sql,
            "graph/types/agent.py",
            "def f():\n    from sqlalchemy.orm import Session",
            f"graph/types/agent.py:2: imports sqlalchemy.orm; {SQL_ADVICE}",
        ),
        (
            misplaced_sql,
            "server/health.py",
            "import json, sqlalchemy as sa",
            f"server/health.py:1: imports sqlalchemy; {SQL_ADVICE}",
        ),
        (
            caught_error,
            "graph/mutations/agents.py",
            "async def f():\n    try:\n        pass\n    finally:\n        pass",
            "graph/mutations/agents.py:2: try: refusals are raised, and become answers in graph/errors.py",
        ),
    ],
)
def test_a_rule_sees_what_breaks_it(rule: Rule, path: str, text: str, wrong: str) -> None:
    assert rule(path, text) == [wrong]


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (vague_name, "graph/commons.py", ""),
        (unfinished, "a.py", "todo = 1"),
        (too_long, "a.py", "line\n" * 400),
        (misplaced_sql, "graph/loaders/agents.py", "from sqlalchemy import select"),
        (misplaced_sql, "graph/types/agent.py", "from models.agent import Agent"),
        (caught_error, "graph/mutations/agents.py", "retry = 'try:'"),
    ],
)
def test_a_rule_lets_the_rest_pass(rule: Rule, path: str, text: str) -> None:
    assert rule(path, text) == []
