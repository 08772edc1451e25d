"""The store's secret as a process knows it: read once, when it is first needed."""

import asyncio
from functools import partial

from metering.store_secrets import find_store_secret, make_store_secret
from models.database import Database
from models.writer import Command


class KnownSecret:
    """A secret of the store. No operation but the first reads it."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._turn = asyncio.Lock()
        self.known: bytes | None = None
        """None until it was asked for."""

    async def value(self) -> bytes:
        """Give the secret; the first process to ask for it makes it.

        Whoever asks must not keep a connection of the store: it may be the only one.
        """
        if self.known is None:
            async with self._turn:
                return await self._looked_up()
        return self.known

    async def _looked_up(self) -> bytes:
        if self.known is None:  # whoever waited for his turn finds it
            found = await self._database.ask(lambda session: find_store_secret(session, self._name))
            self.known = found or await self._made()
        return self.known

    async def _made(self) -> bytes:
        return await self._database.write(Command(None, partial(make_store_secret, name=self._name)))
