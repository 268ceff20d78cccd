"""The committed schemas, read once: which records there are, and the parsed schema of each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastavro import parse_schema

from avro.generate import schema_path
from avro.names import full_name
from domain.catalogue import RECORDS, RecordType
from domain.errors import ContractError


@dataclass(frozen=True, slots=True)
class Contract:
    """One published record: full name, the `.avsc` as compact JSON text, as plain data and as fastavro parsed it."""

    full_name: str
    text: str
    schema: dict[str, Any]
    parsed: Any


@cache
def contract(record_name: str) -> Contract:
    """The contract of a record by its simple or full name. Raises `ContractError` when there is none."""
    record = _by_name().get(record_name)
    if record is None:
        message = f"There is no contract for a record named {record_name!r}."
        raise ContractError(message, remediation="Add its model to domain/catalogue.py and run `schemas generate`.")
    path = schema_path(record)
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
        text = json.dumps(schema, separators=(",", ":"), ensure_ascii=False)
        return Contract(full_name(record), text, schema, parse_schema(schema))
    except FileNotFoundError:
        message = f"The schema file {path.name} of {full_name(record)} is missing."
        raise ContractError(message, remediation="Run `ordertruth schemas generate`.") from None
    except Exception as error:  # whatever is wrong with the file, it is this file that needs mending
        message = f"The schema file {path.name} of {full_name(record)} cannot be used: {error}."
        raise ContractError(message, remediation="Run `ordertruth schemas generate`.") from error


@cache
def _by_name() -> dict[str, RecordType]:
    names: dict[str, RecordType] = {}
    for record in RECORDS:
        if record.name in names:
            message = f"Two records are named {record.name}."
            raise ContractError(message, remediation="Rename one: events are told apart by their simple name.")
        names[record.name] = names[full_name(record)] = record
    return names
