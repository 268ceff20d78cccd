"""The state of a BillingHandoff and how each event changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from domain.billing_handoff import events as e
from domain.billing_handoff.states import FIRST, NEXT, BillingEffect, HandoffState
from domain.billing_handoff.terms import BillingTerms
from domain.model import Model
from domain.order_state.states import Action


@dataclass(frozen=True, slots=True)
class Request:
    """One request that holds or held: at which version, for which item, and what it led to."""

    version: int
    order_id: str
    item_id: str
    account_id: str
    action: Action
    effect: BillingEffect
    terms: BillingTerms
    state: HandoffState


@dataclass(frozen=True, slots=True)
class BillingHandoff:
    """What billing was asked about one component of one product; `requests` are those not withdrawn, oldest first."""

    handoff_id: str
    product_instance_id: str
    component_id: str
    version: int
    requests: tuple[Request, ...]

    @property
    def state(self) -> HandoffState:
        """What billing is asked for."""
        return self.requests[-1].state if self.requests else HandoffState.WITHDRAWN

    @property
    def newest(self) -> Request | None:
        """The request that holds; None when all were withdrawn."""
        return self.requests[-1] if self.requests else None


def handoff_id_of(product_instance_id: str, component_id: str) -> str:
    """One handoff for each component of each product: the key under which billing is compared with the order."""
    return f"{product_instance_id}/{component_id}"


def evolve(handoff: BillingHandoff | None, event: Model) -> BillingHandoff:
    """The handoff after an event."""
    match event:
        case e.BillingActivationRequested():
            return _requested(handoff, event)
        case e.BillingActivationWithdrawn() if handoff is not None:
            return replace(handoff, version=event.version, requests=handoff.requests[:-1])
        case e.BillingActivationWithdrawn():
            message = f"the first event of handoff {event.handoff_id} is a withdrawal"
            raise ValueError(message)
    message = f"{type(event).__name__} is no event of a BillingHandoff"
    raise TypeError(message)


def _requested(handoff: BillingHandoff | None, event: e.BillingActivationRequested) -> BillingHandoff:
    follow = FIRST if handoff is None else NEXT[handoff.state]
    request = Request(
        version=event.version,
        order_id=event.order_id,
        item_id=event.item_id,
        account_id=event.account_id,
        action=event.action,
        effect=event.effect,
        terms=event.terms,
        state=follow[event.effect],
    )
    return BillingHandoff(
        handoff_id=event.handoff_id,
        product_instance_id=event.product_instance_id,
        component_id=event.component_id,
        version=event.version,
        requests=(*(handoff.requests if handoff else ()), request),
    )
