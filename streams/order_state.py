"""The order-state application: ProductOrder events in, one derived state for each order out (R174-R187).

Compiled ahead of time (`make compile`).
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from datetime import datetime
from sys import intern
from typing import Any, Final, Protocol

from avro.aliases import canonical_actions, canonical_event
from avro.batch import BatchDecoder
from avro.codec import HEADER, MAGIC, WriterSchema
from avro.essentials import Essentials, essentials
from avro.moments import format_microseconds, microseconds
from avro.uuids import format_uuid
from avro.walk import UnusualError
from domain.envelope import event_type
from domain.errors import IntegrityError, RecordError
from domain.order_state import record
from domain.order_state.derive import derive
from domain.order_state.facts import Fact, OrderFacts, Outcome
from domain.order_state.policy import HeaderPolicy
from streams.clock import PlatformClock
from streams.engine.batch import Headers, RecordBatch
from streams.engine.processor import Counts, Output, State
from streams.order_events import KINDS, WANTED, require_foldable
from streams.order_state_stored import from_bytes, to_bytes
from streams.order_state_wire import write

_RECORD: Final = record.OrderState.__name__
_TYPE: Final = event_type(record.OWNER, record.AGGREGATE, "OrderStateDerived").encode()
_SOURCE: Final = record.OWNER.encode()
_DUPLICATE: Final = Outcome.DUPLICATE
_STALE: Final = Outcome.STALE
_HEADER_BYTES: Final = HEADER.size

KNOWN_MAX: Final = 32_768
"""Orders whose facts are kept as they were last written, 5 to 7 KiB each: the orders in work, as far as that goes."""


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
        self._decoder = BatchDecoder(contracts.schema_for_id, WANTED)
        self._contracts = contracts
        self._policy = policy
        self._topic = output_topic
        self._policy_id = policy.policy_id.encode()
        self._clock = PlatformClock()
        self._kinds: dict[str, str] = {}
        self._known: OrderedDict[bytes, tuple[bytes, OrderFacts]] = OrderedDict()

    def process(self, batch: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        """One output for each order that changed, however many of its events the batch holds."""
        orders: dict[bytes, OrderFacts] = {}
        changed: dict[bytes, int] = {}
        now_us = microseconds(now)
        applied = duplicate = stale = 0
        for fact, key in self._read(batch):
            facts = orders.get(key)
            if facts is None:
                facts = orders[key] = self._facts(key, state.get(key))
            outcome = facts.apply(fact)
            if outcome is _DUPLICATE:
                duplicate += 1
                continue
            if outcome is _STALE:
                stale += 1
            else:
                applied += 1
            changed[key] = self._clock.read(_tenant(key.decode()), fact.recorded_us, now_us)
        prefix = HEADER.pack(MAGIC, self._contracts.id_for(self._topic, _RECORD)) if changed else b""
        for key, calculated_us in changed.items():
            facts = orders[key]
            stored = to_bytes(facts)
            state.put(key, stored)
            self._known[key] = (stored, facts)
            out.append(self._output(key, facts, calculated_us, prefix))
        while len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
        return Counts(len(batch), applied, duplicate, stale)

    def _facts(self, key: bytes, stored: bytes | None) -> OrderFacts:
        """The facts in these bytes, which need not be read when it was here that they were written.

        Whatever became of the store since (a batch undone, another worker's partition) shows in the bytes.
        """
        known = self._known.pop(key, None)  # to be changed now: if that fails, nothing may remember them
        if known is not None and known[0] == stored:
            return known[1]
        return _restored(key, stored)

    def _read(self, batch: RecordBatch) -> list[tuple[Fact, bytes]]:
        """Each record as the fold sees it, with its key; raises the `RecordError` of the first bad one."""
        read = self._decoder.decode(batch.values)
        if read.failures:
            raise read.failures[0][1]
        topic, partition, offsets = intern(batch.topic), batch.partition, batch.offsets
        keys, values, headers = batch.keys, batch.values, batch.headers
        facts: list[tuple[Fact, bytes]] = []
        for index, data in enumerate(read.data):
            key, value = keys[index], values[index]
            if not key or value is None or data is None:
                raise _bad("NO_KEY", "The record has no key, so nobody can say which order it is about.")
            kind = self._kind(read.records[index])
            envelope = essentials(headers[index])
            content = content_hash(value, envelope.event_id)
            facts.append((as_fact(kind, key, envelope, data, content, topic, partition, offsets[index]), key))
        return facts

    def _kind(self, record_name: str) -> str:
        kind = self._kinds.get(record_name)
        if kind is None:
            kind = canonical_event(record_name.rpartition(".")[2]).value
            if kind not in KINDS:
                raise _bad("WRONG_RECORD", f"{record_name} is no event of a product order.")
            self._kinds[record_name] = kind
        return kind

    def _output(self, key: bytes, facts: OrderFacts, calculated_us: int, prefix: bytes) -> Output:
        order_id = key.decode()
        try:
            body = write(order_id, facts, derive(facts, self._policy), self._policy, calculated_us)
        except (AttributeError, KeyError, TypeError, OverflowError) as error:
            # a foreign schema let something through that no record can hold: the event is to blame, not the platform
            raise _bad("NOT_DERIVABLE", f"Order {order_id} cannot be written down: {error!r}.") from error
        return Output(self._topic, key, prefix + body, self._headers(key, facts, calculated_us, body))

    def _headers(self, key: bytes, facts: OrderFacts, calculated_us: int, body: bytes) -> Headers:
        newest = facts.newest
        assert newest is not None  # it has just been written
        return [
            ("ce_specversion", b"1.0"),
            ("ce_id", format_uuid(hashlib.blake2b(body, digest_size=16).digest()).encode()),
            ("ce_type", _TYPE),
            ("ce_source", _SOURCE),
            ("ce_subject", key),
            ("ce_time", format_microseconds(newest.time_us)),
            ("ce_recordedtime", format_microseconds(calculated_us)),
            ("ce_tenantid", key[: key.find(b":")]),
            ("ce_causationid", newest.event_id.encode()),
            ("ce_policyversion", self._policy_id),
            ("content-type", b"application/avro"),
        ]


def _restored(key: bytes, stored: bytes | None) -> OrderFacts:
    if stored is None:
        return OrderFacts()
    try:
        return from_bytes(stored)
    except (UnusualError, LookupError, ValueError) as error:
        message = f"The stored facts of {key!r} cannot be read: {error!r}."
        raise IntegrityError(message, remediation="Rebuild the state from the events.") from error


def as_fact(
    kind: str,
    key: bytes,
    envelope: Essentials,
    payload: dict[str, Any],
    content: int,
    topic: str,
    partition: int,
    offset: int,
) -> Fact:
    """The event as the fold sees it.

    Raises `RecordError` when key, headers and payload disagree about whose it is, or when the fold could not read it.
    """
    if "items" in payload:
        payload = canonical_actions(payload).value
    require_foldable(kind, payload)
    order_id = payload["orderId"]
    if envelope.subject != order_id or key.decode(errors="replace") != order_id:
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
        topic,
        partition,
        offset,
    )


def content_hash(value: bytes, event_id: str) -> int:
    """62 bits that tell two contents apart: the event's id and body, whatever schema id framed the value."""
    digest = hashlib.blake2b(value[_HEADER_BYTES:] + event_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 2


def _tenant(order_id: str) -> str:
    """The tenant of an order whose id has been looked at."""
    return order_id[: order_id.find(":")]


def _bad(code: str, message: str) -> RecordError:
    return RecordError(code, message, stage="apply", remediation="Find the producer and mend it; then replay.")
