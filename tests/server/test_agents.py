"""POST /api/v1/agent/create: agents by JSON."""

import json
from typing import Any

import pytest

from models.api_key import Scope
from models.database import Database
from tests.door import Door, opened_door, scoped
from tests.tenant import Tenant, issue

PATH = "/api/v1/agent/create"
EXAMPLE = {
    "business_logic_adapter": "emergencyservices",
    "custom_settings": {
        "service_configuration": {
            "primary_ai_model": "gpt-4o",
            "voice_enabled": True,
            "phone_enabled": True,
            "cost_optimization": False,
        }
    },
}


@pytest.fixture
async def ask(database: Database) -> Any:
    async with opened_door(database) as door:
        yield door


async def create(ask: Door, key: str | None, body: object) -> tuple[int, Any]:
    response = await ask.post(key, json.dumps(body).encode(), PATH)
    assert response.headers["content-type"] == "application/json"
    return response.status_code, response.json()


async def test_the_contract_s_example(ask: Door, tenant: Tenant) -> None:
    status, agent = await create(ask, tenant.secret, EXAMPLE)
    assert status == 201
    assert agent == {
        "id": agent["id"],
        "name": "emergencyservices",
        "business_logic_adapter": "emergencyservices",
        "service_configuration": {
            "primary_ai_model": "gpt-4o",
            "fallback_ai_model": agent["service_configuration"]["fallback_ai_model"],
            "voice_enabled": True,
            "stt_provider": "openai-whisper",
            "tts_provider": "openai-tts",
            "phone_enabled": True,
            "phone_provider": "twilio",
            "vision_enabled": True,
            "vision_provider": agent["service_configuration"]["vision_provider"],
            "cost_optimization": False,
            "max_credits_per_request": None,
            "accuracy_requirement": agent["service_configuration"]["accuracy_requirement"],
        },
    }
    query = "query($id: ID!) { agent(id: $id) { name businessAdapter customSettings serviceConfiguration { primaryAiModel phoneProvider } } }"
    assert (await ask.data(tenant.secret, query, {"id": agent["id"]}))["agent"] == {
        "name": "emergencyservices",
        "businessAdapter": "emergencyservices",
        "customSettings": EXAMPLE["custom_settings"],
        "serviceConfiguration": {"primaryAiModel": "gpt-4o", "phoneProvider": "twilio"},
    }


async def test_name_and_preset(ask: Door, tenant: Tenant) -> None:
    body = {"business_logic_adapter": "languagelearning", "name": "Tuto\u0301r", "preset": "cost_optimized"}
    status, agent = await create(ask, tenant.secret, body)
    assert (status, agent["name"]) == (201, "Tutór")
    assert agent["service_configuration"]["max_credits_per_request"] == "50"


async def test_bad_input_names_the_field_and_writes_nothing(ask: Door, tenant: Tenant) -> None:
    adapter = {"business_logic_adapter": "emergencyservices"}
    deep: dict[str, Any] = {}
    for _ in range(12):
        deep = {"location": deep}
    for body, field in [
        ({}, "business_logic_adapter"),
        ({"business_logic_adapter": None}, "business_logic_adapter"),
        ({"business_logic_adapter": 5}, "business_logic_adapter"),
        ({"business_logic_adapter": ""}, "business_logic_adapter"),
        ({"business_logic_adapter": "nothing"}, "business_logic_adapter"),
        ({"business_logic_adapter": "a\0"}, "business_logic_adapter"),
        ({"business_logic_adapter": "\ud800"}, "business_logic_adapter"),
        (adapter | {"name": ""}, "name"),
        (adapter | {"name": " a"}, "name"),
        (adapter | {"name": "x" * 101}, "name"),
        (adapter | {"name": 5}, "name"),
        (adapter | {"preset": "nothing"}, "preset"),
        (adapter | {"surprise": 1}, "surprise"),
        (adapter | {"\ud800": 1}, "body"),
        (adapter | {"custom_settings": None}, "custom_settings"),
        (adapter | {"custom_settings": []}, "custom_settings"),
        (adapter | {"custom_settings": deep}, "custom_settings"),
        (adapter | {"custom_settings": {"location": "x" * 30_000}}, "custom_settings"),
        (adapter | {"custom_settings": {"location": 2**70}}, "custom_settings"),
        (adapter | {"custom_settings": {"location": "\ud800"}}, "custom_settings"),
        (adapter | {"custom_settings": {"location": 5}}, "custom_settings.location"),
        (adapter | {"custom_settings": {"location": "a\0"}}, "custom_settings.location"),
        (adapter | {"custom_settings": {"surprise": 1}}, "custom_settings.surprise"),
        (
            adapter | {"custom_settings": {"service_configuration": 1}},
            "custom_settings.service_configuration",
        ),
        (
            adapter | {"custom_settings": {"service_configuration": {"surprise": 1}}},
            "custom_settings.service_configuration.surprise",
        ),
        (
            adapter | {"custom_settings": {"service_configuration": {"voice_enabled": "yes"}}},
            "custom_settings.service_configuration.voice_enabled",
        ),
        (
            adapter | {"custom_settings": {"service_configuration": {"max_credits_per_request": 0.5}}},
            "custom_settings.service_configuration.max_credits_per_request",
        ),
    ]:
        status, answer = await create(ask, tenant.secret, body)
        assert (status, answer["error"]["field"]) == (422, field), body
        assert answer["error"]["message"]
    for content, status in [
        (b"{", 400),
        (b"[]", 400),
        (b'{"name": "a", "name": "b"}', 400),
        (b"{" + b" " * 2**20, 413),
    ]:
        response = await ask.post(tenant.secret, content, PATH)
        assert (response.status_code, list(response.json()["error"])) == (status, ["message"])
    assert (await ask.post(tenant.secret, b"{}", PATH, content_type="text/plain")).status_code == 415
    query = "{ viewer { account { agents { totalCount } } } }"
    assert (await ask.data(tenant.secret, query))["viewer"]["account"]["agents"]["totalCount"] == 0


async def test_keys_that_may_not(ask: Door, tenant: Tenant) -> None:
    _, operator = await issue(tenant.database, None, "operator", tuple(Scope))
    for key in (None, "nexus_nothing"):
        response = await ask.post(key, json.dumps(EXAMPLE).encode(), PATH)
        assert response.status_code == 401
    for key in (operator, await scoped(tenant, Scope.READ, Scope.TRACK)):
        assert await create(ask, key, EXAMPLE) == (
            403,
            {"error": {"message": "This needs an account's API key with the scope MANAGE."}},
        )
    assert (await ask.http.get(PATH)).status_code == 405
