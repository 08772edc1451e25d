"""What the README and the guides tell their reader to do is done here, block by block, and comes out as shown.

Each page gets a server, an account and a key of its own. A `graphql` block is sent, and equals the `json` block
that follows it, which of a subscription is the first event; … in a shown text stands for its rest. `$workflowId` takes the id of the last workflow that was
shown. Of `sh` blocks the lines with `creditgraph` and `curl` are run: ACCOUNT_ID and API_KEY stand for what
`creditgraph account create` and `creditgraph key issue` printed last, http://127.0.0.1:8000 for the server; the
key is the one that operations are sent with from there on.
"""

import json
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.house.tree import ROOT
from tests.stories.caller import Caller
from tests.stories.conftest import account_on
from tests.stories.pages import Operation, remembered, shown_as, steps
from tests.stories.process import CREDITGRAPH, ServerProcess, environment, served

PAGES = [
    page
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
    if any(steps(page))
]
PRINTED_BY = {"ACCOUNT_ID": ("account", "create"), "API_KEY": ("key", "issue")}
SHOWN_ADDRESS = "http://127.0.0.1:8000"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_is_true(page: Path, sqlite_database_url: str, tmp_path: Path, http: httpx2.Client) -> None:
    with served(sqlite_database_url, tmp_path) as server, ExitStack() as serving:
        reader = Reader(server, account_on(server, http), serving, tmp_path)
        for step in steps(page):
            if isinstance(step, Operation):
                reader.ask(step)
            else:
                reader.run(step.words)
        server.audit()


def test_the_readme_shows_its_first_answer() -> None:
    operations = [step for step in steps(ROOT / "README.md") if isinstance(step, Operation)]
    assert operations[0].answer is not None
    assert '"totalCreditsUsed": "103"' in operations[0].answer


class Reader:
    """Someone who does what a page says."""

    def __init__(self, server: ServerProcess, caller: Caller, serving: ExitStack, folder: Path) -> None:
        self._server = server
        self._caller = caller
        self._serving = serving
        self._folder = folder
        self._ids: dict[str, str] = {}
        self._printed: dict[str, str] = {"ACCOUNT_ID": caller.account_id, "API_KEY": caller.key}

    def ask(self, operation: Operation) -> None:
        """Send an operation and compare the answer with the one shown, or at least see that it is no error."""
        variables = {name: self._ids[name] for name in operation.variables}
        if operation.query.startswith("subscription"):
            body = self._first_event(operation.query, variables)
        else:
            body = self._caller.graphql(operation.query, variables, key=self._printed["API_KEY"]).body
        self._ids |= remembered(body.get("data"))
        if operation.answer is None:
            assert not refusals_in(body)
        else:
            shown = json.loads(operation.answer)
            # What an answer cost stands in each, and on a page where it matters.
            told = {name: value for name, value in body.items() if name in shown or name != "extensions"}
            assert shown_as(shown, told) == shown

    def _first_event(self, query: str, variables: dict[str, str]) -> Any:
        """Listen until something comes, and leave."""
        headers = {"authorization": f"Bearer {self._printed['API_KEY']}", "accept": "text/event-stream"}
        asked = {"query": query, "variables": variables}
        with (
            httpx2.Client(trust_env=False, timeout=20) as http,
            http.stream("POST", f"{self._server.url}/graphql", json=asked, headers=headers) as response,
        ):
            return next(
                json.loads(line.removeprefix("data: "))
                for line in response.iter_lines()
                if line.startswith("data: ")
            )

    def run(self, words: list[str]) -> None:
        """Run a line of shell on the page's own store."""
        words = [self._filled(word) for word in words]
        if words[:2] == ["creditgraph", "serve"]:
            self._serving.enter_context(served(self._server.database_url, self._folder, *words[2:]))
            return
        program = {"creditgraph": str(CREDITGRAPH), "curl": "curl"}.get(words[0])
        assert program, f"{words[0]} is new here: say in pages.py whether it is run"
        done = subprocess.run(
            [program, *words[1:]],
            check=True,
            capture_output=True,
            text=True,
            env=environment()
            | {"CREDITGRAPH_DATABASE_URL": self._server.database_url, "NO_PROXY": "127.0.0.1"},
            cwd=self._folder,
        )
        self._printed |= {
            name: done.stdout.strip() for name, command in PRINTED_BY.items() if tuple(words[1:3]) == command
        }

    def _filled(self, word: str) -> str:
        for name, value in self._printed.items():
            word = word.replace(name, value)
        return word.replace(SHOWN_ADDRESS, self._server.url)


def refusals_in(body: Any) -> list[Any]:
    """Find refusals, which have a code where a success has data."""
    if isinstance(body, list):
        return [found for inner in body for found in refusals_in(inner)]
    if not isinstance(body, dict):
        return []
    inside = [found for inner in body.values() for found in refusals_in(inner)]
    return [body, *inside] if {"code", "message"} <= body.keys() else inside
