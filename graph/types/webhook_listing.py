"""The list of an account's webhook endpoints."""

from typing import Annotated

import strawberry

from graph.context import Info
from graph.loaders import filters
from graph.loaders.pages import ListKey, Parent
from graph.types.connection import Connection, PageArguments, connect
from graph.types.listings import ENDPOINTS_OF_ACCOUNT
from graph.types.orders import ENDPOINTS_NEWEST_FIRST
from graph.types.webhook import WebhookEndpoint

EndpointsRemoved = Annotated[
    bool, strawberry.argument(name="removed", description="True for those that were removed.")
]


async def connect_endpoints(
    info: Info, account: Parent, removed: bool, page: PageArguments
) -> Connection[WebhookEndpoint]:
    """Load one page of an account's endpoints."""
    endpoints = ListKey(ENDPOINTS_OF_ACCOUNT, account, filters.EndpointsLike(removed), ENDPOINTS_NEWEST_FIRST)
    return await connect(info, endpoints, WebhookEndpoint.of, page)
