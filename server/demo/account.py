"""The ids of a demo account, which its history is written under."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A demo account with its three keys and its three agents."""

    account_id: UUID
    graphiql_key_id: UUID
    mobile_app_key_id: UUID
    call_center_key_id: UUID
    dispatcher_id: UUID
    tutor_id: UUID
    assistant_id: UUID
