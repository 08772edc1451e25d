"""The fenced blocks of a page of documentation, and what running them means."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

_BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_VARIABLE = re.compile(r"\$(\w+)\s*:")
NOT_RUN = {"make", "git", "cd", "source", "."}
"""Words that begin lines which set up a working copy: the tests run in one that is set up."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A `graphql` block, with the answer that the `json` block right after it shows, if there is one."""

    query: str
    answer: str | None

    @property
    def variables(self) -> list[str]:
        """The names of its variables."""
        return _VARIABLE.findall(self.query.partition("{")[0])


@dataclass(frozen=True, slots=True)
class ShellLine:
    """A line of a `sh` block as words, comments left out."""

    words: list[str]


def steps(page: Path) -> Iterator[Operation | ShellLine]:
    """Give what a page tells its reader to do, in order."""
    blocks = [(found[1], found[2]) for found in _BLOCK.finditer(page.read_text("utf-8"))]
    for (language, text), following in pairwise([*blocks, ("", "")]):
        if language == "graphql":
            yield Operation(text, following[1] if following[0] == "json" else None)
        elif language == "sh":
            yield from _shell_lines(text)


def remembered(answer: Any, name: str = "") -> dict[str, str]:
    """Give the ids of an answer by the names of variables: `workflow { id }` is what `$workflowId` takes."""
    found: dict[str, str] = {}
    if isinstance(answer, list):
        for inner in answer:
            found |= remembered(inner, name)
    elif isinstance(answer, dict):
        if isinstance(answer.get("id"), str):
            found[f"{name}Id"] = answer["id"]
        for key, inner in answer.items():
            found |= remembered(inner, key)
    return found


def shown_as(shown: Any, answer: Any) -> Any:
    """Give the answer with each text that the page cuts short by … cut short as well."""
    if isinstance(shown, dict) and isinstance(answer, dict):
        return {key: shown_as(shown.get(key), value) for key, value in answer.items()}
    if isinstance(shown, list) and isinstance(answer, list) and len(shown) == len(answer):
        return [shown_as(*pair) for pair in zip(shown, answer, strict=True)]
    if isinstance(shown, str) and shown.endswith("…") and str(answer).startswith(shown[:-1]):
        return shown
    return answer


def _shell_lines(text: str) -> Iterator[ShellLine]:
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0] not in NOT_RUN:
            yield ShellLine(words)
