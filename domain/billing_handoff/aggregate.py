"""BillingHandoff: commands in, events out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain.aggregate import AggregateType
from domain.billing_handoff import commands as c
from domain.billing_handoff import events as e
from domain.billing_handoff.handoff import BillingHandoff, evolve
from domain.billing_handoff.machine import CREATION_GUARDS, GUARDS, ROWS, TIMED_GUARDS
from domain.billing_handoff.states import HandoffState
from domain.machine import Draft, Machine, claims

POLICY_VERSION = "billing-handoff.v1"

_REQUEST_FIELDS = (
    "order_id",
    "item_id",
    "action",
    "effect",
    "intent",
    "terms",
    "service_activation_date",
    "billing_trigger_date",
    "billing_end_date",
)


def _request(handoff: BillingHandoff | None, command: c.BillingRequest) -> list[Draft]:
    newest = handoff.newest if handoff else None
    fields = {name: getattr(command, name) for name in _REQUEST_FIELDS}
    derived = {
        "terms_fingerprint": command.terms.fingerprint(),
        "supersedes_version": newest.version if newest else None,
    }
    return [Draft(e.BillingActivationRequested, {**fields, **derived})]


def _withdraw(handoff: BillingHandoff, command: c.WithdrawBillingActivation) -> list[Draft]:
    withdrawn = handoff.requests[-1]
    fields = {
        "order_id": withdrawn.order_id,
        "item_id": withdrawn.item_id,
        "action": withdrawn.action,
        "effect": withdrawn.effect,
        "withdrawn_version": withdrawn.version,
        "restored_version": handoff.requests[-2].version if len(handoff.requests) > 1 else None,
        "evidence_ref": command.evidence_ref,
    }
    return [Draft(e.BillingActivationWithdrawn, fields)]


def _identity(handoff: BillingHandoff | None, command: Any) -> dict[str, Any]:
    if isinstance(command, c.BillingRequest):
        # The account is the ordering one, so that a transferred product is billed to whoever has it now.
        account_id, instance = command.account_id, command.product_instance_id
        component_id = command.terms.component.component_id
    else:
        assert handoff is not None
        account_id, instance = handoff.requests[-1].account_id, handoff.product_instance_id
        component_id = handoff.component_id
    about = {"account_id": account_id, "product_instance_id": instance, "component_id": component_id}
    return {"handoff_id": command.aggregate_id, **about}


REACTIONS: Mapping[str, Callable[[Any, Any], list[Draft]]] = {
    "RequestBillingActivation": _request,
    "RequestBillingChange": _request,
    "WithdrawBillingActivation": _withdraw,
}

MACHINE: Machine[BillingHandoff, e.BillingHandoffEvent] = Machine(
    noun="billing handoff",
    code="BILLING_HANDOFF",
    rows=ROWS,
    reactions=REACTIONS,
    identity=_identity,
    evolve=evolve,
    initial=HandoffState.BILLING,
    # Nothing is final: what was asked may be taken back, and billing corrects by an adjustment.
    terminal=frozenset(),
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
    timed_guards=TIMED_GUARDS,
)
decide = MACHINE.decide

BILLING_HANDOFF: AggregateType[BillingHandoff] = AggregateType(
    name=e.AGGREGATE,
    owner=e.OWNER,
    events={event.__name__: event for event in e.EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
