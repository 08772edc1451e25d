"""The burn order, as a table and as a property of any grants."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.allocation import Allocation, Cover, Draft, Purpose, usable
from models.ledger import Grant, RestrictionKind
from pricing.credits import Credits

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
SOON, LATER = NOW + timedelta(days=1), NOW + timedelta(days=2)
CALL = Purpose("emergencyservices", "phone_ai_call")
ADAPTER, WORKFLOW = RestrictionKind.ADAPTER, RestrictionKind.WORKFLOW


def grant(
    number: int,
    remaining: int = 10,
    *,
    priority: int = 100,
    effective: datetime = NOW,
    expires: datetime | None = None,
    only: tuple[RestrictionKind, str] | None = None,
) -> Grant:
    return Grant(
        id=UUID(int=number),
        amount=Credits(max(remaining, 1)),
        remaining=Credits(remaining),
        priority=priority,
        effective_at=effective,
        expires_at=expires,
        restriction_kind=only and only[0],
        restriction_name=only and only[1],
    )


def allocated(grants: list[Grant], amount: int) -> Allocation:
    live = usable(grants, purpose=CALL, now=NOW)
    return Draft(Cover((), live, Credits.ZERO)).draw(Credits(amount), service=None)


def paid(grants: list[Grant], amount: int) -> tuple[list[tuple[int, int]], int]:
    allocation = allocated(grants, amount)
    parts = [(part.grant.id.int, part.amount.micros) for part in allocation.payments if part.grant]
    return parts, allocation.uncovered.micros


@pytest.mark.parametrize(
    ("grants", "order"),
    [
        pytest.param([grant(2), grant(1)], [1, 2], id="the oldest first"),
        pytest.param(
            [grant(1), grant(2, expires=LATER), grant(3, expires=SOON)], [3, 2, 1], id="soonest expiry"
        ),
        pytest.param([grant(1, expires=SOON), grant(2, priority=99)], [2, 1], id="priority before expiry"),
        pytest.param(
            [grant(1, priority=0), grant(2, only=(ADAPTER, "emergencyservices"))],
            [2, 1],
            id="restricted first",
        ),
        pytest.param(
            [
                grant(1, only=(WORKFLOW, "phone_ai_call"), priority=5),
                grant(2, only=(ADAPTER, "emergencyservices"), priority=4),
            ],
            [2, 1],
            id="priority among restricted",
        ),
        pytest.param([grant(1, only=(ADAPTER, "languagelearning")), grant(2)], [2], id="another adapter's"),
        pytest.param([grant(1, only=(WORKFLOW, "voice_chat")), grant(2)], [2], id="another workflow's"),
        pytest.param([grant(1, expires=NOW), grant(2)], [2], id="expired this moment"),
        pytest.param([grant(1, effective=SOON), grant(2)], [2], id="not yet in effect"),
        pytest.param([grant(1, 0), grant(2)], [2], id="used up"),
    ],
)
def test_the_burn_order(grants: list[Grant], order: list[int]) -> None:
    everything = sum(each.remaining.micros for each in grants)
    parts, uncovered = paid(grants, everything)
    assert [number for number, _ in parts] == order
    assert uncovered == everything - 10 * len(order)


@pytest.mark.parametrize(
    ("amount", "parts", "uncovered"),
    [
        (0, [], 0),
        (1, [(1, 1)], 0),
        (10, [(1, 10)], 0),
        (11, [(1, 10), (2, 1)], 0),
        (20, [(1, 10), (2, 10)], 0),
        (21, [(1, 10), (2, 10)], 1),
    ],
)
def test_no_more_is_taken_than_is_needed(amount: int, parts: list[tuple[int, int]], uncovered: int) -> None:
    assert paid([grant(1), grant(2)], amount) == (parts, uncovered)


def test_nothing_changes_by_working_it_out() -> None:
    grants = [grant(1), grant(2)]
    paid(grants, 15)
    assert [each.remaining.micros for each in grants] == [10, 10]


any_grant = st.builds(
    grant,
    st.integers(1, 10**6),
    st.one_of(st.just(0), st.integers(1, 50), st.integers(1, 10**18 - 1)),
    priority=st.integers(0, 3),
    effective=st.sampled_from([NOW, NOW - timedelta(days=1), SOON]),
    expires=st.sampled_from([None, NOW, SOON, LATER]),
    only=st.sampled_from(
        [None, (ADAPTER, "emergencyservices"), (WORKFLOW, "phone_ai_call"), (WORKFLOW, "voice_chat")]
    ),
)


@given(st.lists(any_grant, max_size=8, unique_by=lambda each: each.id), st.integers(0, 10**18 - 1))
def test_parts_add_up_and_keep_the_order(grants: list[Grant], amount: int) -> None:
    allocation = allocated(grants, amount)
    payers = [payment.grant for payment in allocation.payments if payment.grant]
    credits_ = [payment.amount.micros for payment in allocation.payments]
    assert sum(credits_) + allocation.uncovered.micros == amount
    may_pay = usable(grants, purpose=CALL, now=NOW)
    assert all(payer in may_pay for payer in payers)
    assert all(0 < part <= payer.remaining.micros for payer, part in zip(payers, credits_, strict=True))
    # Only the last payer keeps something, and nothing is uncovered while anybody does.
    assert all(part == payer.remaining.micros for payer, part in zip(payers[:-1], credits_[:-1], strict=True))
    if allocation.uncovered:
        assert sum(credits_) == sum(each.remaining.micros for each in may_pay)
    order = [
        (p.restriction_kind is None, p.priority, p.expires_at or datetime.max.replace(tzinfo=UTC), p.id)
        for p in payers
    ]
    assert order == sorted(order)
    skipped = [each for each in may_pay if each not in payers]
    assert all(_before(payer, other) for payer in payers for other in skipped)


def _before(one: Grant, other: Grant) -> bool:
    if (one.restriction_kind is None) != (other.restriction_kind is None):
        return one.restriction_kind is not None
    if one.priority != other.priority:
        return one.priority < other.priority
    if one.expires_at != other.expires_at:
        return other.expires_at is None or (one.expires_at is not None and one.expires_at < other.expires_at)
    return one.id < other.id
