"""Who is calling: the API key of a request."""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Self

from graph.context import Snapshot
from metering.api_keys import (
    API_KEYS,
    USE_NOTED_EVERY,
    KeyUse,
    hash_secret,
    is_well_formed,
    keys_with_secrets,
    live_secrets,
    note_key_uses,
)
from models.api_key import ApiKey
from models.availability import StoreUnavailable
from models.changes import changes_of
from models.database import Database
from models.writer import SetCommand

log = logging.getLogger(__name__)


class Unauthenticated(Exception):  # noqa: N818 - named for the state
    """No key, or none that is alive."""


class Secret(str):
    """A text in the form of a key's secret; it is digested once, however often it is shown."""

    __slots__ = ("_digest",)
    _digest: str

    @property
    def digest(self) -> str:
        """What the store knows of it."""
        try:
            return self._digest
        except AttributeError:
            self._digest = hash_secret(self)
            return self._digest


KNOWN_SECONDS = 1.0
"""How long a key is known without another look: so long another process's revocation may go unnoticed."""
MOST_KNOWN = 10_000
MOST_AT_A_LOOK = 100
"""How many known keys a look takes with it, at the most."""
_KNOWN = timedelta(seconds=KNOWN_SECONDS)


@dataclass(slots=True)
class _Known:
    api_key: ApiKey
    after: datetime
    before: datetime
    until: float
    changes: int
    asked_at: datetime | None = None
    """When it was last brought since it was looked up."""

    @classmethod
    def of(cls, api_key: ApiKey, now: datetime, changes: int) -> Self:
        """Know a living key for a while by any clock, as long as it lives."""
        before = now + _KNOWN
        if api_key.expires_at is not None:
            before = min(before, api_key.expires_at)
        return cls(api_key, now - _KNOWN, before, time.monotonic() + KNOWN_SECONDS, changes)


class Authentication:
    """Recognises keys and notes when they were used, at most once a minute each.

    A key that was seen is known for a second, unless this process changes keys in the meantime. Whoever looks
    one up looks for those as well that were brought again and are known for half of their time: of many keys
    that are at work all the time a second takes one look or two, and not one for each.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._notes: set[asyncio.Task[None]] = set()
        self._known: dict[str, _Known] = {}
        self._looking: dict[str, asyncio.Event] = {}

    def recognised(self, secret: Secret, now: datetime) -> ApiKey | None:
        """Give the key with the secret where it is known and lives; nobody waits for it."""
        known = self._known.get(secret.digest)
        if (
            known is None
            or not known.after < now < known.before
            or time.monotonic() >= known.until
            or known.changes != self._changes()
        ):
            return None
        known.asked_at = now
        return known.api_key

    async def api_key(self, secret: Secret, snapshot: Snapshot) -> ApiKey:
        """Give the living key with the secret.

        Raises Unauthenticated.
        """
        found = self.recognised(secret, snapshot.now())
        if found is None and (looking := self._looking.get(secret.digest)) is not None:
            # Of all who ask at the same time one looks. Who hears nothing from it looks itself.
            await looking.wait()
            found = self.recognised(secret, snapshot.now())
        return found or await self._looked_up(secret, snapshot)

    async def live(self, secrets: Iterable[str]) -> frozenset[str]:
        """Give those of the secrets whose key lives at this moment, for callers that stay connected.

        Nothing is kept between two questions: who asks every second knows of a revocation within one.
        """
        given = frozenset(secrets)
        now = self._database.clock()
        return await self._database.ask(lambda session: live_secrets(session, given, now=now))

    async def close(self) -> None:
        """Wait for what is being noted."""
        await asyncio.gather(*self._notes, return_exceptions=True)

    async def _looked_up(self, secret: Secret, snapshot: Snapshot) -> ApiKey:
        if not is_well_formed(secret):
            raise Unauthenticated
        now, changes, digest = snapshot.now(), self._changes(), secret.digest
        brought = {**self._due(), digest: now}
        looking = asyncio.Event()
        self._looking.update(dict.fromkeys(brought, looking))
        try:
            found = await snapshot.ask(partial(keys_with_secrets, hashes=list(brought), now=now))
        finally:
            for hashed in brought:
                self._looking.pop(hashed, None)
            looking.set()
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        for hashed, brought_at in brought.items():
            self._known.pop(hashed, None)
            if hashed in found:
                self._known[hashed] = _Known.of(found[hashed], now, changes)
                self._note_use(found[hashed], hashed, brought_at)
        if digest not in found:
            raise Unauthenticated
        return found[digest]

    def _due(self) -> dict[str, datetime]:
        """Give the secrets, by their digests, that are better looked up soon, and when they were brought."""
        soon = time.monotonic() + KNOWN_SECONDS / 2
        due: dict[str, datetime] = {}
        for digest, known in list(islice(self._known.items(), MOST_AT_A_LOOK)):  # the oldest ones
            if known.until > soon:
                break
            if known.asked_at is not None and digest not in self._looking:
                due[digest] = known.asked_at
            elif known.until < soon - KNOWN_SECONDS:
                del self._known[digest]  # so that it stands before nobody
        return due

    def _changes(self) -> int:
        return changes_of(self._database.info, API_KEYS)

    def _note_use(self, api_key: ApiKey, digest: str, used_at: datetime) -> None:
        if api_key.last_used_at is not None and used_at - api_key.last_used_at < USE_NOTED_EVERY:
            return
        # Nobody waits for a note: the answer must not depend on it.
        note = asyncio.create_task(self._write_note(api_key, KeyUse(api_key.id, used_at), digest))
        self._notes.add(note)
        note.add_done_callback(self._notes.discard)

    async def _write_note(self, api_key: ApiKey, use: KeyUse, digest: str) -> None:
        try:
            await self._database.write(SetCommand(api_key.account_id, note_key_uses, (use,)))
            self._known.pop(digest, None)  # it says otherwise
        except StoreUnavailable:
            log.warning("the use of a key could not be noted", exc_info=True)


def secret_of(headers: Mapping[str, str]) -> Secret:
    """Give the secret that headers, named in small letters, carry in the form of one of ours.

    The store is not asked. Raises Unauthenticated.
    """
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    given = credentials if scheme.lower() == "bearer" else headers.get("x-api-key", "")
    secret = given.strip()
    if not is_well_formed(secret):
        raise Unauthenticated
    return Secret(secret)
