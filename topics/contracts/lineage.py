"""Names of datasets and jobs as OpenLineage has them: which inputs, by which job, become which outputs.

The document holds what never changes from run to run: the `job`, `inputs` and `outputs` of a JobEvent. Whoever emits
events adds the time and the producer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from topics.contracts.places import Places
from topics.topic import Topic

JOB_NAMESPACE = "ordertruth"


@dataclass(frozen=True, slots=True, order=True)
class Dataset:
    """A topic or table: the server is the namespace, what it is called there the name."""

    namespace: str
    name: str

    def plain(self) -> dict[str, str]:
        """As OpenLineage writes it."""
        return {"namespace": self.namespace, "name": self.name}


@dataclass(frozen=True, slots=True)
class Job:
    """An application that turns datasets into others."""

    name: str
    inputs: tuple[Dataset, ...]
    outputs: tuple[Dataset, ...]

    def plain(self) -> dict[str, Any]:
        """As OpenLineage writes it."""
        return {
            "job": {"namespace": JOB_NAMESPACE, "name": self.name},
            "inputs": [d.plain() for d in self.inputs],
            "outputs": [d.plain() for d in self.outputs],
        }


def topic_dataset(places: Places, topic: str) -> Dataset:
    """A Kafka topic; of several bootstrap servers the first names the cluster."""
    return Dataset(f"kafka://{places.kafka.partition(',')[0]}", topic)


def postgres_dataset(places: Places, schema: str, table: str) -> Dataset:
    """A table of the read model or of the aggregates."""
    return Dataset(f"postgres://{places.postgres}", f"{places.database}.{schema}.{table}")


def clickhouse_dataset(places: Places, database: str, table: str) -> Dataset:
    """A table of the analytics."""
    return Dataset(f"clickhouse://{places.clickhouse}", f"{database}.{table}")


def lineage(jobs: Iterable[Job], topics: Iterable[Topic], places: Places) -> dict[str, Any]:
    """Every job with what it reads and writes, and the name of every topic, those nobody reads yet included."""
    return {
        "jobs": [job.plain() for job in jobs],
        "topics": [topic_dataset(places, t.name).plain() for t in topics],
    }
