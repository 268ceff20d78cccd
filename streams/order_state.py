"""The order-state application: ProductOrder events in, one derived state for each order out (R174-R187)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from itertools import repeat
from typing import Any, Protocol
from uuid import UUID

import msgspec

from avro.aliases import canonical_actions, canonical_event
from avro.batch import BatchDecoder
from avro.codec import WriterSchema, frame, unframe
from avro.headers import Essentials, essentials, format_microseconds, microseconds
from domain.envelope import event_type, tenant_of
from domain.errors import IntegrityError, RecordError
from domain.order_state import record
from domain.order_state.derive import derive
from domain.order_state.facts import Fact, OrderFacts, Outcome
from domain.order_state.policy import HeaderPolicy
from streams.clock import PlatformClock
from streams.engine.batch import Headers, RecordBatch
from streams.engine.processor import Counts, Output, State
from streams.order_events import KINDS, WANTED, require_foldable
from streams.order_state_wire import write

_RECORD = record.OrderState.__name__
_TYPE = event_type(record.OWNER, record.AGGREGATE, "OrderStateDerived").encode()
_SOURCE = record.OWNER.encode()

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode


class Contracts(Protocol):
    """What of a schema registry is needed; handed in, so that the registry stays outside."""

    def schema_for_id(self, schema_id: int) -> WriterSchema:
        """The schema a record was written with; raises `RecordError` or `UnavailableError`."""
        ...

    def id_for(self, topic: str, record_name: str) -> int:
        """Schema id of a record on a topic; raises `UnavailableError`."""
        ...


class OrderStateProcessor:
    """Folds each event into its order's facts and publishes the state of every order a batch has changed."""

    def __init__(self, contracts: Contracts, policy: HeaderPolicy, output_topic: str) -> None:
        self._decoder = BatchDecoder(contracts.schema_for_id)
        self._contracts = contracts
        self._policy = policy
        self._topic = output_topic
        self._policy_id = policy.policy_id.encode()
        self._clock = PlatformClock()

    def process(self, batch: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        """One output for each order that changed, however many of its events the batch holds."""
        counts = Counts(read=len(batch))
        orders: dict[bytes, OrderFacts] = {}
        changed: dict[bytes, int] = {}
        now_us = microseconds(now)
        for index, event in enumerate(self._read(batch)):
            key, fact = self._fact(batch, index, *event)
            facts = orders.get(key)
            if facts is None:
                facts = orders[key] = _restored(key, state.get(key))
            match facts.apply(fact):
                case Outcome.DUPLICATE:
                    counts.duplicate += 1
                    continue
                case Outcome.STALE:
                    counts.stale += 1
                case Outcome.APPLIED:
                    counts.applied += 1
            changed[key] = self._clock.read(tenant_of(key.decode()), fact.recorded_us, now_us)
        schema_id = self._contracts.id_for(self._topic, _RECORD) if changed else 0
        for key, calculated_us in changed.items():
            facts = orders[key]
            state.put(key, _pack(facts.to_plain()))
            out.append(self._output(key, facts, calculated_us, schema_id))
        return counts

    def _read(self, batch: RecordBatch) -> list[tuple[str, dict[str, Any]]]:
        """Kind and payload of each record, all read at once; raises the `RecordError` of the first bad one."""
        read = self._decoder.decode(batch.values, WANTED)
        if read.failures:
            raise read.failures[0][1]
        events: list[tuple[str, dict[str, Any]]] = [("", {})] * len(batch)
        for group in read.groups:
            kind = canonical_event(group.record.rpartition(".")[2]).value
            if kind not in KINDS:
                raise _bad("WRONG_RECORD", f"{group.record} is no event of a product order.")
            names = list(group.columns)
            rows = zip(*group.columns.values(), strict=True) if names else repeat((), len(group.indexes))
            for index, row in zip(group.indexes, rows, strict=True):
                events[index] = (kind, canonical_actions(dict(zip(names, row, strict=True))).value)
        return events

    def _fact(self, batch: RecordBatch, index: int, kind: str, payload: dict[str, Any]) -> tuple[bytes, Fact]:
        key, value = batch.keys[index], batch.values[index]
        if not key or value is None:
            raise _bad("NO_KEY", "The record has no key, so nobody can say which order it is about.")
        envelope = essentials(batch.headers[index])
        position = (batch.topic, batch.partition, batch.offsets[index])
        content = content_hash(unframe(value).body, envelope.event_id)
        return key, as_fact(kind, key, envelope, payload, content, position)

    def _output(self, key: bytes, facts: OrderFacts, calculated_us: int, schema_id: int) -> Output:
        order_id = key.decode()
        try:
            body = write(order_id, facts, derive(facts, self._policy), self._policy, calculated_us)
        except (AttributeError, KeyError, TypeError) as error:
            # a foreign schema let something through that no record can hold: the event is to blame, not the platform
            raise _bad("NOT_DERIVABLE", f"Order {order_id} cannot be written down: {error!r}.") from error
        return Output(self._topic, key, frame(schema_id, body), self._headers(order_id, facts, calculated_us, body))

    def _headers(self, order_id: str, facts: OrderFacts, calculated_us: int, body: bytes) -> Headers:
        _, _, newest_id, *_ = max(facts.inputs.values(), key=lambda register: (register[0], register[2]))
        return [
            ("ce_specversion", b"1.0"),
            ("ce_id", str(UUID(bytes=hashlib.blake2b(body, digest_size=16).digest())).encode()),
            ("ce_type", _TYPE),
            ("ce_source", _SOURCE),
            ("ce_subject", order_id.encode()),
            ("ce_time", format_microseconds(facts.newest[2])),
            ("ce_recordedtime", format_microseconds(calculated_us)),
            ("ce_tenantid", tenant_of(order_id).encode()),
            ("ce_causationid", newest_id.encode()),
            ("ce_policyversion", self._policy_id),
            ("content-type", b"application/avro"),
        ]


def _restored(key: bytes, stored: bytes | None) -> OrderFacts:
    if stored is None:
        return OrderFacts()
    try:
        return OrderFacts.from_plain(_unpack(stored))
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        message = f"The stored facts of {key!r} cannot be read: {error}."
        raise IntegrityError(message, remediation="Rebuild the state from the events.") from error


def as_fact(
    kind: str,
    key: bytes,
    envelope: Essentials,
    payload: dict[str, Any],
    content: int,
    position: tuple[str, int, int],
) -> Fact:
    """The event as the fold sees it.

    Raises `RecordError` when key, headers and payload disagree about whose it is, or when the fold could not read it.
    """
    require_foldable(kind, payload)
    order_id = payload["orderId"]
    if key.decode(errors="replace") != order_id or envelope.subject != order_id:
        raise _bad("KEY_MISMATCH", f"Key {key!r} and subject {envelope.subject!r} are not the order {order_id!r}.")
    if not order_id.partition(":")[1] or order_id.startswith(":"):
        raise _bad("NO_TENANT", f"The order id {order_id!r} does not begin with a tenant and a colon.")
    if envelope.aggregate_version != payload["version"]:
        text = f"Header ce_aggregateversion is {envelope.aggregate_version}, the event says {payload['version']}."
        raise _bad("VERSION_MISMATCH", text)
    return Fact(
        kind,
        envelope.aggregate_version,
        envelope.event_id,
        content,
        envelope.time_us,
        envelope.recorded_us,
        payload,
        position,
    )


def content_hash(body: bytes | memoryview, event_id: str) -> int:
    """63 bits that tell two contents apart: the event's id and body, whatever schema id framed it."""
    digest = hashlib.blake2b(body, digest_size=8)
    digest.update(event_id.encode())
    return int.from_bytes(digest.digest(), "big") >> 1


def _bad(code: str, message: str) -> RecordError:
    return RecordError(code, message, stage="apply", remediation="Find the producer and mend it; then replay.")
