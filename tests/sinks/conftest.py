"""Connections to the stores of the stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
import pytest

from sinks.clickhouse import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from compose.stack.endpoints import Endpoints


@dataclass(frozen=True)
class Connections:
    """Clients for looking at the stores from outside, and the addresses sinks are made with."""

    stack: Endpoints
    postgres: psycopg.Connection
    clickhouse: Client


@pytest.fixture(scope="session")
def connections(stack: Endpoints) -> Iterator[Connections]:
    client = connect(stack.clickhouse_dsn)
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        yield Connections(stack, connection, client)
    client.close()
