"""Which parts a command works with, and making them ready: topics, schemas, tables."""

from __future__ import annotations

import psycopg

from avro.registry import Registry
from compose.settings import Settings
from compose.stack.endpoints import ADMIN, Endpoints
from compose.stack.folder import StateFolder
from compose.stack.kafka_access import secure_kafka
from compose.stack.lifecycle import current
from compose.stack.schema_ids import record_schema_ids
from domain.errors import UnavailableError
from sinks.clickhouse.sink import ClickHouseSink
from sinks.postgres.sink import PostgresSink
from topics.broker import Broker
from topics.catalogue import TOPICS, contracted_records
from topics.store import migrate


def endpoints_in_use(settings: Settings) -> Endpoints:
    """Where the running stack is. Raises `UnavailableError` when none runs."""
    record = current(settings)
    if record is None or record.endpoints is None or not record.is_alive:
        message = "The stack is down."
        raise UnavailableError(message, remediation="Run `ordertruth up` first.")
    return record.endpoints


def prepare(settings: Settings, endpoints: Endpoints) -> None:
    """Bring topics, grants, schemas and tables to the state this version needs; harmless to repeat."""
    broker = Broker(endpoints.kafka_config(ADMIN))
    broker.apply(broker.plan(TOPICS, settings.partition_count))
    if endpoints.is_secure:
        secure_kafka(endpoints)
    with Registry(endpoints.registry_url) as registry:
        for topic, record in contracted_records():
            registry.register(topic.name, record.name)
    if "registry" in endpoints.embedded:
        record_schema_ids(StateFolder(settings.state_path).schema_ids_file, endpoints.registry_url)
    with psycopg.connect(endpoints.database_url) as connection:
        migrate(connection)
    with PostgresSink(endpoints.database_url) as model:
        model.setup()
    with ClickHouseSink(endpoints.clickhouse_dsn) as analytics:
        analytics.setup()
