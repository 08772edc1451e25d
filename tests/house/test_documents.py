"""Documents are true on every machine."""

import re

import pytest

from server.settings import ENVIRONMENT_PREFIX, Settings
from tests.house.tree import ROOT, files, uphold

PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", ".ci/run")
MACHINE_PATH = re.compile(r"(?<![\w.:/])(?:/(?:root|home|Users|work|opt|srv|tmp|mnt)/|[A-Z]:\\)\S*")
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)")
REGISTRY_HOST = re.compile(r"\b[\w.-]*(?:pypi|pythonhosted|npmjs|yarnpkg|debian)\.(?:org|com|net|io)\b")


def foreign_place(path: str, text: str) -> list[str]:
    return [
        f"{path}:{number}: '{found[0]}' is not the same everywhere"
        for number, line in enumerate(text.splitlines(), 1)
        for pattern in (MACHINE_PATH, REGISTRY_HOST)
        for found in pattern.finditer(line)
    ]


def test_no_document_names_a_place_of_one_machine() -> None:
    uphold(foreign_place, [*(ROOT / page for page in PAGES), *files("*.md", "docs", "benchmarks")])


def lost_link(path: str, text: str) -> list[str]:
    return [
        f"{path}:{number}: '{place}' is not there"
        for number, line in enumerate(text.splitlines(), 1)
        for place in LINK.findall(line)
        if not (ROOT / path).parent.joinpath(place).exists()
    ]


def test_links_lead_to_a_file() -> None:
    uphold(lost_link, [*(ROOT / page for page in PAGES), *files("*.md", "docs", "benchmarks", "graph")])


def test_a_lost_link_is_seen() -> None:
    text = "[a](../README.md) [b](http://127.0.0.1:8000/) [c](#below)\n[d](tracking.md#runs) [e](gone.md)"
    assert lost_link("docs/a.md", text) == ["docs/a.md:2: 'gone.md' is not there"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("see http://127.0.0.1:8000/graphql and docs/decisions/ and /opt", []),
        ("cd /home/me/creditgraph", ["a.md:1: '/home/me/creditgraph' is not the same everywhere"]),
        ("one\nfrom `mirror.pypi.net`", ["a.md:2: 'mirror.pypi.net' is not the same everywhere"]),
    ],
)
def test_a_foreign_place_is_seen(text: str, wrong: list[str]) -> None:
    assert foreign_place("a.md", text) == wrong


def test_every_setting_stands_in_the_guide() -> None:
    guide = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    made_by_serve = {"demo_key", "demo_account"}
    settings = Settings.model_fields.keys() - made_by_serve
    assert {name for name in settings if f"`{ENVIRONMENT_PREFIX}{name.upper()}`" not in guide} == set()
