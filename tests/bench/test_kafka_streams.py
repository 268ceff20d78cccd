"""The Kafka Streams peer derives what the shipped application derives: the same last record of every order."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from avro.codec import decode
from avro.registry import Registry
from bench.measure import Place, await_written, worker
from bench.progress import CommittedOffsets
from bench.sides import OURS, PEERS_PYTHON, SIDES
from bench.templates import Message
from bench.topics import COMPACTED, PARTITIONS, create_topics
from bench.workload import Shape, messages, publish, templates_for
from compose.platform import prepare
from compose.verify.raw import read_all
from domain.order_state.build import canonical

if TYPE_CHECKING:
    from compose.settings import Settings
    from compose.stack.endpoints import Endpoints

pytestmark = [pytest.mark.stack, pytest.mark.full, pytest.mark.timeout(600)]

EVENTS = 2000
COMPARED = {"ours": SIDES[OURS], "theirs": SIDES["kafka_streams_eos"]}
PATIENCE_S = 240.0


def shaken(seed: int) -> list[Message]:
    """Events out of order, a tenth of them twice, and some versions claimed by a second event."""
    random = Random(seed)
    told = list(messages(templates_for(EVENTS, seed), EVENTS, Shape.BURSTY))
    told += random.sample(told, len(told) // 10)
    told += [
        Message(key, kind, body, [(n, str(uuid.UUID(int=i)).encode() if n == "ce_id" else v) for n, v in headers])
        for i, (key, kind, body, headers) in enumerate(random.sample(told, len(told) // 20))
    ]
    random.shuffle(told)
    return told


@pytest.fixture(scope="module")
def prepared(stack: Endpoints, stack_settings: Settings) -> Endpoints:
    prepare(stack_settings, stack)
    return stack


def last_records(endpoints: Endpoints, topic: str) -> tuple[dict[bytes, Any], set[tuple[str, ...]]]:
    """The last record of each order as far as it must be equal, and the names of the headers in their order."""
    table: dict[bytes, Any] = {}
    names = set()
    with Registry(endpoints.registry_url) as registry:
        for record in read_all(endpoints.kafka_config(), topic):
            assert record.value is not None
            assert record.key is not None
            table[record.key] = canonical(decode(record.value, registry.schema_for_id).data)
            names.add(tuple(name for name, _ in record.headers))
    return table, names


def derive(side: str, plan: dict[str, Any], total: int, logs: Path) -> None:
    """Have a side read `total` events, and stop it."""
    wanted = {plan["output"]: COMPACTED, plan["changelog"]: COMPACTED, plan["dead_letters"]: {}}
    create_topics(plan["kafka"], wanted)
    offsets = CommittedOffsets(plan["kafka"], plan["group"], plan["input"], plan["partitions"])
    with worker(COMPARED[side], plan, Place(logs, PEERS_PYTHON, None)), offsets as committed:
        deadline = time.monotonic() + PATIENCE_S
        while committed.total() < total:
            assert time.monotonic() < deadline, f"{side} committed {committed.total()} of {total}"
            time.sleep(0.2)
        await_written(plan["kafka"], plan["output"])


def run(endpoints: Endpoints, folder: Path, told: list[Message], **options: Any) -> dict[str, Any]:
    """What each side made of the same events."""
    token = uuid.uuid4().hex[:8]
    kafka, source = endpoints.kafka_config(), f"bench.{token}.events"
    create_topics(kafka, {source: {}})
    with Registry(endpoints.registry_url) as registry:
        total = publish(kafka, registry, source, told).events
    found = {}
    for side in COMPARED:
        plan = {
            "group": f"bench-{token}-{side}",
            "input": source,
            "output": f"bench.{token}.{side}.states",
            "changelog": f"bench.{token}.{side}.changelog",
            "dead_letters": f"bench.{token}.{side}.dead-letters",
            "kafka": kafka,
            "registry_url": endpoints.registry_url,
            "data_dir": str(folder / side),
            "partitions": PARTITIONS,
            "instance": "0",
            "commit_ms": 100,
            **options,
        }
        derive(side, plan, total, folder)
        table, headers = last_records(endpoints, plan["output"])
        letters = sorted((r.key or b"", r.value or b"") for r in read_all(kafka, plan["dead_letters"]))
        found[side] = (table, headers, letters)
    return found


@pytest.mark.parametrize("shape", list(Shape))
def test_it_derives_the_same_from_whole_stories(prepared: Endpoints, tmp_path: Path, shape: Shape) -> None:
    found = run(prepared, tmp_path, list(messages(templates_for(EVENTS, 3), EVENTS, shape)))
    assert found["ours"] == found["theirs"]
    assert found["ours"][0]
    assert found["ours"][2] == []


@pytest.mark.parametrize(
    "options",
    [
        {"store": "memory", "guarantee": "exactly_once_v2", "live_max": 20, "emit_every": 50},
        {"store": "rocksdb", "guarantee": "at_least_once", "threads": 2, "live_max": 20},
    ],
    ids=["memory", "rocksdb"],
)
def test_it_derives_the_same_from_events_out_of_order(
    prepared: Endpoints, tmp_path: Path, options: dict[str, Any]
) -> None:
    """The objects in work are few here, so that orders are read back from the store."""
    found = run(prepared, tmp_path, shaken(5), **options)
    assert found["ours"] == found["theirs"]
    assert any(record["conflictingVersions"] for record in found["ours"][0].values())


def test_it_goes_on_from_its_changelog_after_a_stop(prepared: Endpoints, tmp_path: Path) -> None:
    """Half of the events, a stop, the other half with the state folder gone: as if read in one go."""
    told = shaken(8)
    whole = run(prepared, tmp_path / "whole", told)
    token = uuid.uuid4().hex[:8]
    kafka, source = prepared.kafka_config(), f"bench.{token}.events"
    create_topics(kafka, {source: {}})
    plan = {
        "group": f"bench-{token}",
        "input": source,
        "kafka": kafka,
        "registry_url": prepared.registry_url,
        "output": f"bench.{token}.states",
        "partitions": PARTITIONS,
        "instance": "0",
        "commit_ms": 100,
    }
    table: dict[bytes, Any] = {}
    total = 0
    for part in (0, 1):
        plan |= {
            "data_dir": str(tmp_path / f"part-{part}"),
            "changelog": f"bench.{token}.{part}.changelog",
            "dead_letters": f"bench.{token}.{part}.dead-letters",
            "output": f"bench.{token}.{part}.states",
        }
        with Registry(prepared.registry_url) as registry:
            total += publish(kafka, registry, source, told[part::2]).events
        derive("theirs", plan, total, tmp_path)
        table |= last_records(prepared, plan["output"])[0]
    assert {k: _placeless(v) for k, v in table.items()} == {k: _placeless(v) for k, v in whole["theirs"][0].items()}


def _placeless(record: dict[str, Any]) -> dict[str, Any]:
    """Without the topic of the inputs, which is another one here."""
    inputs = [{**reference, "topic": ""} for reference in record["derivation"]["inputs"]]
    return {**record, "derivation": {**record["derivation"], "inputs": inputs}}
