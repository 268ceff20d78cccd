"""How long a worker takes to read its state back: the engine's own restore over a changelog of real states."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from bench.lives import Life, lives
from bench.topics import PARTITIONS
from compose.stack.endpoints import Endpoints
from domain.errors import UnavailableError
from streams.engine.engine import Engine, EngineConfig
from streams.engine.opening import StoreKind
from streams.engine.position import POSITION_KEY, Position
from streams.engine.processor import Counts
from topics.admin import admin_client

TEMPLATES = 500
TRANSACTION_ORDERS = 5_000
PATIENCE_SECONDS = 900.0


class Nothing:
    """No events come: only what happens before the first one is measured."""

    def process(self, *_: object) -> Counts:
        """Called by nobody."""
        return Counts()


def run(
    endpoints: Endpoints,
    state_dir: Path,
    *,
    orders: int = 1_000_000,
    updates: int = 5,
    store: StoreKind = StoreKind.MEMORY,
) -> dict[str, Any]:
    """Write a changelog of `orders` live orders with `updates` values each, and restore it in a process of its own.

    None of it is compacted, which is the worst case. `restored` is the first start, `again` the next one of the same
    instance: a store on disk then reads only the tail. `seconds` are those of `Engine.restore` alone, `cpu_seconds` of
    its process. The topic is deleted at the end.
    """
    token = uuid.uuid4().hex[:8]
    kafka, changelog = endpoints.kafka_config(), f"bench.{token}.restore.changelog"
    folder = state_dir / "bench" / f"{token}-restore"
    admin = admin_client(kafka)
    # the cleaner would make the load smaller while it is being written
    config = {"cleanup.policy": "compact", "min.compaction.lag.ms": str(2**62)}
    admin.create_topics([NewTopic(changelog, PARTITIONS, 1, config=config)])[changelog].result(30)
    try:
        told = lives(min(TEMPLATES, orders))
        seeded = seed(kafka, changelog, told, orders, updates)
        plan = {"kafka": kafka, "changelog": changelog, "store": store, "folder": str(folder)}
        return {
            "orders": orders,
            "updates": updates,
            "partitions": PARTITIONS,
            "store": store.value,
            **seeded,
            "restored": _in_own_process(plan),
            "again": _in_own_process(plan),
        }
    finally:
        admin.delete_topics([changelog])[changelog].result(30)
        shutil.rmtree(folder, ignore_errors=True)


def seed(kafka_config: dict[str, str], changelog: str, told: list[Life], orders: int, updates: int) -> dict[str, Any]:
    """Write `updates` values of each order's life as the engine would, a position record after each transaction."""
    producer = Producer(
        {
            **kafka_config,
            "transactional.id": changelog,
            "partitioner": "murmur2_random",
            "compression.type": "lz4",
            "linger.ms": 5,
            "queue.buffering.max.messages": 500_000,
            "log_level": 3,
        }
    )
    producer.init_transactions(30.0)
    records = size = 0
    for values in _values(told, orders, updates):
        producer.begin_transaction()
        for key, value in values:
            _produce(producer, changelog, key, value)
            size += len(key) + len(value)
        records += len(values)
        position = Position({"bench": records}, {"bench": Counts(read=records, applied=records)}).to_bytes()
        for partition in range(PARTITIONS):
            _produce(producer, changelog, POSITION_KEY, position, partition=partition)
        producer.commit_transaction(60.0)
    return {"records": records, "bytes_per_record": round(size / records)}


def _values(told: list[Life], orders: int, updates: int) -> Iterator[list[tuple[bytes, bytes]]]:
    """The records of one transaction after the other: every order's first value, then every order's second."""
    chosen = [[life[(len(life) - 1) * (u + 1) // updates] for u in range(updates)] for life in told]
    for update in range(updates):
        for begin in range(0, orders, TRANSACTION_ORDERS):
            yield [
                (b"sim-1:order-%08d" % n, chosen[n % len(told)][update][:-8] + b"%08d" % n)
                for n in range(begin, min(begin + TRANSACTION_ORDERS, orders))
            ]


def _produce(producer: Producer, topic: str, key: bytes, value: bytes, **where: Any) -> None:
    while True:
        try:
            producer.produce(topic, key=key, value=value, **where)
        except BufferError:
            producer.poll(0.1)
        else:
            return


def _in_own_process(plan: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", __spec__.name, json.dumps(plan)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    if done.returncode:
        message = f"The restoring process ended with status {done.returncode}: {done.stderr.strip()[-500:]}."
        raise UnavailableError(message, remediation="See whether broker and disk have room.")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Restore what the plan on the command line names, and print what it took as JSON."""
    plan = json.loads(sys.argv[1])
    config = EngineConfig(
        app=f"{plan['changelog']}-app",
        instance="0",
        kafka_config=plan["kafka"],
        changelog=plan["changelog"],
        dead_letter_topics={},
        store=StoreKind(plan["store"]),
        store_dir=Path(plan["folder"]),
    )
    engine = Engine(config, Nothing())
    resident, began, cpu = psutil.Process().memory_info().rss, time.monotonic(), time.process_time()
    partitions = engine.restore(range(PARTITIONS))
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    records = sum(p.records_read for p in partitions.values())
    result = {
        "records": records,
        "orders": sum(sum(1 for _ in p.store.starting_with(b"sim-")) for p in partitions.values()),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "records_per_second": round(records / seconds),
        "resident_mib": round((psutil.Process().memory_info().rss - resident) / 2**20),
    }
    for partition in partitions.values():
        partition.store.close()
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
