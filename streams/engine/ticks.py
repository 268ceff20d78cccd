"""Clocks of simulated tenants, as ticks on the topic of the platform clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from confluent_kafka import KafkaException, Producer

from avro.headers import format_time, parse_time
from avro.moments import microseconds
from domain.errors import ConfigurationError, RecordError, UnavailableError
from streams.clock import LIVE, SIMULATED_PREFIX, clock_of
from streams.engine.batch import RecordBatch
from streams.engine.copartition import require_equal_counts
from streams.engine.position import Position
from streams.engine.processor import Counts, Output, State

DELIVERY_SECONDS_MAX = 30.0


class TickReader:
    """Takes ticks into a position; a processor to the engine, so that a bad tick becomes a dead letter."""

    def __init__(self, position: Position) -> None:
        self._position = position

    def process(self, batch: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        """Keep the newest tick of each tenant; raises `RecordError` for what is none."""
        counts = Counts(read=len(batch))
        ticks = dict(self._position.ticks)
        for key, value in zip(batch.keys, batch.values, strict=True):
            clock, tick_us = _tick(key, value)
            known = ticks.get(clock)
            if known is not None and tick_us <= known:
                counts.duplicate += tick_us == known
                counts.stale += tick_us < known
                continue
            ticks[clock] = tick_us
            counts.applied += 1
        self._position.ticks = ticks
        return counts


def _tick(key: bytes | None, value: bytes | None) -> tuple[str, int]:
    clock = clock_of((key or b"") + b":")
    try:
        moment = microseconds(parse_time((value or b"").decode()))
    except ValueError as error:
        raise _bad(f"{value!r} is no time: {error}") from None
    if clock == LIVE:
        raise _bad(f"{key!r} is no simulated tenant: its clock is the wall clock")
    return clock, moment


def publish_tick(kafka_config: Mapping[str, str], topic: str, tenant: str, moment: datetime) -> None:
    """Say on every partition that it is this time for a simulated tenant, and return when Kafka has it.

    Call it after the facts up to then were published: a reader takes the tick as a promise that they are there.
    Repeating it, or an earlier time, changes nothing.

    Raises `ConfigurationError` for a tenant that is not simulated, `UnavailableError` when the broker is away.
    """
    if not tenant.startswith(SIMULATED_PREFIX) or ":" in tenant:
        message = (
            f"The clock of {tenant!r} cannot be set: only tenants named {SIMULATED_PREFIX}… have one of their own."
        )
        raise ConfigurationError(message, remediation="Every other tenant lives by the wall clock.")
    partitions = require_equal_counts(kafka_config, [topic])
    failures: list[str] = []

    def delivered(error: Any, _: Any) -> None:
        if error is not None:
            failures.append(str(error))

    producer = Producer({**kafka_config, "enable.idempotence": True, "linger.ms": 0, "log_level": 3})
    try:
        for partition in range(partitions):
            producer.produce(topic, format_time(moment).encode(), tenant.encode(), partition, on_delivery=delivered)
        left = producer.flush(DELIVERY_SECONDS_MAX)
    except KafkaException as error:
        left, failures = partitions, [str(error)]
    if left or failures:
        message = (
            f"The tick of {tenant} did not reach every partition of {topic}: {'; '.join(failures) or 'no answer'}."
        )
        raise UnavailableError(message, remediation="Send it again when the broker is back; repeating does no harm.")


def _bad(problem: str) -> RecordError:
    return RecordError(
        "BAD_TICK", f"{problem}.", stage="decode", remediation="Ticks are made by `ordertruth clock`, keyed by tenant."
    )
