"""Which events each command leads to, as drafts: the aggregate stamps what all events carry."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, cast

from domain.command import Command
from domain.machine import Draft
from domain.order_state.states import TERMINAL_ITEM_STATES, Action, HeaderState, ItemState, Repair
from domain.product_order import commands as c
from domain.product_order import events as e
from domain.product_order.creation_key import creation_key
from domain.product_order.graph import bundle_of
from domain.product_order.guards import cancellation_targets
from domain.product_order.order import ProductOrder
from domain.product_order.structure import Finding, OrderItem
from domain.product_order.validation import ValidationContext, blocks, validate


def changing(
    event: type[e.ProductOrderEvent], items: tuple[str, ...] = (), fields: Mapping[str, Any] | None = None
) -> Draft:
    """The draft of an event that changes these items."""
    return Draft(event, {"changed_item_ids": items, **(fields or {})})


Reaction = Callable[[ProductOrder, Any], list[Draft]]


def _create(_: None, command: c.CreateProductOrder) -> list[Draft]:
    created = changing(
        e.ProductOrderCreated,
        tuple(i.item_id for i in command.items),
        {
            "source_system": command.actor.system,
            "source_channel": command.actor.channel or "unknown",
            "external_references": dict(command.external_references),
            "idempotency_key_hash": hashlib.sha256(creation_key(command).encode()).hexdigest(),
            "payload_fingerprint": command.payload_fingerprint(),
            "order_type": command.order_type,
            "intent": command.intent,
            "commercial": command.commercial,
            "parties": command.parties,
            "dates": command.dates,
            "items": command.items,
            "source_payload_hash": command.source_payload_hash,
        },
    )
    return [created]


def _about(order: ProductOrder, item_id: str, event: type[e.ProductOrderEvent], **fields: object) -> Draft:
    instance = order.items[item_id].product_instance_id
    return changing(event, (item_id,), {"item_id": item_id, "product_instance_id": instance, **fields})


def _amend(_: ProductOrder, command: c.AmendProductOrder) -> list[Draft]:
    return [changing(e.ProductOrderAmended, tuple(i.item_id for i in command.items), {"items": command.items})]


def _complete_validation(order: ProductOrder, command: c.CompleteProductOrderValidation) -> list[Draft]:
    findings = validate(order, command.context)
    event = e.ProductOrderRejected if blocks(findings) else e.ProductOrderValidated
    return [changing(event, (), {"findings": findings})]


def _accept(order: ProductOrder, command: c.AcceptProductOrder) -> list[Draft]:
    context: ValidationContext | None = command.context
    findings: tuple[Finding, ...] = validate(order, context) if context else ()
    if blocks(findings):
        return [changing(e.ProductOrderRejected, (), {"findings": findings})]
    items = tuple(_with_instance(order, item) for item in order.items.values())
    fields = {"intent": order.intent, "parties": order.parties, "items": items, "findings": findings}
    return [changing(e.ProductOrderAccepted, tuple(order.items), fields)]


def _with_instance(order: ProductOrder, item: OrderItem) -> OrderItem:
    """ADD and REPLACE get the id of the product they bring; the others name theirs already."""
    if item.action not in (Action.ADD, Action.REPLACE):
        return item
    return item.model_copy(update={"product_instance_id": f"{order.order_id}/{item.item_id}"})


def _fail_decomposition(order: ProductOrder, command: c.FailProductOrderDecomposition) -> list[Draft]:
    fields = {
        "fallout_id": f"decomposition-{order.version + 1}",
        "repair": Repair.HUMAN,
        "failure_code": command.failure_code,
    }
    return [
        changing(e.ProductOrderDecompositionFailed, (), {"rules_version": command.rules_version}),
        changing(e.ProductOrderFalloutRaised, (), fields),
    ]


def _fail_item(order: ProductOrder, command: c.FailProductOrderItem) -> list[Draft]:
    failure = {"repair": command.repair, "failure_code": command.failure_code}
    drafts = [_about(order, command.item_id, e.ProductOrderItemFailed, **failure)]
    if command.repair is Repair.HUMAN:
        fallout_id = f"{command.item_id}-{order.version + 1}"
        drafts.append(_about(order, command.item_id, e.ProductOrderFalloutRaised, fallout_id=fallout_id, **failure))
    return drafts


def _raise_fallout(order: ProductOrder, command: c.RaiseProductOrderFallout) -> list[Draft]:
    fields = {
        "fallout_id": command.fallout_id,
        "repair": command.repair,
        "failure_code": command.failure_code,
    }
    if command.item_id is None:
        return [changing(e.ProductOrderFalloutRaised, (), fields)]
    return [_about(order, command.item_id, e.ProductOrderFalloutRaised, **fields)]


def _resolve_fallout(order: ProductOrder, command: c.ResolveProductOrderFallout) -> list[Draft]:
    item_id = order.open_fallouts()[command.fallout_id]
    return [_resolved(order, command.fallout_id, item_id, command.item_state, command.repair_ref)]


def _resolved(
    order: ProductOrder, fallout_id: str, item_id: str | None, item_state: ItemState | None, repair_ref: str
) -> Draft:
    fields = {"fallout_id": fallout_id, "repair_ref": repair_ref}
    if item_id is None:
        return changing(e.ProductOrderFalloutResolved, (), fields)
    return _about(order, item_id, e.ProductOrderFalloutResolved, item_state=item_state, **fields)


def _cancel(order: ProductOrder, command: c.CancelProductOrder) -> list[Draft]:
    """Ask, then stop at once what was never begun; the rest stops when fulfillment has compensated it."""
    targets = cancellation_targets(order, command)
    named = tuple(sorted(bundle_of(order.items, command.item_ids)))
    drafts = [changing(e.ProductOrderCancellationRequested, targets, {"item_ids": named})]
    drafts += [
        _about(order, item_id, e.ProductOrderItemCancelled)
        for item_id in targets
        if order.work_state(item_id) is ItemState.NOT_STARTED
    ]
    if not any(item.executable for item in order.items.values()):
        drafts.append(changing(e.ProductOrderCancelled))
    return drafts


def _refuse_cancellation(_: ProductOrder, command: c.RefuseProductOrderCancellation) -> list[Draft]:
    return [changing(e.ProductOrderCancellationRefused, command.item_ids, {"item_ids": command.item_ids})]


def _details(kind: e.DetailKind, field: str) -> Reaction:
    def react(_: ProductOrder, command: Command) -> list[Draft]:
        return [changing(e.ProductOrderDetailsUpdated, (), {"kind": kind, field: getattr(command, field)})]

    return react


def _close(order: ProductOrder, command: c.CloseProductOrderAsFailed) -> list[Draft]:
    """Close what is open, so that no item is left waiting in an order that has ended."""
    drafts = [
        _resolved(order, fallout_id, item_id, ItemState.FAILED_CLOSED if item_id else None, command.command_id)
        for fallout_id, item_id in order.open_fallouts().items()
    ]
    in_fallout = set(order.open_fallouts().values())
    drafts += [
        _about(order, i.item_id, e.ProductOrderItemFailed, repair=Repair.NONE, failure_code="ORDER_CLOSED")
        for i in order.view.items
        if i.executable and order.work_state(i.item_id) not in TERMINAL_ITEM_STATES and i.item_id not in in_fallout
    ]
    return [*drafts, changing(e.ProductOrderFailedClosed)]


def _plain(event: type[e.ProductOrderEvent], *fields: str) -> Reaction:
    def react(_: ProductOrder, command: Command) -> list[Draft]:
        return [changing(event, (), {name: getattr(command, name) for name in fields})]

    return react


def _item(event: type[e.ProductOrderEvent], *fields: str) -> Reaction:
    def react(order: ProductOrder, command: Command) -> list[Draft]:
        item_id = cast("c.StartProductOrderItem", command).item_id
        return [_about(order, item_id, event, **{name: getattr(command, name) for name in fields})]

    return react


REACTIONS: Mapping[str, Callable[[Any, Any], list[Draft]]] = {
    "CreateProductOrder": _create,
    "AmendProductOrder": _amend,
    "SubmitProductOrder": _plain(e.ProductOrderSubmitted),
    "StartProductOrderValidation": _plain(e.ProductOrderValidationStarted),
    "CompleteProductOrderValidation": _complete_validation,
    "AcceptProductOrder": _accept,
    "RejectProductOrder": _plain(e.ProductOrderRejected),
    "StartProductOrderDecomposition": _plain(e.ProductOrderDecompositionStarted),
    "CompleteProductOrderDecomposition": _plain(e.ProductOrderDecomposed, "plan_id", "rules_version"),
    "FailProductOrderDecomposition": _fail_decomposition,
    "StartProductOrderItem": _item(e.ProductOrderItemStarted),
    "HoldProductOrderItem": _item(e.ProductOrderItemPendingExternal, "waiting_for"),
    "CompleteProductOrderItem": _item(e.ProductOrderItemCompleted, "service_activation_date"),
    "FailProductOrderItem": _fail_item,
    "RaiseProductOrderFallout": _raise_fallout,
    "ResolveProductOrderFallout": _resolve_fallout,
    "CancelProductOrder": _cancel,
    "RefuseProductOrderCancellation": _refuse_cancellation,
    "CancelProductOrderItem": _item(e.ProductOrderItemCancelled),
    "AddOrderNote": _details(e.DetailKind.NOTE, "note"),
    "AttachOrderDocument": _details(e.DetailKind.DOCUMENT, "document"),
    "UpdateRequestedDate": _details(e.DetailKind.REQUESTED_DATE, "dates"),
    "UpdateContactDetails": _details(e.DetailKind.CONTACT, "contact"),
    "CloseProductOrderAsFailed": _close,
}


def consequence(order: ProductOrder) -> Draft | None:
    """What the order itself declares once its items have come to an end (R137, R138)."""
    if order.view.declared in (HeaderState.COMPLETED, HeaderState.CANCELLED):
        return None
    executable = [item for item in order.view.items if item.executable]
    if executable and all(item.state is ItemState.CANCELLED for item in executable):
        return changing(e.ProductOrderCancelled)
    begun = order.view.declared in (HeaderState.ACCEPTED, HeaderState.IN_PROGRESS)
    nothing_to_do = not executable and not order.view.order_fallout and not order.view.cancellation_open
    if begun and (order.state is HeaderState.COMPLETED or nothing_to_do):
        return changing(e.ProductOrderCompleted)
    return None
