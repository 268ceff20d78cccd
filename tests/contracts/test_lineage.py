"""The lineage names against OpenLineage's own client."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from openlineage.client.event_v2 import InputDataset, Job, JobEvent, OutputDataset
from openlineage.client.naming.dataset import Kafka, Postgres
from openlineage.client.serde import Serde

from compose.contracts.jobs import jobs
from compose.settings import PARTITIONS_EXTERNAL
from compose.stack.postgres import DATABASE
from compose.workers import SERVICES, STREAM_APPS
from sinks.tables import tables_of
from topics.catalogue import ORDER_STATE, PRODUCT_ORDERS, TOPICS
from topics.contracts.index import LINEAGE_FILE
from topics.contracts.lineage import postgres_dataset, topic_dataset
from topics.contracts.places import Places

if TYPE_CHECKING:
    from collections.abc import Mapping

ELSEWHERE = Places(kafka="broker-1:9092,broker-2:9092", postgres="db:5433", database="orders")


@pytest.fixture
def lineage(made: Mapping[str, str]) -> dict[str, Any]:
    return dict(json.loads(made[LINEAGE_FILE]))


def test_each_job_is_a_job_event_of_openlineage(lineage: dict[str, Any]) -> None:
    for entry in lineage["jobs"]:
        event = JobEvent(
            eventTime=datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
            producer="https://ordertruth.com/contracts",
            job=Job(**entry["job"]),
            inputs=[InputDataset(**d) for d in entry["inputs"]],
            outputs=[OutputDataset(**d) for d in entry["outputs"]],
        )
        again = json.loads(Serde.to_json(event))
        for side in ("inputs", "outputs"):
            assert [(d["namespace"], d["name"]) for d in again[side]] == [
                (d["namespace"], d["name"]) for d in entry[side]
            ]


def test_datasets_are_named_as_openlineage_names_them() -> None:
    topic = topic_dataset(ELSEWHERE, ORDER_STATE.name)
    kafka = Kafka(bootstrap_server_host="broker-1", port="9092", topic=ORDER_STATE.name)
    assert (topic.namespace, topic.name) == (kafka.get_namespace(), kafka.get_name())
    table = postgres_dataset(ELSEWHERE, "derived", "order_state")
    postgres = Postgres(host="db", port="5433", database="orders", schema="derived", table="order_state")
    assert (table.namespace, table.name) == (postgres.get_namespace(), postgres.get_name())


def test_every_application_a_worker_can_host_is_a_job(lineage: dict[str, Any]) -> None:
    assert {j["job"]["name"] for j in lineage["jobs"]} == {*STREAM_APPS, *SERVICES}


def test_order_states_are_followed_from_the_events_to_both_stores(lineage: dict[str, Any]) -> None:
    by_name = {j["job"]["name"]: j for j in lineage["jobs"]}
    assert [d["name"] for d in by_name["order-state"]["inputs"]] == [PRODUCT_ORDERS.name]
    (states,) = by_name["order-state"]["outputs"]
    assert states["name"] == ORDER_STATE.name
    for sink, table in (
        ("sink-postgres", "ordertruth.derived.order_state"),
        ("sink-clickhouse", "analytics_non_authoritative.order_state"),
    ):
        assert states in by_name[sink]["inputs"]
        assert table in [d["name"] for d in by_name[sink]["outputs"]]
        assert len(by_name[sink]["outputs"]) == len({table.name for table in tables_of(sink.removeprefix("sink-"))})


def test_every_topic_has_a_name_there_even_when_nobody_reads_it(lineage: dict[str, Any]) -> None:
    assert [d["name"] for d in lineage["topics"]] == [t.name for t in TOPICS]


def test_places_are_those_of_the_installation() -> None:
    found = jobs(ELSEWHERE)
    namespaces = {d.namespace for job in found for d in (*job.inputs, *job.outputs)}
    assert namespaces == {"kafka://broker-1:9092", "postgres://db:5433", "clickhouse://localhost:8123"}


def test_the_places_named_by_default_are_those_of_an_installation_of_ones_own() -> None:
    assert Places().database == DATABASE
    assert Places().partitions == PARTITIONS_EXTERNAL
