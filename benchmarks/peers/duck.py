"""DuckDB over the rows of a store, in memory: the breakdown of one key, as often as it is told.

Usage: PYTHON duck.py ROWS.csv KEY; then numbers of calls on its input, and seconds on its output.
"""

import sys
import time

import duckdb  # type: ignore[import-not-found]  # it has an environment of its own

BREAKDOWN = """
SELECT service_type, provider, count(*), sum(credits) FROM usage WHERE api_key = ?
GROUP BY ALL ORDER BY 4 DESC, 1, 2
"""


def main(rows: str, key: str) -> None:
    database = duckdb.connect()
    database.execute("CREATE TABLE usage AS FROM read_csv(?, header = true)", [rows])
    database.execute(BREAKDOWN, [key]).fetchall()
    print("ready", flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        for _ in range(int(line)):
            database.execute(BREAKDOWN, [key]).fetchall()
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
