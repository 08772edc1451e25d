"""The walk over all administrative mutations of the schema: each leaves exactly one entry, refused it leaves none.

A mutation is administrative where it needs MANAGE or OPERATE. One that is new has no step here, and is missed.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from metering.api_keys import hash_secret
from models.actor import Actor, ActorKind
from models.api_key import Scope
from models.audit_entry import AuditAct, AuditEntry
from tests.door import Door
from tests.graph.acts import ADMINISTRATIVE, STEPS, TOKEN, Walk
from tests.keys import entries
from tests.tenant import Tenant, issue


def act_of(name: str) -> str:
    """Write `createAgent` as CREATE_AGENT."""
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name)


def test_every_administrative_mutation_is_walked_and_has_its_act() -> None:
    assert {step.name for step in STEPS} == ADMINISTRATIVE.keys()
    assert {act.value for act in AuditAct} == {act_of(name) for name in ADMINISTRATIVE}


@pytest.fixture
async def walk(ask: Door, tenant: Tenant) -> Walk:
    """An account with a usage to void, and an operator."""
    [usage] = await tenant.add(await tenant.start(), "PHONE twilio 1 MINUTES")
    key, secret = await issue(tenant.database, None, "operator", tuple(Scope))
    operator = Actor(ActorKind.OPERATOR, key.id)
    return Walk(ask, tenant, (operator, secret), {"usage": f"usage_{usage.id.hex}"})


async def test_each_act_leaves_one_entry_and_nothing_secret_in_it(walk: Walk) -> None:
    before = await entries(walk.tenant.database)
    shown: list[Any] = []
    for step in STEPS:
        answer = await walk.step(step, {})
        assert "code" not in answer, (step.name, answer)
        walk.remember(answer)
        shown.append(answer)
        *earlier, entry = await entries(walk.tenant.database)
        assert len(earlier) == len(before), step.name
        before.append(entry)
        assert (entry.act.value, entry.subject) == (act_of(step.name), walk.subject(step))
        assert entry.by == walk.actor(step)
        assert entry.account_id == walk.account_id(step)
    secrets = [TOKEN, *(each["secret"] for each in shown if "secret" in each)]
    assert len(secrets) == 5
    written = "\n".join(text for entry in before for text in columns(entry))
    assert [text for text in [*secrets, *map(hash_secret, secrets)] if text in written] == []


async def test_a_refused_act_leaves_none(walk: Walk) -> None:
    for step in STEPS:
        walk.remember(await walk.step(step, {}))
        before = len(await entries(walk.tenant.database))
        if step.refused is not None:
            assert "code" in await walk.step(step, step.refused), step.name
        assert len(await entries(walk.tenant.database)) == before, step.name


async def test_what_is_no_administration_leaves_none(walk: Walk) -> None:
    tenant = walk.tenant
    before = len(await entries(tenant.database))
    run = await tenant.start()
    await tenant.hold(run, "PHONE twilio 1 MINUTES")
    await tenant.add(run, "PHONE twilio 1 MINUTES")
    await tenant.end(run)
    await walk.ask.data(tenant.secret, "{ viewer { account { auditLog { totalCount } } } }")
    assert len(await entries(tenant.database)) == before


async def test_a_dry_run_publishes_nothing(walk: Walk) -> None:
    before = len(await entries(walk.tenant.database))
    publish = next(step for step in STEPS if step.name == "publishRateCard")
    assert await walk.step(publish, {"dryRun": True}) == {"rateCard": None}
    assert len(await entries(walk.tenant.database)) == before


def columns(entry: AuditEntry) -> Iterator[str]:
    for column in AuditEntry.__table__.columns:
        yield str(getattr(entry, column.key))
