"""ProductOrder: commands in, events out (R53-R67, R294-R316)."""

from __future__ import annotations

from typing import Any, cast

from domain.aggregate import AggregateType
from domain.command import Claim, ClaimKind, Command, fingerprint
from domain.errors import Refusal
from domain.machine import Machine, idempotency_claim
from domain.machine import claims as own_claims
from domain.order_state.states import TERMINAL_HEADER_STATES, HeaderState
from domain.product_order.commands import CreateProductOrder
from domain.product_order.creation_key import creation_key
from domain.product_order.events import AGGREGATE, EVENTS, OWNER, ProductOrderEvent
from domain.product_order.guards import CREATION_GUARDS, GUARDS
from domain.product_order.machine import ROWS
from domain.product_order.order import ProductOrder, evolve
from domain.product_order.reactions import REACTIONS, consequence

POLICY_VERSION = "product-order.v1"

_NOISY = ("aggregateId", "commandId", "orderNumber", "expectedVersion", "correlationId", "causationId", "traceparent")


def claims(command: Command) -> tuple[Claim, ...]:
    """The keys a command must own: its idempotency key, and for a conversion the quote it converts (R310-R313).

    Raises `Refusal` for a creation of which no key can be made.
    """
    if not isinstance(command, CreateProductOrder):
        return own_claims(command)
    asked = _asked_for(command)
    key = creation_key(command)
    found = [idempotency_claim(f"{command.actor.system}/{key}", asked, key)]
    if command.quote_id is not None:
        quote = f"{command.quote_id}/{command.quote_version}"
        message = f"Quote {command.quote_id} version {command.quote_version} was converted to another order."
        conflict = Refusal(
            "CONFLICT_QUOTE_ALREADY_CONVERTED",
            message,
            remediation="Use the order it was converted to, or revise the quote.",
        )
        found.append(Claim(ClaimKind.QUOTE_CONVERSION, quote, asked, conflict))
    return tuple(found)


def _asked_for(command: CreateProductOrder) -> str:
    """Fingerprint of the order asked for; the id and number it is to get are the sender's noise (R479)."""
    payload = command.model_dump(mode="json", by_alias=True)
    for noisy in _NOISY:
        payload.pop(noisy)
    payload["actor"] = command.actor.system
    return fingerprint(payload)


def _identity(order: ProductOrder | None, command: Command) -> dict[str, Any]:
    if order is None:
        creation = cast("CreateProductOrder", command)
        return {
            "order_id": creation.aggregate_id,
            "order_number": creation.order_number,
            "account_id": creation.parties.account_id,
            "quote_id": creation.quote_id,
            "quote_version": creation.quote_version,
            "catalog_publication_id": creation.catalog_publication_id,
        }
    return {
        "order_id": order.order_id,
        "order_number": order.order_number,
        "account_id": order.account_id,
        "quote_id": order.quote_id,
        "quote_version": order.quote_version,
        "catalog_publication_id": order.catalog_publication_id,
    }


MACHINE: Machine[ProductOrder, ProductOrderEvent] = Machine(
    noun="order",
    code="ORDER",
    rows=ROWS,
    reactions=REACTIONS,
    identity=_identity,
    evolve=evolve,
    initial=HeaderState.DRAFT,
    terminal=TERMINAL_HEADER_STATES,
    repair=frozenset({HeaderState.FALLOUT}),
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
    consequence=consequence,
)
decide = MACHINE.decide

PRODUCT_ORDER: AggregateType[ProductOrder] = AggregateType(
    name=AGGREGATE,
    owner=OWNER,
    events={event.__name__: event for event in EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
