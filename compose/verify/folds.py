"""What applications made of folds ought to have said: every owner's events folded again, without feeds or state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from avro.codec import decode
from avro.registry import Registry
from compose.derivations import DERIVATIONS, derived_topics, placed_topics
from compose.verify.accounting import positions
from compose.verify.billing import Evidence
from compose.verify.compare import Mismatch, compare
from compose.verify.expected import belongs
from compose.verify.raw import Raw, read_all
from domain.errors import RecordError
from domain.fold.canonical import canonical_row
from domain.fold.facts import Facts
from domain.fold.fold import Fold, Place, Row, settle
from domain.fold.group import Groups
from domain.fold.heard import Heard
from domain.fold.uses import lineage
from streams.clock import clock_of
from streams.engine.batch import RecordBatch
from streams.folding import GRACE_US
from streams.hearing import Hearing
from topics.catalogue import FOLD_CHANGELOGS

Records = dict[str, dict[str, Any]]
_CHUNK = 500


@dataclass(slots=True)
class FoldsChecked:
    """What was read, the canonical records by kind, and every disagreement."""

    events: int = 0
    records: dict[str, Records] = field(default_factory=lambda: defaultdict(dict))
    mismatches: list[Mismatch] = field(default_factory=list)
    billing: Evidence = field(default_factory=Evidence)


def check_folds(
    kafka_config: Mapping[str, str], registry: Registry, apps: Collection[str], *, omit_event: str | None = None
) -> FoldsChecked:
    """Fold everything again and compare with the derived topics, field by field, at the time the applications reached.

    They must have read everything. Raises `UnavailableError` when the broker or the registry is away.
    """
    checked = FoldsChecked()
    if not apps:
        return checked
    found = {app: [Groups(fold) for fold in DERIVATIONS[app]] for app in apps}
    listened = [groups for of_app in found.values() for groups in of_app]
    for event in events(kafka_config, registry):
        checked.events += 1
        if event.event_id != omit_event:
            checked.billing.hear(event)
            for groups in listened:
                groups.hear([event])
    for app, of_app in found.items():
        reached = _Reached(kafka_config, FOLD_CHANGELOGS[app].name)
        expected: dict[str, Records] = defaultdict(dict)
        for groups in of_app:
            for record, key, row in _rows(groups, reached):
                expected[record][key] = row
        for topic in derived_topics(app):
            (record,) = topic.records
            actual = newest(read_all(kafka_config, topic.name), registry)
            checked.records[record] = {**checked.records[record], **actual}
            checked.mismatches += compare(topic.name, expected[record], actual)
    return checked


def events(kafka_config: Mapping[str, str], registry: Registry) -> Iterator[Heard]:
    """Every event some fold listens to, topic by topic; what cannot be read is left out, as the platform does."""
    kinds = frozenset[str]().union(*(fold.kinds for folds in DERIVATIONS.values() for fold in folds))
    hearing = Hearing(registry, kinds)
    for topic in placed_topics():
        for batch in _batches(read_all(kafka_config, topic.name)):
            yield from heard(hearing, batch)


def newest(raw: Iterable[Raw], registry: Registry) -> Records:
    """The newest canonical record of each key of a derived topic."""
    values: dict[str, bytes] = {}
    for record in raw:
        key = (record.key or b"").decode()
        if record.value is None:
            values.pop(key, None)
        else:
            values[key] = record.value
    return {key: canonical_row(decode(value, registry.schema_for_id).data) for key, value in values.items()}


class _Reached:
    """How far the time of each group has come, by the application's own account."""

    def __init__(self, kafka_config: Mapping[str, str], changelog: str) -> None:
        raw = list(read_all(kafka_config, changelog))
        self._positions = positions(raw)
        self._partitions = raw[0].partitions if raw else 1

    def until_us(self, group: str) -> int:
        """Up to when deadlines of a group have passed."""
        key = group.encode()
        position = self._positions.get(belongs(key, self._partitions))
        return position.watermark.get(clock_of(key), 0) - GRACE_US if position else 0


def _rows(groups: Groups, reached: _Reached) -> Iterator[tuple[str, str, dict[str, Any]]]:
    nothing = Facts()
    fold = groups.fold
    for place, own in groups.facts.items():
        shared = groups.facts.get(Place(place.group), nothing) if place.member else own
        own_facts = own if place.member else nothing
        for row in settle(fold, place, shared, own_facts, reached.until_us(place.group)).derived.rows:
            yield row.record, row.key, _expected(fold, shared, own_facts, row)


def _expected(fold: Fold, shared: Facts, own: Facts, row: Row) -> dict[str, Any]:
    return canonical_row({**row.data, "derivation": lineage(fold, row, shared, own)})


def _batches(raw: Iterable[Raw]) -> Iterator[RecordBatch]:
    by_partition: dict[int, list[Raw]] = defaultdict(list)
    for record in raw:
        if not record.key or (record.partitions > 1 and belongs(record.key, record.partitions) != record.partition):
            continue
        waiting = by_partition[record.partition]
        waiting.append(record)
        if len(waiting) == _CHUNK:
            yield _batch(waiting)
            waiting.clear()
    yield from (_batch(waiting) for waiting in by_partition.values() if waiting)


def _batch(records: list[Raw]) -> RecordBatch:
    return RecordBatch(
        records[0].topic,
        records[0].partition,
        0,
        [r.offset for r in records],
        [0] * len(records),
        [r.key for r in records],
        [r.value for r in records],
        [r.headers for r in records],
    )


def heard(hearing: Hearing, batch: RecordBatch) -> Iterator[Heard]:
    """The events of a batch; what cannot be read is left out."""
    try:
        found = list(hearing.of(batch))
    except RecordError:
        if len(batch) > 1:
            for index in range(len(batch)):
                yield from heard(hearing, batch.only(index))
        return
    yield from (event for _, event in found if event is not None)
