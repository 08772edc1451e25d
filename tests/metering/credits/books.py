"""An account's books in one line, for tests that follow where credits go."""

from sqlalchemy import select

from models.ledger import Grant
from pricing.credits import Credits
from tests.tenant import Tenant


async def books(tenant: Tenant) -> str:
    """Tell what grants still keep, and what is held, spent, owed and expired: `left 17 held 83 spent 20 …`."""
    account = await tenant.account()
    async with tenant.database.read() as session:
        grants = await session.scalars(select(Grant).where(Grant.account_id == tenant.account_id))
        left = Credits.total(grant.remaining for grant in grants)
    figures = {
        "left": left,
        "held": account.held,
        "spent": account.spent,
        "owed": account.owed,
        "expired": account.expired,
    }
    return " ".join(f"{name} {figure}" for name, figure in figures.items() if figure)
