"""What happened, as records for Kafka: without store and outbox, byte for byte what these would publish."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from avro.codec import encode_model, frame
from avro.contract import contract
from avro.headers import Headers, to_headers
from compose.simulate.world import Happened
from domain.command import Command
from domain.envelope import event_id
from domain.model import Model
from domain.order_capture.events import AGGREGATE as ATTEMPT
from topics.store.recording import Stream, envelope_of
from topics.store.work import ATTEMPTS

SchemaId = Callable[[str, str], int]
"""The id of a record's schema on a topic, by topic and full name of the record."""


class Message(NamedTuple):
    """An event as the outbox would hold it: `body` is Avro without the wire header, `name` the event's own name."""

    topic: str
    key: str
    event_id: str
    name: str
    headers: Headers
    body: bytes

    @property
    def record(self) -> str:
        """Full name of the record."""
        return contract(self.name).full_name


class Record(NamedTuple):
    """A record ready to be produced."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


def events(happened: Iterable[Happened], schema_id: SchemaId) -> Iterator[Record]:
    """The records of what happened, in causal order."""
    return records(messages(happened), schema_id)


def records(found: Iterable[Message], schema_id: SchemaId) -> Iterator[Record]:
    """Messages in wire format."""
    known: dict[tuple[str, str], int] = {}
    for message in found:
        where = message.topic, message.name
        if where not in known:
            known[where] = schema_id(message.topic, message.record)
        yield Record(message.topic, message.key.encode(), frame(known[where], message.body), message.headers)


def messages(happened: Iterable[Happened]) -> Iterator[Message]:
    """The events of what happened, and the attempts commands left, in causal order."""
    for told in happened:
        command, stream = told.command, _stream(told)
        for version, event in enumerate(told.events, start=told.version):
            identity = event_id(command.aggregate_id, version, command.command_id)
            yield _message(stream, event, identity, command.aggregate_id, version, command, told)
        if told.attempt is not None:
            identity = event_id(f"{ATTEMPT}/{told.attempt_id}", 1, command.command_id)
            yield _message(ATTEMPTS, told.attempt, identity, told.attempt_id, 1, command, told)


def _stream(told: Happened) -> Stream:
    kind = told.host.aggregate
    return Stream(kind.name, kind.owner, kind.policy_version, told.host.topic)


def _message(
    stream: Stream, event: Model, identity: str, aggregate_id: str, version: int, command: Command, told: Happened
) -> Message:
    envelope = envelope_of(stream, event, identity, aggregate_id, version, command, told.at)
    name = type(event).__name__
    return Message(stream.topic, aggregate_id, identity, name, to_headers(envelope), encode_model(event))
