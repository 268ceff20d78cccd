"""Records as folds hear them (`domain.fold`): owners' events, their copies under a join key, derived ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from avro.aliases import EVENT_ALIASES, canonical_actions, canonical_event
from avro.batch import BatchDecoder
from avro.codec import WriterSchema
from avro.contract import contract
from avro.essentials import essentials
from domain.errors import RecordError
from domain.fold.heard import Heard
from streams.engine.batch import Headers, RecordBatch
from streams.engine.rekey import Source, source_of
from streams.order_state import content_hash
from topics.catalogue import DERIVED_TOPICS

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
_DERIVED = frozenset(topic.name for topic in DERIVED_TOPICS)


class SchemaFinder(Protocol):
    """What of a schema registry is needed to read."""

    def schema_for_id(self, schema_id: int) -> WriterSchema:
        """The schema a record was written with; raises `RecordError` or `UnavailableError`."""
        ...


class Hearing:
    """Reads the records of some kinds whole; what else comes is decoded no further than its name."""

    def __init__(self, schemas: SchemaFinder, kinds: Iterable[str]) -> None:
        self._kinds = frozenset(kinds)
        wanted = {kind: tuple(field["name"] for field in contract(kind).schema["fields"]) for kind in self._kinds}
        self._decoder = BatchDecoder(schemas.schema_for_id, _with_aliases(wanted))

    def of(self, batch: RecordBatch) -> Iterator[tuple[bytes, Heard | None]]:
        """Each record with its key, in order; None for one of another kind, or that a derived topic withdraws.

        Raises the `RecordError` of the first that cannot be read.
        """
        derived = batch.topic in _DERIVED
        withdrawn = derived and None in batch.values
        read = self._decoder.decode([value or b"" for value in batch.values] if withdrawn else batch.values)
        failures = dict(read.failures)
        for index, (key, value) in enumerate(zip(batch.keys, batch.values, strict=True)):
            if derived and value is None:
                yield key or b"", None
                continue
            if index in failures:
                raise failures[index]
            if not key or value is None:
                raise RecordError("NO_KEY", "The record has no key, so nobody can say what it is about.", stage="apply")
            kind = canonical_event(read.records[index].rpartition(".")[2]).value
            if kind not in self._kinds:
                yield key, None
                continue
            yield key, _heard(batch, index, kind, read.data[index] or {})


def _with_aliases(wanted: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {**wanted, **{alias: wanted[kind] for alias, kind in EVENT_ALIASES.items() if kind in wanted}}


def _heard(batch: RecordBatch, index: int, kind: str, data: Mapping[str, Any]) -> Heard:
    headers = batch.headers[index]
    envelope = essentials(headers)
    source = _source(batch, index, headers)
    value = batch.values[index] or b""
    return Heard(
        kind=kind,
        subject=envelope.subject,
        # what is derived has no version that counts every change; its place in the log does
        version=source.offset + 1 if source.topic in _DERIVED else envelope.aggregate_version,
        event_id=envelope.event_id,
        content=content_hash(value, envelope.event_id),
        time_us=envelope.time_us,
        recorded_us=envelope.recorded_us,
        data=canonical_actions(dict(data)).value if "items" in data else data,
        topic=source.topic,
        partition=source.partition,
        offset=source.offset,
        **_lineage(headers),
    )


def _lineage(headers: Headers) -> dict[str, str]:
    found = {_LINEAGE[name]: value.decode(errors="replace") for name, value in headers if name in _LINEAGE and value}
    found.setdefault("aggregate", "")
    return found


def _source(batch: RecordBatch, index: int, headers: Headers) -> Source:
    if headers and headers[-1][0] == "src_key":
        return source_of(headers)
    return Source(batch.topic, batch.partition, batch.offsets[index], batch.keys[index] or b"")
