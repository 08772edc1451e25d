"""The feed: who waits is woken after a commit of its account, and nothing stays of who has gone."""

import asyncio
import time
from uuid import uuid4

from models.feed import SHORTEST_PAUSE_SECONDS, Feed
from tests.tenant import Tenant, new_tenant

LONG = 20.0


async def test_only_watchers_of_the_account_are_woken() -> None:
    feed, mine, theirs = Feed(), uuid4(), uuid4()
    with feed.watch(mine) as one, feed.watch(mine) as two, feed.watch(theirs) as other:
        waiting = [asyncio.create_task(each.moved(at_most_seconds=LONG)) for each in (one, two, other)]
        await asyncio.sleep(0)
        feed.announce([mine])
        await asyncio.gather(*waiting[:2])
        assert not waiting[2].done()
        feed.wake_all()
        await waiting[2]


async def test_a_wake_while_nobody_waits_is_kept() -> None:
    feed, account_id = Feed(), uuid4()
    with feed.watch(account_id) as watch:
        for _ in range(3):
            feed.announce([account_id])
        await watch.moved(at_most_seconds=LONG)
        # Three were one: now it waits again.
        started = time.monotonic()
        await watch.moved(at_most_seconds=0.1)
        assert time.monotonic() - started >= 0.1


async def test_nothing_stays_of_who_has_gone() -> None:
    feed, account_id = Feed(), uuid4()
    with feed.watch(account_id), feed.watch(account_id, uuid4()):
        assert (feed.watch_count, len(feed.watches())) == (2, 2)
    assert (feed.watch_count, feed.watches()) == (0, [])


async def test_the_more_there_are_the_longer_each_waits() -> None:
    feed, account_id = Feed(), uuid4()
    with feed.watch(account_id):
        assert feed.pause_seconds == SHORTEST_PAUSE_SECONDS
    opened = [feed.watch(account_id) for _ in range(100)]
    for each in opened:
        each.__enter__()
    assert feed.pause_seconds == 0.2
    for each in opened:
        each.__exit__(None, None, None)


async def test_every_commit_is_announced_with_its_accounts(tenant: Tenant) -> None:
    feed = tenant.database.feed
    told: list[set[object]] = []
    feed.pass_on = lambda accounts: told.append(set(accounts))
    other = await new_tenant(tenant.database, "Other")
    assert told.pop() == {other.account_id}
    told.clear()
    with feed.watch(tenant.account_id) as watch:
        await tenant.grant("5")
        await watch.moved(at_most_seconds=LONG)
    assert told == [{tenant.account_id}]
