"""The nested query as one hand-written statement that SQLite answers as JSON, behind bare ASGI.

It reads the tables of the service, without threads. Usage: python -m benchmarks.peers.json_sqlite PORT FILE
"""

import sqlite3
import sys
from typing import Any

import orjson

from benchmarks.peers.serving import answer, body_of, serve

QUERY = """
SELECT json_object('data', json_object('agents', json_group_array(json_object(
    'id', hex(a.id), 'name', a.name, 'workflows', (
        SELECT json_group_array(json_object(
            'id', hex(w.id), 'workflowName', w.workflow_name, 'status', w.status,
            'totalCredits', CAST(w.total_credits / 1000000 AS TEXT),
            'servicesUsed', (
                SELECT json_group_array(json_object(
                    'id', hex(u.id), 'serviceType', u.service_type, 'provider', u.provider,
                    'units', CAST(u.micro_units / 1000000 AS TEXT), 'unitType', u.unit_type,
                    'credits', CAST(u.credits / 1000000 AS TEXT)))
                FROM (SELECT * FROM service_usage WHERE account_id = w.account_id AND workflow_id = w.id
                      ORDER BY id LIMIT 10) u),
            'serviceBreakdown', (
                SELECT json_group_array(json_object(
                    'serviceType', b.service_type, 'provider', b.provider, 'usageCount', b.usages,
                    'totalCredits', CAST(b.credits / 1000000 AS TEXT)))
                FROM (SELECT service_type, provider, count(*) AS usages, sum(credits) AS credits
                      FROM service_usage WHERE account_id = w.account_id AND workflow_id = w.id
                      GROUP BY 1, 2 ORDER BY 4 DESC, 1, 2) b)))
        FROM (SELECT * FROM workflow WHERE account_id = a.account_id AND agent_id = a.id
              ORDER BY id LIMIT 10) w)))))
FROM (SELECT * FROM agent WHERE account_id = ? ORDER BY id LIMIT 20) a
"""


def app_over(path: str) -> Any:  # noqa: ANN401 - ASGI's
    """Make the application over a file."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    async def app(_scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
        asked = orjson.loads(await body_of(receive))
        account = bytes.fromhex(asked["variables"]["account"])
        ((found,),) = connection.execute(QUERY, (account,)).fetchall()
        await answer(send, found.encode())

    return app


if __name__ == "__main__":
    serve(app_over(sys.argv[2]))
