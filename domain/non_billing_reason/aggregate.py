"""NonBillingReason: commands in, events out (R238)."""

from __future__ import annotations

from domain.aggregate import AggregateType
from domain.machine import Machine, claims
from domain.non_billing_reason.events import AGGREGATE, EVENTS, OWNER, NonBillingReasonEvent
from domain.non_billing_reason.machine import CREATION_GUARDS, GUARDS, REACTIONS, ROWS, identity
from domain.non_billing_reason.reason import NonBillingReason, evolve
from domain.non_billing_reason.states import NonBillingState

POLICY_VERSION = "non-billing-reason.v1"

MACHINE: Machine[NonBillingReason, NonBillingReasonEvent] = Machine(
    noun="non-billing reason",
    code="NON_BILLING_REASON",
    rows=ROWS,
    reactions=REACTIONS,
    identity=identity,
    evolve=evolve,
    initial=NonBillingState.REQUESTED,
    terminal=frozenset(),
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
)
decide = MACHINE.decide

NON_BILLING_REASON: AggregateType[NonBillingReason] = AggregateType(
    name=AGGREGATE,
    owner=OWNER,
    events={event.__name__: event for event in EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
