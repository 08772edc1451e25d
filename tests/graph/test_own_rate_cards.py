"""An account's own prices over GraphQL: seen as one card with everybody's, and by nobody else."""

from models.identity import IdKind, format_id
from tests.door import Door
from tests.graph.publishing import CARD, PRICES, WHOLE, own, phone, publish, text_id
from tests.tenant import Tenant, new_tenant

CALL, CHAT = "PHONE twilio 5 MINUTES", "GPT gpt-4o-mini 3000 TOKENS"
IN_FORCE = f"query($at: DateTime, $of: ID) {{ rateCard(at: $at, accountId: $of) {{ {CARD} {PRICES} madeUpOf {{ version }} }} }}"
NODE = f"query($id: ID!) {{ node(id: $id) {{ id ... on RateCard {{ {CARD} {PRICES} }} ... on Rate {{ price rateCardVersion }} }} }}"
VERSIONS = "query($of: ID) { rateCards(accountId: $of) { id version accountId } }"
TO_OWN = '{ rateCardDiff(from: "2025-01-01", to: "own") { to changed { provider } } }'


async def test_an_account_sees_its_prices_as_one_card(ask: Door, tenant: Tenant, operator: str) -> None:
    await own(ask, operator, tenant, "own", phone("7"), phone("2", provider="private"))
    card = (await ask.data(tenant.secret, IN_FORCE))["rateCard"]
    assert (card["version"], card["effectiveFrom"]) == ("2025-01-01 + own", "2026-03-04T12:00:00Z")
    assert (card["rounding"], card["precision"], card["accountId"]) == ("UP", 0, text_id(tenant))
    assert card["madeUpOf"] == [{"version": "2025-01-01"}, {"version": "own"}]
    prices = {(each["serviceType"], each["provider"]): each for each in card["rates"]}
    assert len(prices) == len(card["rates"]) == 13
    for key, price, version in (
        (("PHONE", "twilio"), "7", "own"),
        (("PHONE", "private"), "2", "own"),
        (("GPT", "gpt-4"), "25", "2025-01-01"),
    ):
        assert (prices[key]["price"], prices[key]["rateCardVersion"]) == (price, version)
    again = (await ask.data(tenant.secret, NODE, {"id": card["id"]}))["node"]
    assert again == {key: value for key, value in card.items() if key != "madeUpOf"}
    before = (await ask.data(tenant.secret, IN_FORCE, {"at": "2026-03-04T11:59:59Z"}))["rateCard"]
    assert (before["version"], before["madeUpOf"], len(before["rates"])) == ("2025-01-01", [], 12)
    assert (await ask.data(tenant.secret, TO_OWN))["rateCardDiff"] == {
        "to": "2025-01-01 + own",
        "changed": [{"provider": "twilio"}],
    }


async def test_a_card_of_two_long_names_is_found_by_its_name(
    ask: Door, tenant: Tenant, operator: str
) -> None:
    await publish(ask, operator, "s" * 100, phone(), **WHOLE)
    await own(ask, operator, tenant, "o" * 100, phone("15"))
    both = (await ask.data(tenant.secret, "{ rateCard { version } }"))["rateCard"]["version"]
    assert both == "s" * 100 + " + " + "o" * 100
    query = """query($version: String!) {
      rateCardDiff(from: $version, to: $version) { from to unchangedCount }
      replay(input: {from: "2026-03-03T00:00:00Z", to: "2026-03-04T00:00:00Z", rateCardVersion: $version}) {
        totals { runCount }
      }
    }"""
    assert await ask.data(tenant.secret, query, {"version": both}) == {
        "rateCardDiff": {"from": both, "to": both, "unchangedCount": 1},
        "replay": {"totals": {"runCount": 0}},
    }


async def test_an_accounts_own_prices_end(ask: Door, tenant: Tenant, operator: str) -> None:
    await own(ask, operator, tenant, "own", phone("15"))
    ended = await own(ask, operator, tenant, "no longer")
    assert ended["rates"] == []
    query = "{ rateCard { version madeUpOf { version } } rateCards { version } }"
    assert await ask.data(tenant.secret, query) == {
        "rateCard": {"version": "2025-01-01", "madeUpOf": []},
        "rateCards": [{"version": version} for version in ("no longer", "own", "2025-01-01")],
    }


async def test_nobody_else_sees_an_accounts_own_prices(ask: Door, tenant: Tenant, operator: str) -> None:
    other = await new_tenant(tenant.database, "Other")
    own_card = await own(ask, operator, tenant, "own", phone("7"))
    run = await tenant.start()
    await tenant.hold(run, CALL)
    [usage] = await tenant.add(run, CALL)
    rate = format_id(IdKind.RATE, usage.rate_id)
    joint = (await ask.data(tenant.secret, IN_FORCE))["rateCard"]["id"]
    for secret, sees in ((tenant.secret, True), (other.secret, False), (operator, True)):
        for id_ in (own_card["id"], joint, rate):
            assert ((await ask.data(secret, NODE, {"id": id_}))["node"] is not None) is sees
        versions = [each["version"] for each in (await ask.data(secret, VERSIONS))["rateCards"]]
        assert versions == (["own", "2025-01-01"] if sees else ["2025-01-01"])
        _, diff = await ask(secret, TO_OWN)
        assert ("errors" not in diff) is sees
    for secret in (other.secret, operator):
        card = (await ask.data(secret, IN_FORCE))["rateCard"]
        assert (card["version"], card["accountId"], len(card["rates"])) == ("2025-01-01", None, 12)
    # A version that is another's is told as one that there is not.
    hidden = (await ask.error(other.secret, TO_OWN))["message"]
    missing = (await ask.error(other.secret, TO_OWN.replace("own", "owm")))["message"]
    assert hidden.replace("'own'", "'owm'") == missing
    offers = "{ providers(serviceType: PHONE) { rates { price } } }"
    for secret, price in ((tenant.secret, "7"), (other.secret, "20"), (operator, "20")):
        assert (await ask.data(secret, offers))["providers"] == [{"rates": [{"price": price}]}]


async def test_operators_see_what_an_account_sees_and_other_accounts_do_not(
    ask: Door, tenant: Tenant, operator: str
) -> None:
    other = await new_tenant(tenant.database, "Other")
    await own(ask, operator, tenant, "own", phone("7"))
    await own(ask, operator, other, "theirs", phone("8"))
    of = {"of": text_id(tenant)}
    for secret in (operator, tenant.secret):
        assert (await ask.data(secret, IN_FORCE, of))["rateCard"]["version"] == "2025-01-01 + own"
        versions = [each["version"] for each in (await ask.data(secret, VERSIONS, of))["rateCards"]]
        assert versions == ["own", "2025-01-01"]
    for query in (IN_FORCE, VERSIONS):
        assert await ask.code(other.secret, query, of) == "FORBIDDEN"
    everything = [each["accountId"] for each in (await ask.data(operator, VERSIONS))["rateCards"]]
    assert everything == [text_id(other), text_id(tenant), None]


async def test_usages_and_holds_name_the_cards_that_priced_them(
    ask: Door, tenant: Tenant, operator: str
) -> None:
    await own(ask, operator, tenant, "own", phone("7"))
    run = await tenant.start()
    hold = await tenant.hold(run, CALL)
    call, chat = await tenant.add(run, CALL, CHAT)
    shown = await ask.data(
        tenant.secret,
        """query($hold: ID!, $call: ID!, $chat: ID!) {
          hold: node(id: $hold) { ... on Hold { amount rateCard { version madeUpOf { version } } } }
          call: serviceUsage(id: $call) { creditsUsed rate { price rateCardVersion } }
          chat: serviceUsage(id: $chat) { creditsUsed rate { price rateCardVersion } } }""",
        {
            "hold": format_id(IdKind.HOLD, hold.id),
            "call": format_id(IdKind.SERVICE_USAGE, call.id),
            "chat": format_id(IdKind.SERVICE_USAGE, chat.id),
        },
    )
    assert shown == {
        "hold": {
            "amount": "35",
            "rateCard": {
                "version": "2025-01-01 + own",
                "madeUpOf": [{"version": "2025-01-01"}, {"version": "own"}],
            },
        },
        "call": {"creditsUsed": "35", "rate": {"price": "7", "rateCardVersion": "own"}},
        "chat": {"creditsUsed": "3", "rate": {"price": "1", "rateCardVersion": "2025-01-01"}},
    }
