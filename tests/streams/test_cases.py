"""The cases application: in whatever order findings, decisions and deadlines come, one case and one set of alerts."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from avro.headers import format_time
from domain.case.record import canonical_case
from domain.case_decision import events as e
from domain.case_decision.events import CaseDecisionEvent
from domain.drift.finding import DriftFinding
from domain.errors import IntegrityError
from streams.cases import CasesProcessor
from streams.engine.processor import Output
from streams.testing import (
    Harness,
    MemoryContracts,
    Record,
    assert_convergent,
    assert_poison_is_set_aside,
    event,
    framed,
)
from tests.domain.cases import CASE_ID, DAY, HOUR, MINUTE, SETTLED, decided, finding
from topics.catalogue import ALERTS, CASE_DECISIONS, DRIFT_FINDINGS, RECONCILIATION_CASES

FINDINGS, DECISIONS = DRIFT_FINDINGS.name, CASE_DECISIONS.name
INPUTS = (FINDINGS, DECISIONS)
END = SETTLED + 400 * DAY


@cache
def contracts() -> MemoryContracts:
    return MemoryContracts()


def make() -> CasesProcessor:
    return CasesProcessor(contracts())


def stands(**fields: Any) -> Record:
    """A finding as the derivation publishes it."""
    told = finding(**fields)
    return framed(told.finding_id, "DriftFinding", told, contracts(), headers(told, told.version))


def ended(told: DriftFinding, at: Any, version: int) -> Record:
    """Its tombstone."""
    ended_at = told.model_copy(
        update={"derivation": told.derivation.model_copy(update={"calculated_at": at}), "version": version}
    )
    return Record(told.finding_id.encode(), None, headers(ended_at, version, "withdrawn"))


def headers(told: DriftFinding, version: int, what: str = "derived") -> list[tuple[str, bytes]]:
    at = format_time(told.derivation.calculated_at).encode()
    return [
        ("ce_id", f"{what}-{version}-{at.decode()}".encode()),
        ("ce_subject", told.finding_id.encode()),
        ("ce_time", at),
        ("ce_recordedtime", at),
        ("ce_aggregateversion", str(version).encode()),
    ]


def decision(kind: type[CaseDecisionEvent], version: int, after: timedelta, **fields: Any) -> Record:
    return event(decided(kind, version, SETTLED + after, **fields).decision, contracts(), subject=CASE_ID)


def told() -> dict[str, list[Record]]:
    """A mismatch that is worked on, waived by forgery, ended, and back."""
    first = finding()
    return {
        FINDINGS: [
            stands(),
            stands(version=2, at=SETTLED + HOUR, leakage=None),
            ended(first, SETTLED + 9 * HOUR, 3),
            stands(version=4, at=SETTLED + DAY, since=SETTLED + 20 * HOUR),
        ],
        DECISIONS: [
            decision(e.CaseAssigned, 1, HOUR),
            decision(e.CaseWaiverRequested, 2, 2 * HOUR),
            decision(e.CaseWaived, 3, 3 * HOUR, actor_id="kim"),
            decision(e.CaseWaived, 4, 4 * HOUR),
            decision(e.CaseAssigned, 5, DAY + HOUR),
        ],
    }


def canonical(value: bytes) -> Any:
    """Cases as any interleaving must end in them; alerts tell what was seen when."""
    record = contracts().decode(value)
    if record.record.endswith("Alert"):
        return [record.data["dedupKey"], record.data["transition"] == "RESOLVED", record.data["severity"]]
    return canonical_case(record.data)


def data(outputs: list[Output], topic: str) -> list[dict[str, Any]]:
    return [contracts().decode(o.value).data for o in outputs if o.topic == topic and o.value is not None]


def as_it_happened() -> Harness:
    harness, given = Harness(make, inputs=INPUTS), told()
    harness.run(*given[FINDINGS][:2], topic=FINDINGS)
    harness.run(*given[DECISIONS][:4], topic=DECISIONS)
    harness.run(*given[FINDINGS][2:], topic=FINDINGS)
    harness.run(*given[DECISIONS][4:], topic=DECISIONS)
    return harness


def test_any_interleaving_ends_in_the_same_case() -> None:
    assert_convergent(make, told(), canonical, inputs=INPUTS, watermark=END, keep_order=True, tries=25)
    assert_convergent(make, told(), canonical, inputs=INPUTS, keep_order=True, tries=15)


def test_one_case_is_published_with_its_decisions_and_refusals() -> None:
    harness = as_it_happened()
    (case,) = [contracts().decode(v).data for v in harness.newest(RECONCILIATION_CASES.name).values()]
    assert (case["caseId"], case["status"], case["assigneeId"], case["openings"]) == (CASE_ID, "ASSIGNED", "kim", 2)
    assert case["refusedCount"] == 1
    assert [entry["code"] for entry in case["history"] if entry["what"] == "DECISION_REFUSED"] == [
        "AUTHORIZATION_FOUR_EYES"
    ]
    assert {ref["topic"] for ref in case["derivation"]["inputs"]} == {FINDINGS, DECISIONS}


def test_replaying_everything_makes_no_second_case_and_no_second_alert() -> None:
    harness = as_it_happened()
    harness.advance_watermark(END)
    harness.commit()
    before = list(harness.outputs)
    for topic, found in told().items():
        harness.publish(*found, topic=topic)
    assert harness.run() == []
    harness.advance_watermark(END)
    harness.commit()
    assert harness.outputs == before
    assert harness.counts.duplicate + harness.counts.stale == sum(map(len, told().values()))
    keys = Counter((a["dedupKey"], a["version"]) for a in data(before, ALERTS.name))
    assert set(keys.values()) == {1}


def test_deadlines_close_and_escalate_without_anything_coming() -> None:
    harness = Harness(make, inputs=INPUTS)
    harness.run(stands(), topic=FINDINGS)
    harness.advance_watermark(SETTLED + 168 * HOUR + MINUTE)
    harness.commit()
    newest = data(harness.outputs, RECONCILIATION_CASES.name)[-1]
    assert (newest["status"], newest["severity"], newest["slaMissed"]) == ("ESCALATED", "CRITICAL", True)
    harness.run(ended(finding(), SETTLED + 200 * HOUR, 2), topic=FINDINGS)
    harness.advance_watermark(SETTLED + 201 * HOUR)
    harness.commit()
    assert data(harness.outputs, RECONCILIATION_CASES.name)[-1]["status"] == "CONVERGED"
    assert [a["transition"] for a in data(harness.outputs, ALERTS.name)] == ["OPENED", *["UPDATED"] * 4, "RESOLVED"]
    assert harness.fired == 5


def test_a_crash_takes_no_case_and_no_timer_along() -> None:
    harness = Harness(make, inputs=INPUTS)
    harness.run(stands(), topic=FINDINGS)
    harness.feed(decision(e.CaseAssigned, 1, HOUR), topic=DECISIONS)
    harness.crash()
    harness.run()
    assert data(harness.outputs, RECONCILIATION_CASES.name)[-1]["status"] == "ASSIGNED"
    harness.advance_watermark(SETTLED + 25 * HOUR)
    assert [contracts().decode(o.value or b"").data["severity"] for o in harness.pending] == ["MEDIUM", "MEDIUM"]


def test_bad_records_are_set_aside() -> None:
    decisions = {DECISIONS: told()[DECISIONS][:2]}
    assert_poison_is_set_aside(make, decisions, canonical, inputs=INPUTS)


@pytest.mark.parametrize(
    ("record", "topic", "code"),
    [
        (stands()._replace(key=b"acme:other"), FINDINGS, "KEY_MISMATCH"),
        (stands()._replace(key=None), FINDINGS, "NO_KEY"),
        (stands()._replace(headers=[]), FINDINGS, "BAD_HEADERS"),
        (decision(e.CaseAssigned, 1, HOUR)._replace(value=stands().value, headers=stands().headers), DECISIONS, ""),
        (stands()._replace(value=b"\0\0\0\0\1nonsense"), FINDINGS, "UNKNOWN_SCHEMA_ID"),
    ],
)
def test_what_is_about_no_case_is_a_dead_letter(record: Record, topic: str, code: str) -> None:
    harness = Harness(make, inputs=INPUTS)
    harness.run(record, topic=topic)
    codes = [dict(letter.headers)["dlq_error_code"].decode() for letter in harness.dead_letters]
    assert codes == ([code] if code else [])


def test_a_state_nobody_can_read_stops_the_application() -> None:
    harness = Harness(make, inputs=INPUTS)
    harness.run(stands(), topic=FINDINGS)
    store = next(iter(harness._partitions.values())).store
    store.put(CASE_ID.encode(), b"{}")
    with pytest.raises(IntegrityError, match="cannot be read"):
        harness.feed(stands(version=9, at=SETTLED + DAY), topic=FINDINGS)
