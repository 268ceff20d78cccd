"""A sink in a process of its own, so that a test can kill it: bootstrap, registry, database, topic, table."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace

from avro.registry import Registry
from sinks.consumer import BatchLimits, SinkConsumer
from sinks.postgres import PostgresSink
from sinks.tables import ORDER_STATE


def main() -> None:
    bootstrap, registry_url, database_url, topic, name = sys.argv[1:]
    table = replace(ORDER_STATE, topic=topic, dead_letters=f"dlq.{topic}", name=name)
    registry = Registry(registry_url)
    SinkConsumer(
        PostgresSink(database_url, [table]),
        {"bootstrap.servers": bootstrap},
        registry.schema_for_id,
        limits=BatchLimits(records=20, linger_s=0.005),
        # A group for each life: a successor need not wait until the broker believes the killed one gone.
        group_id=f"{name}-{threading.get_native_id()}",
    ).run(threading.Event())


if __name__ == "__main__":
    main()
