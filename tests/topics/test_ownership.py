"""The ownership matrix and the topics say the same, and it is complete (R77, R330-R334, R490-R492, R504-R514)."""

from __future__ import annotations

import pytest

from domain.catalogue import RECORDS
from domain.errors import ContractError
from domain.ownership.blueprint import CAPABILITIES, OBJECTS, Snapshot
from domain.ownership.boundaries import BOUNDARIES, DECISIONS, PASSAGES
from domain.ownership.corrections import CORRECTION_RULES, CorrectionKind
from domain.ownership.entities import ENTITIES, RECORD_ROLES
from domain.ownership.matrix import ControlPlane, Ownership, Role
from domain.ownership.questions import MATRIX, corrector_of, may_emit, ownership, ownership_of_event, role_of
from domain.tense import is_command, is_past_tense
from topics.catalogue import OWNER_TOPICS
from topics.contracts.kinds import is_derived

RULES = """
referential.account-unknown referential.account-closed referential.account-merged referential.quote-unknown
referential.offering-unknown referential.asset-unknown referential.order-item-unknown state.header-vs-items
state.completed-with-open-task state.tasks-done-order-open state.fallout-on-completed state.provisioned-vs-task
state.reservation-lost state.charge-on-cancelled state.asset-active-service-down state.duplicate-order
state.expired-quote-converted state.stale-fingerprint-accepted state.unapproved-discount state.proposal-hash-mismatch
state.decided-without-authority state.invoiced-in-fallout state.cancelled-after-cutoff state.changed-without-amendment
state.payment-without-order financial.quote-vs-order financial.order-vs-charge financial.charge-vs-invoice
financial.billed-to-old-address asset.missing asset.orphan asset.configuration-differs asset.live-after-termination
catalog.snapshot-outdated catalog.retired-sold catalog.consumer-behind event.version-gap event.conflicting-duplicate
event.wrong-producer event.command-shaped event.missing-lineage event.late event.consumer-missed billing.handoff
"""
AGGREGATES = {row.aggregate for row in MATRIX}


def names(row: Ownership) -> str:
    return row.aggregate


def test_every_owner_topic_has_its_row_and_every_row_its_topic() -> None:
    """R77, R330, R334: one owner for each aggregate, and it is the topic's only producer."""
    wanted = {(t.aggregate, t.owner, t.events) for t in OWNER_TOPICS}
    assert {(row.aggregate, row.owner, row.events) for row in MATRIX} == wanted
    assert len(AGGREGATES) == len(MATRIX) == len(OWNER_TOPICS)


def test_every_contract_is_published_by_its_owner() -> None:
    for record in RECORDS:
        if not is_derived(record):
            assert may_emit(record.owner, record.name), record.name
            assert ownership_of_event(record.name).aggregate == record.aggregate


def test_an_event_is_published_by_one_aggregate() -> None:
    events = [event for row in MATRIX for event in row.events]
    assert len(events) == len(set(events))


@pytest.mark.parametrize("row", MATRIX, ids=names)
def test_a_row_is_complete(row: Ownership) -> None:
    """R491: owner, record, publisher, consumers, correction path, reconciliation."""
    assert row.record
    assert row.publisher == row.owner
    assert row.events
    assert row.refers
    assert row.reconciled_by
    assert bool(row.corrections) == bool(row.corrected_by)
    assert set(row.corrected_by) <= set(row.events)
    assert row.owner not in (*row.engages, *row.refers)
    assert not set(row.engages) & set(row.refers)
    assert set(row.reconciled_by) <= set(RULES.split())
    assert not any(is_command(event) for event in row.corrected_by)
    assert all(is_past_tense(event) for event in row.events)


def test_every_rule_of_reconciliation_looks_at_somebodys_facts() -> None:
    assert {rule for row in MATRIX for rule in row.reconciled_by} == set(RULES.split())


def test_nobody_but_the_owner_may_emit() -> None:
    """R320, R324: every other system is refused for every event."""
    systems = {row.owner for row in MATRIX} | {s for row in MATRIX for s in (*row.engages, *row.refers)}
    for row in MATRIX:
        for event in row.events:
            assert [system for system in sorted(systems) if may_emit(system, event)] == [row.owner]
    assert not may_emit("oms", "NothingHappened")


def test_the_owner_corrects_by_its_own_events() -> None:
    """R240, R265-R267, R497-R502."""
    assert corrector_of("QuoteAccepted") == ("cpq", ("QuoteCorrectionApplied", "QuoteSuperseded"))
    assert corrector_of("InvoiceIssued") == ("billing", ("ChargeAmended", "ChargeTerminated", "InvoiceIssued"))
    assert set(CORRECTION_RULES) == set(CorrectionKind)
    assert {kind for row in MATRIX for kind in row.corrections} == set(CorrectionKind)
    assert all(rule.approvers and rule.handling and rule.result for rule in CORRECTION_RULES.values())


def test_what_nobody_owns_is_refused() -> None:
    with pytest.raises(ContractError, match="Nobody owns"):
        ownership("Spaceship")
    with pytest.raises(ContractError, match="Nobody publishes"):
        ownership_of_event("SpaceshipLaunched")


def test_systems_have_one_role_for_each_aggregate() -> None:
    """R512, R513."""
    assert role_of("crm", "Account") is Role.RECORD
    assert role_of("self-service-portal", "Account") is Role.ENGAGEMENT
    assert role_of("billing", "Account") is Role.REFERENCE
    assert role_of("network", "Account") is None
    assert len(RECORD_ROLES) == len({roles.entity for roles in RECORD_ROLES}) == 8
    for roles in RECORD_ROLES:
        assert roles.engagement
        assert roles.reference
        assert roles.record not in (*roles.engagement, *roles.reference)
        if roles.aggregate is not None:
            assert role_of(roles.record, roles.aggregate) is Role.RECORD


def test_entities_objects_and_capabilities_have_one_owner_each() -> None:
    """R490, R504, R514."""
    for found in (ENTITIES, OBJECTS, CAPABILITIES):
        assert len(found) == len({thing.name for thing in found}) == 16
        assert all(thing.owner for thing in found)
    for entity in ENTITIES:
        assert entity.aggregate is None or ownership(entity.aggregate).owner == entity.owner
        assert entity.consumers
        assert entity.changed_by
    assert {thing.snapshot for thing in OBJECTS} == set(Snapshot)
    owners = {c.name: c.owner for c in CAPABILITIES}
    assert (owners["price calculation"], owners["charge and invoice"]) == ("cpq", "billing")
    assert {c.name for c in CAPABILITIES if c.cpq == "owns"} == {c.name for c in CAPABILITIES if c.owner == "cpq"}
    assert {c.name for c in CAPABILITIES if c.oms == "owns"} == {c.name for c in CAPABILITIES if c.owner == "oms"}


def test_the_matrices_agree_about_what_is_kept_as_it_was() -> None:
    """R504: what a commitment is made on is snapshotted."""
    kept = {row.aggregate for row in MATRIX if row.must_snapshot}
    for aggregate in ("CatalogPublication", "Quote", "PriceCalculation", "ApprovalCase", "ProductOrder", "Charge"):
        assert aggregate in kept
    assert {e.aggregate for e in ENTITIES if e.snapshot} <= kept


def test_the_boundaries_are_offered_by_the_owners_of_what_passes() -> None:
    """R492, R173, R316, R505."""
    assert len(BOUNDARIES) == len({b.name for b in BOUNDARIES}) == 7
    for boundary in BOUNDARIES:
        assert boundary.version >= 1
        assert boundary.consumers
        assert set(boundary.aggregates) <= AGGREGATES
        assert boundary.owner in {ownership(a).owner for a in boundary.aggregates}
    assert len(PASSAGES) == 8
    assert all(passage.preserves for passage in PASSAGES)
    assert (PASSAGES[0].source, PASSAGES[-1].target) == ("catalog", "billing")
    assert len(DECISIONS) == 8
    assert all(d.decided_by not in d.never_by for d in DECISIONS)
    assert {row.plane for row in MATRIX} == set(ControlPlane)
    assert len(ControlPlane) == 5
