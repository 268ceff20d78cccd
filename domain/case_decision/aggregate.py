"""CaseDecision: commands in, events out (R240, R503, R510)."""

from __future__ import annotations

from domain.aggregate import AggregateType
from domain.case_decision.decision import CaseDecision, evolve
from domain.case_decision.events import AGGREGATE, EVENTS, OWNER, CaseDecisionEvent
from domain.case_decision.guards import CREATION_GUARDS, GUARDS, TIMED_GUARDS
from domain.case_decision.machine import REACTIONS, ROWS, identity
from domain.case_decision.states import DecisionState
from domain.machine import Machine, claims

POLICY_VERSION = "case-decision.v1"

MACHINE: Machine[CaseDecision, CaseDecisionEvent] = Machine(
    noun="case decision",
    code="CASE_DECISION",
    rows=ROWS,
    reactions=REACTIONS,
    identity=identity,
    evolve=evolve,
    initial=DecisionState.ASSIGNED,
    terminal=frozenset(),
    repair=frozenset({DecisionState.ESCALATED}),
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
    timed_guards=TIMED_GUARDS,
)
decide = MACHINE.decide

CASE_DECISION: AggregateType[CaseDecision] = AggregateType(
    name=AGGREGATE,
    owner=OWNER,
    events={event.__name__: event for event in EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
