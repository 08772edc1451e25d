"""A running `creditgraph serve --demo`, for tests that look at it from outside."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.stories.process import served


@dataclass(frozen=True, slots=True)
class DemoServer:
    """Where the demo is served, and the key that it printed."""

    url: str
    key: str


@pytest.fixture(scope="session")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """The demo on an embedded store of its own."""
    folder = tmp_path_factory.mktemp("demo")
    with served(f"sqlite+aiosqlite:///{folder}/demo.db", folder, "--demo") as server:
        yield DemoServer(server.url, server.demo_key())
