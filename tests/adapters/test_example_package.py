"""The example package of docs/write-your-own-adapter.md is built, installed and asked, and does what the guide shows.

It is installed into a folder of the test's own, which only processes that the test starts have on their path. The
guide fences its operations by ~~~: they need that package, so the page's other reader in tests/stories leaves them out.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from adapters.registry import UnknownAdapter, adapter_named
from tests.house.tree import ROOT
from tests.stories.caller import http_client
from tests.stories.conftest import account_on
from tests.stories.process import served

EXAMPLE = ROOT / "docs" / "examples" / "clinic-adapter"
GUIDE = (ROOT / "docs" / "write-your-own-adapter.md").read_text("utf-8")
BLOCKS = re.findall(r"^(?:```|~~~)(\w+)\n(.*?)^(?:```|~~~)$", GUIDE, re.MULTILINE | re.DOTALL)
OFFLINE = "pip install --no-index --no-deps --no-build-isolation"
LISTING = "from adapters.registry import business_adapters; print(*business_adapters())"
CREATE = """
mutation Create($settings: JSON!) {
  createAgent(input: {businessAdapter: "clinic", customSettings: $settings}) {
    ... on AgentCreated {
      agent { serviceConfiguration { sttProvider visionEnabled maxCreditsPerRequest origins { field origin } } }
    }
    ... on InvalidAgent { message }
  }
}
"""


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCKS if found == language]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the example is installed, as the guide installs it."""
    folder = tmp_path_factory.mktemp("example")
    source = shutil.copytree(EXAMPLE, folder / "clinic-adapter", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [*installer(), *OFFLINE.split()[1:], "--target", str(folder / "installed"), str(source)],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PIP_CONFIG_FILE": os.devnull, "UV_PYTHON": sys.executable},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "installed"


def installer() -> list[str]:
    # An environment that uv made has no pip, but then uv is there.
    if find_spec("pip"):
        return [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check"]
    return ["uv", "--no-config", "pip"]


def run_apart(package: Path) -> subprocess.CompletedProcess[str]:
    """List the adapters in a process that has the package on its path."""
    return subprocess.run(
        [sys.executable, "-c", LISTING],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"},
    )


def test_the_guide_shows_the_example_word_for_word() -> None:
    assert blocks("toml") == [(EXAMPLE / "pyproject.toml").read_text("utf-8")]
    assert blocks("python") == [(EXAMPLE / "clinic_adapter" / "__init__.py").read_text("utf-8")]
    assert f"    .venv/bin/python -m {OFFLINE} ../clinic-adapter\n" in GUIDE
    assert f'    .venv/bin/python -c "{LISTING}"\n' in GUIDE


def test_the_registry_lists_the_installed_package(package: Path) -> None:
    listed = run_apart(package)
    assert (listed.stdout, listed.stderr) == (blocks("text")[0], "")


def test_a_service_with_the_package_answers_as_the_guide_shows(
    package: Path, sqlite_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(package))
    listing, *operations = blocks("graphql")
    schema, *answers = map(json.loads, blocks("json"))
    with served(sqlite_database_url, tmp_path) as server, http_client() as http:
        caller = account_on(server, http)

        def message(settings: Any) -> str:
            return str(caller.query(CREATE, {"settings": settings})["message"])

        adapters = {each["name"]: each["settingsSchema"] for each in caller.query(listing)}
        assert list(adapters) == ["clinic", "emergencyservices", "languagelearning"]
        assert adapters["clinic"] == schema
        assert len(operations) == 2
        for operation, answer in zip(operations, answers, strict=True):
            assert caller.graphql(operation).body["data"] == answer["data"]

        settings = {"line": "urgent", "service_configuration": {"stt_provider": "deepgram"}}
        urgent = caller.query(CREATE, {"settings": settings})["agent"]["serviceConfiguration"]
        origins = {each["field"]: each["origin"] for each in urgent.pop("origins")}
        assert urgent == {"sttProvider": "deepgram", "visionEnabled": False, "maxCreditsPerRequest": None}
        assert origins.pop("stt_provider") == "AGENT"
        assert set(origins.values()) == {"ADAPTER"}

        table = re.findall(r"^\| `\{(.*)\}` \| `(.*)` \|$", GUIDE, re.MULTILINE)
        assert len(table) == 4
        for written, told in table:
            assert message(json.loads("{" + re.sub(r"(\w+):", r'"\1":', written) + "}")) == told


@pytest.mark.parametrize(
    ("number", "entry_point", "name"),
    [
        (1, "hospital = clinic_adapter:ClinicAdapter", "clinic"),
        (2, "languagelearning = clinic_adapter:ClinicAdapter", "languagelearning"),
        (3, "clinic = clinic:ClinicAdapter", "clinic"),
    ],
    ids=["misnamed", "duplicate", "missing"],
)
def test_what_stops_the_start_is_told_as_the_guide_says(
    package: Path, tmp_path: Path, number: int, entry_point: str, name: str
) -> None:
    broken = shutil.copytree(package, tmp_path / "installed")
    [registered] = broken.glob("*.dist-info/entry_points.txt")
    registered.write_text(f"[creditgraph.business_adapters]\n{entry_point}\n", "utf-8")
    module = broken / "clinic_adapter" / "__init__.py"
    module.write_text(module.read_text("utf-8").replace('name = "clinic"', f'name = "{name}"'), "utf-8")
    *_, told = run_apart(broken).stderr.splitlines()
    assert told + "\n" == f"adapters.registry.BrokenAdapter: {blocks('text')[number]}"


def test_what_a_service_without_the_package_says_stands_in_the_guide() -> None:
    with pytest.raises(UnknownAdapter) as refused:
        adapter_named("clinic")
    assert f"{refused.value}\n" == blocks("text")[4]
