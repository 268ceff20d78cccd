"""Records as they lie on a topic, and the batches one poll brings of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from avro.codec import encode_body, frame
from avro.contract import contract
from avro.headers import to_headers
from avro.names import snake
from avro.plain import to_avro
from domain.catalogue import RECORDS, RecordType
from domain.envelope import Envelope, event_id, event_type, tenant_of
from domain.errors import ContractError
from domain.model import Model
from streams.engine.batch import Headers, RecordBatch
from streams.testing.clock import START
from streams.testing.contracts import MemoryContracts
from topics.catalogue import topic_of

FIRST_TIMESTAMP_MS = 1_700_000_000_000


class Record(NamedTuple):
    """A record before it has a place in a topic."""

    key: bytes | None
    value: bytes | None
    headers: Headers = []  # shared by all that have none: never changed in place


class SchemaIds(Protocol):
    """What is needed of a registry to write: `MemoryContracts` and the real client both have it."""

    def id_for(self, topic: str, record_name: str) -> int:
        """Schema id of a record on a topic."""
        ...


def event(
    fact: Model,
    contracts: SchemaIds,
    *,
    subject: str | None = None,
    version: int | None = None,
    command_id: str | None = None,
    at: datetime | None = None,
    **envelope: Any,
) -> Record:
    """A domain event as its owner publishes it: key, value by its contract, CloudEvents headers.

    Whatever is not given is read from the event: the aggregate's id (`order_id` of a ProductOrder), `version`,
    `source_command_id`, `occurred_at`, actor and reason. `envelope` sets further fields of `domain.envelope.Envelope`,
    such as `recorded_time`. Raises `ContractError` for an event without a contract or without an aggregate id.
    """
    kind = _record_type(fact)
    about = subject or _aggregate_id(fact, kind)
    number: int = version if version is not None else getattr(fact, "version", 1)
    command = command_id or str(getattr(fact, "source_command_id", getattr(fact, "command_id", "command")))
    moment = at if at is not None else getattr(fact, "occurred_at", START)
    fields: dict[str, Any] = {
        "event_id": event_id(about, number, command),
        "event_type": event_type(kind.owner, kind.aggregate, kind.name),
        "source": kind.owner,
        "subject": about,
        "time": moment,
        "recorded_time": moment,
        "data_schema": f"urn:avro:{contract(kind.name).full_name}",
        "correlation_id": about,
        "causation_id": command,
        "tenant_id": tenant_of(about),
        "actor_id": getattr(fact, "actor_id", "somebody"),
        "actor_role": getattr(fact, "actor_role", "tester"),
        "policy_version": "reference.v1",
        "aggregate_type": kind.aggregate,
        "aggregate_version": number,
        "command_id": command,
        "reason_code": getattr(fact, "reason_code", None),
    }
    value = frame(contracts.id_for(topic_of(kind).name, kind.name), encode_body(kind.name, to_avro(fact)))
    return Record(about.encode(), value, to_headers(Envelope(**{**fields, **envelope})))


def framed(
    key: str | bytes,
    record_name: str,
    data: Mapping[str, Any] | Model,
    contracts: MemoryContracts,
    headers: Headers | None = None,
) -> Record:
    """A record by its contract, or by a schema that was added, with headers of the caller's choice."""
    plain = to_avro(data) if isinstance(data, Model) else data
    return Record(key.encode() if isinstance(key, str) else key, contracts.encode(record_name, plain), headers or [])


def batch(
    records: Sequence[Record],
    *,
    topic: str = "input",
    partition: int = 0,
    offset: int = 0,
    offsets: Sequence[int] | None = None,
    epoch: int = 1,
    follows: int | None = None,
) -> RecordBatch:
    """Records as one poll brings them of one partition, at consecutive offsets unless `offsets` are given."""
    at = range(offset, offset + len(records)) if offsets is None else offsets
    return RecordBatch(
        topic,
        partition,
        epoch,
        at,
        [FIRST_TIMESTAMP_MS + number for number in at],
        [r.key for r in records],
        [r.value for r in records],
        [r.headers for r in records],
        follows,
    )


def with_header(record: Record, name: str, *values: bytes) -> Record:
    """The record with other values of one header; without it when none is given."""
    others = [(n, v) for n, v in record.headers if n != name]
    return record._replace(headers=[*others, *((name, value) for value in values)])


def _record_type(fact: Model) -> RecordType:
    for record in RECORDS:
        if record.model is type(fact):
            return record
    message = f"{type(fact).__name__} is no published record."
    raise ContractError(message, remediation="Add its model to domain/catalogue.py, or use `framed`.")


def _aggregate_id(fact: Model, kind: RecordType) -> str:
    words = snake(kind.aggregate)
    for name in (f"{words}_id", f"{words.rpartition('_')[2]}_id"):
        found = getattr(fact, name, None)
        if isinstance(found, str):
            return found
    message = f"{kind.name} does not say which {kind.aggregate} it is about."
    raise ContractError(message, remediation="Pass `subject`.")
