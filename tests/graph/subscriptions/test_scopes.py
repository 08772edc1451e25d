"""Every root field of the subscriptions that the schema has, listened to with a key of each single scope."""

from models.api_key import Scope
from tests.door import scoped
from tests.graph.test_permissions import ROOTS, operation, scope_of
from tests.streams import Served, listener
from tests.tenant import Tenant

STREAMS = [root for root in ROOTS if root[0] == "subscription"]


async def test_a_key_opens_exactly_the_streams_of_its_scope(live: Served, tenant: Tenant) -> None:
    assert len(STREAMS) == 3
    for scope in Scope:
        async with listener(live.socket_url, await scoped(tenant, scope)) as ear:
            for kind, name, field in STREAMS:
                query, variables = operation(kind, name, field)
                message = await ear.message(await ear.subscribe(query, **variables))
                found = (
                    [error["extensions"]["code"] for error in message["payload"]]
                    if message["type"] == "error"
                    else []
                )
                if scope is not scope_of(field):
                    assert found == ["FORBIDDEN"], (name, scope)
                else:
                    assert set(found) <= {"BAD_USER_INPUT"}, name
