"""The background work of expiry: holds and grants whose time is over, of accounts that nobody is using.

Whatever writes to an account expires it by itself; this job only keeps quiet accounts from lagging behind, so
that it does not matter when it runs, how often, or in how many processes.
"""

import time
from collections.abc import Sequence
from functools import partial
from uuid import UUID

import structlog

from metering.credits import due_accounts, expire_credits
from models.availability import is_unavailable
from models.database import Database
from models.identity import IdKind, format_id
from models.writer import Command
from server.background.rounds import LONGEST_PAUSE_SECONDS, Rounds

MOST_AT_ONCE = 100

log = structlog.get_logger(__name__)


class ExpiryJob:
    """Expires what is due until it is closed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rounds = Rounds("expiry rounds", self.work_off)
        self._left_alone: dict[UUID, float] = {}

    def start(self) -> None:
        """Begin to work in the background."""
        self._rounds.start()

    async def close(self) -> None:
        """Finish the round that is under way, and stop."""
        await self._rounds.close()

    async def work_off(self) -> int:
        """Expire all that is due now; say in how many accounts there was something."""
        count = 0
        while due := await self._due():
            for account_id in due:
                count += await self._expire(account_id)
        return count

    async def _due(self) -> Sequence[UUID]:
        now, moment = self._database.clock(), time.monotonic()
        self._left_alone = {key: until for key, until in self._left_alone.items() if until > moment}
        besides = tuple(self._left_alone)
        return await self._database.ask(
            lambda session: due_accounts(session, now=now, most=MOST_AT_ONCE, besides=besides)
        )

    async def _expire(self, account_id: UUID) -> bool:
        account = format_id(IdKind.ACCOUNT, account_id)
        verb = partial(expire_credits, account_id=account_id)
        try:
            expired = await self._database.write(Command(account_id, verb))
        except Exception as error:
            if is_unavailable(error):
                raise
            # One account's trouble is not the others': it is left alone for a while, and they go on.
            self._left_alone[account_id] = time.monotonic() + LONGEST_PAUSE_SECONDS
            log.exception("expiry of an account failed", account=account)
            return False
        log.info("expired", account=account, holds=expired.hold_count, grants=expired.grant_count)
        return True
