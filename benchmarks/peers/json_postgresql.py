"""The nested query as one hand-written statement that PostgreSQL answers as JSON, behind bare ASGI.

Usage: python -m benchmarks.peers.json_postgresql PORT DSN
"""

import sys
from typing import Any
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]  # ships no type information
import orjson

from benchmarks.peers.serving import answer, body_of, serve

QUERY = """
SELECT json_build_object('data', json_build_object('agents', json_agg(json_build_object(
    'id', a.id, 'name', a.name, 'workflows', (
        SELECT coalesce(json_agg(json_build_object(
            'id', w.id, 'workflowName', w.workflow_name, 'status', w.status,
            'totalCredits', (w.total_credits / 1000000)::text,
            'servicesUsed', (
                SELECT coalesce(json_agg(json_build_object(
                    'id', u.id, 'serviceType', u.service_type, 'provider', u.provider,
                    'units', trim_scale(u.micro_units / 1000000.0)::text, 'unitType', u.unit_type,
                    'credits', (u.credits / 1000000)::text)), '[]')
                FROM (SELECT * FROM rival.service_usage WHERE account_id = w.account_id AND workflow_id = w.id
                      ORDER BY id LIMIT 10) u),
            'serviceBreakdown', (
                SELECT coalesce(json_agg(json_build_object(
                    'serviceType', b.service_type, 'provider', b.provider, 'usageCount', b.usages,
                    'totalCredits', (b.credits / 1000000)::text)), '[]')
                FROM (SELECT service_type, provider, count(*) AS usages, sum(credits)::bigint AS credits
                      FROM rival.service_usage WHERE account_id = w.account_id AND workflow_id = w.id
                      GROUP BY 1, 2 ORDER BY 4 DESC, 1, 2) b))), '[]')
        FROM (SELECT * FROM rival.workflow WHERE account_id = a.account_id AND agent_id = a.id
              ORDER BY id LIMIT 10) w)))))::text
FROM (SELECT * FROM rival.agent WHERE account_id = $1 ORDER BY id LIMIT 20) a
"""
POOL = 20
_pools: list[Any] = []


async def app(_scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
    if not _pools:
        _pools.append(asyncpg.create_pool(sys.argv[2], min_size=1, max_size=POOL))
    asked = orjson.loads(await body_of(receive))
    pool = await _pools[0]
    found = await pool.fetchval(QUERY, UUID(asked["variables"]["account"]))
    await answer(send, found.encode())


if __name__ == "__main__":
    serve(app)
