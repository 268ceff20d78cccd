"""Health, measurements, the description, and what each database role may read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
import pytest

from domain.access import AUDIENCES
from domain.order_status.vocabulary import Audience
from sinks.postgres.roles import OPERATIONS, role_of
from sinks.tables import TABLES

if TYPE_CHECKING:
    from tests.console.conftest import Api

pytestmark = pytest.mark.stack


def test_health_needs_no_token(api: Api) -> None:
    assert api.client.get("/health/live").json() == {"live": True}
    assert api.client.get("/health/ready").json() == {"ready": True}


def test_what_is_measured(api: Api) -> None:
    api.get("/orders")
    api.get("/orders/made/up/by/somebody")
    text = api.client.get("/metrics").text
    assert re.search(r'ordertruth_api_requests_total\{method="GET",route="/orders",status="200"\} \d', text)
    assert "made/up" not in text
    assert 'ordertruth_api_staleness_seconds{source="derived.order-state.v1"} 0.04' in text


def test_the_description_loads_nothing_from_elsewhere(api: Api) -> None:
    page = api.client.get("/docs")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(parts) >= 3
    for part in parts:
        assert part.startswith("/")
        assert api.client.get(part).status_code == 200
    assert not re.findall(r"https?://", page.text)


def test_every_route_is_described_with_its_problems(api: Api) -> None:
    document = api.client.get("/openapi.json").json()
    described = {path for path in document["paths"] if not path.startswith(("/health", "/metrics"))}
    assert {"/orders", "/orders/{id}/status/{audience}", "/quotes/{id}/pricing-trace", "/cases/{id}/waive"} <= described
    assert "Problem" in document["components"]["schemas"]
    for path in described:
        for operation in document["paths"][path].values():
            assert operation["security"], path
            assert {"401", "403", "412", "422", "503"} <= operation["responses"].keys(), path
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert "application/problem+json" in answer["content"], (path, status)
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', api.client.get("/openapi.json").text))
    assert references <= document["components"]["schemas"].keys()


def test_the_audiences_are_those_of_the_status() -> None:
    assert {*AUDIENCES} == {*Audience}


@pytest.mark.parametrize("audience", sorted(AUDIENCES))
def test_the_role_of_an_audience_reads_its_status_and_nothing_else(api: Api, audience: str) -> None:
    with psycopg.connect(api.database_url, autocommit=True) as connection:
        connection.execute(f"SET ROLE {role_of(audience)}")
        for table in TABLES:
            query = psycopg.sql.SQL("SELECT count(*) FROM derived.{}").format(psycopg.sql.Identifier(table.name))
            if table.audience == audience:
                assert connection.execute(query).fetchone() is not None
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(
                        psycopg.sql.SQL("DELETE FROM derived.{}").format(psycopg.sql.Identifier(table.name))
                    )
                continue
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(query)
        for other in ("access.tokens", "access.keys", "aggregates.events", "derived.sink_positions"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT count(*) FROM {other}")


def test_operations_read_everything_and_write_nothing(api: Api) -> None:
    with psycopg.connect(api.database_url, autocommit=True) as connection:
        connection.execute(f"SET ROLE {role_of(OPERATIONS)}")
        for table in TABLES:
            connection.execute(f"SELECT count(*) FROM derived.{table.name}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"UPDATE derived.{table.name} SET version = 1")
