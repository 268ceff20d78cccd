"""The sinks as they run: made from plain connection values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avro.registry import Registry
from sinks.clickhouse.sink import ClickHouseSink
from sinks.consumer import BatchLimits, SinkConsumer
from sinks.postgres.sink import PostgresSink

POSTGRES_LIMITS = BatchLimits(records=1000, linger_s=0.02)
# Each insert makes a part on disk that has to be merged, so there it pays to wait for more.
CLICKHOUSE_LIMITS = BatchLimits(records=5000, linger_s=0.25)


def postgres_consumer(kafka_config: Mapping[str, Any], registry: Registry, database_url: str) -> SinkConsumer:
    """The consumer that keeps the read model."""
    return SinkConsumer(PostgresSink(database_url), kafka_config, registry.schema_for_id, limits=POSTGRES_LIMITS)


def clickhouse_consumer(kafka_config: Mapping[str, Any], registry: Registry, clickhouse_dsn: str) -> SinkConsumer:
    """The consumer that keeps the analytics."""
    return SinkConsumer(ClickHouseSink(clickhouse_dsn), kafka_config, registry.schema_for_id, limits=CLICKHOUSE_LIMITS)
