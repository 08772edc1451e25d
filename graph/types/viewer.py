"""Who is asking."""

from typing import Self

import strawberry

from graph.context import Info
from graph.types.account import Account
from graph.types.api_key import ApiKey
from graph.types.computed import read, showing
from models.api_key import ApiKey as ApiKeyRow
from models.api_key import Scope


@showing
@strawberry.type(description="Who is asking: the calling key, its account and what it may do.")
class Viewer:
    """Who is asking."""

    api_key: ApiKey = read(lambda viewer: ApiKey.of(viewer.row), description="The calling key.")
    scopes: list[Scope] = read(
        lambda viewer: list(viewer.row.scopes), description="What the calling key may do."
    )
    row: strawberry.Private[ApiKeyRow]

    @classmethod
    def of(cls, row: ApiKeyRow) -> Self:
        """Show a key's owner."""
        return cls(row=row)

    @strawberry.field(description="The key's account; null for an operator's key.")
    async def account(self, info: Info) -> Account | None:
        """Load the account."""
        account_id = info.context.api_key.account_id
        if account_id is None:
            return None
        row = await info.context.loaders.account_by_id.load(account_id)
        return None if row is None else Account.of(row)
