"""Manifests of trusted documents: which ids stand for which texts, in the forms that clients' tools write.

Relay and GraphQL Code Generator write an object of texts by id; Apollo's tool writes a list of operations.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

APOLLO_FORMAT = "apollo-persisted-query-manifest"
APOLLO_VERSION = 1


class ManifestError(ValueError):
    """A manifest that cannot be used; the message says why, of each document that is wrong."""


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One document: its id, its text, and the name of its operation where the manifest tells it."""

    id: str
    text: str
    operation_name: str | None = None


def sha256_of(text: str) -> str:
    """Give the SHA-256 of a document's text in UTF-8, in small hexadecimal digits."""
    # Half of a surrogate pair has no hash that anybody else could compute, but must not fail here.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_manifest(text: str) -> list[ManifestEntry]:
    """Read a manifest of either form; of each id that is a hash, the text is compared with it.

    Raises ManifestError.
    """
    try:
        given = json.loads(text, object_pairs_hook=_object)
    except (json.JSONDecodeError, RecursionError) as error:
        reason = error if isinstance(error, json.JSONDecodeError) else "it is nested too deep"
        raise ManifestError(f"it is not JSON: {reason}.") from None
    entries = list(_apollo_entries(given) if _is_apollo(given) else _plain_entries(given))
    if not entries:
        raise ManifestError("it holds no document.")
    _require_usable_ids(entries)
    return entries


def manifest_of(texts: Iterable[str]) -> str:
    """Write a manifest of texts by the hash of each."""
    return json.dumps({sha256_of(text): text for text in texts}, indent=2, ensure_ascii=False) + "\n"


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1:
            raise ManifestError(f"{name[:_SHOWN]!r} comes twice.")
    return dict(pairs)


def _is_apollo(given: object) -> bool:
    return isinstance(given, dict) and isinstance(given.get("operations"), list)


def _plain_entries(given: object) -> Iterator[ManifestEntry]:
    if not isinstance(given, dict):
        raise ManifestError(f"write an object of texts by id, or the format {APOLLO_FORMAT}.")
    for document_id, text in given.items():
        if not isinstance(text, str):
            raise ManifestError(f"{document_id[:_SHOWN]!r}: the text of a document is needed.")
        yield ManifestEntry(document_id, text)


def _apollo_entries(given: dict[str, object]) -> Iterator[ManifestEntry]:
    if (given.get("format"), given.get("version")) != (APOLLO_FORMAT, APOLLO_VERSION):
        raise ManifestError(f'its format must be "{APOLLO_FORMAT}" and its version {APOLLO_VERSION}.')
    operations = given["operations"]
    assert isinstance(operations, list)  # noqa: S101 - by this the format is known
    for number, operation in enumerate(operations, 1):
        told = operation if isinstance(operation, dict) else {}
        document_id, body, name = (told.get(key) for key in ("id", "body", "name"))
        if not (isinstance(document_id, str) and isinstance(body, str) and isinstance(name, str | None)):
            raise ManifestError(f"operation {number}: id and body are texts, and so is name.")
        yield ManifestEntry(document_id, body, name)


def _require_usable_ids(entries: list[ManifestEntry]) -> None:
    times = Counter(entry.id.removeprefix(_PREFIX) for entry in entries)
    wrong = [f"{name[:_SHOWN]!r} comes twice." for name, count in times.items() if count > 1]
    wrong += [f"{entry.id[:_SHOWN]!r}: {why}" for entry in entries if (why := _why_not(entry)) is not None]
    if wrong:
        raise ManifestError(" ".join(wrong))


def _why_not(entry: ManifestEntry) -> str | None:
    if _HASH.fullmatch(entry.id):
        found = sha256_of(entry.text)
        if entry.id.removeprefix(_PREFIX) != found:
            return f"the sha256 of its text is {found}; the text was changed after the id was made."
        return None
    if _CUSTOM.fullmatch(entry.id):
        return None
    return "write an id as sha256:HEX, HEX, or 1 to 255 letters, digits and -._~."


_PREFIX = "sha256:"
_HASH = re.compile(r"(sha256:.*|[0-9a-fA-F]{64})", re.DOTALL)
_CUSTOM = re.compile(r"(x-[A-Za-z0-9._~-]{1,100}:)?[A-Za-z0-9._~-]{1,255}")
_SHOWN = 100
