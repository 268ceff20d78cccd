"""One event as it is stored and as it will be published."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import Any

from pydantic.alias_generators import to_camel

from avro.codec import encode_model
from avro.contract import contract
from avro.headers import format_time, to_headers
from domain.command import Command
from domain.envelope import Envelope, event_type
from domain.errors import ContractError
from domain.model import Model
from topics.outbox import OutboxRow, schema_fingerprint
from topics.store.chain import canonical, link
from topics.store.rows import EventRow

PUBLISHED_BYTES_MAX = 900_000
"""Largest event, headers and key included: below the limits of producer and broker, which the relay must not meet."""

_values_of = attrgetter(*(field.name for field in fields(Envelope)))
_WIRE_NAMES = tuple(to_camel(field.name) for field in fields(Envelope))
_TIMES = ("time", "recordedTime")


@dataclass(frozen=True, slots=True)
class Stream:
    """Where the events of an aggregate type go and what their envelopes say of it."""

    aggregate_type: str
    owner: str
    policy_version: str
    topic: str


def envelope_of(
    stream: Stream, event: Model, event_id: str, aggregate_id: str, version: int, command: Command, now: datetime
) -> Envelope:
    """The envelope an event of a command is published in."""
    name = type(event).__name__
    return Envelope(
        event_id=event_id,
        event_type=event_type(stream.owner, stream.aggregate_type, name),
        source=stream.owner,
        subject=aggregate_id,
        time=getattr(event, "occurred_at", now),
        recorded_time=now,
        data_schema=f"urn:avro:{contract(name).full_name}",
        correlation_id=command.correlation_id,
        causation_id=command.causation_id or command.command_id,
        tenant_id=command.tenant_id,
        actor_id=command.actor.actor_id,
        actor_role=command.actor.role,
        policy_version=stream.policy_version,
        aggregate_type=stream.aggregate_type,
        aggregate_version=version,
        command_id=command.command_id,
        reason_code=command.reason_code,
        traceparent=command.traceparent,
    )


def record(
    stream: Stream,
    event: Model,
    *,
    event_id: str,
    aggregate_id: str,
    version: int,
    prior_hash: bytes,
    command: Command,
    now: datetime,
) -> tuple[EventRow, OutboxRow]:
    """The rows an event leaves in the event store and in the outbox.

    The Avro body is made here, inside the command's transaction: an event that cannot be published must fail the
    command and not wait in the outbox for ever. Raises `ContractError` naming what does not fit.
    """
    name = type(event).__name__
    agreed = contract(name)
    envelope = envelope_of(stream, event, event_id, aggregate_id, version, command, now)
    kept = canonical(_plain(envelope, name))
    payload = canonical(event.model_dump(mode="json", by_alias=True))
    stored = EventRow(
        aggregate_type=stream.aggregate_type,
        aggregate_id=aggregate_id,
        version=version,
        event_id=event_id,
        name=name,
        command_id=command.command_id,
        recorded_at=now,
        envelope=kept,
        payload=payload,
        prior_hash=prior_hash,
        hash=link(prior_hash, kept, payload),
    )
    to_publish = OutboxRow(
        topic=stream.topic,
        key=aggregate_id,
        event_id=event_id,
        record=agreed.full_name,
        schema=schema_fingerprint(agreed.text),
        headers=to_headers(envelope),
        body=encode_model(event),
        created_at=now,
    )
    _require_size(to_publish)
    return stored, to_publish


def _plain(envelope: Envelope, name: str) -> dict[str, Any]:
    kept: dict[str, Any] = dict(zip(_WIRE_NAMES, _values_of(envelope), strict=True))
    for time in _TIMES:
        kept[time] = format_time(kept[time])
    kept["name"] = name
    return kept


def _require_size(row: OutboxRow) -> None:
    size = len(row.body) + len(row.key.encode()) + sum(map(len, chain.from_iterable(row.headers)))
    if size > PUBLISHED_BYTES_MAX:
        message = f"{row.record} of {row.key[:100]} would be {size} bytes, {PUBLISHED_BYTES_MAX} are allowed."
        raise ContractError(message, remediation="Split the request, and attach documents by reference.")
