"""The service against the oracle: whatever verbs come in whatever order, both answer alike and the books are right."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from metering.rate_cards import publish_rate_card
from models.writer import Command
from tests.clock import SettableClock
from tests.databases.opened import opened
from tests.metering.machine.machine import Machine, Store
from tests.metering.machine.prices import published_cards

EXAMPLES = {"sqlite": 30, "postgresql": 15}
STEPS = 40


def test_any_sequence_of_verbs(database_url: str) -> None:
    play(database_url, EXAMPLES[database_url.partition("+")[0]])


@pytest.mark.soak
def test_very_many_sequences_of_verbs(database_url: str) -> None:
    play(database_url, 20 * EXAMPLES[database_url.partition("+")[0]])


def play(url: str, example_count: int) -> None:
    with started(url) as store:
        machine: Any = partial(Machine, store)
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=example_count,
                stateful_step_count=STEPS,
                deadline=None,
                derandomize=True,
                database=None,
                # Each step writes to a store and audits it.
                suppress_health_check=[HealthCheck.too_slow],
            ),
        )


@contextmanager
def started(url: str) -> Iterator[Store]:
    """Give a store with both rate cards, on an event loop that rules can run to."""
    clock = SettableClock()
    with asyncio.Runner() as runner:
        opening = opened(url, clock)
        database = runner.run(opening.__aenter__())
        try:
            for card in published_cards():
                runner.run(database.write(Command(None, partial(publish_rate_card, card=card))))
            yield Store(runner, database, clock)
        finally:
            runner.run(opening.__aexit__(None, None, None))
