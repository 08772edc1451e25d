"""Trusted documents: which manifests a server starts with, and which text a request means."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from graph.errors import ErrorCode
from server.manifests import manifest_of
from server.settings import InvalidSettings, Settings
from server.transport.refusals import Refused
from server.trusted_documents import (
    FreeText,
    TrustedDocuments,
    UnknownDocument,
    operation_text,
    trusted_documents,
)

SCOPES = "query MyScopes { viewer { scopes } }"
NAME = "query MyName { viewer { account { name } } }"
FREE = "{ viewer { scopes } }"
TOO_DEAR = "{viewer{account{workflows(first:100){nodes{servicesUsed(first:100){nodes{workflow{servicesUsed(first:100){nodes{id}}}}}}}}}}"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read(folder: Path, manifest: object) -> TrustedDocuments:
    file = folder / "operations.json"
    file.write_text(manifest if isinstance(manifest, str) else json.dumps(manifest), encoding="utf-8")
    return TrustedDocuments.read(file)


def apollo(*operations: Mapping[str, object], version: int = 1) -> dict[str, object]:
    return {
        "format": "apollo-persisted-query-manifest",
        "version": version,
        "operations": list(operations),
    }


def persisted(document_id: object, version: object = 1) -> dict[str, object]:
    return {"persistedQuery": {"version": version, "sha256Hash": document_id}}


def changed(document_id: str, text: str) -> str:
    why = f"the sha256 of its text is {sha256(text)}; the text was changed after the id was made."
    return f"'{document_id}': {why}"


@pytest.fixture
def trusted(tmp_path: Path) -> TrustedDocuments:
    return read(tmp_path, {sha256(SCOPES): SCOPES, "my-name": NAME})


def test_a_document_is_found_by_its_hash_and_by_an_id_of_its_own(trusted: TrustedDocuments) -> None:
    assert trusted.text(sha256(SCOPES)) == trusted.text(f"sha256:{sha256(SCOPES)}") == SCOPES
    assert trusted.text("my-name") == trusted.text(sha256(NAME)) == NAME
    assert trusted.names == {"MyScopes", "MyName"}
    assert trusted.only is False


def test_apollos_format_is_read(tmp_path: Path) -> None:
    given = apollo(
        {"id": sha256(SCOPES), "name": "MyScopes", "type": "query", "body": SCOPES},
        {"id": "my-name", "name": "MyName", "type": "query", "body": NAME},
    )
    assert read(tmp_path, given) == read(tmp_path, {sha256(SCOPES): SCOPES, "my-name": NAME})


def test_ids_with_the_prefix_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, {f"sha256:{sha256(NAME)}": NAME}).text(sha256(NAME)) == NAME


def test_a_written_manifest_is_read(tmp_path: Path) -> None:
    text = 'query Text {\r\n  # “é” \\ "\n  viewer { scopes }\n}\n'
    assert read(tmp_path, manifest_of([text, SCOPES])).text(sha256(text)) == text


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        ("{", "it is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."),
        ("[" * 100_000, "it is not JSON: it is nested too deep."),
        ("[]", "write an object of texts by id, or the format apollo-persisted-query-manifest."),
        ("{}", "it holds no document."),
        (apollo(), "it holds no document."),
        ({"a": 1}, "'a': the text of a document is needed."),
        ('{"a": "{ viewer { scopes } }", "a": "{ viewer { scopes } }"}', "'a' comes twice."),
        (apollo({"id": "a", "body": SCOPES}, {"id": "a", "body": NAME}), "'a' comes twice."),
        ({sha256(NAME): NAME, f"sha256:{sha256(NAME)}": NAME}, f"'{sha256(NAME)}' comes twice."),
        (apollo(version=2), 'its format must be "apollo-persisted-query-manifest" and its version 1.'),
        (apollo({"id": "a"}), "operation 1: id and body are texts, and so is name."),
        (apollo({"id": "a", "name": "Other", "body": NAME}), "'a': it has no operation 'Other'."),
        ({sha256(NAME): SCOPES}, changed(sha256(NAME), SCOPES)),
        ({sha256(NAME).upper(): NAME}, changed(sha256(NAME).upper(), NAME)),
        ({"sha256:1": NAME}, changed("sha256:1", NAME)),
        ({"a/b": NAME}, "'a/b': write an id as sha256:HEX, HEX, or 1 to 255 letters, digits and -._~."),
        ({"a": "{ viewer {"}, "'a': Syntax Error: Expected Name, found <EOF>."),
        (
            {"a": "{ nothing }", "b": "{ no }", "c": NAME},
            "'a': Cannot query field 'nothing' on type 'Query'. 'b': Cannot query field 'no' on type 'Query'.",
        ),
    ],
)
def test_a_manifest_that_is_wrong_stops_the_start(tmp_path: Path, manifest: object, why: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        read(tmp_path, manifest)
    file = tmp_path / "operations.json"
    assert str(caught.value) == f"CREDITGRAPH_TRUSTED_DOCUMENTS: {file}: {why}"


def test_a_document_that_could_never_be_run_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidSettings, match=r"'a': This could cost [0-9,]+ points, and 250,000 is the most"
    ):
        read(tmp_path, {"a": TOO_DEAR})
    with pytest.raises(InvalidSettings, match=r"'a': it holds a number that is too long\.$"):
        read(tmp_path, {"a": f"{NAME} # {'1' * 1_000}"})
    with pytest.raises(InvalidSettings, match=r"'a': query: at most 15,000 characters"):
        read(tmp_path, {"a": f"{NAME} #{' ' * 15_000}"})


def test_of_many_mistakes_the_first_are_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings) as caught:
        read(tmp_path, {f"a{number}": "{ x }" for number in range(12)})
    assert str(caught.value).count("Cannot query field") == 10
    assert str(caught.value).endswith("And 2 more.")


def test_settings_name_the_manifest(tmp_path: Path) -> None:
    read(tmp_path, {"a": NAME})
    given = {"trusted_documents": tmp_path / "operations.json"}
    assert trusted_documents(Settings.of(given)).text("a") == NAME
    assert trusted_documents(Settings.of(given | {"trusted_documents_only": True})).only is True
    assert trusted_documents(Settings.of({})) == TrustedDocuments()


def test_settings_that_nothing_could_run_under_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"^CREDITGRAPH_TRUSTED_DOCUMENTS_ONLY: name a manifest"):
        trusted_documents(Settings.of({"trusted_documents_only": True}))
    missing = tmp_path / "missing.json"
    with pytest.raises(InvalidSettings) as caught:
        trusted_documents(Settings.of({"trusted_documents": missing}))
    assert str(caught.value) == (
        f"CREDITGRAPH_TRUSTED_DOCUMENTS: cannot read {missing}: No such file or directory."
    )


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"query": FREE}, FREE),
        ({"query": FREE, "documentId": None, "extensions": None}, FREE),
        ({"query": FREE, "extensions": {"other": 1, "persistedQuery": None}}, FREE),
        ({"documentId": sha256(SCOPES)}, SCOPES),
        ({"documentId": f"sha256:{sha256(SCOPES)}", "query": None}, SCOPES),
        ({"documentId": "my-name", "query": ""}, NAME),
        ({"extensions": persisted(sha256(SCOPES))}, SCOPES),
        ({"extensions": persisted("my-name")}, NAME),
        ({"documentId": "my-name", "extensions": persisted(sha256(NAME))}, NAME),
        ({"documentId": "my-name", "extensions": persisted(sha256(NAME)), "query": NAME}, NAME),
        ({"query": FREE, "extensions": persisted(sha256(FREE))}, FREE),
        ({"query": FREE, "documentId": f"sha256:{sha256(FREE)}"}, FREE),
    ],
)
def test_a_text_an_id_or_both_mean_one_document(
    trusted: TrustedDocuments, body: dict[str, object], text: str
) -> None:
    assert operation_text(body, trusted) == text


NEEDED = "query: the text of an operation is needed."
TWO = "query, documentId and extensions.persistedQuery must mean the same document; one is enough."
UNKNOWN = "documentId: no trusted document has this id; check the id against the manifest."
APOLLO = "extensions.persistedQuery: version 1 and a sha256Hash are needed."


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({}, "BAD_USER_INPUT", NEEDED),
        ({"query": " \n"}, "BAD_USER_INPUT", NEEDED),
        ({"query": 1, "documentId": "my-name"}, "BAD_USER_INPUT", NEEDED),
        ({"documentId": 1}, "BAD_USER_INPUT", "documentId: a string or null is needed."),
        ({"documentId": ""}, "NOT_FOUND", UNKNOWN),
        ({"documentId": sha256(FREE)}, "NOT_FOUND", UNKNOWN),
        ({"documentId": "sha256:my-name"}, "NOT_FOUND", UNKNOWN),
        ({"documentId": sha256(NAME).upper()}, "NOT_FOUND", UNKNOWN),
        ({"extensions": persisted(sha256(FREE))}, "NOT_FOUND", "PersistedQueryNotFound"),
        ({"extensions": []}, "BAD_USER_INPUT", "extensions: a JSON object or null is needed."),
        ({"extensions": persisted("my-name", version=2)}, "BAD_USER_INPUT", APOLLO),
        ({"extensions": persisted(1)}, "BAD_USER_INPUT", APOLLO),
        ({"extensions": {"persistedQuery": "my-name"}}, "BAD_USER_INPUT", APOLLO),
        ({"query": FREE, "documentId": "my-name"}, "BAD_USER_INPUT", TWO),
        ({"query": FREE, "documentId": "free"}, "BAD_USER_INPUT", TWO),
        ({"query": f"{NAME} ", "extensions": persisted(sha256(NAME))}, "BAD_USER_INPUT", TWO),
        ({"query": "\ud800", "extensions": persisted(sha256(NAME))}, "BAD_USER_INPUT", TWO),
        ({"documentId": "my-name", "extensions": persisted(sha256(SCOPES))}, "BAD_USER_INPUT", TWO),
    ],
)
def test_what_means_no_document_or_two_is_refused(
    trusted: TrustedDocuments, body: dict[str, object], code: str, message: str
) -> None:
    with pytest.raises(Refused) as caught:
        operation_text(body, trusted)
    assert (caught.value.status, caught.value.code, caught.value.message) == (400, code, message)


def test_where_there_are_no_documents_clients_are_told_so() -> None:
    none = TrustedDocuments()
    with pytest.raises(UnknownDocument) as caught:
        operation_text({"documentId": "a"}, none)
    assert caught.value.message == (
        "documentId: no trusted document has this id; this server has none (CREDITGRAPH_TRUSTED_DOCUMENTS)."
    )
    with pytest.raises(UnknownDocument) as caught:
        operation_text({"extensions": persisted("a")}, none)
    assert caught.value.message == "PersistedQueryNotSupported"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"documentId": "my-name"}, NAME),
        ({"extensions": persisted(sha256(SCOPES))}, SCOPES),
        ({"query": NAME, "documentId": "my-name"}, NAME),
        ({"query": NAME}, NAME),
    ],
)
def test_trusted_documents_run_where_nothing_else_does(
    trusted: TrustedDocuments, body: dict[str, object], text: str
) -> None:
    assert operation_text(body, replace(trusted, only=True)) == text


@pytest.mark.parametrize(
    "body",
    [
        {"query": FREE},
        {"query": f"{NAME} "},
        {"query": FREE, "documentId": sha256(FREE)},
        {"query": FREE, "extensions": persisted(sha256(FREE))},
    ],
)
def test_a_free_text_is_refused_where_only_trusted_documents_run(
    trusted: TrustedDocuments, body: dict[str, object]
) -> None:
    with pytest.raises(FreeText) as caught:
        operation_text(body, replace(trusted, only=True))
    assert (caught.value.status, caught.value.code) == (400, ErrorCode.FORBIDDEN)
    assert caught.value.message == (
        "Only trusted documents are run here: name one by documentId. "
        "The operator may allow others (CREDITGRAPH_TRUSTED_DOCUMENTS_ONLY)."
    )
