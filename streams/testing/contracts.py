"""What a schema registry would answer, from memory."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from fastavro import schemaless_writer

from avro.codec import Decoded, WriterSchema, decode, encode_body, frame, writer_schema
from avro.contract import contract
from avro.names import simple_name
from domain.catalogue import RECORDS
from domain.errors import ContractError, RecordError

FIRST_ID = 100


class MemoryContracts:
    """Serves every committed contract under ids from 100 on, and schemas of other people's making beside them.

    It stands where an application is handed its registry (`schema_for_id`, `id_for`).
    """

    def __init__(self, *foreign: str) -> None:
        self._ids: dict[str, int] = {}
        self._schemas: dict[int, WriterSchema] = {}
        for record in RECORDS:
            self._ids[record.name] = FIRST_ID + len(self._ids)
            self._schemas[self._ids[record.name]] = writer_schema(contract(record.name).text)
        for text in foreign:
            self.add(text)

    def add(self, schema: str) -> int:
        """Register a schema, as JSON text, and return its id.

        A record without a committed contract can then be written by its simple name; one of the same name as a
        contract is a foreign producer's and only read. Raises `ContractError` for what is no record schema.
        """
        number = max(self._schemas, default=FIRST_ID) + 1
        self._schemas[number] = parsed = writer_schema(schema)
        self._ids.setdefault(simple_name(parsed.full_name), number)
        return number

    def schema_for_id(self, schema_id: int) -> WriterSchema:
        """The schema of an id; raises `RecordError` UNKNOWN_SCHEMA_ID."""
        if schema_id not in self._schemas:
            message = f"No schema has the id {schema_id}."
            raise RecordError("UNKNOWN_SCHEMA_ID", message, stage="decode", remediation="Register it.")
        return self._schemas[schema_id]

    def id_for(self, topic: str, record_name: str) -> int:
        """The id of a record by its simple or full name, the same on every topic; raises `ContractError`."""
        name = simple_name(record_name)
        if name not in self._ids:
            message = f"No schema of {record_name} is registered for {topic}."
            raise ContractError(message, remediation="Call `add` with its schema.")
        return self._ids[name]

    def encode(self, record_name: str, data: Mapping[str, Any], *, schema_id: int | None = None) -> bytes:
        """A record in Confluent wire format, written with the committed contract or with the schema of `schema_id`.

        Raises `ContractError` when a committed contract is not met.
        """
        if schema_id is None and record_name in {r.name for r in RECORDS}:
            return frame(self.id_for("any topic", record_name), encode_body(record_name, dict(data)))
        number = self.id_for("any topic", record_name) if schema_id is None else schema_id
        buffer = BytesIO()
        schemaless_writer(buffer, self.schema_for_id(number).parsed, dict(data))
        return frame(number, buffer.getvalue())

    def decode(self, value: bytes) -> Decoded:
        """What the reference codec reads of a value in Confluent wire format."""
        return decode(value, self.schema_for_id)
