"""Owners' events as sinks read them: with their lineage, under their canonical names."""

from __future__ import annotations

from typing import Any, cast

from confluent_kafka import Message

from avro.aliases import canonical_event
from avro.codec import SchemaForId, decode
from avro.essentials import essentials
from avro.names import simple_name
from domain.errors import RecordError
from domain.fold.heard import Heard

_LINEAGE = {
    "ce_type": "event_type",
    "ce_source": "source",
    "ce_correlationid": "correlation_id",
    "ce_causationid": "causation_id",
    "ce_commandid": "command_id",
    "ce_actorid": "actor_id",
    "ce_actorrole": "actor_role",
    "ce_policyversion": "policy_version",
    "ce_reasoncode": "reason_code",
    "ce_corrects": "corrects",
    "ce_aggregatetype": "aggregate",
}


def heard(message: Message, schema_for_id: SchemaForId) -> Heard:
    """The event in a message. Raises `RecordError` when it cannot be read, `UnavailableError` without the registry."""
    value = message.value()
    if not isinstance(value, bytes):
        text = "The record has no value, and owners' events are never withdrawn."
        raise RecordError("NO_VALUE", text, stage="decode", remediation="Find the producer.")
    headers = cast("list[tuple[str, bytes]]", message.headers() or [])
    envelope = essentials(headers)
    decoded = decode(value, schema_for_id)
    lineage: dict[str, Any] = {"aggregate": ""}
    lineage |= {_LINEAGE[name]: text.decode(errors="replace") for name, text in headers if name in _LINEAGE and text}
    return Heard(
        kind=canonical_event(simple_name(decoded.record)).value,
        subject=envelope.subject,
        version=envelope.aggregate_version,
        event_id=envelope.event_id,
        content=0,
        time_us=envelope.time_us,
        recorded_us=envelope.recorded_us,
        data=decoded.data,
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        **lineage,
    )
