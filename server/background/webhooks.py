"""The background work of webhooks: events of the outbox become deliveries, and deliveries are sent.

Every process does it, and they share the work by leases in the store. It never stands in a request's way: a
round is a few short writes among the others, and sending happens beside them, so many at a time.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar
from uuid import UUID

import structlog

from metering.webhooks import (
    Attempt,
    Failure,
    accounts_with_due_deliveries,
    accounts_with_waiting_events,
    claim_deliveries,
    dispatch_events,
    note_delivered,
    note_failed,
)
from models.database import Database
from models.identity import IdKind, format_id
from models.writer import Command
from server.background.rounds import Rounds, log_trouble
from server.background.webhooks_http import Delivered, WebhookSender

Answer = TypeVar("Answer")

MOST_AT_ONCE = 32
MOST_OF_AN_ACCOUNT = 8
"""So that one account whose endpoint is slow leaves room for the others."""
DRAIN_SECONDS = 5.0
"""How long a stop waits for what is being sent; what it gives up is sent again when its lease has run out."""

log = structlog.get_logger(__name__)


class WebhookWorker:
    """Dispatches and delivers until it is closed."""

    def __init__(
        self,
        database: Database,
        sender: WebhookSender,
        *,
        jitter: Callable[[], float] = random.random,
        drain_seconds: float = DRAIN_SECONDS,
    ) -> None:
        """Work on a store by a sender; `jitter` tells, from 0 to 1, by how much retries are spread."""
        self._database = database
        self._sender = sender
        self._jitter = jitter
        self._drain_seconds = drain_seconds
        self._rounds = Rounds("webhooks", self._round)
        self._sending: set[asyncio.Task[None]] = set()
        self._sending_of: Counter[UUID] = Counter()

    def start(self) -> None:
        """Begin to work in the background."""
        self._rounds.start()

    async def close(self) -> None:
        """Claim nothing more, let what is being sent end, and stop."""
        await self._rounds.close()
        await self._drain()
        await self._sender.close()

    async def work_off(self) -> None:
        """Do all that is due now, and return when it is done."""
        while await self._round():
            await asyncio.gather(*self._sending)

    async def _round(self) -> bool:
        """Dispatch and start what there is room for; tell whether there was anything to do."""
        dispatched = await self._dispatch()
        started = await self._start_attempts()
        return dispatched or started

    async def _dispatch(self) -> bool:
        accounts = await self._database.ask(accounts_with_waiting_events)
        commands = [Command(each, partial(dispatch_events, account_id=each)) for each in accounts]
        return bool(await self._done(commands))

    async def _start_attempts(self) -> bool:
        shares = self._shares(await self._waiting_accounts())
        commands = [
            Command(account_id, partial(claim_deliveries, account_id=account_id, most=most))
            for account_id, most in shares.items()
        ]
        attempts = [attempt for each in await self._done(commands) for attempt in each]
        for attempt in attempts:
            self._start_attempt(attempt)
        return bool(attempts)

    async def _done(self, commands: Sequence[Command[Answer]]) -> list[Answer]:
        """Give the commands together, so that they are committed together, and give the answers there are.

        One account's trouble is not the others': it is logged, and the next round tries again.
        """
        writes = (self._database.write(command) for command in commands)
        answers: list[Answer] = []
        for outcome in await asyncio.gather(*writes, return_exceptions=True):
            if isinstance(outcome, BaseException):
                log_trouble(log, "webhooks of an account failed", outcome)
            else:
                answers.append(outcome)
        return answers

    async def _waiting_accounts(self) -> list[UUID]:
        if self._rounds.are_closing or self._room() == 0:
            return []
        full = [key for key, count in self._sending_of.items() if count >= MOST_OF_AN_ACCOUNT]
        now = self._database.clock()
        return await self._database.ask(
            lambda session: accounts_with_due_deliveries(session, now, besides=full)
        )

    def _shares(self, accounts: list[UUID]) -> dict[UUID, int]:
        """Share out the room there is; who gets none now waits for the next round."""
        shares: dict[UUID, int] = {}
        room = self._room()
        for account_id in accounts:
            share = min(room, MOST_OF_AN_ACCOUNT - self._sending_of[account_id])
            if share > 0:
                shares[account_id] = share
                room -= share
        return shares

    def _room(self) -> int:
        return MOST_AT_ONCE - len(self._sending)

    def _start_attempt(self, attempt: Attempt) -> None:
        task = asyncio.create_task(self._attempt(attempt))
        self._sending.add(task)
        self._sending_of[attempt.account_id] += 1
        task.add_done_callback(partial(self._end_attempt, attempt.account_id))

    def _end_attempt(self, account_id: UUID, task: "asyncio.Task[None]") -> None:
        self._sending.discard(task)
        self._sending_of[account_id] -= 1
        self._sending_of += Counter()  # forgets those that have come to nothing
        self._rounds.wake()

    async def _attempt(self, attempt: Attempt) -> None:
        try:
            outcome = await self._outcome(attempt)
            if isinstance(outcome, Failure):
                await self._note_failure(attempt, outcome)
                return
            noted = partial(note_delivered, attempt=attempt, status_code=outcome.status_code)
            await self._database.write(Command(attempt.account_id, noted))
        except Exception as error:  # noqa: BLE001 - one delivery's trouble is not another's; the lease runs out
            log_trouble(log, "webhook attempt lost", error, **_names(attempt))

    async def _outcome(self, attempt: Attempt) -> Delivered | Failure:
        try:
            return await self._sender.send(attempt, now=self._database.clock())
        except Exception as error:  # noqa: BLE001 - a bug must not be met again with every lease
            log_trouble(log, "webhook attempt broke", error, **_names(attempt))
            return Failure("Something went wrong on our side.")

    async def _note_failure(self, attempt: Attempt, failure: Failure) -> None:
        # Neither the address, which may hold a secret of its receiver, nor the message is logged.
        log.warning("webhook not delivered", reason=failure.reason, **_names(attempt))
        noted = partial(note_failed, attempt=attempt, failure=failure, jitter=self._jitter())
        disabled = await self._database.write(Command(attempt.account_id, noted))
        if disabled is not None:
            log.warning("webhook endpoint disabled", why=disabled.value, **_names(attempt))

    async def _drain(self) -> None:
        if self._sending:
            await asyncio.wait(self._sending, timeout=self._drain_seconds)
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)


def _names(attempt: Attempt) -> dict[str, object]:
    return {
        "account": format_id(IdKind.ACCOUNT, attempt.account_id),
        "endpoint": format_id(IdKind.WEBHOOK_ENDPOINT, attempt.endpoint_id),
        "delivery": format_id(IdKind.WEBHOOK_DELIVERY, attempt.delivery_id),
        "attempt": attempt.number,
    }
