import csv
from collections import Counter
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select

from metering.api_keys import hash_secret
from models.api_key import ApiKey
from models.base import total
from models.database import Database
from models.ledger import Grant
from models.service_usage import ServiceUsage
from models.workflow import Workflow
from pricing.credits import Credits
from pricing.quote import price
from pricing.rate_card_file import built_in_rate_card
from pricing.units import ServiceType
from server.demo.account import DemoAccount
from server.demo.history import SEED, build_history
from server.demo.opening import prepare_demo
from server.demo.runs import history_runs
from tests.clock import NOON

DEMO = DemoAccount(*(UUID(int=number) for number in range(7)))
REAL_REQUESTS = Path(__file__).parents[1] / "data/llm_requests_conversation.csv"


async def test_the_worked_examples_cost_what_they_must(database: Database) -> None:
    demo = await prepare_demo(database)
    async with database.read() as session:
        runs = (await session.scalars(select(Workflow).order_by(Workflow.started_at))).all()
        usages = (await session.scalars(select(ServiceUsage).order_by(ServiceUsage.id))).all()
        key = (await session.scalars(select(ApiKey).where(ApiKey.id == demo.account.graphiql_key_id))).one()
        remaining = (await session.scalars(select(Grant.remaining).order_by(Grant.id))).all()
    assert [(run.workflow_name, str(run.total_credits), run.status.value) for run in runs] == [
        ("phone_ai_call", "103", "COMPLETED"),
        ("voice_chat", "33", "COMPLETED"),
        ("emergency_medical_call", "121", "COMPLETED"),
        ("language_learning_voice_chat", "19", "COMPLETED"),
    ]
    assert [str(usage.credits) for usage in usages] == [
        "100",
        "3",
        "20",
        "12",
        "1",
        "100",
        "20",
        "1",
        "16",
        "2",
        "1",
    ]
    assert key.secret_hash == hash_secret(demo.secret)
    assert [scope.value for scope in key.scopes] == ["READ", "TRACK", "MANAGE"]
    # The emergency was paid from the reserve.
    assert [str(credits_) for credits_ in remaining] == [str(250_000 - 103 - 33 - 19), str(50_000 - 121)]


async def test_the_history_is_recorded_as_planned(database: Database) -> None:
    demo = await prepare_demo(database)
    told: list[tuple[int, int]] = []
    written = await build_history(database, demo.account, lambda done, of: told.append((done, of)))
    async with database.read() as session:
        spent = await session.scalar(
            select(total(ServiceUsage.credits)).join(
                Workflow,
                (Workflow.account_id == ServiceUsage.account_id) & (Workflow.id == ServiceUsage.workflow_id),
            )
        )
        requests = await session.scalar(
            select(func.count()).select_from(ServiceUsage).where(ServiceUsage.service_type == ServiceType.GPT)
        )
        outside = await session.scalar(
            select(func.count())
            .select_from(ServiceUsage)
            .join(
                Workflow,
                (Workflow.account_id == ServiceUsage.account_id) & (Workflow.id == ServiceUsage.workflow_id),
            )
            .where((ServiceUsage.used_at < Workflow.started_at) | (ServiceUsage.used_at > Workflow.ended_at))
        )
    assert written == 3520
    assert told[0] == (200, 3520)
    assert told[-1] == (3520, 3520)
    assert Credits(spent or 0) == Credits.whole(239_116)
    assert requests == 19_366 + 4
    assert outside == 0


def test_the_same_seed_and_moment_give_the_same_runs() -> None:
    assert history_runs(DEMO, now=NOON, seed=SEED) == history_runs(DEMO, now=NOON, seed=SEED)


def test_another_moment_gives_the_same_total() -> None:
    assert planned_credits(hours=0) == planned_credits(hours=1_000) == Credits.whole(239_116 - 276)


def planned_credits(*, hours: int) -> Credits:
    runs = history_runs(DEMO, now=NOON + timedelta(hours=hours), seed=SEED)
    card = built_in_rate_card()
    return Credits.total(
        price(card, usage.service_type, usage.provider, usage.quantity).credits
        for run in runs
        for usage in run.usages
    )


def test_every_real_request_is_one_usage() -> None:
    with REAL_REQUESTS.open(encoding="utf-8") as file:
        real = Counter(
            int(row["ContextTokens"]) + int(row["GeneratedTokens"]) for row in csv.DictReader(file)
        )
    runs = history_runs(DEMO, now=NOON, seed=SEED)
    told = Counter(
        int(str(usage.quantity))
        for run in runs
        for usage in run.usages
        if usage.service_type is ServiceType.GPT
    )
    assert told == real


def test_runs_are_within_the_window_and_by_day_more_than_by_night() -> None:
    runs = history_runs(DEMO, now=NOON, seed=SEED)
    starts = [run.start.started_at for run in runs if run.start.started_at is not None]
    ends = [run.ended_at for run in runs if run.ended_at is not None]
    assert NOON - timedelta(days=34) < min(starts) < NOON - timedelta(days=32)
    assert NOON - timedelta(hours=5) < max(ends) < NOON
    by_day = sum(8 <= start.hour < 20 for start in starts)
    assert by_day > 3 * (len(starts) - by_day)
    assert len({run.start.user_id for run in runs}) > 50
    assert {run.start.workflow_name for run in runs} == {
        "phone_ai_call",
        "voice_chat",
        "emergency_medical_call",
        "language_learning_voice_chat",
    }
    assert {run.status.value for run in runs} == {"COMPLETED", "FAILED", "CANCELLED"}
