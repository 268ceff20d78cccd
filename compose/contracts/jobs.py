"""The jobs that run between topics and tables, for lineage: one for each application a worker can host."""

from __future__ import annotations

from compose.derivations import DERIVATIONS, PLACING, derived_topics, placed_topics
from compose.stack.endpoints import BROKER_OBSERVER
from compose.verify.derivation import order_state
from sinks.alerts.ddl import SCHEMA as ALERTING
from sinks.clickhouse.ddl import DATABASE
from sinks.postgres.naming import SCHEMA
from sinks.tables import tables_of
from topics.catalogue import ALERTS, CASE_DECISIONS, DRIFT_FINDINGS, FEEDS, ORDER_CAPTURE, RECONCILIATION_CASES
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
        _job(
            PLACING,
            _topics(places, *(t.name for t in placed_topics())),
            _topics(places, *(FEEDS[app].name for app in DERIVATIONS)),
        ),
        *(
            _job(app, _topics(places, FEEDS[app].name), _topics(places, *(t.name for t in derived_topics(app))))
            for app in DERIVATIONS
        ),
        _job(
            "cases",
            _topics(places, DRIFT_FINDINGS.name, CASE_DECISIONS.name),
            _topics(places, RECONCILIATION_CASES.name, ALERTS.name),
        ),
        _job("alerts", _topics(places, ALERTS.name), [postgres_dataset(places, ALERTING, "outbox")]),
        _job(
            "sink-postgres",
            _read_by(places, "postgres"),
            [postgres_dataset(places, SCHEMA, t.name) for t in tables_of("postgres")],
        ),
        _job(
            "sink-clickhouse",
            _read_by(places, "clickhouse"),
            # one table of facts is filled from the topics of all owners
            [
                clickhouse_dataset(places, DATABASE, name)
                for name in dict.fromkeys(t.name for t in tables_of("clickhouse"))
            ],
        ),
    )


def _job(name: str, inputs: list[Dataset], outputs: list[Dataset]) -> Job:
    return Job(name, tuple(inputs), tuple(outputs))


def _published() -> list[str]:
    return sorted({*(host.topic for host in HOSTED), ORDER_CAPTURE.name})


def _topics(places: Places, *names: str) -> list[Dataset]:
    return [topic_dataset(places, name) for name in names]


def _read_by(places: Places, store: str) -> list[Dataset]:
    return _topics(places, *(t.topic for t in tables_of(store)))
