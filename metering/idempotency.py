"""Idempotency: the same key and input give the first answer again; another input under it is a conflict."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Protocol
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from metering.errors import IdempotencyConflict
from models.ahead import Question
from models.base import Json, table_of
from models.idempotency import IdempotentRequest
from models.identity import new_id, new_ids
from models.prepared import PreparedWrite

KeyOfAccount = tuple[UUID, str]


class Request(Protocol):
    """An input that moves money: it belongs to an account and carries a key."""

    @property
    def account_id(self) -> UUID:
        """The account whose key it is."""

    @property
    def idempotency_key(self) -> str:
        """1 to 255 printable ASCII characters, kept for ever."""

    @property
    def fingerprint(self) -> str:
        """The same for the same parsed input, and for no other."""


@dataclass(slots=True, eq=False)
class _Claim:
    """`request` is the one whose fingerprint it is, where it is of this batch: no need to digest it again."""

    fingerprint: str
    result_id: UUID
    answer: Json | None = None
    request: Request | None = None

    def is_for(self, request: Request) -> bool:
        """Tell whether the key was claimed with this request's input."""
        return self.request is request or self.fingerprint == request.fingerprint


@dataclass(slots=True)
class Claims:
    """The keys of one batch: claimed in the database first, kept for what is accepted, freed for the rest.

    Refusals are not remembered: a refused request leaves its key free for another try.
    """

    session: Session
    now: datetime
    _claimed: dict[KeyOfAccount, _Claim] = field(default_factory=dict)
    _accepted: dict[KeyOfAccount, _Claim] = field(default_factory=dict)
    _answers: dict[KeyOfAccount, Json] = field(default_factory=dict)

    def replayed(self, request: Request) -> UUID | None:
        """Give the id of the first answer, or None where this request is the first.

        Raises IdempotencyConflict where the key was accepted with another input.
        """
        accepted = self._accepted.get(_key(request))
        if accepted is None:
            return None
        if not accepted.is_for(request):
            raise IdempotencyConflict(request.idempotency_key)
        return accepted.result_id

    def accept(self, request: Request) -> UUID:
        """Keep the key for this request and give the id that its result must have."""
        key = _key(request)
        claimed = self._claimed.get(key)
        if claimed is None or not claimed.is_for(request):
            claimed = _Claim(request.fingerprint, new_id(), request=request)
        self._accepted[key] = claimed
        return claimed.result_id

    def remember(self, request: Request, answer: Json) -> None:
        """Keep what the first answer says that what it made does not say for ever."""
        self._answers[_key(request)] = answer

    def remembered(self, request: Request) -> Json:
        """Give what the first answer to a replayed request said."""
        key = _key(request)
        return self._answers.get(key) or self._accepted[key].answer or {}

    def settle(self) -> None:
        """Free the keys of what was refused; call it once, when the batch is worked out."""
        freed = [key for key, claim in self._claimed.items() if self._accepted.get(key) is not claim]
        if freed:
            self.session.execute(_FREE, [{"owner": account_id, "freed": key} for account_id, key in freed])
        # A key whose first request was refused may have been taken by a later one of the batch.
        taken = [_row(key, self._accepted[key], self.now) for key in freed if key in self._accepted]
        if taken:
            _INSERT.write(self.session, taken)
        if self._answers:
            kept = [
                {"owner": key[0], "kept": key[1], "answer": answer} for key, answer in self._answers.items()
            ]
            self.session.execute(_REMEMBER, kept)


def claim(
    session: Session, requests: Iterable[Request], *, now: datetime, beside: Sequence[Question] = ()
) -> Claims:
    """Claim the keys of a batch, insert-first; the accounts concerned are locked.

    What is asked for beside it is read with it, where that saves a way to the database.
    """
    claims = Claims(session, now)
    first: dict[KeyOfAccount, Request] = {}
    for request in requests:
        first.setdefault(_key(request), request)
    if not first:
        return claims
    ids = new_ids(len(first))
    wanted = {
        key: _Claim(request.fingerprint, id_, request=request)
        for (key, request), id_ in zip(first.items(), ids, strict=True)
    }
    claims._claimed = wanted  # noqa: SLF001 - made here
    rows = [_row(key, claim_, now) for key, claim_ in wanted.items()]
    if _INSERT_FIRST.write(session, rows, beside) < len(rows):
        stored = _stored_claims(session, wanted.keys())
        # What another request has claimed before carries the id of that request's result.
        earlier = {key: claim_ for key, claim_ in stored.items() if claim_.result_id != wanted[key].result_id}
        claims._claimed = {key: wanted[key] for key in wanted.keys() - earlier}  # noqa: SLF001 - made here
        claims._accepted = earlier  # noqa: SLF001 - likewise
    return claims


def replayed_ids(answers: Iterable[object]) -> set[UUID]:
    """Give the ids among the answers of a batch: they stand for what must still be loaded."""
    return {answer for answer in answers if isinstance(answer, UUID)}


def fingerprint(verb: str, *values: object) -> str:
    """Digest a parsed input; times and amounts count by their canonical text."""
    text = f"[{','.join(map(_text, (verb, *values)))}]"
    return hashlib.sha256(text.encode()).hexdigest()


def _text(value: object) -> str:
    # What most inputs are made of is written here as the encoder writes it, which for ids would call back.
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None:
        return "null"
    if isinstance(value, UUID):
        return f'"{value}"'
    if type(value) is int:
        return str(value)
    return _written(value)


def _canonical(value: object) -> str:
    # One moment is one input, whatever the offset that it is written with.
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def _key(request: Request) -> KeyOfAccount:
    return request.account_id, request.idempotency_key


def _stored_claims(session: Session, wanted: AbstractSet[KeyOfAccount]) -> dict[KeyOfAccount, _Claim]:
    account_ids = {account_id for account_id, _ in wanted}
    statement = select(_TABLE).where(
        _TABLE.c.account_id.in_(account_ids), _TABLE.c.key.in_({key for _, key in wanted})
    )
    # The same key may be another account's in this batch: only what was asked for counts.
    rows = [row for row in session.execute(statement) if (row.account_id, row.key) in wanted]
    return {(row.account_id, row.key): _Claim(row.fingerprint, row.result_id, row.answer) for row in rows}


def _row(key: KeyOfAccount, claim_: _Claim, now: datetime) -> tuple[object, ...]:
    return (*key, claim_.fingerprint, claim_.result_id, now)


_written = json.JSONEncoder(
    default=_canonical, ensure_ascii=False, separators=(",", ":"), sort_keys=True
).encode
_TABLE = table_of(IdempotentRequest)
_NAMES = ("account_id", "key", "fingerprint", "result_id", "created_at")
_INSERT = PreparedWrite(insert(_TABLE), _NAMES)
_INSERT_FIRST = PreparedWrite.claiming(_TABLE, _NAMES)
_FREE = delete(_TABLE).where(_TABLE.c.account_id == bindparam("owner"), _TABLE.c.key == bindparam("freed"))
_REMEMBER = (
    update(_TABLE)
    .where(_TABLE.c.account_id == bindparam("owner"), _TABLE.c.key == bindparam("kept"))
    .values(answer=bindparam("answer"))
)
