"""Every event of every aggregate gives a complete audit record (R108-R110, R120, R121, R124, R300, R372, R375)."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pytest

from domain.audit import (
    EXCEPTIONS,
    GENESIS,
    HIGH_RISK,
    MANDATORY,
    audit_record,
    audit_trail,
    missing_attributes,
    state_hash,
)
from domain.catalogue import RecordType
from domain.charge import commands as c
from domain.ownership.questions import MATRIX
from tests.domain.charges import Desk, moment
from tests.domain.machine_walk import NOW
from tests.domain.sample_events import EVENT_RECORDS, envelope_of, filled, from_wire

EVENTS = {event for row in MATRIX for event in row.events}
BY_NAME = {record.name: record for record in EVENT_RECORDS}


@pytest.mark.parametrize("record", EVENT_RECORDS, ids=lambda r: r.name)
def test_every_event_gives_a_complete_record(record: RecordType) -> None:
    """R120, R300."""
    event = filled(record.model)
    made = audit_record(envelope_of(record, reason_code="BECAUSE"), event)
    assert missing_attributes(made) == ()
    assert (made.actor_id, made.actor_role, made.action) == ("kim", "support", record.name)
    assert (made.aggregate_type, made.aggregate_id, made.aggregate_version) == (
        record.aggregate,
        f"acme:{record.aggregate}-1",
        1,
    )
    assert (made.reason_code, made.policy_version, made.correlation_id) == ("BECAUSE", "policy.v1", "corr-1")
    assert (made.causation_id, made.command_id, made.source) == ("cause-1", "command-1", record.owner)
    assert (made.occurred_at, made.recorded_at) == (NOW + timedelta(minutes=1), NOW + timedelta(minutes=1, seconds=1))
    assert (made.prior_state_hash is not None) == (made.new_state_hash is not None) == (record.name in HIGH_RISK)
    if "from_state" in record.model.model_fields:
        assert (made.from_state, made.to_state) == (event.from_state, event.to_state)


def test_the_high_risk_events_are_events() -> None:
    """R121."""
    assert HIGH_RISK <= EVENTS
    assert EXCEPTIONS <= HIGH_RISK
    assert {e for row in MATRIX if row.aggregate == "GovernanceRecord" for e in row.events} <= HIGH_RISK


def test_high_risk_says_why_by_whom_and_by_what() -> None:
    """R121."""
    record = BY_NAME["ChargeAmended"]
    made = audit_record(envelope_of(record), filled(record.model))
    assert made.prior_state_hash == GENESIS
    assert made.approval_ref == "acme:approval_ref"
    requested = BY_NAME["CorrectionRequested"]
    made = audit_record(envelope_of(requested, corrects=None), filled(requested.model))
    assert made.justification == "acme:justification"
    assert made.artifacts == ("acme:evidence_refs",)
    assert made.corrects_event_id == "acme:corrects_event_id"
    reason = BY_NAME["NonBillingReasonRequested"]
    assert audit_record(envelope_of(reason), filled(reason.model)).justification is None


def test_an_event_that_moves_nothing_leaves_the_state_it_enters() -> None:
    """R109."""
    desk = Desk()
    invoiced = desk.invoice(moment(1), moment(2))
    made = audit_record(envelope_of(BY_NAME["InvoiceIssued"], 2), invoiced)
    assert (made.from_state, made.to_state) == ("ACTIVE", "ACTIVE")
    first = audit_record(envelope_of(BY_NAME["ChargeActivated"]), desk.events[0])
    assert (first.from_state, first.to_state) == (None, "ACTIVE")


def test_an_attribute_that_is_not_there_is_named() -> None:
    """R372, R375."""
    record = BY_NAME["ManualOverrideRecorded"]
    event = filled(record.model).model_copy(update={"reason_code": None})
    for name in sorted(set(MANDATORY) - {"action"}):
        made = audit_record(envelope_of(record), event).model_copy(update={name: ""})
        assert missing_attributes(made) == (name, "reason_code")
    plain = BY_NAME["ProductOrderSubmitted"]
    quiet = filled(plain.model).model_copy(update={"reason_code": None})
    assert missing_attributes(audit_record(envelope_of(plain), quiet)) == ()


def _trail() -> list[tuple[RecordType, Any]]:
    desk = Desk()
    desk.invoice(moment(1), moment(2))
    desk.send(c.TerminateCharge, effective_until=moment(3))
    return [(BY_NAME[type(event).__name__], event) for event in desk.events]


def test_a_trail_chains_states() -> None:
    """R121, R124, R125: each state follows from the one before, so that nothing can be changed in between."""
    history = [(envelope_of(record, n), event) for n, (record, event) in enumerate(_trail(), start=1)]
    made = list(audit_trail(history))
    assert made[0].prior_state_hash is None
    assert made[1].prior_state_hash == state_hash(GENESIS, history[0][1])
    assert made[2].prior_state_hash == made[1].new_state_hash
    changed = [(e, v.model_copy(update={"account_id": "other"}) if n == 0 else v) for n, (e, v) in enumerate(history)]
    assert list(audit_trail(changed))[2].new_state_hash != made[2].new_state_hash
    for hole in ([history[0], history[2]], [history[1]], [history[0], history[0]]):
        with pytest.raises(ValueError, match="does not follow"):
            list(audit_trail(hole))
    other = (envelope_of(BY_NAME["InvoiceIssued"], 2, subject="acme:other"), history[1][1])
    with pytest.raises(ValueError, match="does not follow"):
        list(audit_trail([history[0], other]))


def test_hashes_do_not_depend_on_how_a_value_was_written() -> None:
    """What was stored as JSON and what was read from Avro give the same record."""
    for record, event in _trail():
        read = from_wire(record, event)
        assert read == event
        assert audit_record(envelope_of(record), read) == audit_record(envelope_of(record), event)
    event = _trail()[0][1]
    moved = event.effective_from.astimezone(timezone(timedelta(hours=5)))
    spelled = event.model_copy(update={"effective_from": moved})
    assert state_hash(GENESIS, spelled) == state_hash(GENESIS, event)


@pytest.mark.parametrize("record", EVENT_RECORDS, ids=lambda r: r.name)
def test_every_event_is_read_back_from_avro_as_it_was_written(record: RecordType) -> None:
    event = filled(record.model)
    read = from_wire(record, event)
    assert read == record.model.model_validate(event.model_dump())
    assert audit_record(envelope_of(record), read) == audit_record(envelope_of(record), event)
