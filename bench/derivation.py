"""The order-state derivation for engines that hand over one event at a time: the platform's own rules throughout.

What the shipped processor does for a batch is done here for one event and one order; reading, the facts, the fold, the
derivation and the bytes written are those of `avro`, `domain` and `streams`. A test holds its records
equal to the shipped ones.
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from uuid import UUID

from avro.aliases import canonical_event
from avro.batch import BatchDecoder
from avro.codec import frame, writer_schema
from avro.essentials import essentials
from avro.headers import Headers
from avro.moments import format_microseconds
from domain.envelope import event_type, tenant_of
from domain.errors import RecordError
from domain.order_state import record
from domain.order_state.derive import derive
from domain.order_state.facts import Fact, OrderFacts
from domain.order_state.policy import REFERENCE_V1
from streams.clock import PlatformClock
from streams.order_events import WANTED
from streams.order_state import as_fact, content_hash
from streams.order_state_wire import write

_TYPE = event_type(record.OWNER, record.AGGREGATE, "OrderStateDerived").encode()
_SOURCE = record.OWNER.encode()
_POLICY = REFERENCE_V1.policy_id.encode()


class Derivation:
    """Reads events and writes order states; one for each process.

    `schemas` is a file with the schemas of both (see `bench.schemas`): the peers' packages include another release of
    the registry's client than the platform's, and fetching some texts is not what is measured.
    """

    def __init__(self, schemas: Path) -> None:
        found = json.loads(schemas.read_text(encoding="utf-8"))
        schemas_by_id = {int(number): writer_schema(text) for number, text in found["events"].items()}
        self._decoder = BatchDecoder(schemas_by_id.__getitem__, WANTED)
        self._schema_id: int = found["state"]
        self._clock = PlatformClock()

    def fact(
        self,
        key: bytes,
        value: bytes,
        headers: Headers,
        position: tuple[str, int, int],
    ) -> Fact:
        """The event as the fold sees it; raises `RecordError` for one that cannot be read."""
        envelope = essentials(headers)
        read = self._decoder.decode([value])
        if read.failures:
            raise read.failures[0][1]
        name, data = read.records[0], read.data[0]
        if data is None:
            raise RecordError("TOMBSTONE", "The event has no value.", stage="apply", remediation="Find its producer.")
        kind = canonical_event(name.rpartition(".")[2]).value
        content = content_hash(value, envelope.event_id)
        return as_fact(kind, key, envelope, data, content, *position)

    def record(self, key: bytes, facts: OrderFacts, recorded_us: int) -> tuple[bytes, Headers]:
        """The framed record of an order and its headers; `recorded_us` is when its newest event was recorded."""
        order_id = key.decode()
        calculated_us = self._clock.read(tenant_of(order_id), recorded_us, time.time_ns() // 1000)
        body = write(order_id, facts, derive(facts, REFERENCE_V1), REFERENCE_V1, calculated_us)
        return frame(self._schema_id, body), _headers(order_id, facts, calculated_us, body)


def _headers(order_id: str, facts: OrderFacts, calculated_us: int, body: bytes) -> Headers:
    newest = facts.newest
    assert newest is not None
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(UUID(bytes=hashlib.blake2b(body, digest_size=16).digest())).encode()),
        ("ce_type", _TYPE),
        ("ce_source", _SOURCE),
        ("ce_subject", order_id.encode()),
        ("ce_time", format_microseconds(newest.time_us)),
        ("ce_recordedtime", format_microseconds(calculated_us)),
        ("ce_tenantid", tenant_of(order_id).encode()),
        ("ce_causationid", newest.event_id.encode()),
        ("ce_policyversion", _POLICY),
        ("content-type", b"application/avro"),
    ]
