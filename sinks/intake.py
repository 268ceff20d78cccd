"""From messages of the log to batches a sink can write, and the dead letters among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, KafkaError, Message

from avro.codec import SchemaForId, decode
from avro.names import simple_name
from domain.errors import RecordError
from sinks.contract import Sink, SinkBatch, SinkRecord, SinkRow, Span, TopicIdentity
from sinks.owner_event import heard
from sinks.table import Table

_END = KafkaError._PARTITION_EOF  # noqa: SLF001 - librdkafka's own codes have no other name


@dataclass(slots=True)
class Intake:
    """The records of one topic between two writes."""

    rows: list[SinkRow] = field(default_factory=list)
    messages: dict[tuple[int, int], Message] = field(default_factory=dict)
    letters: list[tuple[Message, RecordError]] = field(default_factory=list)
    ends: dict[int, int] = field(default_factory=dict)

    def refuse(self, partition: int, offset: int, error: RecordError) -> None:
        """Take a row out again and make it a dead letter."""
        self.rows = [r for r in self.rows if (r.partition, r.offset) != (partition, offset)]
        self.letters.append((self.messages[partition, offset], error))

    def batch(self, identity: TopicIdentity, places: Mapping[int, int]) -> SinkBatch:
        """The batch to write; `places` is where reading of each partition began."""
        dead: dict[int, list[int]] = {}
        for message, _ in self.letters:
            dead.setdefault(partition_of(message), []).append(offset_of(message))
        spans = {p: Span(places[p], end, tuple(dead.get(p, ()))) for p, end in self.ends.items()}
        return SinkBatch(identity, spans, tuple(self.rows))


def take_in(messages: Iterable[Message], sink: Sink, schema_for_id: SchemaForId) -> dict[str, Intake]:
    """Decode and prepare messages by topic.

    An end-of-partition mark moves the end over what readers never see, such as transaction markers. Raises
    `UnavailableError` when the registry is away: a good record must not become a dead letter for that.
    """
    intakes: dict[str, Intake] = {}
    for message in messages:
        topic, partition, offset = topic_of(message), partition_of(message), offset_of(message)
        intake = intakes.setdefault(topic, Intake())
        if at_end(message):
            intake.ends[partition] = max(offset, intake.ends.get(partition, 0))
            continue
        intake.ends[partition] = offset + 1
        intake.messages[partition, offset] = message
        try:
            intake.rows.append(sink.prepare(topic, _record(message, sink.tables[topic], schema_for_id)))
        except RecordError as error:
            intake.letters.append((message, error))
    return intakes


def at_end(message: Message) -> bool:
    """Whether this is no record but the mark that a partition was read to its end."""
    error = message.error()
    return error is not None and error.code() == _END


def topic_of(message: Message) -> str:
    """The topic of a message that came from one."""
    topic = message.topic()
    assert topic is not None
    return topic


def partition_of(message: Message) -> int:
    """The partition of a message that came from one."""
    partition = message.partition()
    assert partition is not None
    return partition


def offset_of(message: Message) -> int:
    """The offset of a message that came from a topic."""
    offset = message.offset()
    assert offset is not None
    return offset


def _record(message: Message, table: Table, schema_for_id: SchemaForId) -> SinkRecord:
    if table.digest is None:
        return _derived(message, table.model.__name__, schema_for_id)
    event = heard(message, schema_for_id)
    return SinkRecord(event.event_id, table.digest(event), event.partition, event.offset, _published(message))


def _derived(message: Message, wanted: str, schema_for_id: SchemaForId) -> SinkRecord:
    key, value = message.key(), message.value()
    if not key:
        raise _unreadable("NO_KEY", "The record has no key.")
    try:
        text = key.decode() if isinstance(key, bytes) else key
    except UnicodeDecodeError:
        raise _unreadable("BAD_KEY", "The key is not UTF-8.") from None
    data = None
    if value is not None:
        decoded = decode(value if isinstance(value, bytes) else value.encode(), schema_for_id)
        if simple_name(decoded.record) != wanted:
            raise _unreadable("WRONG_RECORD", f"The record is a {decoded.record}, and {wanted} belongs here.")
        data = decoded.data
    return SinkRecord(text, data, partition_of(message), offset_of(message), _published(message))


def _published(message: Message) -> datetime:
    kind, milliseconds = message.timestamp()
    return datetime.now(UTC) if kind == TIMESTAMP_NOT_AVAILABLE else _moment(milliseconds)


def _moment(milliseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise _unreadable("BAD_TIMESTAMP", "The time of the log entry is out of range.") from None


def _unreadable(code: str, message: str) -> RecordError:
    return RecordError(code, message, stage="decode", remediation="Find the producer; the dead letter holds the bytes.")
