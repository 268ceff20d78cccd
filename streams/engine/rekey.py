"""An owner's facts under another key, so that they meet what they are joined with in one partition.

The copy on the internal topic is the original, byte for byte, under the new key; its headers also say where the
original lies (`src_topic`, `src_partition`, `src_offset`, `src_key`). With `ce_id` and `ce_aggregateversion`, which it
keeps, a reader recognises what comes twice and cites the owner's record.

When an aggregate moves to another key, the old key is told by a retraction: a record without a value, with the headers
of the event that moved it. It says that as of that version the aggregate does not belong here. A reader keeps facts and
retractions by version, the highest decides, at equal ones the retraction; then the order in which they come does not
matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from avro.essentials import Essentials, essentials
from domain.errors import IntegrityError, RecordError
from streams.engine.batch import Headers, RecordBatch
from streams.engine.processor import Counts, Output, State

KeyFunction = Callable[[RecordBatch], Sequence[Sequence[str] | None]]
"""The keys of each record of a batch; None for one that is knowingly joined with nothing.

None at all (an empty sequence) is a fault: such a record becomes a dead letter. Raises `RecordError` for a record that
cannot be read. A pure function, of the records alone.
"""

_SOURCE_HEADERS = ("src_topic", "src_partition", "src_offset", "src_key")
_KEPT_FOR_RETRACTION = {
    "ce_specversion",
    "ce_id",
    "ce_type",
    "ce_source",
    "ce_subject",
    "ce_time",
    "ce_recordedtime",
    "ce_tenantid",
    "ce_aggregatetype",
    "ce_aggregateversion",
    *_SOURCE_HEADERS,
}


class Source(NamedTuple):
    """Where the original of a re-keyed record lies."""

    topic: str
    partition: int
    offset: int
    key: bytes


class Newest(NamedTuple):
    """What is remembered of an aggregate: its newest event, the keys that has, and the headers a retraction needs."""

    version: int
    event_id: str
    keys: list[str]
    headers: list[tuple[str, bytes]]

    def older_than(self, event: Essentials) -> bool:
        """Whether an event is newer; of two that claim one version the smaller id counts, whichever came first."""
        return (self.version, event.event_id) < (event.aggregate_version, self.event_id)


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Newest).decode


class Rekey:
    """A processor that publishes every fact on `topic` under the keys `keys_of` finds.

    `moves` says that an aggregate's keys may change during its life: the newest are then remembered, and the former
    retracted in the same transaction. Without it nothing is kept.
    """

    def __init__(self, keys_of: KeyFunction, topic: str, *, moves: bool = False) -> None:
        self._keys_of = keys_of
        self._topic = topic
        self._moves = moves

    def process(self, batch: RecordBatch, now: datetime, state: State, out: list[Output]) -> Counts:
        """See `Processor.process`; an older event than the newest is counted as stale, and published all the same."""
        counts = Counts(read=len(batch))
        for index, found in enumerate(self._keys_of(batch)):
            if found is None:
                counts.applied += 1
                continue
            event = essentials(batch.headers[index])
            key, copy = copy_of(batch, index, self._topic)
            keys = _checked(found, key, event)
            if not self._moves:
                out += [copy.under(name) for name in keys]
                counts.applied += 1
                continue
            self._follow(state, key, event, keys, copy, counts, out)
        return counts

    def _follow(
        self,
        state: State,
        key: bytes,
        event: Essentials,
        keys: list[str],
        copy: Copy,
        counts: Counts,
        out: list[Output],
    ) -> None:
        stored = state.get(key)
        newest = None if stored is None else _newest(key, stored)
        if newest is not None and (newest.version, newest.event_id) == (event.aggregate_version, event.event_id):
            counts.duplicate += 1
            return
        out += [copy.under(name) for name in keys]
        if newest is None or newest.older_than(event):
            counts.applied += 1
            former = [] if newest is None else newest.keys
            newest = Newest(event.aggregate_version, event.event_id, keys, copy.retraction_headers())
            state.put(key, _pack(newest))
        else:
            counts.stale += 1
            former = keys
        gone = [name for name in former if name not in newest.keys]
        out += [Output(self._topic, name.encode(), None, newest.headers) for name in gone]


class Copy(NamedTuple):
    """A fact ready to be published again."""

    topic: str
    value: bytes
    headers: Headers

    def under(self, key: str) -> Output:
        """The fact under a key."""
        return Output(self.topic, key.encode(), self.value, self.headers)

    def retraction_headers(self) -> Headers:
        """What a retraction says of the event that caused it."""
        return [(name, value) for name, value in self.headers if name in _KEPT_FOR_RETRACTION]


def copy_of(batch: RecordBatch, index: int, topic: str) -> tuple[bytes, Copy]:
    """The owner's key and the copy of a fact; raises `RecordError` for a record without key or value."""
    key, value = _joinable(batch.keys[index], batch.values[index])
    return key, Copy(topic, value, _with_source(batch, index, key))


def source_of(headers: Iterable[tuple[str, bytes]]) -> Source:
    """Where the original of a re-keyed record lies. Raises `RecordError` when its headers do not say."""
    found = dict(headers)
    try:
        topic, partition, offset, key = (found[name] for name in _SOURCE_HEADERS)
        return Source(topic.decode(), int(partition), int(offset), key)
    except (KeyError, ValueError) as error:
        message = f"The record does not say where its original lies: {error!r}."
        raise RecordError("NO_SOURCE", message, stage="decode", remediation="Only a re-keyer may write here.") from None


def _with_source(batch: RecordBatch, index: int, key: bytes) -> Headers:
    headers = batch.headers[index]
    if any(name == _SOURCE_HEADERS[0] for name, _ in headers):
        return headers  # re-keyed once more: the original stays the owner's record
    place = (batch.topic.encode(), b"%d" % batch.partition, b"%d" % batch.offsets[index], key)
    return [*headers, *zip(_SOURCE_HEADERS, place, strict=True)]


def _joinable(key: bytes | None, value: bytes | None) -> tuple[bytes, bytes]:
    if not key:
        raise _bad("NO_KEY", "The record has no key, so nobody can say which aggregate it is about.")
    if value is None:
        raise _bad("TOMBSTONE", f"The record of {key!r} has no value: it would read as a retraction.")
    return key, value


def _checked(found: Sequence[str], key: bytes, event: Essentials) -> list[str]:
    tenant = key.partition(b":")[0].decode(errors="backslashreplace") + ":"
    keys = list(dict.fromkeys(found))
    if not keys:
        raise _bad("NO_JOIN_KEY", f"Event {event.event_id} of {event.subject} names nothing to join it with.")
    for name in keys:
        if not name.startswith(tenant) or len(name) == len(tenant):
            raise _bad("BAD_JOIN_KEY", f"Event {event.event_id} names {name!r}, which is no id of tenant {tenant!r}.")
    return keys


def _newest(key: bytes, stored: bytes) -> Newest:
    try:
        return _unpack(stored)
    except msgspec.DecodeError as error:
        message = f"What is remembered of {key!r} cannot be read: {error}."
        raise IntegrityError(message, remediation="Rebuild the state from the events.") from error


def _bad(code: str, message: str) -> RecordError:
    return RecordError(code, message, stage="apply", remediation="Find the producer and mend it; then replay.")
