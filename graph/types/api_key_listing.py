"""The list of an account's API keys."""

from typing import Annotated

import strawberry

from graph.context import Info
from graph.loaders import filters
from graph.loaders.pages import ListKey, Parent
from graph.types.api_key import ApiKey
from graph.types.connection import Connection, PageArguments, connect
from graph.types.listings import API_KEYS_OF_ACCOUNT
from graph.types.orders import API_KEYS_NEWEST_FIRST

KeysRevoked = Annotated[
    bool | None, strawberry.argument(name="revoked", description="Only revoked keys, or only living ones.")
]


async def connect_api_keys(
    info: Info, account: Parent, revoked: bool | None, page: PageArguments
) -> Connection[ApiKey]:
    """Load one page of an account's keys."""
    keys = ListKey(API_KEYS_OF_ACCOUNT, account, filters.KeysLike(revoked), API_KEYS_NEWEST_FIRST)
    return await connect(info, keys, ApiKey.of, page)
