"""An account that has one of everything, all of it under names and amounts that nobody else has."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select

from models.database import Database
from models.identity import IdKind, format_id
from models.tables import metadata
from pricing.credits import Credits
from tests.door import Door
from tests.tenant import Tenant, issue, new_tenant

FROM, TO = "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"
NEED = {"serviceType": "GPT", "units": "1000", "unitType": "TOKENS"}
MINUTE = {"serviceType": "PHONE", "provider": "twilio", "units": "1", "unitType": "MINUTES"}
TABLES = {
    IdKind.ACCOUNT: "account",
    IdKind.API_KEY: "api_key",
    IdKind.AGENT: "agent",
    IdKind.WORKFLOW: "workflow",
    IdKind.SERVICE_USAGE: "service_usage",
    IdKind.GRANT: "credit_grant",
    IdKind.HOLD: "credit_hold",
    IdKind.BUDGET: "budget",
    IdKind.LEDGER_TRANSFER: "ledger_transfer",
    IdKind.EVENT: "event",
    IdKind.WEBHOOK_ENDPOINT: "webhook_endpoint",
    IdKind.WEBHOOK_DELIVERY: "webhook_delivery",
    IdKind.SELECTION: "workflow_selection",
    IdKind.QUOTE: "quote",
    IdKind.REPLAY_JOB: "replay_job",
    IdKind.SHADOW_POLICY: "shadow_policy",
    IdKind.RATE: "rate",
    IdKind.RATE_CARD: "rate_card",
    IdKind.AUDIT_ENTRY: "audit_entry",
}
"""Where things of each kind are kept: a kind that is not here has no row in the walk."""
SHORTEST_NEEDLE = 5
"""Shorter text stands in any answer by chance."""

Rows = dict[str, list[dict[str, Any]]]


@dataclass(slots=True)
class Estate:
    """An account, the name that all of its things bear, and an id of each kind."""

    tenant: Tenant
    mark: str
    second_key: str
    ids: dict[IdKind, str] = field(default_factory=dict)
    card_paid: str = ""
    """The id of the card that is made up of everybody's and its own rates."""

    @property
    def secret(self) -> str:
        """The secret of its key."""
        return self.tenant.secret

    @property
    def database(self) -> Database:
        """The store."""
        return self.tenant.database

    def name(self, what: str) -> str:
        """Give a name of its own, as long as every account's name for it."""
        return f"{self.mark} {what}"


async def new_estate(ask: Door, operator: str, mark: str, amount: str) -> Estate:
    """Make an account with one of everything; its grant is of so many credits."""
    tenant = await new_tenant(ask.database, f"{mark} account")
    second, _ = await issue(ask.database, tenant.account_id, f"{mark} second")
    made = Estate(tenant, mark, format_id(IdKind.API_KEY, second.id))
    await _Making(ask, operator, made).everything(amount)
    made.ids = {kind: await _own_id(made, kind) for kind in IdKind}
    card = await ask.data(made.secret, "{ rateCard { id } }")
    made.card_paid = card["rateCard"]["id"]
    return made


async def rows_of(estate: Estate) -> Rows:
    """Read all rows that belong to the account, whatever their table."""
    found: Rows = {}
    async with estate.database.read() as session:
        for table in metadata.sorted_tables:
            rows = (await session.execute(_of_account(table, estate.tenant.account_id))).mappings().all()
            found[table.name] = sorted((dict(row) for row in rows), key=repr)
    return found


async def needles(mine: Estate, other: Estate) -> set[str]:
    """Give every text by which an answer would tell something of one account to the other.

    Ids as hexadecimal digits, names, hashes, settings and amounts, in small letters: what is the same for the
    other account, or is too short to tell anything, tells nothing.
    """
    texts, common = set(_texts(await rows_of(mine))), set(_texts(await rows_of(other)))
    secrets = {mine.secret.casefold(), mine.secret.rpartition("_")[2].casefold()}
    return {text for text in texts - common if len(text) >= SHORTEST_NEEDLE} | secrets


def _texts(rows: Rows) -> Iterator[str]:
    for table in rows.values():
        for row in table:
            for value in row.values():
                yield from _text(value)


def _text(value: object) -> Iterator[str]:
    if isinstance(value, UUID):
        yield value.hex
    elif isinstance(value, Credits):
        yield str(value)
    elif isinstance(value, str):
        yield value.casefold()
    elif isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        for each in inner:
            yield from _text(each)


def _of_account(table: Table, account_id: UUID) -> Any:
    """Select an account's rows; those of a card or a key belong to whoever has these."""
    if table.name == "account":
        return table.select().where(table.c.id == account_id)
    if "account_id" in table.c:
        return table.select().where(table.c.account_id == account_id)
    for column, parent in (("rate_card_id", "rate_card"), ("api_key_id", "api_key")):
        if column in table.c:
            owner = metadata.tables[parent]
            own = select(owner.c.id).where(owner.c.account_id == account_id)
            return table.select().where(table.c[column].in_(own))
    return table.select().where(False)  # noqa: FBT003 - a condition that nothing meets


async def _own_id(estate: Estate, kind: IdKind) -> str:
    if kind is IdKind.API_KEY:
        return format_id(kind, estate.tenant.api_key_id)
    if kind is IdKind.EVENT:  # one that is told to an endpoint
        rows = (await rows_of(estate))[TABLES[IdKind.WEBHOOK_DELIVERY]]
        return format_id(kind, rows[0]["event_id"])
    table = metadata.tables[TABLES[kind]]
    oldest = _of_account(table, estate.tenant.account_id).order_by(table.c.id).limit(1)
    async with estate.database.read() as session:
        found: UUID = (await session.execute(oldest)).mappings().one()["id"]
    return format_id(kind, found)


@dataclass(slots=True)
class _Making:
    """Mutations of an account and of its operator, one after another."""

    ask: Door
    operator: str
    estate: Estate

    async def everything(self, amount: str) -> None:
        account = {"accountId": format_id(IdKind.ACCOUNT, self.estate.tenant.account_id)}
        name = self.estate.name
        await self._as(self.operator, "grantCredits", "CreditsGranted { grant { id } }", **account,
                       amount=amount, reason=name("grant"), idempotencyKey=name("grant"))  # fmt: skip
        rate = {"serviceType": "GPT", "provider": name("provider"), "unitType": "TOKENS", "price": "0.37"}
        await self._as(self.operator, "publishRateCard", "RateCardPublished { rateCard { id } }", **account,
                       version=name("version"), rates=[rate])  # fmt: skip
        agent = await self._configured()
        run = await self._ran(agent)
        await self._told()
        plan = {"services": [NEED], "preset": "balanced", "workflowName": name("workflow")}
        await self._do("createQuote", "QuoteCreated { quote { id } }", plan=plan)
        period = {"from": FROM, "to": TO}
        await self._do("startReplay", "ReplayStarted { job { id } }", **period, preset="balanced")
        await self._do("rotateApiKey", "ApiKeyRotated { apiKey { id } }", apiKeyId=self.estate.second_key)
        hold = {"amount": "3.25", "workflowId": run, "idempotencyKey": name("hold")}
        await self._do("holdCredits", "CreditsHeld { hold { id } }", **hold)

    async def _configured(self) -> str:
        name = self.estate.name
        settings = {"location": name("location")}
        agent = await self._do("createAgent", "AgentCreated { agent { id } }", name=name("agent"),
                               businessAdapter="emergencyservices", customSettings=settings)  # fmt: skip
        await self._do("updateAgent", "AgentUpdated { agent { id } }", agentId=agent, name=name("renamed"))
        await self._do(
            "setShadowPolicy", "ShadowPolicySet { shadowPolicy { id } }", agentId=agent, preset="balanced"
        )
        budget = {"scope": "USER", "window": "DAY", "limit": "4321.5", "action": "ALERT", "thresholds": [1]}
        await self._do(
            "setBudget", "BudgetSet { budget { id } }", **budget, subject=name("user"), name=name("budget")
        )
        await self._do("setBalanceAlert", "BalanceAlertSet { account { id } }", threshold="5432.1")
        return agent

    async def _ran(self, agent: str) -> str:
        name = self.estate.name
        who = {"workflowName": name("workflow"), "userId": name("user"), "agentId": agent}
        plan = {"services": [NEED], "preset": "balanced"}
        run = await self._do(
            "startWorkflow", "WorkflowStarted { workflow { id } }", **who, selection=plan, hold={},
            businessAdapter=name("adapter"), metadata={"note": name("note")}, idempotencyKey=name("start"),
        )  # fmt: skip
        child = {**who, "parentWorkflowId": run, "idempotencyKey": name("child")}
        await self._do("startWorkflow", "WorkflowStarted { workflow { id } }", **child)
        own = {"serviceType": "GPT", "provider": name("provider"), "units": "9", "unitType": "TOKENS"}
        for number, use in enumerate((own, MINUTE, MINUTE)):
            given = {**use, "workflowId": run, "idempotencyKey": name(f"usage {number}")}
            usage = await self._do("addServiceUsage", "ServiceUsageAdded { serviceUsage { id } }", **given)
        void = {"serviceUsageId": usage, "reason": name("reason"), "idempotencyKey": name("void")}
        await self._do("voidServiceUsage", "ServiceUsageVoided { serviceUsage { id } }", **void)
        past = {**who, "servicesUsed": [MINUTE], "idempotencyKey": name("record")}
        await self._do("recordWorkflow", "WorkflowRecorded { workflow { id } }", **past)
        return run

    async def _told(self) -> None:
        name = self.estate.name
        url = f"https://example.com/{self.estate.mark}"
        endpoint = await self._do("createWebhookEndpoint", "WebhookEndpointCreated { endpoint { id } }",
                                  url=url, description=name("endpoint"))  # fmt: skip
        await self._do("sendTestEvent", "TestEventSent { delivery { id } }", endpointId=endpoint)

    async def _do(self, mutation: str, shown: str, **given: Any) -> str:
        return await self._as(self.estate.secret, mutation, shown, **given)

    async def _as(self, secret: str, mutation: str, shown: str, **given: Any) -> str:
        name = "ReplayInput" if mutation == "startReplay" else f"{mutation[0].upper()}{mutation[1:]}Input"
        query = f"mutation($in: {name}!) {{ made: {mutation}(input: $in) {{ __typename ... on {shown} }} }}"
        made = (await self.ask.data(secret, query, {"in": given}))["made"]
        assert made.pop("__typename") == shown.partition(" ")[0], (mutation, made)
        [thing] = made.values()
        return str(thing["id"])
