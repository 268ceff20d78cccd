"""Faults of the records: they come twice, in another order, or cannot be read at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, ClassVar
from uuid import UUID

from confluent_kafka import KafkaError, Message, Producer

from avro.codec import frame
from avro.registry import Registry
from compose.chaos.faults.fault import Fault, Poison
from compose.chaos.wire import await_traffic
from domain.errors import UnavailableError
from streams.engine.batch import Headers
from topics.catalogue import PRODUCT_ORDERS
from topics.outbox import OutboxMessage

TRAFFIC_SECONDS_MAX = 30.0
FLUSH_SECONDS_MAX = 90.0
"""A broker that has just been started again may take its time to elect leaders."""
UNKNOWN_SCHEMA_ID = 2_000_000_000


class Duplicates(Fault):
    """One event in ten is published again under the same `ce_id`, from here to the end of the run."""

    name: ClassVar[str] = "duplicates"
    recovers: ClassVar[bool] = False

    def inject(self) -> None:
        """Tell the wire."""
        self.site.load.wire.duplicating = True

    def outcome(self) -> dict[str, Any]:
        """How many events went out twice, over all topics."""
        return {"events_repeated": len(self.site.load.wire.repeated)}


class Reordering(Fault):
    """Events of one order change places, some orders come backwards, from here to the end of the run."""

    name: ClassVar[str] = "reordering"
    recovers: ClassVar[bool] = False

    def inject(self) -> None:
        """Tell the wire."""
        self.site.load.wire.reordering = True

    def outcome(self) -> dict[str, Any]:
        """How many events left at another place than they came."""
        return {"events_displaced": self.site.load.wire.displaced}


class _Original:
    """A real event to make bad records of."""

    def __init__(self, message: OutboxMessage, schema_id: int, random: Random) -> None:
        self.key = message.key.encode()
        self.body = message.body
        self.headers: Headers = list(message.headers)
        self.value = frame(schema_id, message.body)
        self.random = random


def _random_bytes(event: _Original) -> tuple[bytes, Headers]:
    return bytes([event.random.randrange(1, 256)]) + event.random.randbytes(60), event.headers


def _unknown_schema(event: _Original) -> tuple[bytes, Headers]:
    return frame(UNKNOWN_SCHEMA_ID, event.body), event.headers


def _wrong_version(event: _Original) -> tuple[bytes, Headers]:
    """Readable, and its header contradicts its content."""
    wrong = [(n, b"999999" if n == "ce_aggregateversion" else v) for n, v in event.headers]
    return event.value, wrong


def _trailing_bytes(event: _Original) -> tuple[bytes, Headers]:
    return event.value + b"\x00", event.headers


_KINDS: Mapping[str, Callable[[_Original], tuple[bytes, Headers]]] = {
    "random bytes": _random_bytes,
    "unknown schema id": _unknown_schema,
    "broken rule": _wrong_version,
    "trailing bytes": _trailing_bytes,
}


class PoisonRecords(Fault):
    """One record of each bad kind, beside good ones of the same order; each must become one dead letter."""

    name: ClassVar[str] = "poison"

    def inject(self) -> None:
        """Publish them, and note what was sent and where it lies. Raises `UnavailableError` when that is not known."""
        message = await_traffic(self.site.load.wire, PRODUCT_ORDERS.name, TRAFFIC_SECONDS_MAX)
        if message is None:
            text = f"Nothing was published to {PRODUCT_ORDERS.name} that could be spoiled."
            raise UnavailableError(text, remediation="Look why the load stands still.")
        random = Random(f"poison/{self.step.number}/{self.step.victim}")
        with Registry(self.site.endpoints.registry_url) as registry:
            schema_id = registry.id_for(message.topic, message.record)
        event = _Original(message, schema_id, random)
        producer = Producer(
            {
                **self.site.endpoints.kafka_config(),
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "log_level": 2,
            }
        )
        sent: list[Poison] = []
        failures: list[str] = []
        for kind, spoil in _KINDS.items():
            value, headers = spoil(event)
            marked = [*headers, ("chaos_poison", str(UUID(int=random.getrandbits(128))).encode())]
            producer.produce(
                PRODUCT_ORDERS.name,
                key=event.key,
                value=value,
                headers=list(marked),
                on_delivery=_receipt(kind, event.key, value, marked, sent, failures),
            )
        if producer.flush(FLUSH_SECONDS_MAX) or failures:
            text = f"The broker did not take the poison: {', '.join(failures) or 'no answer'}."
            raise UnavailableError(text, remediation="Look at the broker's log.")
        self.site.poisons += sent
        self.observed |= {"order": message.key, "records": {p.kind: f"[{p.partition}]@{p.offset}" for p in sent}}


def _receipt(
    kind: str, key: bytes, value: bytes, headers: Headers, sent: list[Poison], failures: list[str]
) -> Callable[[KafkaError | None, Message], None]:
    def take(error: KafkaError | None, record: Message) -> None:
        if error is not None:
            failures.append(error.str())
        else:
            sent.append(Poison(kind, key, value, headers, record.partition() or 0, record.offset() or 0))

    return take
