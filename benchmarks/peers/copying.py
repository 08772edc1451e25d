"""COPY alone: the usage and ledger rows of a batch into tables like the service's own, then a commit."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]  # ships no type information

TABLES = """
CREATE TABLE rival.copied_usage (LIKE service_usage INCLUDING ALL);
CREATE TABLE rival.copied_transfer (LIKE ledger_transfer INCLUDING ALL);
"""
USAGES = "SELECT * FROM service_usage ORDER BY id DESC LIMIT $1"
TRANSFERS = "SELECT * FROM ledger_transfer WHERE service_usage_id = ANY ($1) ORDER BY service_usage_id DESC"


class Copying:
    """Rows that the service has made, copied again and again under other ids; the ids cost no time."""

    def __init__(self, dsn: str, batch: int) -> None:
        self._runner = asyncio.Runner()
        self._dsn, self._batch = dsn, batch
        self._sequence = 0

    def prepare(self) -> None:
        """Take the rows that the service recorded last."""
        self._runner.run(self._prepare())

    def seconds(self, batches: int) -> float:
        """Copy so many batches; give the seconds that COPY and COMMIT took."""
        return sum(self._runner.run(self._copied()) for _ in range(batches))

    def close(self) -> None:
        """Disconnect."""
        self._runner.run(self._connection.close())
        self._runner.close()

    async def _prepare(self) -> None:
        self._connection = await asyncpg.connect(self._dsn)
        await self._connection.execute(TABLES)
        self._usages = await self._connection.fetch(USAGES, self._batch)
        ids = [usage["id"] for usage in self._usages]
        self._transfers = await self._connection.fetch(TRANSFERS, ids)

    async def _copied(self) -> float:
        usages, transfers = self._renamed()
        began = time.perf_counter()
        async with self._connection.transaction():
            await self._copy("copied_usage", usages)
            await self._copy("copied_transfer", transfers)
        return time.perf_counter() - began

    def _renamed(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        new_ids = {usage["id"]: uuid4() for usage in self._usages}
        usages = [dict(usage) | {"id": new_ids[usage["id"]]} for usage in self._usages]
        transfers = []
        for transfer in self._transfers:
            self._sequence += 1
            new = {"id": uuid4(), "sequence": self._sequence}
            new["service_usage_id"] = new_ids[transfer["service_usage_id"]]
            transfers.append(dict(transfer) | new)
        return usages, transfers

    async def _copy(self, table: str, rows: list[dict[str, Any]]) -> None:
        await self._connection.copy_records_to_table(
            table, schema_name="rival", columns=list(rows[0]), records=[tuple(row.values()) for row in rows]
        )
