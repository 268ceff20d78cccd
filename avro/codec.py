"""The reference codec: records to Avro bytes in Confluent wire format and back.

Wire format: magic byte 0, schema id as 4 big-endian bytes, Avro body. The writer's schema decides what is read, and
every byte must be accounted for.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer

from avro.body import Part, body_of
from avro.body_plan import body_plan
from avro.contract import contract
from avro.decimals import checked_decimals
from avro.fit import Check, compile_check
from avro.plain import to_avro
from avro.walk import UnusualError
from domain.errors import ContractError, RecordError
from domain.model import Model

MAGIC = 0
HEADER = struct.Struct(">bI")

SchemaForId = Callable[[int], "WriterSchema"]
"""Finds the schema a record was written with; raises `RecordError` UNKNOWN_SCHEMA_ID or `UnavailableError`."""


@dataclass(frozen=True, slots=True)
class WriterSchema:
    """A schema as the registry holds it, parsed for reading."""

    full_name: str
    text: str
    parsed: Any


@dataclass(frozen=True, slots=True)
class Decoded:
    """A record read from a topic: the full name of its type and its fields by their wire names."""

    record: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Framed:
    """A value taken apart without reading its body."""

    schema_id: int
    body: memoryview


def writer_schema(text: str) -> WriterSchema:
    """Parse a schema fetched from the registry. Raises `ContractError` when it is not a usable record schema."""
    try:
        schema = json.loads(text)
        parsed = parse_schema(checked_decimals(schema))
    except Exception as error:  # anything can be registered, and anything can be wrong with it
        message = f"A schema of the registry cannot be used: {error}."
        raise ContractError(
            message, remediation="Register the committed ones: `ordertruth schemas register`."
        ) from error
    if not isinstance(parsed, dict) or parsed["type"] != "record":
        message = "A schema of the registry cannot be used: it describes no record."
        raise ContractError(message, remediation="Register the committed ones: `ordertruth schemas register`.")
    return WriterSchema(str(parsed["name"]), text, parsed)


def encode_body(record_name: str, data: dict[str, Any]) -> bytes:
    """Avro bytes of a record, by its simple or full name, without the wire-format header.

    Raises `ContractError` naming the field that does not fit the committed schema, or the record without one.
    """
    _check(record_name)(data, "")
    buffer = BytesIO()
    schemaless_writer(buffer, contract(record_name).parsed, data)
    return buffer.getvalue()


def encode_model(model: Model) -> bytes:
    """Avro bytes of a published model, by the contract its class is named after; raises as `encode_body` does."""
    plan = _plan(type(model))
    if plan is not None:
        try:
            return body_of(plan, model)
        except UnusualError:
            pass  # the reference says what is wrong, or that nothing is
    return encode_body(type(model).__name__, to_avro(model))


@cache
def _plan(model: type[Model]) -> Part | None:
    return body_plan(model, contract(model.__name__).parsed)


@cache
def _check(record_name: str) -> Check:
    return compile_check(contract(record_name).schema)


def frame(schema_id: int, body: bytes) -> bytes:
    """An Avro body in Confluent wire format."""
    return HEADER.pack(MAGIC, schema_id) + body


def unframe(value: bytes) -> Framed:
    """Schema id and body of a value. Raises `RecordError` SHORT_VALUE or BAD_MAGIC (stage `decode`)."""
    if len(value) <= HEADER.size:
        # A body of no bytes would be a record without fields, and no contract has one.
        raise _error("SHORT_VALUE", f"A value of {len(value)} bytes cannot hold a schema id and a record.")
    magic, schema_id = HEADER.unpack_from(value)
    if magic != MAGIC:
        raise _error("BAD_MAGIC", f"The value begins with byte {value[0]}, not with the magic byte 0.")
    return Framed(schema_id, memoryview(value)[HEADER.size :])


def decode(value: bytes, schema_for_id: SchemaForId) -> Decoded:
    """Read a value in Confluent wire format with the schema it was written with.

    Raises `RecordError` (stage `decode`) with the code BAD_MAGIC, SHORT_VALUE, UNKNOWN_SCHEMA_ID, UNDECODABLE or
    TRAILING_BYTES; what `schema_for_id` raises passes through.
    """
    framed = unframe(value)
    schema = schema_for_id(framed.schema_id)
    return Decoded(schema.full_name, decode_body(framed.body, schema))


def decode_body(body: bytes | memoryview, schema: WriterSchema) -> dict[str, Any]:
    """Read an Avro body. Raises `RecordError` UNDECODABLE or TRAILING_BYTES (stage `decode`)."""
    buffer = BytesIO(body)
    try:
        data = schemaless_reader(buffer, schema.parsed, None)
    except Exception as error:  # damaged bytes surface as whatever the damage happens to hit
        message = f"The value is no {schema.full_name}: {type(error).__name__}."
        raise _error("UNDECODABLE", message) from error
    left = len(body) - buffer.tell()
    if left:
        raise _error("TRAILING_BYTES", f"{left} bytes are left over after the {schema.full_name}.")
    if not isinstance(data, dict):
        raise _error("UNDECODABLE", f"The value is no {schema.full_name}.")
    return data


def _error(code: str, message: str) -> RecordError:
    return RecordError(
        code, message, stage="decode", remediation="Find the producer; the dead letter holds the bytes as they came."
    )
