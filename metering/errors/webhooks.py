"""Webhook endpoints that cannot be."""

from datetime import datetime

from metering.errors.base import Refusal


class InvalidWebhookEndpoint(Refusal):
    """An address that nothing can be sent to; `field` names the input."""

    code = "INVALID_WEBHOOK_ENDPOINT"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class TooManyWebhookEndpoints(Refusal):
    """The account has as many endpoints as it can have."""

    code = "TOO_MANY_WEBHOOK_ENDPOINTS"

    def __init__(self, most: int) -> None:
        super().__init__(f"An account has at most {most} webhook endpoints; remove one first.")
        self.most = most


class WebhookEndpointDisabled(Refusal):
    """Nothing is sent to the endpoint until it is enabled again."""

    code = "WEBHOOK_ENDPOINT_DISABLED"

    def __init__(self, disabled_at: datetime) -> None:
        super().__init__(
            f"The endpoint is disabled since {disabled_at.isoformat()}; enable it by updateWebhookEndpoint."
        )
        self.disabled_at = disabled_at
