"""What people may do about a case, from its record to the decision and back into the case."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.case import commands as people
from domain.case.commands import Action, NonBilling, Seen, Sender
from domain.case.inputs import Decided, micros
from domain.case.states import CaseStatus
from domain.case_decision import aggregate as case_decision
from domain.case_decision import commands as c
from domain.case_decision import events as e
from domain.case_decision.decision import CaseDecision
from domain.case_decision.states import ResolutionKind
from domain.command import Actor, Command
from domain.errors import Refusal
from domain.non_billing_reason import aggregate as reasons
from domain.non_billing_reason.states import NonBillingCode, NonBillingState
from tests.domain.cases import CASE_ID, DAY, HOUR, SETTLED, Told, ceased, decided, euros, found, ref

KIM = Actor(actor_id="kim", role="billing-operator", system="console")
MAX = Actor(actor_id="max", role="finance-approver", system="console")
BILLING = {"rule_id": "billing.handoff", "verdict": "MISSING_CHARGE", "component_id": "monthly"}


class Office:
    """People who decide about one case through the real aggregate and the real lifecycle."""

    def __init__(self, **finding: Any) -> None:
        self.told = Told(found(**finding))
        self.decisions: CaseDecision | None = None
        self.reason: Any = None
        self.now = SETTLED
        self.sent = 0

    def seen(self, **fields: Any) -> Seen:
        return Seen(**{"case": self.told.now, "synced_at": self.now, "now": self.now, **fields})

    def sender(self, actor: Actor = KIM, reason: str | None = "REASON") -> Sender:
        self.sent += 1
        return Sender(actor, f"command-{self.sent}", "corr-1", reason)

    def carry_out(self, *commands: Command) -> None:
        """The decision, and what billing is commanded with it."""
        self.now += HOUR
        for command in commands:
            if type(command) in reasons.MACHINE.commands:
                for fact in reasons.decide(self.reason, command, self.now):
                    self.reason = reasons.evolve(self.reason, fact)
                continue
            assert command.expected_version == (self.decisions.version if self.decisions else 0)
            for event in case_decision.decide(self.decisions, command, self.now):
                self.decisions = case_decision.evolve(self.decisions, event)
                said = Decided(event, micros(self.now), ref(type(event).__name__, f"d-{event.version}", event.version))
                self.told.tell(said)

    @property
    def status(self) -> CaseStatus:
        return self.told.now.status


def code_of(action: Any, *arguments: Any, **fields: Any) -> str:
    with pytest.raises(Refusal) as caught:
        action(*arguments, **fields)
    assert caught.value.remediation
    return caught.value.code


def test_a_case_from_assignment_to_resolution_and_back() -> None:
    office = Office(rule_id="state.duplicate-order")
    office.carry_out(people.assign(office.seen(), office.sender(), "kim"))
    assert (office.status, office.told.now.assignee_id) == (CaseStatus.ASSIGNED, "kim")
    office.carry_out(people.escalate(office.seen(), office.sender(), "finance-approver"))
    assert office.status is CaseStatus.ESCALATED
    office.carry_out(people.propose(office.seen(), office.sender(), ResolutionKind.ACCEPTED_AS_IS, "Cancelled since."))
    assert code_of(people.resolve, office.seen(), office.sender(KIM)) == "AUTHORIZATION_ROLE"
    same_person = Actor(actor_id="kim", role="finance-approver", system="console")
    assert code_of(people.resolve, office.seen(), office.sender(same_person)) == "AUTHORIZATION_FOUR_EYES"
    office.carry_out(people.resolve(office.seen(), office.sender(MAX)))
    assert office.status is CaseStatus.RESOLVED
    office.carry_out(people.reopen(office.seen(), office.sender(MAX)))
    assert office.status is CaseStatus.OPEN
    office.carry_out(people.assign(office.seen(), office.sender(), "lee"))
    assert (office.status, office.told.now.refused_count) == (CaseStatus.ASSIGNED, 0)


def test_a_waiver_by_its_requester_is_refused() -> None:
    office = Office()
    office.carry_out(people.assign(office.seen(), office.sender(), "max"))
    office.carry_out(*people.request_waiver(office.seen(), office.sender(MAX), office.now + 9 * DAY, "Migration."))
    assert code_of(people.waive, office.seen(), office.sender(MAX)) == "AUTHORIZATION_FOUR_EYES"
    other = Actor(actor_id="eve", role="billing-supervisor", system="console")
    office.carry_out(*people.waive(office.seen(), office.sender(other)))
    assert office.status is CaseStatus.WAIVED


def test_waiving_a_billing_case_commands_billing() -> None:
    """R238: it takes effect with NonBillingReasonApproved, whose row converges."""
    office = Office(**BILLING)
    office.carry_out(people.assign(office.seen(), office.sender(), "kim"))
    until = office.now + 30 * DAY
    asked = office.seen(), office.sender(), until, "Three months of trial."
    assert code_of(people.request_waiver, *asked) == "STRUCTURAL_NON_BILLING_MISSING"
    terms = NonBilling(NonBillingCode.TRIAL, euros("49.90"), SETTLED)
    office.carry_out(*people.request_waiver(*asked, non_billing=terms))
    assert (office.reason.state, office.reason.case_id) == (NonBillingState.REQUESTED, office.told.now.case_id)
    assert code_of(people.waive, office.seen(), office.sender(MAX)) == "STRUCTURAL_AUTHORITY_MISSING"
    office.carry_out(*people.waive(office.seen(), office.sender(MAX), authority_limit=euros("100")))
    assert office.reason.state is NonBillingState.APPROVED
    assert office.reason.excuses(SETTLED + DAY)
    assert office.status is CaseStatus.WAIVER_REQUESTED, "until the row says so"
    assert people.allowed(office.told.now) == (Action.ASSIGN, Action.REOPEN, Action.ESCALATE)
    office.told.tell(ceased(office.now + HOUR))
    office.told.until(office.now + 2 * HOUR)
    assert office.status is CaseStatus.CONVERGED


def test_a_record_that_is_too_old_is_not_decided_on() -> None:
    """R66: with the owner to ask."""
    office = Office()
    late = office.seen(synced_at=SETTLED - timedelta(seconds=31))
    with pytest.raises(Refusal) as caught:
        people.assign(late, office.sender(), "kim")
    assert (caught.value.code, caught.value.category) == ("STALENESS_CASE", "STALENESS")
    assert "inventory" in caught.value.remediation
    patient = office.seen(synced_at=SETTLED - timedelta(seconds=31), max_staleness=timedelta(minutes=1))
    assert isinstance(people.assign(patient, office.sender(), "kim"), c.AssignCase)


def test_what_is_allowed_follows_from_where_the_case_stands() -> None:
    def allowed(*given: Any) -> list[str]:
        return [action.value for action in people.allowed(Told(found(), *given).now)]

    def at(hours: int) -> datetime:
        return SETTLED + hours * HOUR

    assigned, proposed = decided(e.CaseAssigned, 1, at(1)), decided(e.CaseResolutionProposed, 2, at(2))
    asked, waived = decided(e.CaseWaiverRequested, 2, at(2)), decided(e.CaseWaived, 3, at(3))
    assert allowed() == ["assign"]
    assert allowed(assigned) == ["assign", "propose", "request-waiver", "escalate"]
    assert allowed(assigned, proposed) == ["assign", "resolve", "reopen", "escalate"]
    assert allowed(assigned, asked) == ["assign", "waive", "reopen", "escalate"]
    assert allowed(assigned, asked, waived) == ["reopen"]
    gone = Told(found(), assigned, ceased(at(4)))
    gone.until(at(5))
    assert people.allowed(gone.now) == ()
    overdue = Told(found())
    overdue.until(at(200))
    assert overdue.now.status is CaseStatus.ESCALATED
    assert people.allowed(overdue.now) == (Action.ASSIGN,)


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        (people.propose, {"kind": ResolutionKind.ACCEPTED_AS_IS, "justification": "x"}),
        (people.resolve, {}),
        (people.waive, {}),
        (people.reopen, {}),
        (people.escalate, {"to_role": "finance-approver"}),
        (people.request_waiver, {"valid_until": SETTLED + DAY, "justification": "x"}),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(action: Any, fields: dict[str, Any]) -> None:
    office = Office()
    with pytest.raises(Refusal) as caught:
        action(office.seen(), office.sender(MAX), **fields)
    assert (caught.value.code, caught.value.remediation) == ("STATE_ILLEGAL_TRANSITION", "Allowed now: assign.")
    assert office.told.now.case_id == CASE_ID


def test_a_charge_no_order_explains_cannot_be_waived() -> None:
    office = Office(**{**BILLING, "verdict": "ORPHAN_CHARGE", "order_id": None, "item_id": None})
    office.carry_out(people.assign(office.seen(), office.sender(), "kim"))
    assert Action.REQUEST_WAIVER not in people.allowed(office.told.now)
