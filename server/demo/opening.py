"""The demo: a fresh account to look around in, with keys, agents, credits and the four worked examples."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from metering.accounts import create_account
from metering.agents import create_agent
from metering.api_keys import ACCOUNT_SCOPES, IssuedKey, issue_api_key
from metering.budgets.setting import SetBudget, set_budget
from metering.credits import GrantCredits, Restriction, grant_credits
from models.agent import Agent
from models.base import Json
from models.budget import BudgetAction, BudgetScope, BudgetWindow
from models.database import Database
from models.ledger import RestrictionKind
from models.writer import Command
from pricing.credits import Credits
from server.demo.account import DemoAccount
from server.demo.worked_examples import record_worked_examples

ACCOUNT_NAME = "Demo"
GRANTED = Credits.whole(250_000)
RESERVED_FOR_EMERGENCIES = Credits.whole(50_000)
CREDIT_LINE = Credits.whole(10_000)
OPENED_AGO = timedelta(days=34)
"""The account opens before the first run of its history."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo account, and the secret of its key for GraphiQL, which is stored nowhere."""

    account: DemoAccount
    secret: str


async def prepare_demo(database: Database) -> Demo:
    """Make a demo account: prepaid with a credit line, a grant and a reserve that serves emergencies only."""
    account = await database.write(
        Command(
            None,
            lambda session, *, now: create_account(
                session, name=ACCOUNT_NAME, overdraft_limit=CREDIT_LINE, now=now - OPENED_AGO
            ),
        )
    )
    await _give(database, GrantCredits(account.id, GRANTED, "demo-grant", reason="Prepaid for the quarter"))
    reserve = Restriction(RestrictionKind.ADAPTER, "emergencyservices")
    await _give(
        database,
        GrantCredits(
            account.id,
            RESERVED_FOR_EMERGENCIES,
            "demo-reserve",
            priority=10,
            restricted_to=reserve,
            reason="Emergencies never wait for credits",
        ),
    )
    keys = [await _issue(database, account.id, name) for name in ("GraphiQL", "mobile app", "call center")]
    agents = [await _hire(database, account.id, **agent) for agent in _AGENTS]
    demo = DemoAccount(account.id, *(key.api_key.id for key in keys), *(agent.id for agent in agents))
    for budget in _budgets(account.id):
        await database.write(Command(account.id, partial(set_budget, item=budget)))
    await record_worked_examples(database, demo)
    return Demo(demo, keys[0].secret)


async def _give(database: Database, item: GrantCredits) -> None:
    await database.write(
        Command(
            item.account_id,
            lambda session, *, now: grant_credits(session, item=item, now=now - OPENED_AGO),
        )
    )


async def _issue(database: Database, account_id: UUID, name: str) -> IssuedKey:
    return await database.write(
        Command(
            account_id,
            lambda session, *, now: issue_api_key(
                session, account_id=account_id, name=name, scopes=ACCOUNT_SCOPES, now=now - OPENED_AGO
            ),
        )
    )


async def _hire(
    database: Database,
    account_id: UUID,
    *,
    name: str,
    business_adapter: str,
    preset: str | None,
    settings: Json,
) -> Agent:
    return await database.write(
        Command(
            account_id,
            lambda session, *, now: create_agent(
                session,
                account_id=account_id,
                name=name,
                business_adapter=business_adapter,
                preset=preset,
                custom_settings=settings,
                now=now - OPENED_AGO,
            ),
        )
    )


def _budgets(account_id: UUID) -> tuple[SetBudget, ...]:
    return (
        SetBudget(
            account_id,
            BudgetScope.ACCOUNT,
            BudgetWindow.MONTH,
            Credits.whole(400_000),
            name="All that a month may cost",
        ),
        SetBudget(
            account_id,
            BudgetScope.USER,
            BudgetWindow.DAY,
            Credits.whole(2_000),
            name="Each user's day",
            action=BudgetAction.ALERT,
        ),
    )


_AGENTS = (
    {
        "name": "Emergency dispatcher",
        "business_adapter": "emergencyservices",
        "preset": None,
        "settings": {"emergency_type": "medical", "location": "Lisbon"},
    },
    {
        "name": "Language tutor",
        "business_adapter": "languagelearning",
        "preset": None,
        "settings": {"target_language": "Portuguese", "proficiency_level": "beginner"},
    },
    {
        "name": "Voice assistant",
        "business_adapter": "languagelearning",
        "preset": "balanced",
        "settings": {},
    },
)
