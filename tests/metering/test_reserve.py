"""A restricted grant is a reserve: nothing that others owe or spend can touch it."""

import pytest

from metering.credits import Restriction
from metering.errors import CreditsExhausted, OverdraftLimitReached
from metering.tracking import IfUncovered
from models.ledger import RestrictionKind
from tests.tenant import Tenant

EMERGENCIES = Restriction(RestrictionKind.ADAPTER, "emergencyservices")


async def test_an_overdraft_of_others_leaves_the_reserve_alone(prepaid: Tenant) -> None:
    await prepaid.grant("10")
    reserve = await prepaid.grant("50", restricted_to=EMERGENCIES)
    chat = await prepaid.start("chat")
    await prepaid.add(chat, "PHONE twilio 4 MINUTES")
    assert str((await prepaid.account()).overdraft) == "70"

    (refused,) = await prepaid.start_all(prepaid.run("chat"))
    assert isinstance(refused, OverdraftLimitReached)
    emergency = await prepaid.start("emergency_medical_call", business_adapter="emergencyservices")
    item = prepaid.usage(emergency.id, "PHONE twilio 2 MINUTES", if_uncovered=IfUncovered.REFUSE)
    (added,) = await prepaid.add_all(item)
    assert not isinstance(added, Exception)
    assert await prepaid.remaining(reserve) == "10"


@pytest.mark.parametrize(("minutes", "passes"), [("3", True), ("4", False)])
async def test_a_reserve_adds_to_what_is_left_for_all(prepaid: Tenant, minutes: str, *, passes: bool) -> None:
    await prepaid.grant("10")
    await prepaid.grant("50", restricted_to=EMERGENCIES)
    emergency = await prepaid.start("emergency_medical_call", business_adapter="emergencyservices")
    item = prepaid.usage(emergency.id, f"PHONE twilio {minutes} MINUTES", if_uncovered=IfUncovered.REFUSE)
    (answer,) = await prepaid.add_all(item)
    assert isinstance(answer, CreditsExhausted) is not passes
