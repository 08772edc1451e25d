"""Who is calling: the API key of a request."""

import asyncio
import logging
from collections.abc import Iterable, Mapping

from graph.context import Snapshot
from metering.api_keys import (
    USE_NOTED_EVERY,
    KeyUse,
    is_well_formed,
    key_with_secret,
    live_secrets,
    note_key_uses,
)
from models.api_key import ApiKey
from models.availability import StoreUnavailable
from models.database import Database
from models.writer import SetCommand

log = logging.getLogger(__name__)


class Unauthenticated(Exception):  # noqa: N818 - named for the state
    """No key, or none that is alive."""


class Authentication:
    """Recognises keys and notes when they were used, at most once a minute each."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._notes: set[asyncio.Task[None]] = set()

    async def api_key(self, secret: str, snapshot: Snapshot) -> ApiKey:
        """Give the living key with the secret.

        Raises Unauthenticated.
        """
        statement = key_with_secret(secret, snapshot.now())
        found = [] if statement is None else await snapshot.scalars(statement)
        if not found:
            raise Unauthenticated
        api_key: ApiKey = found[0]
        self._note_use(api_key)
        return api_key

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

    def _note_use(self, api_key: ApiKey) -> None:
        now = self._database.clock()
        if api_key.last_used_at is not None and now - api_key.last_used_at < USE_NOTED_EVERY:
            return
        # Nobody waits for a note: the answer must not depend on it.
        note = asyncio.create_task(self._write_note(api_key, KeyUse(api_key.id, now)))
        self._notes.add(note)
        note.add_done_callback(self._notes.discard)

    async def _write_note(self, api_key: ApiKey, use: KeyUse) -> None:
        try:
            await self._database.write(SetCommand(api_key.account_id, note_key_uses, (use,)))
        except StoreUnavailable:
            log.warning("the use of a key could not be noted", exc_info=True)


def secret_of(headers: Mapping[str, str]) -> str:
    """Give the secret that headers, named in small letters, carry in the form of one of ours.

    The store is not asked. Raises Unauthenticated.
    """
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    given = credentials if scheme.lower() == "bearer" else headers.get("x-api-key", "")
    secret = given.strip()
    if not is_well_formed(secret):
        raise Unauthenticated
    return secret
