"""Rebuilt rows: the records that follow from facts, in the shape the sink gives those it reads from topics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from avro.batch import BatchDecoder
from avro.codec import encode_body, frame, writer_schema
from avro.contract import contract
from compose.rebuild.plan import Plan
from compose.rebuild.projections import Projection
from compose.rebuild.spool import Told
from domain.errors import RecordError
from domain.fold.facts import Facts
from domain.fold.fold import Fold, Place, settle
from domain.fold.uses import lineage
from domain.order_state.derive import derive
from domain.order_state.facts import OrderFacts
from domain.order_state.policy import REFERENCE_V1
from sinks.contract import Sink, SinkRecord, SinkRow
from sinks.table import Table
from streams.engine.copartition import partitions_of
from streams.order_state_wire import write
from streams.rows import Moment


@dataclass
class Made:
    """Rows by topic, and how many records the sink has no room for, which it would put aside as well."""

    rows: dict[str, list[SinkRow]] = field(default_factory=lambda: defaultdict(list))
    refused: int = 0

    @property
    def count(self) -> int:
        """All rows."""
        return sum(map(len, self.rows.values()))


class Maker:
    """Makes the rows of a projection; `sink` knows what fits.

    A rebuilt row stands before the first record behind the plan's start: that one, and all after it, move it forward.
    It is said to be calculated when the newest of what it rests on was published, as for simulated tenants anyway:
    lists in that order keep it, and making it once more gives the same.
    """

    def __init__(self, projection: Projection, plan: Plan, sink: Sink) -> None:
        self._plan = plan
        self._sink = sink
        self._tables = {table.model.__name__: table for table in projection.tables}
        self._decoders = {name: _decoder(name) for name in self._tables}
        self._folds = projection.folds

    def of_slice(self, told: Iterable[Told]) -> Made:
        """The rows of everything that was told of one slice."""
        found: list[dict[Place, Facts]] = [{} for _ in self._folds]
        for entry in told:
            facts = found[entry.fold].setdefault(entry.place, Facts())
            facts.hear(entry.event(), entry.said)
        made = Made()
        for fold, places in zip(self._folds, found, strict=True):
            self._place(made, self._settled(fold, places))
        return made

    def of_orders(self, orders: Iterable[tuple[str, OrderFacts]]) -> Made:
        """The order states that follow from facts; an order that cannot be written down is refused."""
        (name,) = self._tables
        made, bodies = Made(), []
        for order_id, facts in orders:
            assert facts.newest is not None
            try:
                body = write(order_id, facts, derive(facts, REFERENCE_V1), REFERENCE_V1, facts.newest.recorded_us)
            except (AttributeError, KeyError, TypeError, OverflowError):
                made.refused += 1  # as the application does: a foreign schema let something through
                continue
            bodies.append((name, order_id, body))
        self._place(made, bodies)
        return made

    def _settled(self, fold: Fold, places: dict[Place, Facts]) -> Iterator[tuple[str, str, bytes]]:
        nothing = Facts()
        for place, own in places.items():
            shared = places.get(Place(place.group), nothing) if place.member else own
            own_facts = own if place.member else nothing
            done = settle(fold, place, shared, own_facts, self._plan.until_us(place.group))
            rows = [row for row in done.derived.rows if row.record in self._tables]
            if not rows:
                continue
            known = (shared, own_facts)
            calculated_us = max([done.reached_us, *(e.recorded_us for facts in known for e in facts.entries())])
            moment = Moment(fold, known, calculated_us, done.derived.wake_us)
            for row in rows:
                record = moment.record(row, lineage(fold, row, *known))
                yield row.record, row.key, encode_body(row.record, record)

    def _place(self, made: Made, bodies: Iterable[tuple[str, str, bytes]]) -> None:
        """By way of the wire, so that a row is what the sink would have made of the record, to the last digit."""
        by_table: dict[str, dict[str, bytes]] = defaultdict(dict)
        for name, key, body in bodies:
            by_table[name][key] = frame(0, body)
        for name, found in by_table.items():
            table = self._tables[name]
            partitions = partitions_of([key.encode() for key in found], self._plan.partitions(table.topic))
            records = self._decoders[name].decode(list(found.values())).data
            for key, record, partition in zip(found, records, partitions, strict=True):
                assert record is not None  # it has just been written by the same contract
                self._prepare(made, table, key, record, partition)

    def _prepare(self, made: Made, table: Table, key: str, record: dict[str, Any], partition: int) -> None:
        before = self._plan.starts[table.topic][partition] - 1
        placed = SinkRecord(key, record, partition, before, record["derivation"]["calculatedAt"])
        try:
            row = self._sink.placed(table.topic, placed, table.own_cells(record))
        except RecordError:
            made.refused += 1
        else:
            made.rows[table.topic].append(row)


def _decoder(name: str) -> BatchDecoder:
    schema = writer_schema(contract(name).text)
    return BatchDecoder(lambda _: schema, {name: tuple(field["name"] for field in contract(name).schema["fields"])})
