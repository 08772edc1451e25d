"""Trusted documents: operations that clients ask for by id, and where an operator wants it, the only ones.

An id is one of the manifest's, or the SHA-256 of a document's text, with `sha256:` before it or without.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from graph.documents import DocumentRefused
from graph.errors import ErrorCode
from graph.schema import documents
from server.files import text_of
from server.manifests import ManifestEntry, ManifestError, read_manifest, sha256_of
from server.settings import ENVIRONMENT_PREFIX, InvalidSettings, Settings
from server.transport.refusals import Refused

SETTING = f"{ENVIRONMENT_PREFIX}TRUSTED_DOCUMENTS"
ENDLESS_NUMBER = re.compile(r"[0-9]{1000}")
"""No input takes so many digits, and Python refuses to read them."""
MOST_SHOWN = 10
"""How many documents a refused manifest names: all that are wrong may be all that there are."""


class UnknownDocument(Refused):
    """No trusted document has the id."""

    code = ErrorCode.NOT_FOUND

    def __init__(self, message: str) -> None:
        super().__init__(400, message)


class FreeText(Refused):
    """Only trusted documents are run here, and this is none."""

    code = ErrorCode.FORBIDDEN

    def __init__(self) -> None:
        super().__init__(
            400,
            "Only trusted documents are run here: name one by documentId. "
            f"The operator may allow others ({SETTING}_ONLY).",
        )


@dataclass(frozen=True, slots=True)
class TrustedDocuments:
    """Texts by their ids; `names` are those of their operations, and `only` says that nothing else is run."""

    texts: Mapping[str, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    only: bool = False

    @classmethod
    def read(cls, path: Path, *, named_by: str = SETTING) -> Self:
        """Read a manifest; each document must be one that the schema and the limits allow.

        Raises InvalidSettings, which names the file, the ids and why.
        """
        given = text_of(named_by, path)
        try:
            return cls.of(read_manifest(given))
        except ManifestError as error:
            raise InvalidSettings(f"{named_by}: {path}: {error}") from None

    @classmethod
    def of(cls, entries: Iterable[ManifestEntry]) -> Self:
        """Put documents together whose ids are in order.

        Raises ManifestError.
        """
        texts: dict[str, str] = {}
        names: set[str] = set()
        wrong: list[str] = []
        for entry in entries:
            try:
                names |= _operation_names(entry)
            except ManifestError as error:
                wrong.append(str(error))
            texts |= dict.fromkeys(_ids_of(entry), entry.text)
        if wrong:
            raise ManifestError(_shortened(wrong))
        return cls(texts, frozenset(names))

    def text(self, document_id: str) -> str:
        """Give the text of a document.

        Raises UnknownDocument.
        """
        found = self.texts.get(document_id)
        if found is None:
            fix = "check the id against the manifest" if self.texts else f"this server has none ({SETTING})"
            raise UnknownDocument(f"documentId: no trusted document has this id; {fix}.")
        return found


def trusted_documents(settings: Settings) -> TrustedDocuments:
    """Read the documents that the settings name.

    Raises InvalidSettings.
    """
    if settings.trusted_documents is not None:
        found = TrustedDocuments.read(settings.trusted_documents)
        return replace(found, only=settings.trusted_documents_only)
    if settings.trusted_documents_only:
        raise InvalidSettings(f"{SETTING}_ONLY: name a manifest by {SETTING}; otherwise nothing could run.")
    return TrustedDocuments()


def operation_text(body: Mapping[str, object], trusted: TrustedDocuments) -> str:
    """Give the text of the operation that a body asks for: by text, by id, or by both if they mean the same.

    Raises Refused.
    """
    sent = _sent_text(body)
    texts = set() if sent is None else {sent}
    document_id, persisted_hash = _document_id(body), _persisted_hash(body)
    if document_id is not None:
        texts.add(trusted.text(document_id) if sent is None else _same(document_id, sent, trusted))
    if persisted_hash is not None:
        texts.add(
            _persisted(persisted_hash, trusted) if sent is None else _same(persisted_hash, sent, trusted)
        )
    if len(texts) != 1:
        raise Refused(400, _TWO_DOCUMENTS if texts else _NO_TEXT)
    text = texts.pop()
    if trusted.only and sha256_of(text) not in trusted.texts:
        raise FreeText
    return text


def _sent_text(body: Mapping[str, object]) -> str | None:
    query = body.get("query")
    if not isinstance(query, str | None):
        raise Refused(400, _NO_TEXT)
    # Clients of sockets have to send some text: an empty one stands for none.
    return query if query and query.strip() else None


def _document_id(body: Mapping[str, object]) -> str | None:
    given = body.get("documentId")
    if not isinstance(given, str | None):
        raise Refused(400, "documentId: a string or null is needed.")
    return given


def _persisted_hash(body: Mapping[str, object]) -> str | None:
    """Give what Apollo's clients send in place of a text."""
    extensions = body.get("extensions")
    if not isinstance(extensions, dict | None):
        raise Refused(400, "extensions: a JSON object or null is needed.")
    match (extensions or {}).get("persistedQuery"):
        case None:
            return None
        case {"version": 1, "sha256Hash": str(given)}:
            return given
    raise Refused(400, "extensions.persistedQuery: version 1 and a sha256Hash are needed.")


def _persisted(document_id: str, trusted: TrustedDocuments) -> str:
    found = trusted.texts.get(document_id)
    if found is None:
        # These words tell Apollo's clients to send the text along, now or from now on.
        raise UnknownDocument("PersistedQueryNotFound" if trusted.texts else "PersistedQueryNotSupported")
    return found


def _same(document_id: str, sent: str, trusted: TrustedDocuments) -> str:
    """Give what an id beside a text stands for; a hash stands for the text that has it."""
    known = trusted.texts.get(document_id)
    if known is None and document_id.removeprefix("sha256:") == sha256_of(sent):
        return sent
    if known is None:
        raise Refused(400, _TWO_DOCUMENTS)
    return known


def _ids_of(entry: ManifestEntry) -> tuple[str, ...]:
    found = sha256_of(entry.text)
    return (entry.id, found, f"sha256:{found}")


def _operation_names(entry: ManifestEntry) -> frozenset[str]:
    """Give the names of a document's operations.

    Raises ManifestError for a document that could not be run.
    """
    if ENDLESS_NUMBER.search(entry.text):
        raise ManifestError(f"{entry.id!r}: it holds a number that is too long.")
    try:
        operations = documents.prepare(entry.text).operations
        for operation in operations.values():
            operation.points({})
    except DocumentRefused as error:
        raise ManifestError(f"{entry.id!r}: {error}") from None
    names = frozenset(name for name in operations if name is not None)
    if entry.operation_name is not None and entry.operation_name not in names:
        raise ManifestError(f"{entry.id!r}: it has no operation {entry.operation_name!r}.")
    return names


def _shortened(wrong: list[str]) -> str:
    more = len(wrong) - MOST_SHOWN
    return " ".join(wrong[:MOST_SHOWN]) + (f" And {more} more." if more > 0 else "")


_NO_TEXT = "query: the text of an operation is needed."
_TWO_DOCUMENTS = "query, documentId and extensions.persistedQuery must mean the same document; one is enough."
