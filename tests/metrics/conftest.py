"""One engine for all tests of this folder: a process has one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import clickhouse_connect
import pytest

from sinks.clickhouse.ddl import DATABASE
from tests.metrics.analytics import EmbeddedSink

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse_connect.driver.client import Client


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder: Path = tmp_path_factory.mktemp("analytics")
    made = clickhouse_connect.get_client(interface="chdb", path=str(folder))
    yield made
    made.close()


@pytest.fixture
def sink(client: Client) -> EmbeddedSink:
    """A sink on analytics that are empty and set up."""
    client.command(f"DROP DATABASE IF EXISTS {DATABASE} SYNC")
    made = EmbeddedSink(client)
    made.setup()
    return made
