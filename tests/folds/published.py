"""Rows as whoever runs a fold publishes them, through the contract and the table and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from avro.codec import decode_body, encode_body, writer_schema
from avro.contract import contract
from domain.fold.facts import Facts
from domain.fold.fold import Fold, Place, Row
from domain.fold.group import Groups
from domain.fold.heard import Heard
from domain.fold.uses import lineage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sinks.table import Table

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def published(fold: Fold, row: Row, shared: Facts, own: Facts) -> dict[str, Any]:
    """A row with what the runner adds."""
    moments = {"calculatedAt": NOW, "validUntil": None, "sourceLagMs": 0}
    derivation = {**lineage(fold, row, shared, own), **moments}
    return {**row.data, "version": shared.version + own.version, "derivation": derivation}


def all_published(fold: Fold, events: Iterable[Heard], until_us: int) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Every row of a fold over events, with its record."""
    groups = Groups(fold)
    groups.hear(events)
    nothing = Facts()
    for place, done in groups.settled(until_us):
        own = groups.facts[place] if place.member else nothing
        for row in done.derived.rows:
            yield row, published(fold, row, groups.facts.get(Place(place.group), nothing), own)


def assert_fits(row: Row, record: dict[str, Any], table: Table | None) -> None:
    """The record survives its contract and its table; its key is the table's."""
    schema = writer_schema(contract(row.record).text)
    decoded = decode_body(encode_body(row.record, record), schema)
    assert decoded == record
    if table is not None:
        assert table.model.__name__ == row.record
        cells = table.cells(decoded)
        assert cells[table.key_index] == row.key
        assert table.record(cells) == decoded


def heard_again(row: Row, record: dict[str, Any], offset: int) -> Heard:
    """A derived record as another fold hears it."""
    moment_us = 1_782_864_000_000_000
    return Heard(
        kind=row.record,
        subject=row.key,
        aggregate=row.record,
        version=record["version"],
        event_id=f"{row.key}@{record['version']}",
        content=offset,
        time_us=moment_us,
        recorded_us=moment_us,
        data=record,
        topic="derived",
        offset=offset,
    )
