"""Every finding of an enterprise with faults read once more from the beginning: no second case, no second alert."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from avro.headers import format_time
from avro.plain import from_avro
from compose.derivations import DERIVATIONS
from domain.drift.finding import DriftFinding
from streams.cases import CasesProcessor
from streams.engine.processor import Output
from streams.testing import Harness, MemoryContracts, Record, framed
from tests.domain.cases import DAY
from tests.folds.enterprise import told
from tests.folds.published import NOW, all_published
from topics.catalogue import ALERTS, CASE_DECISIONS, DRIFT_FINDINGS, RECONCILIATION_CASES

FINDINGS = DRIFT_FINDINGS.name
RUN = 16, 7, "mixed"
END = NOW + 400 * DAY
CONTRACTS = MemoryContracts()


def make() -> CasesProcessor:
    return CasesProcessor(CONTRACTS)


def record(told_now: DriftFinding, version: int, *, ended: bool = False) -> Record:
    at = format_time(told_now.derivation.calculated_at + version * DAY).encode()
    headers = [
        ("ce_id", f"{told_now.finding_id}/{version}".encode()),
        ("ce_subject", told_now.finding_id.encode()),
        ("ce_time", at),
        ("ce_recordedtime", at),
        ("ce_aggregateversion", str(version).encode()),
    ]
    if ended:
        return Record(told_now.finding_id.encode(), None, headers)
    return framed(
        told_now.finding_id, "DriftFinding", told_now.model_copy(update={"version": version}), CONTRACTS, headers
    )


@cache
def findings() -> tuple[Record, ...]:
    """What the reconciliation comes to; every second mismatch ends, and every fourth comes back."""
    run = told(*RUN)
    found = [
        from_avro(DriftFinding, published)
        for fold in DERIVATIONS["reconciliation"]
        for row, published in all_published(fold, run.events, run.end_us)
        if row.record == "DriftFinding"
    ]
    first = [record(one, 1) for one in found]
    ended = [record(one, 2, ended=True) for one in found[::2]]
    back = [record(one, 3) for one in found[::4]]
    return (*first, *ended, *back)


def ids(outputs: list[Output], topic: str) -> set[bytes]:
    return {output.key for output in outputs if output.topic == topic}


def alerts(outputs: list[Output]) -> list[tuple[Any, ...]]:
    """Each alert that was told, in order."""
    told_now = [CONTRACTS.decode(o.value).data for o in outputs if o.topic == ALERTS.name and o.value is not None]
    return [(alert["dedupKey"], alert["transition"], alert["severity"], alert["version"]) for alert in told_now]


def read_through() -> Harness:
    harness = Harness(make, inputs=(FINDINGS, CASE_DECISIONS.name))
    harness.run(*findings(), topic=FINDINGS)
    harness.advance_watermark(END)
    harness.commit()
    return harness


@pytest.mark.parametrize("crashing", [False, True])
def test_what_was_read_is_read_again_and_nothing_is_opened_or_told(crashing: bool) -> None:
    harness = read_through()
    before = list(harness.outputs)
    cases = ids(before, RECONCILIATION_CASES.name)
    assert cases == {one.key for one in findings()}
    assert len(cases) > 10
    harness.publish(*findings(), topic=FINDINGS)
    assert harness.run(batch_size=5) == []
    if crashing:
        harness.crash()
        assert harness.run(batch_size=3) == []
    harness.advance_watermark(END + DAY)
    harness.commit()
    assert list(harness.outputs) == before


def test_from_nothing_the_same_cases_are_opened_and_the_same_alerts_told() -> None:
    first, second = read_through().outputs, read_through().outputs
    told_now = alerts(list(first))
    assert len(told_now) == len({(key, transition, version) for key, transition, _, version in told_now})
    assert alerts(list(second)) == told_now
    assert [(o.topic, o.key, o.value) for o in second] == [(o.topic, o.key, o.value) for o in first]
