"""FalloutCase: its machine, repair on record, escalation and the two ways to an end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.command import Actor, Command
from domain.errors import Refusal
from domain.fallout_case import commands as c
from domain.fallout_case import events as e
from domain.fallout_case.aggregate import FALLOUT_CASE, MACHINE
from domain.fallout_case.case import FalloutCase, case_id_of, evolve
from domain.fallout_case.playbook import PLAYBOOK, SLA_HOURS, TEAMS
from domain.fallout_case.states import (
    FalloutCause,
    FalloutNature,
    FalloutSeverity,
    FalloutState,
    RepairKind,
    Resolution,
)
from tests.domain.machine_walk import (
    NOW,
    Choose,
    Subject,
    check_beginning,
    check_emissions,
    check_matrix,
    check_roles,
    check_table,
    envelope,
    walk,
)
from tests.domain.orders import ORDER_ID

CASE_ID = case_id_of(ORDER_ID, "f-1")
DETECTION: dict[str, Any] = {
    "order_id": ORDER_ID,
    "account_id": "acme:acc-1",
    "fallout_id": "f-1",
    "item_id": "a",
    "product_instance_id": f"{ORDER_ID}/a",
    "task_id": f"{ORDER_ID}/a/service",
    "cause": FalloutCause.PROVISIONING_FAILED,
    "failure_code": "NO_PORT",
    "evidence_ref": "answer-1",
}
REPAIR: dict[str, Any] = {
    "repair_id": "r-1",
    "kind": RepairKind.RETRY,
    "justification": "The port was free again.",
    "prior_state_hash": "before",
    "new_state_hash": "after",
    "evidence_ref": "ticket-1",
}
APPROVAL = {"dry_run_ref": "trial-1", "approval_ref": "approval-1", "approved_by": "lee"}
CLOSING = {"rollback_ref": "undo-1", "customer_notice_ref": "letter-1"}
F = FalloutState


def sample(case: FalloutCase | None, kind: type[Command], command_id: str, choose: Choose) -> Command:
    base = envelope(MACHINE, kind, CASE_ID, command_id, choose)
    if case is None or kind is c.DetectFallout:
        about = choose(({}, {"item_id": None}, {"fallout_id": "f-2"}, {"severity": FalloutSeverity.LOW}))
        return c.DetectFallout(**base, **{**DETECTION, **about})
    if kind is c.AssignFallout:
        return c.AssignFallout(**base, assignee_id=choose(("oms-1", "order-manager-1", "fulfillment-operator-2")))
    if kind is c.EscalateFallout:
        return c.EscalateFallout(**base)
    if kind is c.ApplyOrderRepair:
        fields = {**REPAIR, "repair_id": choose(("r-1", "r-2", "r-3")), "kind": choose(tuple(RepairKind))}
        return c.ApplyOrderRepair(**base, **fields, **choose((APPROVAL, {})))
    if kind is c.ResolveFallout:
        return c.ResolveFallout(**base, resolution=choose(tuple(Resolution)), verification_ref="test-1")
    return c.CloseFalloutAsFailed(**base, closed_as=choose(tuple(FalloutNature)), **CLOSING)


SUBJECT = Subject(MACHINE, e.EVENTS, FalloutState, sample, pace=timedelta(hours=3))
TestWalk = walk(SUBJECT)


class CaseDesk:
    """Sends commands to one case."""

    def __init__(self, **fields: Any) -> None:
        self.case: FalloutCase | None = None
        self.events: list[e.FalloutCaseEvent] = []
        self.now = NOW
        self.send(c.DetectFallout, "oms", **{**DETECTION, **fields})

    @property
    def standing(self) -> FalloutCase:
        assert self.case is not None
        return self.case

    def command(self, kind: type[Command], who: str, /, **fields: Any) -> Command:
        role, _, name = who.partition(":")
        actor = Actor(actor_id=name or role, role=role, system="oms")
        identity = {"aggregate_id": CASE_ID, "command_id": f"command-{len(self.events)}", "correlation_id": "corr-1"}
        return kind(**identity, actor=actor, **fields)

    def send(self, kind: type[Command], who: str, /, **fields: Any) -> Any:
        (event,) = MACHINE.decide(self.case, self.command(kind, who, **fields), self.now)
        self.case = evolve(self.case, event)
        self.events.append(event)
        return event

    def refused(self, kind: type[Command], who: str, /, **fields: Any) -> Refusal:
        with pytest.raises(Refusal) as caught:
            MACHINE.decide(self.case, self.command(kind, who, **fields), self.now)
        assert caught.value.remediation
        return caught.value

    def assigned(self, assignee_id: str = "kim") -> CaseDesk:
        self.send(c.AssignFallout, "order-manager", assignee_id=assignee_id)
        return self

    def repaired(self) -> CaseDesk:
        self.assigned().send(c.ApplyOrderRepair, "fulfillment-operator:kim", **REPAIR)
        return self


def test_the_table_and_the_machine_agree() -> None:
    """R153-R162."""
    check_table(SUBJECT, c)
    check_emissions(SUBJECT)
    check_matrix(SUBJECT)
    check_roles(SUBJECT)
    check_beginning(SUBJECT)
    assert set(FALLOUT_CASE.events) == {event.__name__ for event in e.EVENTS}


def test_every_cause_has_its_play() -> None:
    """R583: a runbook, a way back and a word to the customer, before it happens."""
    assert set(PLAYBOOK) == set(FalloutCause)
    assert {play.nature for play in PLAYBOOK.values()} == set(FalloutNature)
    assert set(SLA_HOURS) == set(FalloutSeverity)
    for cause, play in PLAYBOOK.items():
        event = CaseDesk(cause=cause).events[0]
        assert isinstance(event, e.FalloutDetected)
        told = (event.nature, event.severity, event.runbook_ref, event.rollback, event.customer_communication)
        assert told == (play.nature, play.severity, play.runbook_ref, play.rollback, play.customer_communication)
        assert all(told)


@pytest.mark.parametrize(
    ("cause", "nature"),
    [
        (FalloutCause.DATA_INVALID, FalloutNature.VALIDATION_REJECTION),
        (FalloutCause.PROVISIONING_FAILED, FalloutNature.REPAIRABLE_DOWNSTREAM),
        (FalloutCause.CANCELLATION_FAILED, FalloutNature.CANCELLATION_FAILURE),
        (FalloutCause.CUSTOMER_WITHDREW, FalloutNature.BUSINESS_ABANDONED),
        (FalloutCause.NOT_DELIVERABLE, FalloutNature.TERMINAL_TECHNICAL),
    ],
)
def test_five_natures_are_kept_apart(cause: FalloutCause, nature: FalloutNature) -> None:
    """R145-R149."""
    assert CaseDesk(cause=cause).standing.nature is nature


def test_a_repair_is_on_record_with_what_it_changed() -> None:
    """R121, R123."""
    desk = CaseDesk().repaired()
    event = desk.events[-1]
    assert isinstance(event, e.OrderRepairApplied)
    assert (event.prior_state_hash, event.new_state_hash, event.evidence_ref) == ("before", "after", "ticket-1")
    assert (event.order_id, event.item_id, event.actor_id) == (ORDER_ID, "a", "kim")
    assert desk.refused(c.ApplyOrderRepair, "fulfillment-operator:kim", **REPAIR).code == "CONFLICT_REPAIR_ID"
    for blank in ("justification", "evidence_ref", "prior_state_hash", "new_state_hash"):
        with pytest.raises(ValueError, match=blank):
            desk.command(c.ApplyOrderRepair, "fulfillment-operator:kim", **{**REPAIR, blank: " "})


def test_only_whoever_has_the_case_repairs() -> None:
    """R399."""
    desk = CaseDesk()
    assert desk.refused(c.ApplyOrderRepair, "fulfillment-operator:kim", **REPAIR).code == "STATE_ILLEGAL_TRANSITION"
    desk.assigned("kim")
    other = desk.refused(c.ApplyOrderRepair, "fulfillment-operator:lee", **REPAIR)
    assert other.code == "AUTHORIZATION_NOT_ASSIGNED"


def test_a_repair_that_changes_data_is_tried_and_approved_by_another() -> None:
    """R121, R399, R510."""
    desk = CaseDesk().assigned()
    change = {**REPAIR, "kind": RepairKind.DATA_CORRECTION}
    who = "fulfillment-operator:kim"
    assert desk.refused(c.ApplyOrderRepair, who, **change).code == "POLICY_REPAIR_APPROVAL"
    own = {**change, **APPROVAL, "approved_by": "kim"}
    assert desk.refused(c.ApplyOrderRepair, who, **own).code == "AUTHORIZATION_FOUR_EYES"
    event = desk.send(c.ApplyOrderRepair, who, **change, **APPROVAL)
    assert (event.dry_run_ref, event.approval_ref, event.approved_by) == ("trial-1", "approval-1", "lee")


def test_a_case_is_resolved_by_a_repair_or_by_itself() -> None:
    """R123."""
    repaired = {"resolution": Resolution.REPAIRED, "verification_ref": "test-1"}
    recovered = {"resolution": Resolution.RECOVERED, "verification_ref": "test-1"}
    desk = CaseDesk()
    assert desk.refused(c.ResolveFallout, "order-manager", **repaired).code == "STATE_NO_REPAIR"
    desk.repaired()
    assert desk.refused(c.ResolveFallout, "order-manager", **recovered).code == "STATE_NO_REPAIR"
    event = desk.send(c.ResolveFallout, "order-manager", **repaired)
    assert (event.repair_ids, desk.standing.state) == (("r-1",), F.RESOLVED)
    by_itself = CaseDesk().send(c.ResolveFallout, "oms", **recovered)
    assert (by_itself.resolution, by_itself.repair_ids) == (Resolution.RECOVERED, ())


def test_an_urgent_repair_is_confirmed_by_another() -> None:
    """R399, R510."""
    fields = {"resolution": Resolution.REPAIRED, "verification_ref": "test-1"}
    desk = CaseDesk().repaired()
    assert desk.standing.severity is FalloutSeverity.HIGH
    assert desk.refused(c.ResolveFallout, "fulfillment-operator:kim", **fields).code == "AUTHORIZATION_FOUR_EYES"
    desk.send(c.ResolveFallout, "fulfillment-operator:lee", **fields)
    low = CaseDesk(severity=FalloutSeverity.LOW).repaired()
    low.send(c.ResolveFallout, "fulfillment-operator:kim", **fields)
    assert low.standing.state is F.RESOLVED


def test_a_case_goes_up_when_its_time_is_over() -> None:
    """R158."""
    desk = CaseDesk()
    due = NOW + timedelta(hours=SLA_HOURS[FalloutSeverity.HIGH])
    assert desk.standing.due_at == due
    desk.now = due - timedelta(seconds=1)
    early = desk.refused(c.EscalateFallout, "oms")
    assert early.code == "POLICY_SLA_NOT_OVER"
    desk.assigned()
    assert desk.standing.due_at == due
    desk.now = due
    event = desk.send(c.EscalateFallout, "oms")
    assert (event.team, event.escalation_level, event.assignee_id) == (TEAMS[1], 1, None)
    assert desk.standing.due_at == due + timedelta(hours=SLA_HOURS[FalloutSeverity.HIGH])
    desk.now = desk.standing.due_at
    desk.send(c.EscalateFallout, "oms")
    desk.now += timedelta(days=99)
    assert desk.refused(c.EscalateFallout, "oms").code == "STATE_NO_LEVEL_LEFT"


def test_giving_up_needs_an_order_manager_and_a_reason() -> None:
    """R140, R148, R149."""
    desk = CaseDesk()
    fields = {"closed_as": FalloutNature.TERMINAL_TECHNICAL, **CLOSING}
    assert desk.refused(c.CloseFalloutAsFailed, "oms", reason_code="X", **fields).code == "AUTHORIZATION_ROLE"
    assert desk.refused(c.CloseFalloutAsFailed, "order-manager", **fields).code == "STRUCTURAL_REASON_MISSING"
    repairable = {**fields, "closed_as": FalloutNature.REPAIRABLE_DOWNSTREAM}
    wrong = desk.refused(c.CloseFalloutAsFailed, "order-manager", reason_code="X", **repairable)
    assert wrong.code == "STRUCTURAL_NATURE"
    event = desk.send(c.CloseFalloutAsFailed, "order-manager", reason_code="NO_FIBRE", **fields)
    assert (event.closed_as, event.reason_code) == (FalloutNature.TERMINAL_TECHNICAL, "NO_FIBRE")
    assert event.nature is FalloutNature.REPAIRABLE_DOWNSTREAM
    assert desk.standing.state is F.CLOSED_AS_FAILED


def test_a_fallout_noticed_twice_is_one_case() -> None:
    desk = CaseDesk()
    assert desk.refused(c.DetectFallout, "oms", **DETECTION).code == "CONFLICT_FALLOUT_EXISTS"
    desk.case = None
    other = {**DETECTION, "fallout_id": "f-2"}
    assert desk.refused(c.DetectFallout, "oms", **other).code == "STRUCTURAL_CASE_ID"
    foreign = {**DETECTION, "account_id": "other:acc-1"}
    assert desk.refused(c.DetectFallout, "oms", **foreign).code == "AUTHORIZATION_TENANT"
    loose = {**DETECTION, "item_id": None}
    assert desk.refused(c.DetectFallout, "oms", **loose).code == "STRUCTURAL_ITEM_MISSING"


def test_a_case_begins_with_its_detection() -> None:
    desk = CaseDesk().assigned()
    with pytest.raises(ValueError, match="not FalloutDetected"):
        evolve(None, desk.events[1])
    with pytest.raises(TypeError, match="no further event"):
        evolve(desk.standing, desk.events[0])
