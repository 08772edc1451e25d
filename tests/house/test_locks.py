"""Locks say exactly what is installed, and leave it to the installer from where."""

import json
import re
import tomllib

import pytest

from tests.house.tree import ROOT, files, uphold

HASH = "    --hash=sha256:" + "0" * 64


def loose_requirement(path: str, text: str) -> list[str]:
    wrong = [
        f"{path}: '{found}' names a place" for found in re.findall(r"\S*(?:://|--[a-z-]*index|@ )\S*", text)
    ]
    for entry in re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n?", "", text, flags=re.MULTILINE)):
        first, *hashes = [line.strip(" \\") for line in entry.splitlines()]
        if not re.match(r"[a-z0-9-]+==\S+", first):
            wrong.append(f"{path}: '{first}' is not pinned")
        if not hashes or not all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in hashes):
            wrong.append(f"{path}: '{first}' has no hash")
    return wrong


def test_every_locked_package_has_hashes_and_no_address() -> None:
    locks = ("requirements.lock", "requirements-dev.lock", "benchmarks/peers/requirements.txt")
    uphold(loose_requirement, [ROOT / lock for lock in locks])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f"typer==0.29.2 ; sys_platform != 'win32' \\\n{HASH} \\\n{HASH}\n    # via creditgraph\n", []),
        ("typer==0.29.2\n", ["a.lock: 'typer==0.29.2' has no hash"]),
        (f"typer==0.29.2\nrich==15.0.0 \\\n{HASH}\n", ["a.lock: 'typer==0.29.2' has no hash"]),
        (f"typer>=1 \\\n{HASH}\n", ["a.lock: 'typer>=1' is not pinned"]),
        (
            f"typer==1 \\\n{HASH}\n# from https://example.org\n",
            ["a.lock: 'https://example.org' names a place"],
        ),
    ],
)
def test_a_loose_requirement_is_seen(text: str, wrong: list[str]) -> None:
    assert loose_requirement("a.lock", text) == wrong


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", (ROOT / lock).read_text("utf-8"), re.MULTILINE))


def test_the_development_lock_holds_all_of_the_other() -> None:
    development = pins("requirements-dev.lock")
    assert {name: development.get(name) for name in pins("requirements.lock")} == pins("requirements.lock")


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("requirements.lock", ["build"]), ("requirements-dev.lock", ["build", "dev", "genai-prices", "otel"])],
)
def test_every_declared_dependency_is_locked(lock: str, extras: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = sum([project["optional-dependencies"][extra] for extra in extras], project["dependencies"])
    names = {re.split(r"[^a-z0-9-]", requirement, maxsplit=1)[0] for requirement in declared}
    assert names - pins(lock).keys() == set()


def loose_web_package(path: str, text: str) -> list[str]:
    packages = {name: package for name, package in json.loads(text)["packages"].items() if name}
    return [
        f"{path}: {name} {problem}"
        for name, package in packages.items()
        for problem, wrong in {
            "says where it was resolved": "resolved" in package,
            "has no hash": "integrity" not in package,
        }.items()
        if wrong
    ]


def test_every_locked_web_package_has_a_hash_and_no_address() -> None:
    uphold(loose_web_package, files("package-lock.json", "web", "benchmarks"))


def test_a_loose_web_package_is_seen() -> None:
    text = '{"packages": {"": {}, "a": {"integrity": "sha512-0"}, "b": {"resolved": "somewhere"}}}'
    assert loose_web_package("package-lock.json", text) == [
        "package-lock.json: b says where it was resolved",
        "package-lock.json: b has no hash",
    ]
