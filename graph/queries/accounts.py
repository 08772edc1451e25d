"""Accounts, for operators."""

from graph import ids
from graph.context import Info
from graph.loaders.filters import Everything
from graph.loaders.pages import ListKey
from graph.queries.nodes import ById
from graph.types.account import Account
from graph.types.connection import Connection, PageArguments, connect
from graph.types.listings import ALL_ACCOUNTS
from graph.types.orders import ACCOUNTS_NEWEST_FIRST
from models.identity import IdKind


async def account(info: Info, id: ById) -> Account | None:
    """Find any account."""
    row = await info.context.loaders.account_by_id.load(ids.read("id", IdKind.ACCOUNT, id))
    return None if row is None else Account.of(row)


async def accounts(info: Info, page: PageArguments) -> Connection[Account]:
    """Load a page of accounts."""
    everyone = ListKey(ALL_ACCOUNTS, None, Everything(), ACCOUNTS_NEWEST_FIRST)
    return await connect(info, everyone, Account.of, page)
