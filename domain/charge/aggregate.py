"""Charge: commands in, events out (R237, R262, R263, R273-R277, R500)."""

from __future__ import annotations

from typing import Any

from domain.aggregate import AggregateType
from domain.charge.charge import Charge, evolve
from domain.charge.commands import ActivateCharge, RejectCharge
from domain.charge.events import AGGREGATE, EVENTS, OWNER, ChargeEvent
from domain.charge.guards import CREATION_GUARDS, GUARDS
from domain.charge.machine import ROWS
from domain.charge.reactions import REACTIONS
from domain.charge.states import REPAIR_CHARGE_STATES, TERMINAL_CHARGE_STATES, ChargeState
from domain.command import ENVELOPE_FIELDS, Claim, ClaimKind, Command, fingerprint
from domain.errors import Refusal
from domain.machine import Machine
from domain.machine import claims as own_claims

POLICY_VERSION = "charge.v1"


def claims(command: Command) -> tuple[Claim, ...]:
    """Its idempotency key, and for a new charge the handoff it rests on: a handoff is charged once (R397)."""
    found = own_claims(command)
    if not isinstance(command, (ActivateCharge, RejectCharge)) or command.handoff_id is None:
        return found
    message = f"Billing handoff {command.handoff_id} was answered otherwise."
    conflict = Refusal(
        "CONFLICT_BILLING_HANDOFF", message, remediation="Amend or retry the charge that came of it, or withdraw it."
    )
    # The id the charge is to get is the sender's noise: a repeated handoff must find the first charge.
    asked = command.model_dump(mode="json", by_alias=True, exclude=set(ENVELOPE_FIELDS))
    return (
        *found,
        Claim(ClaimKind.BILLING_HANDOFF, command.handoff_id, fingerprint({command.name: asked}), conflict),
    )


def _identity(charge: Charge | None, command: Any) -> dict[str, Any]:
    """What the event is about; the item is the one that brought the current terms or the change."""
    if charge is None:
        return {
            "charge_id": command.aggregate_id,
            "order_id": command.order_id,
            "item_id": command.item_id,
            "product_instance_id": command.product_instance_id,
            "component_id": command.component.component_id,
            "account_id": command.account_id,
        }
    return {
        "charge_id": charge.charge_id,
        "order_id": getattr(command, "order_id", None) or charge.order_id,
        "item_id": getattr(command, "item_id", None) or charge.item_id,
        "product_instance_id": charge.product_instance_id,
        "component_id": charge.component.component_id,
        "account_id": charge.account_id,
    }


MACHINE: Machine[Charge, ChargeEvent] = Machine(
    noun="charge",
    code="CHARGE",
    rows=ROWS,
    reactions=REACTIONS,
    identity=_identity,
    evolve=evolve,
    initial=ChargeState.ACTIVE,
    terminal=TERMINAL_CHARGE_STATES,
    repair=REPAIR_CHARGE_STATES,
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
)
decide = MACHINE.decide

CHARGE: AggregateType[Charge] = AggregateType(
    name=AGGREGATE,
    owner=OWNER,
    events={event.__name__: event for event in EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
