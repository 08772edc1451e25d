"""The package stands by itself, but for the two modules that tie it to this project."""

import ast
from collections.abc import Iterator
from pathlib import Path

import graph.execution

FOLDER = Path(graph.execution.__file__).parent
ADAPTERS = {"stock.py", "compiled.py"}
OURS = ("pricing", "models", "metering", "adapters", "graph", "server")


def test_the_core_imports_nothing_of_the_project() -> None:
    found = {
        (path.name, name)
        for path in FOLDER.glob("*.py")
        if path.name not in ADAPTERS
        for name in _imported(path)
        if name.split(".")[0] in OURS and not name.startswith("graph.execution")
    }
    assert found == set()


def test_the_readme_names_every_module() -> None:
    readme = (FOLDER / "README.md").read_text()
    names = {path.name for path in FOLDER.glob("*.py")} - {"__init__.py"}
    assert {name for name in names if f"`{name}`" not in readme} == set()


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
