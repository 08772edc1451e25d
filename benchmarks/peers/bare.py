"""Bare ASGI: reads the request as JSON and answers the smallest query or 5,000 dictionaries.

Usage: python -m benchmarks.peers.bare PORT
"""

from typing import Any

import orjson

from benchmarks.peers.items import ITEMS, SCOPES
from benchmarks.peers.serving import answer, body_of, serve


async def app(_scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
    asked = orjson.loads(await body_of(receive))
    data = {"items": _items()} if "items" in asked["query"] else {"viewer": {"scopes": SCOPES}}
    await answer(send, orjson.dumps({"data": data}))


def _items() -> list[dict[str, Any]]:
    return [
        {
            "id": item.id,
            "name": item.name,
            "count": item.count,
            "price": item.price,
            "available": item.available,
        }
        for item in ITEMS
    ]


if __name__ == "__main__":
    serve(app)
