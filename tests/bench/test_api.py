"""The measurement of the query API at a small size: its machinery, not anyone's speed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from bench import api
from bench.report import tables

if TYPE_CHECKING:
    from compose.stack.endpoints import Endpoints

ORDERS = 300


@pytest.mark.stack
def test_every_kind_of_request_is_answered_and_the_database_is_gone(
    stack: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "WARM_UP_SECONDS", 0.5)
    found = api.run(stack, orders=ORDERS, rate=60, clients=3, seconds=2.0)
    assert found["failed"] == 0
    assert found["all"]["requests"] == 120
    assert found["kinds"].keys() >= {"order", "number", "quote", "account", "state", "itemState", "stuck", "newest"}
    assert sum(kind["requests"] for kind in found["kinds"].values()) == 120
    assert found["all"]["max_ms"] >= found["all"]["p99_ms"] >= found["all"]["p50_ms"] > 0
    assert found["server_cpu_ms"] > 0
    with psycopg.connect(stack.database_url) as connection:
        left = connection.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'bench_api_%'").fetchone()
    assert left == (0,)
    (table,) = tables({"mode": "api", "api": found})
    assert [row[0] for row in table.rows][-1] == "all"
    assert "300 orders" in table.title
