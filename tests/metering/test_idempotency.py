"""Same key and input: the first answer. Same key, other input: a conflict. Refused: the key is free again."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given as given_any

from metering.errors import CreditsExhausted, IdempotencyConflict, RateUnknown, ServiceUsageAlreadyVoided
from metering.idempotency import fingerprint
from metering.tracking import IfUncovered, RecordWorkflow, UsageAddition
from models.identity import new_id
from models.workflow import WorkflowStatus
from pricing.credits import Credits
from pricing.units import ServiceType, UnitType
from tests.clock import NOON, SettableClock
from tests.metering.conftest import Counts, NothingWritten
from tests.tenant import Tenant, given, metered

Count = Callable[[], Awaitable[Counts]]
CALL = "PHONE twilio 5 MINUTES"
CHAT = "GPT gpt-4o-mini 3000 TOKENS"
UNKNOWN = "GPT gpt-nothing 3000 TOKENS"


async def test_a_replay_gives_the_first_answer_and_writes_nothing(
    tenant: Tenant, nothing_written: NothingWritten
) -> None:
    workflow = await tenant.start()
    item = tenant.usage(workflow.id, CALL)
    [first] = await tenant.add_all(item)
    async with nothing_written():
        [again] = await tenant.add_all(item)
    assert isinstance(first, UsageAddition)
    assert isinstance(again, UsageAddition)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.usage.id == first.usage.id
    assert str(again.usage.credits) == "100"
    assert str(again.workflow.total_credits) == "100"


@pytest.mark.parametrize(
    "change",
    [
        {"text": "PHONE twilio 6 MINUTES"},
        {"text": "PHONE twilio 5 SECONDS"},
        {"text": CHAT},
        {"used_at": NOON},
        {"if_uncovered": IfUncovered.REFUSE},
    ],
)
async def test_another_input_under_the_key_is_a_conflict(
    tenant: Tenant, nothing_written: NothingWritten, change: dict[str, Any]
) -> None:
    workflow = await tenant.start()
    await tenant.add_all(tenant.usage(workflow.id, CALL, idempotency_key="k"))
    other: dict[str, Any] = {"text": CALL, "idempotency_key": "k", **change}
    async with nothing_written():
        [answer] = await tenant.add_all(tenant.usage(workflow.id, **other))
    assert isinstance(answer, IdempotencyConflict)
    assert answer.code == "IDEMPOTENCY_CONFLICT"
    assert str((await tenant.account()).spent) == "100"


async def test_a_key_is_one_key_for_every_verb(tenant: Tenant, nothing_written: NothingWritten) -> None:
    workflow = await tenant.start(idempotency_key="k")
    async with nothing_written():
        [usage] = await tenant.add_all(tenant.usage(workflow.id, CALL, idempotency_key="k"))
        assert isinstance(usage, IdempotencyConflict)
        with pytest.raises(IdempotencyConflict):
            await tenant.grant("5", idempotency_key="k")
        run = RecordWorkflow(tenant.run(idempotency_key="k"), WorkflowStatus.COMPLETED, None, ())
        assert isinstance((await tenant.record(run))[0], IdempotencyConflict)


async def test_duplicates_inside_one_call(tenant: Tenant, counts: Count) -> None:
    workflow = await tenant.start()
    same = tenant.usage(workflow.id, CALL, idempotency_key="k")
    other = tenant.usage(workflow.id, CHAT, idempotency_key="k")
    first, second, conflict, third = await tenant.add_all(same, same, other, same)
    assert [given(answer).replayed for answer in (first, second, third)] == [False, True, True]
    assert {given(answer).usage.id for answer in (first, second, third)} == {given(first).usage.id}
    assert isinstance(conflict, IdempotencyConflict)
    assert (await counts())["service_usage"] == 1


async def test_a_refused_key_is_taken_by_a_later_input_of_the_same_call(
    tenant: Tenant, counts: Count
) -> None:
    workflow = await tenant.start()
    bad = tenant.usage(workflow.id, UNKNOWN, idempotency_key="k")
    good = tenant.usage(workflow.id, CHAT, idempotency_key="k")
    refused, accepted, conflict, replayed = await tenant.add_all(bad, good, bad, good)
    assert isinstance(refused, RateUnknown)
    assert isinstance(conflict, IdempotencyConflict)
    assert [given(accepted).replayed, given(replayed).replayed] == [False, True]
    assert given(replayed).usage.id == given(accepted).usage.id
    assert (await counts())["idempotent_request"] == 2
    # What was accepted is what the key stands for from now on.
    [again, still] = await tenant.add_all(good, bad)
    assert given(again).usage.id == given(accepted).usage.id
    assert isinstance(still, IdempotencyConflict)


async def test_a_refused_key_is_free_again(tenant: Tenant, nothing_written: NothingWritten) -> None:
    workflow = await tenant.start()
    async with nothing_written():
        [refused] = await tenant.add_all(tenant.usage(workflow.id, UNKNOWN, idempotency_key="k"))
    assert isinstance(refused, RateUnknown)
    [accepted] = await tenant.add_all(tenant.usage(workflow.id, CHAT, idempotency_key="k"))
    assert str(given(accepted).usage.credits) == "3"


async def test_a_refusal_is_not_remembered(prepaid: Tenant, nothing_written: NothingWritten) -> None:
    await prepaid.grant("50")
    workflow = await prepaid.start()
    item = prepaid.usage(workflow.id, CALL, if_uncovered=IfUncovered.REFUSE)
    async with nothing_written():
        assert isinstance((await prepaid.add_all(item))[0], CreditsExhausted)
    await prepaid.grant("50")
    assert given((await prepaid.add_all(item))[0]).replayed is False


async def test_a_replay_survives_a_keys_rotation(tenant: Tenant, nothing_written: NothingWritten) -> None:
    run = tenant.run(idempotency_key="run")
    workflow = given((await tenant.start_all(run))[0]).workflow
    whole = RecordWorkflow(
        tenant.run(idempotency_key="whole"), WorkflowStatus.COMPLETED, None, (metered(CALL),)
    )
    recorded = given((await tenant.record(whole))[0]).workflow
    other = await tenant.with_another_key()
    async with nothing_written():
        again = given((await other.start_all(other.run(idempotency_key="run")))[0])
        whole_again = given(
            (
                await other.record(
                    RecordWorkflow(
                        other.run(idempotency_key="whole"), WorkflowStatus.COMPLETED, None, (metered(CALL),)
                    )
                )
            )[0]
        )
    assert (again.workflow.id, again.replayed) == (workflow.id, True)
    assert again.workflow.api_key_id == tenant.api_key_id
    assert (whole_again.workflow.id, whole_again.replayed) == (recorded.id, True)


async def test_starts_grants_and_voids_are_replayed_too(
    tenant: Tenant, nothing_written: NothingWritten
) -> None:
    granted = await tenant.grant_answer("60", idempotency_key="grant", reason="welcome")
    workflow = await tenant.start(idempotency_key="run")
    [usage] = await tenant.add(workflow, CALL)
    voided = await tenant.void(usage, key="void")
    async with nothing_written():
        [run] = await tenant.start_all(tenant.run(idempotency_key="run"))
        grant_again = await tenant.grant_answer("60", idempotency_key="grant", reason="welcome")
        void_again = await tenant.void(usage, key="void")
        with pytest.raises(IdempotencyConflict):
            await tenant.grant("61", idempotency_key="grant", reason="welcome")
        with pytest.raises(IdempotencyConflict):
            await tenant.void(usage, "another reason", key="void")
        with pytest.raises(ServiceUsageAlreadyVoided):
            await tenant.void(usage)
    assert (given(run).replayed, grant_again.replayed, void_again.replayed) == (True, True, True)
    assert (granted.replayed, voided.replayed) == (False, False)
    assert grant_again.grant.id == granted.grant.id
    assert str(void_again.refunded) == str(voided.refunded) == "100"


async def test_accounts_do_not_share_keys(tenant: Tenant, prepaid: Tenant) -> None:
    await prepaid.grant("5", idempotency_key="k")
    assert (await tenant.grant_answer("7", idempotency_key="k")).replayed is False
    assert [str((await each.account()).granted) for each in (tenant, prepaid)] == ["7", "5"]


async def test_a_replay_beside_an_expired_grant_keeps_the_books_right(
    tenant: Tenant, clock: SettableClock
) -> None:
    await tenant.grant("10", idempotency_key="kept")
    await tenant.grant("5", expires_at=NOON + timedelta(hours=1))
    clock.forward(hours=2)
    assert (await tenant.grant_answer("10", idempotency_key="kept")).replayed is True
    account = await tenant.account()
    assert [str(account.granted), str(account.expired)] == ["15", "5"]


def test_one_moment_is_one_input_whatever_its_offset() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-8)))
    assert fingerprint("verb", elsewhere) == fingerprint("verb", NOON)
    assert fingerprint("verb", NOON) != fingerprint("verb", NOON + timedelta(microseconds=1))


def test_inputs_that_differ_have_different_fingerprints() -> None:
    inputs: list[tuple[object, ...]] = [
        (),
        (None,),
        ("None",),
        ("a", "b"),
        ("ab",),
        (["a", "b"],),
        (1,),
        ("1",),
    ]
    inputs += [({"a": 1},), ({"a": 2},), (datetime.fromisoformat("2026-03-04T12:00:00+00:00"),)]
    assert (
        len({fingerprint("verb", *values) for values in inputs} | {fingerprint("other")}) == len(inputs) + 1
    )


texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.one_of(
    texts,
    st.sampled_from([*ServiceType, *UnitType, *IfUncovered]),
    st.integers(),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False),
    st.uuids(),
    st.builds(new_id),
    st.datetimes(timezones=st.timezones()),
    st.builds(Credits, st.integers()),
)


@given_any(
    texts,
    st.lists(st.recursive(values, lambda of: st.lists(of) | st.tuples(of, of) | st.dictionaries(texts, of))),
)
def test_a_fingerprint_is_that_of_the_json_of_its_input(verb: str, several: list[Any]) -> None:
    # Fingerprints are kept for ever: whoever repeats a request of long ago is recognised by this text.
    def canonical(value: Any) -> str:
        return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)

    text = json.dumps(
        [verb, *several], default=canonical, ensure_ascii=False, separators=(",", ":"), sort_keys=True
    )
    assert fingerprint(verb, *several) == hashlib.sha256(text.encode()).hexdigest()
