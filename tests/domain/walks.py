"""Commands on an order where it stands, sensible or not, chosen by whoever is handed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from domain.command import Command
from domain.order_state.states import Action, HeaderState, ItemState, Repair
from domain.product_order import commands as c
from domain.product_order.order import ProductOrder
from domain.product_order.structure import Cutoff, OrderItem
from domain.product_order.validation import Feasibility, ValidationContext
from tests.domain.orders import NOW, SAMPLES, actor, item

Choose = Callable[[Sequence[Any]], Any]

NAMES = ("a", "b", "c", "d")
ROLES = ("order-manager",) * 12 + ("oms", "sales", "fulfillment-operator", "support", "stranger")
_ACTIONS = (Action.ADD,) * 5 + (Action.MODIFY, Action.REPLACE, Action.NO_CHANGE, Action.NO_CHANGE)
_CUTOFFS = (Cutoff.COMPLETED, Cutoff.COMPLETED, Cutoff.STARTED, Cutoff.PENDING_EXTERNAL)


def lines(choose: Choose) -> tuple[OrderItem, ...]:
    """Up to four lines, now and then with a broken structure."""
    names = NAMES[: choose((0, 1, 1, 2, 2, 2, 3, 4))]
    made = []
    for number, name in enumerate(names):
        earlier = names[:number] if choose((True,) * 9 + (False,)) else names
        links = (None, None, *earlier)
        after = choose(links)
        made.append(
            item(
                name,
                choose(_ACTIONS),
                parent_item_id=choose(links),
                depends_on=(after,) if after else (),
                cutoff=choose(_CUTOFFS),
                quantity=choose((1, 2)),
            )
        )
    return tuple(made)


def context(choose: Choose) -> ValidationContext:
    """Mostly what lets an order pass."""
    feasibility = choose((Feasibility.PASSED,) * 6 + (Feasibility.PENDING, Feasibility.FAILED))
    return ValidationContext(checked_at=NOW, feasibility=feasibility)


def _fallouts(order: ProductOrder) -> tuple[str, ...]:
    return (*order.open_fallouts(), *order.open_fallouts(), *order.facts.fallouts, "f-1", "f-2")


def fields(order: ProductOrder, kind: type[Command], choose: Choose) -> dict[str, Any]:
    """Fields of a command of this kind: those of the sample, with items, fallouts and repairs chosen."""
    found = dict(SAMPLES[kind])
    known = (*order.items, *order.items, *order.items, "ghost")
    if kind is c.AmendProductOrder:
        found["items"] = lines(choose)
    if "item_id" in found:
        found["item_id"] = choose(known)
    if kind is c.RaiseProductOrderFallout:
        found |= {"item_id": choose((None, *known)), "fallout_id": choose(("f-1", "f-2", "f-3"))}
    if "repair" in found:
        found["repair"] = choose(tuple(Repair))
    if kind is c.ResolveProductOrderFallout:
        found["fallout_id"] = choose(_fallouts(order))
        about = order.open_fallouts().get(found["fallout_id"])
        found["item_state"] = choose((None, *ItemState) if about else (None, None, None, ItemState.IN_PROGRESS))
    if kind in (c.CancelProductOrder, c.RefuseProductOrderCancellation):
        found["item_ids"] = choose(((), *((name,) for name in known)))
    if "context" in found:
        found["context"] = choose((None, context(choose))) if kind is c.AcceptProductOrder else context(choose)
    return found


def envelope(order: ProductOrder, command_id: str, choose: Choose) -> dict[str, Any]:
    """Who sends it, under which id, and with or without a reason."""
    return {
        "aggregate_id": order.order_id,
        "command_id": command_id,
        "actor": actor(choose(ROLES)),
        "correlation_id": "corr-1",
        "reason_code": choose((None, "REASON", "REASON")),
    }


def next_command(order: ProductOrder, kind: type[Command], command_id: str, choose: Choose) -> Command:
    """One command on the order."""
    return kind(**{**fields(order, kind, choose), **envelope(order, command_id, choose)})


_ONWARD = {
    HeaderState.DRAFT: "SubmitProductOrder",
    HeaderState.SUBMITTED: "AcceptProductOrder",
    HeaderState.VALIDATING: "AcceptProductOrder",
    HeaderState.FALLOUT: "ResolveProductOrderFallout",
    HeaderState.CANCELLING: "CancelProductOrderItem",
}


def onward(order: ProductOrder, choose: Choose) -> str:
    """Name of a command that brings the order nearer to an end, so that walks get far."""
    if order.state not in (HeaderState.ACCEPTED, HeaderState.IN_PROGRESS):
        return _ONWARD.get(order.state, "AddOrderNote")
    if order.plan_id is None:
        return "CompleteProductOrderDecomposition"
    return str(choose(("StartProductOrderItem", "CompleteProductOrderItem")))
