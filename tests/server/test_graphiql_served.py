"""Whether GraphiQL is served; where it is not, nothing of it is."""

from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from server.app import create_app
from server.settings import Settings

PLACES = ("/", "/static/graphiql/graphiql.js", "/static/graphiql/graphiql.css", "/static/graphiql/")


def client(folder: Path, **settings: object) -> AsyncClient:
    app = create_app(Settings.of({"database_url": f"sqlite:///{folder}/creditgraph.db", **settings}))
    return AsyncClient(transport=ASGITransport(app=app), base_url="http://service")


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "192.0.2.1"},
        {"graphiql": False},
        {"graphiql": False, "demo": True},
        {"host": "192.0.2.1", "introspection": "everybody"},
    ],
)
async def test_a_stranger_finds_nothing(tmp_path: Path, settings: dict[str, object]) -> None:
    async with client(tmp_path, **settings) as http:
        answers = [await http.get(place) for place in PLACES]
    for answer in answers:
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
        assert answer.json() == {"error": {"message": "There is nothing at this address."}}
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "settings",
    [{}, {"host": "localhost"}, {"host": "192.0.2.1", "demo": True}, {"host": "::", "graphiql": True}],
)
async def test_it_is_served_at_home_in_the_demo_and_where_it_is_wanted(
    tmp_path: Path, settings: dict[str, object]
) -> None:
    async with client(tmp_path, **settings) as http:
        statuses = [(await http.get(place)).status_code for place in PLACES]
    assert statuses == [200, 200, 200, 404]


async def test_what_is_not_served_is_said_in_json(tmp_path: Path) -> None:
    async with client(tmp_path) as http:
        wrong_method = await http.get("/graphql")
        wrong_place = await http.post("/nowhere", json={})
    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "POST")
    assert wrong_method.json() == {
        "errors": [
            {
                "message": "This address takes other methods; the header Allow names them.",
                "extensions": {"code": "BAD_USER_INPUT"},
            }
        ]
    }
    assert (wrong_place.status_code, wrong_place.json()) == (
        404,
        {"error": {"message": "There is nothing at this address."}},
    )
