"""The files of the tree, and how a rule is applied to them.

A rule is a function from one file's path and text to what is wrong with it. Tests walk the tree with it, and show
it files that break it, so that no rule can be fulfilled by seeing nothing.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("pricing", "models", "metering", "adapters", "graph", "server")
NOT_OURS = {"node_modules", "__pycache__", "static", "dist"}

Rule = Callable[[str, str], list[str]]


def files(pattern: str, *folders: str) -> list[Path]:
    found = [path for folder in folders for path in (ROOT / folder).rglob(pattern)]
    return sorted(
        path for path in found if path.is_file() and not NOT_OURS & set(path.relative_to(ROOT).parts)
    )


def uphold(rule: Rule, paths: Iterable[Path]) -> None:
    """Fail with all that is wrong, a line each."""
    chosen = [(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths]
    assert chosen, "the rule looks in the wrong place"
    if wrong := [line for path, text in chosen for line in rule(path, text)]:
        pytest.fail("\n".join(wrong), pytrace=False)
