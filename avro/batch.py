"""Many values in wire format read at once, only the fields that are wanted: the results of the reference codec, sooner.

Whatever the walk finds unusual is read by the reference codec, `avro.codec.decode_body`, which alone decides that a
record is bad and why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

from mypy_extensions import i64

from avro.codec import HEADER, SchemaForId, WriterSchema, decode_body, unframe
from avro.plan import plan_for, projected
from avro.walk import Node, UnusualError, read_record
from domain.errors import RecordError

Wanted = Mapping[str, tuple[str, ...]]
"""Fields by the simple name of their record; `items.itemId` is a field of the records that `items` holds."""


@final
class BatchResult:
    """What was read, value by value.

    `records[i]` is the full name of the record at that place and `data[i]` its wanted fields, as far as its writer
    knew them; None where reading failed. `failures` are those places with their errors, in order.
    """

    def __init__(self, records: list[str], data: list[dict[str, Any] | None]) -> None:
        self.records = records
        self.data = data
        self.failures: list[tuple[int, RecordError]] = []


@final
class _Reader:
    """One writer's schema and how to read what is wanted of it."""

    def __init__(self, schema: WriterSchema, wanted: Wanted) -> None:
        self.schema = schema
        self.name: str = schema.full_name
        self.wanted: tuple[str, ...] = wanted.get(schema.full_name.rpartition(".")[2], ())
        self.node: Node | None = plan_for(schema.parsed, self.wanted)

    def read(self, value: bytes) -> dict[str, Any]:
        """The wanted fields; raises the `RecordError` of the reference codec."""
        node = self.node
        if node is not None:
            try:
                return read_record(node, value, _HEADER_BYTES)
            except UnusualError:
                pass
        whole = decode_body(value[_HEADER_BYTES:], self.schema)
        found: dict[str, Any] = projected(whole, self.wanted)
        return found


_HEADER_BYTES: i64 = HEADER.size


@final
class BatchDecoder:
    """Reads batches of values, of each record the wanted fields; keeps what it learns about each schema id.

    One for each worker. `schema_for_id` finds the schema a record was written with.
    """

    def __init__(self, schema_for_id: SchemaForId, wanted: Wanted) -> None:
        self._schema_for_id = schema_for_id
        self._wanted = wanted
        self._readers: dict[bytes, _Reader] = {}

    def decode(self, values: Sequence[bytes | None]) -> BatchResult:
        """Read values; every byte of every record is accounted for, wanted or not.

        Failures carry the codes of `avro.codec.decode` (stage `decode`) and TOMBSTONE for a value that is None. What
        else `schema_for_id` raises passes through.
        """
        records: list[str] = []
        data: list[dict[str, Any] | None] = []
        result = BatchResult(records, data)
        for value in values:
            try:
                if value is None:
                    raise _tombstone()
                reader = self._readers.get(value[:_HEADER_BYTES])
                if reader is None or len(value) <= _HEADER_BYTES:
                    reader = self._learn(value)
                found = reader.read(value)
            except RecordError as error:
                result.failures.append((len(records), error))
                records.append("")
                data.append(None)
            else:
                records.append(reader.name)
                data.append(found)
        return result

    def _learn(self, value: bytes) -> _Reader:
        reader = _Reader(self._schema_for_id(unframe(value).schema_id), self._wanted)
        self._readers[value[:_HEADER_BYTES]] = reader
        return reader


def _tombstone() -> RecordError:
    return RecordError(
        "TOMBSTONE",
        "The value is null, and no record can be read from it.",
        stage="decode",
        remediation="Topics of facts hold none; on a compacted topic it says that the key is gone.",
    )
