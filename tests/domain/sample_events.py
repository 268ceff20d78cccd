"""One event of every kind there is a contract for, with every field filled, and an envelope for it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from avro.codec import decode_body, encode_body, writer_schema
from avro.contract import contract
from avro.plain import from_avro, to_avro
from avro.shape import (
    ArrayShape,
    DecimalShape,
    EnumShape,
    MapShape,
    OptionalShape,
    RecordShape,
    Scalar,
    Shape,
    fields_of,
)
from domain.catalogue import RECORDS, RecordType
from domain.envelope import Envelope, event_id, event_type
from domain.model import Model
from tests.domain.machine_walk import NOW

EVENT_RECORDS = tuple(record for record in RECORDS if "derivation" not in record.model.model_fields)

_PATTERNED = {"currency": "EUR", "country": "DE"}
"""Fields whose text has a shape of its own."""


def filled(model: type[Model]) -> Any:
    """An instance with every field filled by its shape; not validated, since patterns differ."""
    return model.model_construct(**{f.attribute: _value(f.shape, f.attribute) for f in fields_of(model)})


def _value(shape: Shape, name: str) -> Any:
    match shape:
        case Scalar(kind):
            text = _PATTERNED.get(name, f"acme:{name}")
            return {str: text, int: 1, bool: True}.get(kind, NOW)
        case DecimalShape():
            return Decimal("1.50")
        case EnumShape(kind):
            return next(iter(kind))
        case RecordShape(model):
            return filled(model)
        case ArrayShape(items):
            return (_value(items, name),)
        case MapShape():
            return {name: "told"}
        case OptionalShape(inner):
            return _value(inner, name)


def from_wire(record: RecordType, event: Any) -> Any:
    """The event as a consumer reads it from its Avro bytes."""
    body = encode_body(record.name, to_avro(event))
    return from_avro(record.model, decode_body(body, writer_schema(contract(record.name).text)))


def envelope_of(record: RecordType, version: int = 1, **fields: Any) -> Envelope:
    subject = f"acme:{record.aggregate}-1"
    base: dict[str, Any] = {
        "event_id": event_id(subject, version, "command-1"),
        "event_type": event_type(record.owner, record.aggregate, record.name),
        "source": record.owner,
        "subject": subject,
        "time": NOW + timedelta(minutes=version),
        "recorded_time": NOW + timedelta(minutes=version, seconds=1),
        "data_schema": f"urn:avro:{record.name}",
        "correlation_id": "corr-1",
        "causation_id": "cause-1",
        "tenant_id": "acme",
        "actor_id": "kim",
        "actor_role": "support",
        "policy_version": "policy.v1",
        "aggregate_type": record.aggregate,
        "aggregate_version": version,
        "command_id": "command-1",
    }
    return Envelope(**{**base, **fields})
