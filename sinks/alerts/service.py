"""Alerts from their topic to people, as one service: a consumer that fills the outbox, a courier for each channel."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from avro.codec import SchemaForId
from sinks.alerts.channel import Channel
from sinks.alerts.courier import Courier, Patience
from sinks.alerts.sink import ALERT_TABLE, AlertSink
from sinks.consumer import BatchLimits, SinkConsumer
from sinks.table import Table

GROUP = "alerts"
LIMITS = BatchLimits(records=500, linger_s=0.05)


class AlertService:
    """Runs until it is stopped; the first part that fails ends it."""

    def __init__(
        self,
        kafka_config: Mapping[str, Any],
        schema_for_id: SchemaForId,
        database_url: str,
        channels: Sequence[Channel],
        patience: Patience | None = None,
        *,
        table: Table = ALERT_TABLE,
        group_id: str = GROUP,
    ) -> None:
        sink = AlertSink(database_url, channels, table=table)
        self.consumer = SinkConsumer(sink, kafka_config, schema_for_id, limits=LIMITS, group_id=group_id)
        self.couriers = tuple(Courier(database_url, channel, patience=patience) for channel in channels)

    def run(self, stop: threading.Event) -> None:
        """Fill and empty the outbox; raises what ended the consumer or a courier."""
        ended, failures = threading.Event(), list[BaseException]()

        def guarded(courier: Courier) -> None:
            try:
                courier.run(ended)
            except BaseException as error:
                failures.append(error)
                ended.set()

        threads = [
            threading.Thread(target=guarded, args=(courier,), name=f"alerts-{courier.channel.name}")
            for courier in self.couriers
        ]
        follower = threading.Thread(target=_follow, args=(stop, ended), name="alerts-stop")
        for thread in (*threads, follower):
            thread.start()
        try:
            self.consumer.run(ended)
        finally:
            ended.set()
            for thread in (*threads, follower):
                thread.join()
        if failures:
            raise failures[0]


def _follow(stop: threading.Event, ended: threading.Event) -> None:
    """End when the service is told to, or when a part of it has ended."""
    while not ended.is_set():
        if stop.wait(0.2):
            ended.set()
