"""Short stories that the machine found, or that led to a rule of its oracle: each is played on its own for ever."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.clock import NOON
from tests.metering.machine.machine import Machine
from tests.metering.machine.oracle import HOUR
from tests.metering.machine.paying import cover
from tests.metering.machine.prices import CREDIT
from tests.metering.machine.test_machine import started

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def story(database_url: str) -> Iterator[Machine]:
    """A prepaid account without a credit line, with 100 credits; in the end the books must agree once more."""
    with started(database_url) as store:
        machine = Machine(store)
        machine.account(NOON, 0, [(100 * CREDIT, 100, None)], [])
        yield machine
        machine.expire()
        machine.the_books_agree()


def run(story: Machine, name: str = "call", parent: str | None = None, **hold: Any) -> str:
    inputs = story.run_of(name, None, None, None, "key 1", parent, None)
    [label] = story.made("start", "run", inputs | hold).values
    return str(label)


def test_what_is_reserved_for_a_run_is_burnt_before_what_has_priority(story: Machine) -> None:
    story.made("grant", None, story.grant_of(100 * CREDIT, 5))
    story.made("grant", None, story.grant_of(10 * CREDIT, 100, None, None, ("WORKFLOW", "call")))
    story.add(run(story), "PHONE twilio 1 MINUTES", None)


def test_an_extension_has_the_prices_of_its_hold_though_others_are_in_force(story: Machine) -> None:
    story.hold(run(story), ("PHONE twilio 1 MINUTES",), 33 * DAY)
    story.wait(12 * DAY)
    story.extend("hold 1", ("PHONE twilio 1 MINUTES",), None)


def test_a_hold_ends_when_its_time_is_over_whenever_that_is_noticed(story: Machine) -> None:
    story.hold(run(story), 10 * CREDIT, MINUTE)
    story.wait(HOUR)


def test_a_child_gives_back_to_its_parent_though_both_are_found_expired(story: Machine) -> None:
    parent = run(story)
    story.hold(parent, 50 * CREDIT, HOUR)
    story.hold(run(story, parent=parent), 20 * CREDIT, MINUTE)
    story.wait(2 * HOUR)


def test_a_parent_that_ends_first_gets_nothing_back(story: Machine) -> None:
    parent = run(story)
    story.hold(parent, 50 * CREDIT, MINUTE)
    story.hold(run(story, parent=parent), 20 * CREDIT, HOUR)
    story.wait(2 * HOUR)


def test_an_extension_follows_a_line_that_costs_nothing(story: Machine) -> None:
    story.hold(run(story), ("GPT gpt-4o 1500 TOKENS", "OTHER house 1 REQUESTS"), HOUR)
    story.extend("hold 1", ("GPT gpt-4o 1500 TOKENS",), None)


def test_what_an_expired_hold_gives_back_counts_for_the_parents_budget(story: Machine) -> None:
    parent = run(story, "chat")
    story.hold(parent, 20 * CREDIT, HOUR)
    story.hold(run(story, "call", parent=parent), 10 * CREDIT, MINUTE)
    story.set_budget(("WORKFLOW_NAME", None), "MONTH", "UTC", 50 * CREDIT, "ALERT")
    story.wait(MINUTE)


def test_what_an_expired_hold_gives_back_counts_in_the_window_of_the_parents_hold(story: Machine) -> None:
    story.set_budget(("ACCOUNT", None), "DAY", "UTC", 50 * CREDIT, "BLOCK")
    parent = run(story)
    story.hold(parent, 20 * CREDIT, 8 * DAY)
    story.wait(DAY)
    story.hold(run(story, parent=parent), 10 * CREDIT, MINUTE)
    story.wait(MINUTE)


def test_a_child_starts_on_what_its_parent_holds_of_a_budget(story: Machine) -> None:
    story.set_budget(("ACCOUNT", None), "DAY", "UTC", 50 * CREDIT, "BLOCK")
    parent = run(story)
    story.hold(parent, 50 * CREDIT, HOUR)
    run(story, parent=parent)
    run(story, parent=parent, plan=20 * CREDIT, expires_in=HOUR)


def test_what_is_spent_with_leave_is_no_longer_spendable(story: Machine) -> None:
    call = run(story)
    story.add(call, "PHONE twilio 5 MINUTES", None)
    story.add(call, "PHONE twilio 5 MINUTES", None)  # a fact: 100 are owed
    story.made("grant", None, story.grant_of(120 * CREDIT))  # 20 of them can be spent
    story.hold(call, ("VOICE_STT deepgram 1 MINUTES",), HOUR)  # 8 are set aside
    before = cover(story.oracle.books, call, [call])
    story.add_if_covered(call, "PHONE twilio 1 MINUTES")  # 20
    assert (before, cover(story.oracle.books, call, [call])) == (20 * CREDIT, 0)
