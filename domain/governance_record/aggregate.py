"""GovernanceRecord: commands in, events out (R124, R261, R301, R497-R510)."""

from __future__ import annotations

from domain.aggregate import AggregateType
from domain.governance_record.events import AGGREGATE, EVENTS, OWNER, GovernanceEvent, GovernanceState
from domain.governance_record.guards import CREATION_GUARDS, GUARDS
from domain.governance_record.machine import REACTIONS, ROWS, identity
from domain.governance_record.record import GovernanceRecord, evolve
from domain.machine import Machine, claims

POLICY_VERSION = "governance-record.v1"

MACHINE: Machine[GovernanceRecord, GovernanceEvent] = Machine(
    noun="governance record",
    code="GOVERNANCE_RECORD",
    rows=ROWS,
    reactions=REACTIONS,
    identity=identity,
    evolve=evolve,
    initial=GovernanceState.REQUESTED,
    terminal=frozenset({GovernanceState.APPLIED, GovernanceState.RECORDED}),
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
)
decide = MACHINE.decide

GOVERNANCE_RECORD: AggregateType[GovernanceRecord] = AggregateType(
    name=AGGREGATE,
    owner=OWNER,
    events={event.__name__: event for event in EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
