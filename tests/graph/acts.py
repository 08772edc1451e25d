"""One of every administrative mutation, in an order in which each can be done, and who does them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.actor import Actor, ActorKind
from models.api_key import Scope
from tests.door import Door
from tests.graph.test_permissions import ROOTS, scope_of
from tests.tenant import Tenant

TOKEN = "t0ps3cret"
CARD = {
    "rounding": "UP",
    "precision": 0,
    "rates": [{"serviceType": "GPT", "provider": "gpt-4o", "unitType": "TOKENS", "price": "8"}],
}
PERIOD = {"from": "2026-03-03T00:00:00Z", "to": "2026-03-04T00:00:00Z", "preset": "balanced"}
MARCH = "2026-03-04T12:00:00Z"


@dataclass(frozen=True, slots=True)
class Step:
    """A mutation with what it is given and shows; `$agent` stands for the id of what was shown as `agent`.

    `subject` is what was acted upon, as the step shows it or as it is written. `refused` changes the input so
    that the answer is a refusal; None is where nothing can be refused.
    """

    name: str
    given: dict[str, Any]
    success: str
    shown: str
    subject: str
    refused: dict[str, Any] | None


STEPS = (
    Step("createAccount", {"name": "New"}, "AccountCreated", "account { id }", "$account", None),
    Step(
        "grantCredits",
        {"accountId": "$account", "amount": "9", "idempotencyKey": "grant", "reason": "welcome"},
        "CreditsGranted",
        "grant { id }",
        "$grant",
        {"accountId": "account_"},
    ),
    Step(
        "voidGrant",
        {"accountId": "$account", "grantId": "$grant", "reason": "mistake", "idempotencyKey": "void"},
        "GrantVoided",
        "grant { id }",
        "$grant",
        {"idempotencyKey": "again"},
    ),
    Step(
        "publishRateCard",
        {"version": "audited", **CARD},
        "RateCardPublished",
        "rateCard { id }",
        "$rateCard",
        {"version": "audited"},
    ),
    Step(
        "setProviderAvailability",
        {"serviceType": "GPT", "provider": "gpt-4o", "available": False, "reason": "down"},
        "ProviderAvailabilitySet",
        "availability { provider }",
        "GPT gpt-4o",
        {"provider": "nobody"},
    ),
    Step(
        "issueApiKey",
        {"name": "second"},
        "ApiKeyIssued",
        "secret apiKey { id }",
        "$apiKey",
        {"expiresAt": MARCH},
    ),
    Step(
        "rotateApiKey",
        {"apiKeyId": "$apiKey"},
        "ApiKeyRotated",
        "secret apiKey { id }",
        "$apiKey",
        {"apiKeyId": "key_"},
    ),
    Step(
        "revokeApiKey",
        {"apiKeyId": "$apiKey"},
        "ApiKeyRevoked",
        "apiKey { id }",
        "$apiKey",
        {"apiKeyId": "key_"},
    ),
    Step(
        "createAgent",
        {"businessAdapter": "emergencyservices", "customSettings": {"location": TOKEN}},
        "AgentCreated",
        "agent { id }",
        "$agent",
        {"businessAdapter": "nobody"},
    ),
    Step(
        "updateAgent",
        {"agentId": "$agent", "name": "renamed"},
        "AgentUpdated",
        "agent { id }",
        "$agent",
        {"agentId": "agent_"},
    ),
    Step(
        "setShadowPolicy",
        {"agentId": "$agent", "preset": "balanced"},
        "ShadowPolicySet",
        "shadowPolicy { id }",
        "$shadowPolicy",
        {"preset": "nobody"},
    ),
    Step(
        "removeShadowPolicy",
        {"agentId": "$agent"},
        "ShadowPolicyRemoved",
        "shadowPolicy { id }",
        "$shadowPolicy",
        {},
    ),
    Step(
        "archiveAgent",
        {"agentId": "$agent"},
        "AgentArchived",
        "agent { id }",
        "$agent",
        {"agentId": "agent_"},
    ),
    Step(
        "setBudget",
        {"scope": "USER", "window": "DAY", "limit": "5", "subject": "ann"},
        "BudgetSet",
        "budget { id }",
        "$budget",
        {"timeZone": "Nowhere"},
    ),
    Step(
        "removeBudget",
        {"budgetId": "$budget"},
        "BudgetRemoved",
        "budget { id }",
        "$budget",
        {"budgetId": "budget_"},
    ),
    Step("setBalanceAlert", {"threshold": "5"}, "BalanceAlertSet", "account { id }", "$account", None),
    Step(
        "createWebhookEndpoint",
        {"url": f"https://example.com/{TOKEN}", "description": TOKEN},
        "WebhookEndpointCreated",
        "secret endpoint { id }",
        "$endpoint",
        {"url": "https://127.0.0.1/"},
    ),
    Step(
        "updateWebhookEndpoint",
        {"endpointId": "$endpoint", "url": f"https://example.com/{TOKEN}/2"},
        "WebhookEndpointUpdated",
        "endpoint { id }",
        "$endpoint",
        {"endpointId": "endpoint_"},
    ),
    Step(
        "rotateWebhookSecret",
        {"endpointId": "$endpoint"},
        "WebhookSecretRotated",
        "secret endpoint { id }",
        "$endpoint",
        {"endpointId": "endpoint_"},
    ),
    Step(
        "sendTestEvent",
        {"endpointId": "$endpoint"},
        "TestEventSent",
        "delivery { id }",
        "$delivery",
        {"endpointId": "endpoint_"},
    ),
    Step(
        "resendWebhookDelivery",
        {"deliveryId": "$delivery"},
        "WebhookDeliveryResent",
        "delivery { id }",
        "$delivery",
        {"deliveryId": "delivery_"},
    ),
    Step(
        "removeWebhookEndpoint",
        {"endpointId": "$endpoint"},
        "WebhookEndpointRemoved",
        "endpoint { id }",
        "$endpoint",
        {"endpointId": "endpoint_"},
    ),
    Step(
        "voidServiceUsage",
        {"serviceUsageId": "$usage", "reason": "mistake", "idempotencyKey": "void"},
        "ServiceUsageVoided",
        "serviceUsage { id }",
        "$serviceUsage",
        {"idempotencyKey": "again"},
    ),
    Step("startReplay", PERIOD, "ReplayStarted", "job { id }", "$job", None),
    Step(
        "cancelReplay",
        {"replayJobId": "$job"},
        "ReplayCancelled",
        "job { id }",
        "$job",
        {"replayJobId": "replay_"},
    ),
)
ADMINISTRATIVE = {
    name: field
    for kind, name, field in ROOTS
    if kind == "mutation" and scope_of(field) in {Scope.MANAGE, Scope.OPERATE}
}
"""Every mutation that needs MANAGE or OPERATE, read from the schema."""
OF_THE_SERVICE = {"publishRateCard", "setProviderAvailability"}
OF_THE_NEW_ACCOUNT = {"createAccount", "grantCredits", "voidGrant"}


@dataclass(slots=True)
class Walk:
    """An administrator of an account, and an operator, who do one step after the other."""

    ask: Door
    tenant: Tenant
    operator: tuple[Actor, str]
    ids: dict[str, str]

    async def step(self, step: Step, changes: dict[str, Any]) -> Any:
        """Send a step's mutation and give its answer."""
        given = {name: self._filled(value) for name, value in (step.given | changes).items()}
        kind = ADMINISTRATIVE[step.name].args["input"].type
        query = f"""mutation($input: {kind}) {{ {step.name}(input: $input) {{
          ... on {step.success} {{ {step.shown} }} ... on Refusal {{ code }} }} }}"""
        secret = self.operator[1] if self._is_operator_s(step) else self.tenant.secret
        status, answer = await self.ask(secret, query, {"input": given}, x_request_id=step.name)
        assert (status, answer.get("errors")) == (200, None), (step.name, answer)
        return answer["data"][step.name]

    def actor(self, step: Step) -> Actor:
        """Tell who must have done a step."""
        kind, key_id = ActorKind.API_KEY, self.tenant.api_key_id
        if self._is_operator_s(step):
            kind, key_id = self.operator[0].kind, self.operator[0].api_key_id or key_id
        return Actor(kind, key_id, "127.0.0.1", step.name)

    def remember(self, answer: dict[str, Any]) -> None:
        """Keep the ids of what an answer shows."""
        self.ids |= {name: it["id"] for name, it in answer.items() if isinstance(it, dict) and "id" in it}

    def subject(self, step: Step) -> str:
        """Say what a step acted upon."""
        return str(self._filled(step.subject))

    def _filled(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value.endswith("_"):
            return value + 32 * "0"
        return self.ids[value.removeprefix("$")] if value.startswith("$") else value

    def _is_operator_s(self, step: Step) -> bool:
        return scope_of(ADMINISTRATIVE[step.name]) is Scope.OPERATE

    def account_id(self, step: Step) -> UUID | None:
        """Say whose log a step is in; None is that of the service as a whole."""
        if step.name in OF_THE_SERVICE:
            return None
        if step.name in OF_THE_NEW_ACCOUNT:
            return UUID(hex=self.ids["account"].removeprefix("account_"))
        return self.tenant.account_id
