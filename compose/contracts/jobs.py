"""The jobs that run between topics and tables, for lineage: one for each application a worker can host."""

from __future__ import annotations

from compose.stack.endpoints import BROKER_OBSERVER
from compose.verify.derivation import order_state
from sinks.clickhouse.ddl import DATABASE
from sinks.postgres.ddl import SCHEMA
from sinks.tables import TABLES
from topics.catalogue import ORDER_CAPTURE
from topics.contracts.lineage import Dataset, Job, clickhouse_dataset, postgres_dataset, topic_dataset
from topics.contracts.places import Places
from topics.store.hosting import HOSTED


def jobs(places: Places) -> tuple[Job, ...]:
    """Each application with the datasets it reads and writes in an installation."""
    derivation = order_state()
    outbox = postgres_dataset(places, "aggregates", "outbox")
    return (
        # what it reads is a log of the broker, which is no dataset
        _job(BROKER_OBSERVER, [], [outbox]),
        _job("relay", [outbox], _topics(places, *_published())),
        _job(derivation.consumer, _topics(places, derivation.source), _topics(places, derivation.derived)),
        _job("sink-postgres", _read_by_sinks(places), [postgres_dataset(places, SCHEMA, t.name) for t in TABLES]),
        _job("sink-clickhouse", _read_by_sinks(places), [clickhouse_dataset(places, DATABASE, t.name) for t in TABLES]),
    )


def _job(name: str, inputs: list[Dataset], outputs: list[Dataset]) -> Job:
    return Job(name, tuple(inputs), tuple(outputs))


def _published() -> list[str]:
    return sorted({*(host.topic for host in HOSTED), ORDER_CAPTURE.name})


def _topics(places: Places, *names: str) -> list[Dataset]:
    return [topic_dataset(places, name) for name in names]


def _read_by_sinks(places: Places) -> list[Dataset]:
    return _topics(places, *(t.topic for t in TABLES))
