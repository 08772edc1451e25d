"""Things that an account does not have."""

from metering.errors.base import Refusal
from pricing.names import did_you_mean
from pricing.units import ServiceType


class NotFound(Refusal):
    """No such thing in this account; another account's things are not told apart from missing ones."""

    noun: str

    def __init__(self) -> None:
        super().__init__(f"There is no such {self.noun} in this account.")


class AccountNotFound(NotFound):
    """No such account."""

    code, noun = "ACCOUNT_NOT_FOUND", "account"

    def __init__(self) -> None:
        Refusal.__init__(self, "There is no such account.")


class AgentNotFound(NotFound):
    """No such agent, or it is archived."""

    code, noun = "AGENT_NOT_FOUND", "agent"

    def __init__(self) -> None:
        Refusal.__init__(self, "There is no such agent in this account, or it is archived.")


class ApiKeyNotFound(NotFound):
    """No such API key, or it is revoked."""

    code, noun = "API_KEY_NOT_FOUND", "API key"


class BudgetNotFound(NotFound):
    """No such budget."""

    code, noun = "BUDGET_NOT_FOUND", "budget"


class GrantNotFound(NotFound):
    """No such grant."""

    code, noun = "GRANT_NOT_FOUND", "grant"


class HoldNotFound(NotFound):
    """No such hold."""

    code, noun = "HOLD_NOT_FOUND", "hold"


class ProviderNotFound(NotFound):
    """Neither a rate card nor the catalogue knows such a provider of the service type."""

    code, noun = "PROVIDER_NOT_FOUND", "provider"

    def __init__(self, service_type: ServiceType, provider: str, known: list[str]) -> None:
        fix = did_you_mean(provider, known) if known else "Nothing serves it yet: publish a rate first."
        Refusal.__init__(self, f"{service_type} has no provider {provider!r}. {fix}")
        self.service_type = service_type
        self.provider = provider
        self.known = known


class ServiceUsageNotFound(NotFound):
    """No such service usage."""

    code, noun = "SERVICE_USAGE_NOT_FOUND", "service usage"


class ShadowPolicyNotFound(NotFound):
    """The agent has no shadow policy in force."""

    code, noun = "SHADOW_POLICY_NOT_FOUND", "shadow policy"

    def __init__(self) -> None:
        Refusal.__init__(self, "The agent has no shadow policy in force.")


class WebhookDeliveryNotFound(NotFound):
    """No such delivery."""

    code, noun = "WEBHOOK_DELIVERY_NOT_FOUND", "webhook delivery"


class WebhookEndpointNotFound(NotFound):
    """No such endpoint, or it is removed."""

    code, noun = "WEBHOOK_ENDPOINT_NOT_FOUND", "webhook endpoint"


class WorkflowNotFound(NotFound):
    """No such workflow."""

    code, noun = "WORKFLOW_NOT_FOUND", "workflow"
