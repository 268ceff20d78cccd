"""From an outbox row to the bytes on the topic."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Protocol

from fastavro import schemaless_reader
from psycopg import Connection

from avro.codec import WriterSchema, encode_body, frame, writer_schema
from avro.contract import contract
from domain.errors import IntegrityError
from topics.outbox import OutboxMessage, schema_fingerprint, stored_schema


class SchemaIds(Protocol):
    """What the relay asks of the schema registry."""

    def id_for(self, topic: str, record_name: str) -> int:
        """The id of a committed schema on a topic; raises `ContractError` or `UnavailableError`."""
        ...


class Framing:
    """Puts the wire header of the registry's id before a body.

    A row may have waited while a later release was installed. Its body was then written with another schema than
    the one this release knows the id of, and is carried over first: FULL_TRANSITIVE compatibility makes every older
    body readable.
    """

    def __init__(self, registry: SchemaIds) -> None:
        self._registry = registry
        self._older: dict[str, WriterSchema] = {}

    def value(self, connection: Connection[Any], message: OutboxMessage) -> bytes:
        """The record value of a row in Confluent wire format.

        Raises `UnavailableError` when the registry is away, `ContractError` when the schema is not registered, and
        `IntegrityError` when nobody kept the schema the body was written with or the body cannot be read with it.
        """
        agreed = contract(message.record)
        body = message.body
        if message.schema != schema_fingerprint(agreed.text):
            body = self._carried_over(connection, message)
        return frame(self._registry.id_for(message.topic, message.record), body)

    def _carried_over(self, connection: Connection[Any], message: OutboxMessage) -> bytes:
        older = self._older.get(message.schema)
        if older is None:
            text = stored_schema(connection, message.schema)
            if text is None:
                lost = f"Outbox row {message.seq} was written with schema {message.schema}, which was not kept."
                raise IntegrityError(lost, remediation="Run the release that wrote it until the outbox is empty.")
            older = self._older[message.schema] = writer_schema(text)
        agreed = contract(message.record)
        try:
            data = schemaless_reader(BytesIO(message.body), older.parsed, agreed.parsed)
        except Exception as error:  # whatever is wrong with the bytes, it is wrong with this row
            broken = (
                f"The body of outbox row {message.seq} cannot be read with the schema it was written with: {error!r}."
            )
            raise IntegrityError(broken, remediation="Compare it with the event in aggregates.events.") from error
        assert isinstance(data, dict)
        return encode_body(message.record, data)
