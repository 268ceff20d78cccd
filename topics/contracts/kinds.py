"""What tells events from derived records: a derived one carries its derivation."""

from __future__ import annotations

from avro.shape import fields_of
from domain.catalogue import RecordType

DERIVATION = "derivation"


def is_derived(record: RecordType) -> bool:
    """Whether a record is a view that was derived, and not a fact an owner published."""
    return any(field.name == DERIVATION for field in fields_of(record.model))
