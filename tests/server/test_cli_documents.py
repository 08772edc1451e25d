"""`creditgraph documents`, as someone who builds a frontend types it; and what `serve` makes of a manifest."""

import hashlib
import json
from pathlib import Path

import pytest

from server.trusted_documents import TrustedDocuments
from tests.server.test_cli import ProcessShell, Shell

SCOPES = "query MyScopes {\r\n  viewer { scopes }\r\n}\n"
NAME = "query MyName { viewer { account { name } } }"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "scopes.graphql").write_bytes(SCOPES.encode())
    (tmp_path / "name.graphql").write_text(NAME)
    (tmp_path / "wrong.graphql").write_text("query Wrong { viewer { nothing } }")
    return Shell(f"sqlite:///{tmp_path}/unused.db", tmp_path)


def test_a_manifest_is_written_from_files_and_checked(shell: Shell) -> None:
    written = shell.answer("documents", "hash", "scopes.graphql", "name.graphql")
    # The ids are what `sha256sum` says of the files.
    ids = [
        hashlib.sha256((shell.folder / f"{name}.graphql").read_bytes()).hexdigest()
        for name in ("scopes", "name")
    ]
    assert json.loads(written) == dict(zip(ids, (SCOPES, NAME), strict=True))
    file = shell.folder / "operations.json"
    file.write_text(written)
    assert TrustedDocuments.read(file).names == {"MyName", "MyScopes"}
    assert (
        shell.answer("documents", "check", "operations.json")
        == "2 documents are in order: MyName, MyScopes.\n"
    )
    file.write_text('{"mine": "{ viewer { scopes } }"}')
    assert shell.answer("documents", "check", "operations.json") == "1 document is in order: without names.\n"


def test_what_no_server_would_start_with_is_refused(shell: Shell) -> None:
    assert shell.refusal("documents", "hash", "name.graphql", "wrong.graphql") == (
        "Error: FILE: 'wrong.graphql': Cannot query field 'nothing' on type 'Viewer'."
    )
    assert shell.refusal("documents", "hash", "none.graphql") == (
        "Error: FILE: cannot read none.graphql: No such file or directory."
    )
    assert shell.refusal("documents", "check", "name.graphql") == (
        "Error: FILE: name.graphql: it is not JSON: Expecting value: line 1 column 1 (char 0)."
    )
    (shell.folder / "binary.graphql").write_bytes(b"\xff")
    assert shell.refusal("documents", "hash", "binary.graphql") == (
        "Error: FILE: cannot read binary.graphql: it is not UTF-8 text."
    )
    assert not (shell.folder / "unused.db").exists()


def test_help_shows_examples(shell: Shell) -> None:
    assert "creditgraph documents check operations.json" in shell.answer("documents", "check", "--help")
    assert "creditgraph documents hash queries/*.graphql > operations.json" in shell.answer(
        "documents", "hash", "--help"
    )


def test_a_server_does_not_start_with_documents_that_are_wrong(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "operations.json").write_text('{"mine": "{ nothing }"}')
    person = ProcessShell(f"sqlite:///{tmp_path}/unused.db", tmp_path)
    person.environment["CREDITGRAPH_TRUSTED_DOCUMENTS"] = "operations.json"
    assert person.refusal("serve", "--port", "0") == (
        "Error: CREDITGRAPH_TRUSTED_DOCUMENTS: operations.json: "
        "'mine': Cannot query field 'nothing' on type 'Query'."
    )
    del person.environment["CREDITGRAPH_TRUSTED_DOCUMENTS"]
    person.environment["CREDITGRAPH_TRUSTED_DOCUMENTS_ONLY"] = "true"
    assert person.refusal("serve", "--port", "0") == (
        "Error: CREDITGRAPH_TRUSTED_DOCUMENTS_ONLY: name a manifest by CREDITGRAPH_TRUSTED_DOCUMENTS; "
        "otherwise nothing could run."
    )
    assert not (shell.folder / "unused.db").exists()
