"""ProductOrder: commands in, events out (R53-R67, R294-R316)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.aggregate import AggregateType
from domain.command import Claim, ClaimKind, Command, fingerprint
from domain.errors import Refusal
from domain.order_state.states import HeaderState
from domain.product_order.commands import CreateProductOrder
from domain.product_order.events import AGGREGATE, EVENTS, OWNER, ProductOrderEvent
from domain.product_order.guards import CREATION_GUARDS, GUARDS
from domain.product_order.machine import MACHINE, Transition, allowed_in
from domain.product_order.order import ProductOrder, evolve
from domain.product_order.reactions import REACTIONS, Draft, consequence, created

POLICY_VERSION = "product-order.v1"

_NOISY = ("aggregateId", "commandId", "orderNumber", "expectedVersion", "correlationId", "causationId", "traceparent")


def decide(order: ProductOrder | None, command: Command, now: datetime) -> tuple[ProductOrderEvent, ...]:
    """The events a command leads to, in this order:

    1. the command must be one of the machine's, and the order must exist (or not, for a creation);
    2. its sender must have a role the row names (R155, R320);
    3. the order must be in a state the row names (R57-R62);
    4. every guard of the row must let it pass (R154);
    5. its reaction drafts the events, and each is stamped with the version and the state the fold gives it;
    6. when the items have come to an end by it, the order says so in one more event.

    Raises `Refusal` at the first of 1-4 that fails; then nothing has happened.
    """
    row = MACHINE.get(command.name)
    if row is None:
        message = f"{command.name} is no command of a product order."
        raise Refusal("STRUCTURAL_UNKNOWN_COMMAND", message, remediation=f"Send one of {sorted(MACHINE)}.")
    _authorise(row, command)
    if isinstance(command, CreateProductOrder):
        return _create(order, command, row, now)
    if order is None:
        message = f"There is no order {command.aggregate_id}."
        raise Refusal("REFERENCE_ORDER_UNKNOWN", message, remediation="Create it first, or correct the id.")
    if order.state not in row.states:
        message = f"{command.name} is not allowed: order {order.order_id} is {order.state}."
        raise Refusal(
            "STATE_ILLEGAL_TRANSITION",
            message,
            remediation=f"Allowed now: {', '.join(allowed_in(order.state))}.",
        )
    for guard in row.guards:
        GUARDS[guard](order, command)
    return _stamp(order, command, REACTIONS[command.name](order, command), now)


def claims(command: Command) -> tuple[Claim, ...]:
    """The keys a command must own: its idempotency key, and for a conversion the quote it converts (R310-R313).

    Raises `Refusal` for a creation of which no key can be made.
    """
    if not isinstance(command, CreateProductOrder):
        if command.idempotency_key is None:
            return ()
        key = f"{command.aggregate_id}/{command.name}/{command.idempotency_key}"
        return (_claim(ClaimKind.IDEMPOTENCY_KEY, key, command.payload_fingerprint(), command.idempotency_key),)
    asked = _asked_for(command)
    key = _creation_key(command)
    found = [_claim(ClaimKind.IDEMPOTENCY_KEY, f"{command.actor.system}/{key}", asked, key)]
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


def _claim(kind: ClaimKind, key: str, asked: str, shown: str) -> Claim:
    message = f"Idempotency key {shown!r} was used for another request."
    conflict = Refusal(
        "CONFLICT_IDEMPOTENCY_KEY",
        message,
        remediation="Use a new key, or repeat the first request unchanged.",
    )
    return Claim(kind, key, asked, conflict)


def _creation_key(command: CreateProductOrder) -> str:
    """The sender's key, or one from the source's own ids (R478); without either the command is refused (R312)."""
    if command.idempotency_key is not None:
        return command.idempotency_key
    if command.source_request_id and command.quote_id:
        return f"{command.source_request_id}/{command.quote_id}/{command.quote_version}/{command.intent}"
    if command.external_order_id:
        return f"{command.external_order_id}/{command.external_order_version or 1}"
    message = f"Order {command.aggregate_id} cannot be created safely: the request has no idempotency key."
    raise Refusal(
        "STRUCTURAL_IDEMPOTENCY_KEY_MISSING",
        message,
        remediation="Send an idempotencyKey, an externalOrderId, or a sourceRequestId with a quote.",
    )


def _asked_for(command: CreateProductOrder) -> str:
    """Fingerprint of the order asked for; the id and number it is to get are the sender's noise (R479)."""
    payload = command.model_dump(mode="json", by_alias=True)
    for noisy in _NOISY:
        payload.pop(noisy)
    payload["actor"] = command.actor.system
    return fingerprint(payload)


def _authorise(row: Transition, command: Command) -> None:
    if command.actor.role not in row.roles:
        message = f"{command.actor.actor_id} as {command.actor.role} may not send {command.name}."
        raise Refusal("AUTHORIZATION_ROLE", message, remediation=f"Roles that may: {', '.join(sorted(row.roles))}.")


def _create(
    order: ProductOrder | None, command: CreateProductOrder, row: Transition, now: datetime
) -> tuple[ProductOrderEvent, ...]:
    if order is not None:
        message = f"Order {command.aggregate_id} exists already."
        raise Refusal("CONFLICT_ORDER_EXISTS", message, remediation="Use an id of its own.")
    for guard in row.guards:
        CREATION_GUARDS[guard](command)
    return _stamp(None, command, [created(command, _creation_key(command))], now)


def _stamp(
    order: ProductOrder | None, command: Command, drafts: list[Draft], now: datetime
) -> tuple[ProductOrderEvent, ...]:
    events: list[ProductOrderEvent] = []
    queue = list(drafts)
    while queue:
        draft = queue.pop(0)
        event, order = _stamped(order, command, draft, now)
        events.append(event)
        if not queue and (further := consequence(order)) is not None:
            queue.append(further)
    return tuple(events)


def _stamped(
    order: ProductOrder | None, command: Command, draft: Draft, now: datetime
) -> tuple[ProductOrderEvent, ProductOrder]:
    provisional = draft.event(**_common(order, command), **_stamps(order, command, draft, now), **draft.fields)
    after = evolve(order, provisional)
    before = order.state if order else None
    moved = {} if before is after.state else {"from_state": before, "to_state": after.state}
    return provisional.model_copy(update={"state": after.state, **moved}), after


def _common(order: ProductOrder | None, command: Command) -> dict[str, Any]:
    if order is None:
        assert isinstance(command, CreateProductOrder)
        return {
            "order_id": command.aggregate_id,
            "order_number": command.order_number,
            "account_id": command.parties.account_id,
            "quote_id": command.quote_id,
            "quote_version": command.quote_version,
            "catalog_publication_id": command.catalog_publication_id,
        }
    return {
        "order_id": order.order_id,
        "order_number": order.order_number,
        "account_id": order.account_id,
        "quote_id": order.quote_id,
        "quote_version": order.quote_version,
        "catalog_publication_id": order.catalog_publication_id,
    }


def _stamps(order: ProductOrder | None, command: Command, draft: Draft, now: datetime) -> dict[str, Any]:
    return {
        "version": order.version + 1 if order else 1,
        "state": order.state if order else HeaderState.DRAFT,
        "changed_item_ids": draft.items,
        "reason_code": command.reason_code,
        "source_command_id": command.command_id,
        "actor_id": command.actor.actor_id,
        "actor_role": command.actor.role,
        "occurred_at": now,
    }


PRODUCT_ORDER: AggregateType[ProductOrder] = AggregateType(
    name=AGGREGATE,
    owner=OWNER,
    events={event.__name__: event for event in EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
