"""Where each field of a service configuration comes from."""

from tests.door import Door
from tests.graph.quoting import agent_id
from tests.tenant import Tenant

ORIGINS = "serviceConfiguration { primaryAiModel origins { field origin } }"


async def test_an_agent_tells_where_each_field_of_its_configuration_comes_from(
    ask: Door, tenant: Tenant
) -> None:
    own = {"service_configuration": {"primary_ai_model": "gpt-4"}}
    for preset, else_from in ((None, "ADAPTER"), ("balanced", "PRESET")):
        agent = await agent_id(tenant, preset=preset, custom_settings=own)
        answer = await ask.data(tenant.secret, f'{{ agent(id: "{agent}") {{ {ORIGINS} }} }}')
        configuration = answer["agent"]["serviceConfiguration"]
        origins = {each["field"]: each["origin"] for each in configuration["origins"]}
        assert (configuration["primaryAiModel"], origins.pop("primary_ai_model")) == ("gpt-4", "AGENT")
        assert (len(origins), set(origins.values())) == (11, {else_from})


async def test_presets_and_adapters_are_their_own_origin(ask: Door, tenant: Tenant) -> None:
    origins = "configuration { origins { origin } }"
    query = f"{{ servicePresets {{ {origins} }} businessAdapters {{ {origins} }} }}"
    answer = await ask.data(tenant.secret, query)
    for root, origin in (("servicePresets", "PRESET"), ("businessAdapters", "ADAPTER")):
        for each in answer[root]:
            assert each["configuration"]["origins"] == [{"origin": origin}] * 12
