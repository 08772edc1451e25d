"""docs/trusted-documents.md, done as it says: files to a manifest, the manifest to a server, an id to an answer."""

import asyncio
import json
import os
import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT
from tests.stories.process import CREDITGRAPH, environment
from tests.streams import served
from tests.tenant import new_tenant

GUIDE = (ROOT / "docs" / "trusted-documents.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


async def bash(script: str, folder: Path) -> str:
    """Run lines of a shell, and give what they print."""
    path = f"{CREDITGRAPH.parent}{os.pathsep}{os.environ['PATH']}"
    running = await asyncio.create_subprocess_exec(
        "bash",
        "-euc",
        script,
        stdout=asyncio.subprocess.PIPE,
        cwd=folder,
        env=environment() | {"PATH": path, "NO_PROXY": "127.0.0.1"},
    )
    printed, _ = await running.communicate()
    assert running.returncode == 0
    return printed.decode()


async def test_the_guide(sqlite_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = BLOCK.findall(GUIDE)
    [document] = [text for language, text in blocks if language == "graphql"]
    [answer] = [text for language, text in blocks if language == "json"]
    write, serve, ask = [text for language, text in blocks if language == "bash"]
    (tmp_path / "balance.graphql").write_text(document)
    assert await bash(write, tmp_path) == "1 document is in order: MyBalance.\n"

    *exports, started = serve.splitlines()
    assert started == "creditgraph serve"
    for export in exports:
        name, value = export.removeprefix("export ").split("=")
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    async with served(sqlite_database_url) as server:
        tenant = await new_tenant(server.database)
        asked = ask.replace("http://127.0.0.1:8000/graphql", server.http_url).replace(
            "API_KEY", tenant.secret
        )
        assert json.loads(await bash(asked, tmp_path))["data"] == json.loads(answer)["data"]
        free = re.sub(r"'\{.*\}'", """'{"query": "{ viewer { scopes } }"}'""", asked)
        [error] = json.loads(await bash(free, tmp_path))["errors"]
        assert error["extensions"] == {"code": "FORBIDDEN"}
