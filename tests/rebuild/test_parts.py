"""What a rebuild consists of, without broker and database: its plan, its spool, the rows it makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from avro.codec import decode_body, encode_body, writer_schema
from avro.contract import contract
from compose.derivations import DERIVATIONS
from compose.rebuild import spool
from compose.rebuild.made import Maker
from compose.rebuild.plan import RECORDS_PER_BUNDLE_MIN, Plan, Stretch
from compose.rebuild.projections import projection_named, projection_names
from domain.errors import ConfigurationError
from domain.fold.canonical import canonical_row
from domain.fold.fold import Fold
from sinks.postgres.shadow import ShadowSink
from sinks.table import Table
from sinks.tables import TABLES
from streams.clock import clock_of
from streams.folding import GRACE_US
from tests.console.enterprise import RUN, records
from tests.folds.published import all_published

SLICES = 3
PARTITIONS = 4
ALL_FOLDS = [projection_named(name) for name in projection_names()]


def _plan(name: str, **changes: Any) -> Plan:
    projection = projection_named(name)
    clock = clock_of(RUN.events[0].subject.encode())
    given: dict[str, Any] = {
        "projection": name,
        "rules": projection.rules,
        "starts": {table.topic: dict.fromkeys(range(PARTITIONS), 40) for table in projection.tables},
        "reached": {p: {clock: RUN.end_us + GRACE_US} for p in range(PARTITIONS)},
        "stretches": (Stretch("a.v1", 0, 5, 12, 2), Stretch("b.v1", 1, 0, 7, 2)),
        "slices": SLICES,
        "topics": {table.name: table.topic for table in projection.tables},
        "sources": projection.sources,
    }
    return Plan(**{**given, **changes})


def test_a_plan_survives_the_database() -> None:
    plan = _plan("order-status")
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize("sizes", [[1], [30_000, 400, 400, 19_700, 5], [900_000, 800_000, 3, 2, 1]])
def test_bundles_hold_every_stretch_once_and_small_ones_together(sizes: list[int]) -> None:
    stretches = tuple(Stretch(f"t{i}.v1", i, 10, 10 + size, 9) for i, size in enumerate(sizes))
    bundles = _plan("order-state", stretches=stretches).bundles()
    assert sorted(s for bundle in bundles for s in bundle) == sorted(stretches)
    small = [b for b in bundles if sum(s.size for s in b) < RECORDS_PER_BUNDLE_MIN / 2]
    assert len(small) <= 1


def test_what_is_kept_and_what_is_unknown_is_refused() -> None:
    assert {"order-state", "order-status", "order-status-finance", "drift-findings"} <= set(projection_names())
    for name in ("reconciliation-cases", "alerts", "order-stat", "cpq.quotes.v1"):
        assert name not in projection_names()
        with pytest.raises(ConfigurationError) as refused:
            projection_named(name)
        assert name in refused.value.message


def _spooled(tmp_path: Path, folds: tuple[Fold, ...]) -> list[Path]:
    """Two files, as of two stretches, some events in both."""
    parts = RUN.events[: len(RUN.events) * 2 // 3], RUN.events[len(RUN.events) // 2 :]
    paths = []
    for number, part in enumerate(parts):
        paths.append(tmp_path / f"bundle-{number}.told")
        spool.write(paths[-1], (entry for event in part for entry in spool.told(folds, event)), SLICES)
    return paths


def test_every_slice_gets_what_belongs_to_it(tmp_path: Path) -> None:
    folds = projection_named("drift-findings").folds
    expected = [tuple(entry) for event in RUN.events for entry in spool.told(folds, event)]
    path = tmp_path / "all.told"
    spool.write(path, (entry for event in RUN.events for entry in spool.told(folds, event)), SLICES)
    found = [[tuple(entry) for entry in spool.read(path, number)] for number in range(SLICES)]
    assert len(expected) > 2 * spool.PIECE / SLICES
    assert sum(map(len, found)) == len(expected)
    for number in range(SLICES):
        assert {spool.slice_of(entry.group, SLICES) for entry in spool.read(path, number)} == {number}
    assert not path.with_suffix(".part").exists()


@pytest.mark.parametrize("name", [p.name for p in ALL_FOLDS if p.folds])
def test_rebuilt_rows_are_what_the_application_says(tmp_path: Path, name: str) -> None:
    projection, plan = projection_named(name), _plan(name)
    paths = _spooled(tmp_path, projection.folds)
    maker = Maker(projection, plan, ShadowSink("", projection.tables))
    by_model = {table.model.__name__: table for table in projection.tables}
    found: dict[tuple[str, str], Any] = {}
    for number in range(SLICES):
        made = maker.of_slice(entry for path in paths for entry in spool.read(path, number))
        assert made.refused == 0
        for topic, rows in made.rows.items():
            for row in rows:
                assert row.offset == plan.starts[topic][row.partition] - 1
                assert row.cells is not None
                assert found.setdefault((topic, row.key), row.cells) is row.cells
    expected = {
        (by_model[row.record].topic, row.key): _wire(row.record, record)
        for fold in projection.folds
        for row, record in all_published(fold, RUN.events, RUN.end_us)
        if row.record in by_model
    }
    tables = {table.topic: table for table in projection.tables}
    assert {place: canonical_row(tables[place[0]].record(cells)) for place, cells in found.items()} == expected
    assert expected


def _wire(record: str, data: dict[str, Any]) -> dict[str, Any]:
    return canonical_row(decode_body(encode_body(record, data), writer_schema(contract(record).text)))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_own_records_make_the_same_cells(table: Table) -> None:
    schema = writer_schema(contract(table.model.__name__).text)
    own = [decode_body(encode_body(table.model.__name__, r), schema) for r in records()[table.name]]
    assert own or table.name == "alerts"
    for record in own:
        assert table.own_cells(record) == table.cells(record)


def test_every_fold_with_a_table_can_be_rebuilt() -> None:
    tabled = {table.model.__name__ for table in TABLES}
    rebuilt = {fold.rule_id for projection in ALL_FOLDS for fold in projection.folds}
    assert rebuilt == {fold.rule_id for folds in DERIVATIONS.values() for fold in folds if tabled & fold.records}
