"""An account of the service that a module's tests run."""

import pytest

from tests.streams import Served
from tests.tenant import Tenant, new_tenant


@pytest.fixture
async def tenant(live: Served) -> Tenant:
    """An account with a key."""
    return await new_tenant(live.database)
