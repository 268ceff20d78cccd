"""Rows of a fold as records: framed, with their derivation and headers, and only when they have changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

import msgspec

from avro.codec import encode_body, frame
from avro.moments import format_microseconds
from avro.uuids import format_uuid
from domain.catalogue import RECORDS
from domain.envelope import event_type
from domain.fold.facts import Facts
from domain.fold.fold import Derived, Fold, Row
from domain.fold.uses import lineage
from streams.engine.batch import Headers
from streams.engine.processor import Output
from topics.catalogue import topic_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEPARATOR = "\x1f"
_encoder = msgspec.msgpack.Encoder(decimal_format="string")


class SchemaIds(Protocol):
    """What of a schema registry is needed to write."""

    def id_for(self, topic: str, record_name: str) -> int:
        """Schema id of a record on a topic; raises `UnavailableError`."""
        ...


class _Target(NamedTuple):
    """Where records of a kind go."""

    topic: str
    aggregate: bytes
    event_type: bytes


class Rows:
    """Publishes what follows from facts."""

    def __init__(self, schemas: SchemaIds) -> None:
        self._schemas = schemas
        self._targets: dict[str, _Target] = {}

    def publish(
        self,
        fold: Fold,
        derived: Derived,
        facts: tuple[Facts, Facts],
        said: Mapping[str, int],
        calculated_us: int,
        out: list[Output],
    ) -> dict[str, int]:
        """Append the records of new and changed rows and the tombstones of withdrawn ones; returns what stands now."""
        stands: dict[str, int] = {}
        moment = Moment(fold, facts, calculated_us, derived.wake_us)
        for row in derived.rows:
            name = f"{row.record}{_SEPARATOR}{row.key}"
            block = lineage(fold, row, *facts)
            stands[name] = _hash(row, block)
            if said.get(name) != stands[name]:
                out.append(self._record(row, block, moment))
        for name in said:
            if name not in stands:
                record, _, key = name.partition(_SEPARATOR)
                out.append(self._withdrawal(record, key, moment))
        return stands

    def _record(self, row: Row, block: Mapping[str, Any], moment: Moment) -> Output:
        target = self._target(row.record)
        body = encode_body(row.record, moment.record(row, block))
        value = frame(self._schemas.id_for(target.topic, row.record), body)
        identity = format_uuid(hashlib.blake2b(body, digest_size=16).digest())
        return Output(target.topic, row.key.encode(), value, moment.headers(target, row.key, identity))

    def _withdrawal(self, record: str, key: str, moment: Moment) -> Output:
        target = self._target(record)
        digest = hashlib.blake2b(f"{record} {key} {moment.calculated_us}".encode(), digest_size=16).digest()
        return Output(target.topic, key.encode(), None, moment.headers(target, key, format_uuid(digest)))

    def _target(self, record: str) -> _Target:
        found = self._targets.get(record)
        if found is None:
            kind = next(r for r in RECORDS if r.name == record)
            said = event_type(kind.owner, kind.aggregate, f"{record}Derived").encode()
            found = self._targets[record] = _Target(topic_of(kind).name, kind.aggregate.encode(), said)
        return found


class Moment:
    """What the records of one derivation have in common: when they were calculated, and how much was known then.

    `facts` are the group's and the member's, times are microseconds of the platform's clock.
    """

    def __init__(self, fold: Fold, facts: tuple[Facts, Facts], calculated_us: int, valid_until_us: int | None) -> None:
        self._fold = fold
        self.calculated_us = calculated_us
        self.version = sum(f.version for f in facts)
        entries = [e for f in facts for e in f.entries()]
        self._newest = max(entries, key=lambda e: (e.time_us, e.version, e.event_id), default=None)
        recorded_us = max((e.recorded_us for e in entries), default=calculated_us)
        self.calculated = {
            "calculatedAt": _time(calculated_us),
            "validUntil": None if valid_until_us is None else _time(valid_until_us),
            "sourceLagMs": max(0, (calculated_us - recorded_us) // 1000),
        }

    def record(self, row: Row, block: Mapping[str, Any]) -> dict[str, Any]:
        """The record of a row by wire names; `block` is its lineage."""
        return {**row.data, "version": self.version, "derivation": {**block, **self.calculated}}

    def headers(self, target: _Target, key: str, identity: str) -> Headers:
        """CloudEvents headers of a derived record."""
        newest = self._newest
        time_us = self.calculated_us if newest is None else newest.time_us
        return [
            ("ce_specversion", b"1.0"),
            ("ce_id", identity.encode()),
            ("ce_type", target.event_type),
            ("ce_source", b"ordertruth"),
            ("ce_subject", key.encode()),
            ("ce_time", format_microseconds(time_us)),
            ("ce_recordedtime", format_microseconds(self.calculated_us)),
            ("ce_tenantid", key.partition(":")[0].encode()),
            ("ce_causationid", b"" if newest is None else newest.event_id.encode()),
            ("ce_policyversion", self._fold.rule_version.encode()),
            ("ce_aggregatetype", target.aggregate),
            ("ce_aggregateversion", b"%d" % max(1, self.version)),
            ("content-type", b"application/avro"),
        ]


def _hash(row: Row, block: Mapping[str, Any]) -> int:
    """Of what makes it another record: what it says, by which rule, and the events it rests on."""
    events = [given["eventId"] for given in block["inputs"]]
    content = _encoder.encode([block["ruleId"], block["ruleVersion"], row.data, events])
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big") >> 1


def _time(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
