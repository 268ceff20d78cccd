"""Batches for the tests of the batch decoder, and what the reference codec makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from avro.batch import BatchDecoder, BatchResult
from avro.codec import SchemaForId, WriterSchema, decode
from avro.plan import projected
from domain.errors import RecordError

UNKNOWN_ID = 404


def lookup(schemas: Mapping[int, WriterSchema]) -> SchemaForId:
    def schema_for_id(schema_id: int) -> WriterSchema:
        if schema_id not in schemas:
            raise RecordError("UNKNOWN_SCHEMA_ID", f"No schema {schema_id}.", stage="decode")
        return schemas[schema_id]

    return schema_for_id


def expected(
    values: Sequence[bytes | None], schemas: Mapping[int, WriterSchema]
) -> tuple[dict[int, tuple[str, dict[str, Any]]], dict[int, str]]:
    """By index what the reference reads, and the codes of what it refuses."""
    records, codes = {}, {}
    for index, value in enumerate(values):
        if value is None:
            codes[index] = "TOMBSTONE"
            continue
        try:
            decoded = decode(value, lookup(schemas))
        except RecordError as error:
            codes[index] = error.code
        else:
            records[index] = decoded.record, decoded.data
    return records, codes


def typed(value: Any) -> Any:
    """A value that is equal only to one of the same types all the way down, NaN and the sign of 0 included."""
    if isinstance(value, dict):
        return dict, [(k, typed(v)) for k, v in value.items()]
    if isinstance(value, list):
        return list, [typed(v) for v in value]
    return type(value), repr(value)


def require_equal(
    values: Sequence[bytes | None], schemas: Mapping[int, WriterSchema], wanted: Mapping[str, tuple[str, ...]]
) -> BatchResult:
    """The batch decoder gives what the reference gives, value by value and failure by failure."""
    result = BatchDecoder(lookup(schemas), wanted).decode(values)
    records, codes = expected(values, schemas)
    assert {i: error.code for i, error in result.failures} == codes
    assert [i for i, _ in result.failures] == sorted(codes)
    assert {error.stage for _, error in result.failures} <= {"decode"}
    assert len(result.records) == len(result.data) == len(values)
    assert {i for i, data in enumerate(result.data) if data is None} == set(codes)
    for index, (record, data) in records.items():
        assert result.records[index] == record
        of_interest = projected(data, wanted.get(record.rpartition(".")[2], ()))
        assert typed(result.data[index]) == typed(of_interest)
    return result
