"""The conditions a transition names (R154): each refuses with its reason, or lets pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from domain.command import Command
from domain.errors import Refusal
from domain.order_state.states import TERMINAL_ITEM_STATES, Action, HeaderState, ItemState, Repair
from domain.product_order import commands as c
from domain.product_order.graph import bundle_of, check_structure
from domain.product_order.order import ProductOrder
from domain.product_order.source_authority import creation_is_granted, items_are_granted
from domain.product_order.structure import Cutoff, OrderItem

Guard = Callable[[ProductOrder, Command], None]
CreationGuard = Callable[[c.CreateProductOrder], None]

_NEEDS_INSTANCE = frozenset({Action.MODIFY, Action.DELETE, Action.SUSPEND, Action.RESUME, Action.RENEW})
_IN_WORK = frozenset({ItemState.IN_PROGRESS, ItemState.PENDING_EXTERNAL})
PAST_CUTOFF: Mapping[Cutoff, frozenset[ItemState]] = {
    Cutoff.STARTED: frozenset({ItemState.IN_PROGRESS, ItemState.PENDING_EXTERNAL, ItemState.FALLOUT}),
    Cutoff.PENDING_EXTERNAL: frozenset({ItemState.PENDING_EXTERNAL}),
    Cutoff.COMPLETED: frozenset(),
}
"""States of an item in which its cancellation comes too late, by its cut-off (R299)."""

_CAN_FALL_OUT = frozenset({ItemState.NOT_STARTED, ItemState.FALLOUT, *_IN_WORK})
_RESUMABLE = frozenset({ItemState.NOT_STARTED, *_IN_WORK, ItemState.FAILED_CLOSED})


def _refuse(code: str, message: str, remediation: str, stage: str = "FULFILLMENT") -> Refusal:
    return Refusal(code, message, remediation=remediation, stage=stage)


# Guards of a draft's content; they look at the command alone.


def quote_is_versioned(command: c.CreateProductOrder) -> None:
    """A converted quote is named with its version (R446)."""
    if (command.quote_id is None) != (command.quote_version is None):
        message = f"Order {command.aggregate_id} names a quote without its version, or a version without its quote."
        raise _refuse("STRUCTURAL_QUOTE_VERSION", message, "Name both or neither.", "INTAKE")


def structure(command: c.CreateProductOrder | c.AmendProductOrder) -> None:
    """Bundles and dependencies are sound (R308)."""
    check_structure(command.items)


def actions_name_their_product(command: c.CreateProductOrder | c.AmendProductOrder) -> None:
    """Actions on an installed product say which; ADD says none (R459-R466)."""
    for item in command.items:
        if item.action in _NEEDS_INSTANCE and not item.product_instance_id:
            message = f"Item {item.item_id} is a {item.action} without a productInstanceId."
            raise _refuse("STRUCTURAL_PRODUCT_INSTANCE", message, "Name the installed product.", "INTAKE")
        if item.action is Action.REPLACE and not item.replaces_product_instance_id:
            message = f"Item {item.item_id} is a REPLACE without a replacesProductInstanceId."
            raise _refuse("STRUCTURAL_PRODUCT_INSTANCE", message, "Name the product it replaces.", "INTAKE")
        if item.action in (Action.ADD, Action.REPLACE) and item.product_instance_id:
            message = f"Item {item.item_id} is a {item.action}, but names a productInstanceId already."
            raise _refuse("STRUCTURAL_PRODUCT_INSTANCE", message, "Leave it out; acceptance gives it.", "INTAKE")


def one_currency(currency: str, items: Iterable[OrderItem]) -> None:
    """Every price is in the currency of the order (R450)."""
    for item in items:
        for component in item.price_components:
            if component.price.currency != currency:
                message = (
                    f"Component {component.component_id} of item {item.item_id} is in "
                    f"{component.price.currency}, the order in {currency}."
                )
                raise _refuse("CONFLICT_CURRENCY", message, "Price every line in one currency.", "INTAKE")


CREATION_GUARDS: Mapping[str, CreationGuard] = {
    "quote-is-versioned": quote_is_versioned,
    "structure": structure,
    "actions-name-their-product": actions_name_their_product,
    "one-currency": lambda command: one_currency(command.commercial.currency, command.items),
    "source-is-trusted": creation_is_granted,
}


# Guards of a standing order.


def _item_id(command: Command) -> str:
    return cast("c.StartProductOrderItem", command).item_id


def has_items(order: ProductOrder, _: Command) -> None:
    """Submission needs something to do (R150)."""
    if not order.items:
        message = f"Order {order.order_id} has no items."
        raise _refuse("STRUCTURAL_NO_ITEMS", message, "Amend the draft with at least one item.", "INTAKE")


def has_reason(order: ProductOrder, command: Command) -> None:
    """A decision against the customer says why."""
    if not command.reason_code:
        message = f"{command.name} on order {order.order_id} gives no reason."
        raise _refuse("STRUCTURAL_REASON_MISSING", message, "Send a reasonCode.", "INTAKE")


def validated_or_context(order: ProductOrder, command: Command) -> None:
    """Acceptance rests on a validation, earlier or now (R151)."""
    if not order.validated and cast("c.AcceptProductOrder", command).context is None:
        message = f"Order {order.order_id} was not validated."
        raise _refuse("STATE_NOT_VALIDATED", message, "Complete the validation or send its context.", "COMMERCIAL")


def decomposed(order: ProductOrder, _: Command) -> None:
    """Work starts from a plan (R296)."""
    if order.plan_id is None:
        message = f"Order {order.order_id} has no fulfillment plan yet."
        raise _refuse("STATE_NOT_DECOMPOSED", message, "Complete the decomposition first.", "DECOMPOSITION")


def not_decomposed(order: ProductOrder, _: Command) -> None:
    """A plan is never replaced silently (R315)."""
    if order.plan_id is not None:
        message = f"Order {order.order_id} is already planned by {order.plan_id}."
        raise _refuse("STATE_ALREADY_DECOMPOSED", message, "Execute the plan it has.", "DECOMPOSITION")


def item_known(order: ProductOrder, command: Command) -> None:
    """The item exists."""
    if (item_id := _item_id(command)) not in order.items:
        message = f"Order {order.order_id} has no item {item_id}."
        raise _refuse("REFERENCE_ITEM_UNKNOWN", message, f"Its items are {sorted(order.items)}.")


def item_executable(order: ProductOrder, command: Command) -> None:
    """NO_CHANGE items carry context and are never worked on."""
    if not order.items[_item_id(command)].executable:
        message = f"Item {_item_id(command)} of order {order.order_id} is a NO_CHANGE item."
        raise _refuse("STATE_ITEM_NOT_EXECUTABLE", message, "Leave it as it is.")


def _expect(order: ProductOrder, item_id: str, states: frozenset[ItemState]) -> None:
    state = order.work_state(item_id)
    if state not in states:
        message = f"Item {item_id} of order {order.order_id} is {state}, not {' or '.join(sorted(states))}."
        raise _refuse("STATE_ITEM", message, "Look at the item's state and decide anew.")


def item_not_started(order: ProductOrder, command: Command) -> None:
    """Work starts once."""
    _expect(order, _item_id(command), frozenset({ItemState.NOT_STARTED}))


def item_in_work(order: ProductOrder, command: Command) -> None:
    """Only what is in work can wait, end or fail."""
    _expect(order, _item_id(command), _IN_WORK)


def item_stays(order: ProductOrder, command: Command) -> None:
    """What is being cancelled is not begun."""
    if order.item_state(_item_id(command)) is ItemState.CANCELLING:
        message = f"Item {_item_id(command)} of order {order.order_id} is being cancelled."
        raise _refuse("STATE_ITEM_CANCELLING", message, "Cancel it, or refuse the cancellation first.")


def dependencies_done(order: ProductOrder, command: Command) -> None:
    """What must happen before has happened (R472-R477)."""
    _refuse_open_dependencies(order, _item_id(command))


def _refuse_open_dependencies(order: ProductOrder, item_id: str) -> None:
    open_ids = [
        d
        for d in order.items[item_id].depends_on
        if order.items[d].executable and order.work_state(d) is not ItemState.COMPLETED
    ]
    if open_ids:
        message = f"Item {item_id} of order {order.order_id} depends on {open_ids}, not complete yet."
        raise _refuse("STATE_DEPENDENCY_OPEN", message, "Complete them first.")


def item_cancelling(order: ProductOrder, command: Command) -> None:
    """Only what was asked to stop can be recorded as stopped."""
    if (state := order.item_state(_item_id(command))) is not ItemState.CANCELLING:
        message = f"Item {_item_id(command)} of order {order.order_id} is {state}; no cancellation of it is open."
        raise _refuse("STATE_ITEM", message, "Ask for its cancellation first.")


def fallout_unknown(order: ProductOrder, command: Command) -> None:
    """A fallout id is used once."""
    fallout_id = cast("c.RaiseProductOrderFallout", command).fallout_id
    if fallout_id in order.facts.fallouts:
        message = f"Order {order.order_id} already had a fallout {fallout_id}."
        raise _refuse("CONFLICT_FALLOUT_ID", message, "Use an id of its own.")


def fallout_open(order: ProductOrder, command: Command) -> None:
    """Only an open fallout can be resolved."""
    fallout_id = cast("c.ResolveProductOrderFallout", command).fallout_id
    if fallout_id not in order.open_fallouts():
        message = f"Order {order.order_id} has no open fallout {fallout_id}."
        raise _refuse("REFERENCE_FALLOUT_UNKNOWN", message, f"Open are {sorted(order.open_fallouts())}.")


def resolution_goes_on(order: ProductOrder, command: Command) -> None:
    """An item's repair says where it goes on; the order's does not."""
    resolve = cast("c.ResolveProductOrderFallout", command)
    item_id = order.open_fallouts()[resolve.fallout_id]
    if (item_id is None) != (resolve.item_state is None) or (
        resolve.item_state is not None and resolve.item_state not in _RESUMABLE
    ):
        message = f"Fallout {resolve.fallout_id} of order {order.order_id} cannot go on as {resolve.item_state}."
        raise _refuse("STRUCTURAL_ITEM_STATE", message, f"For an item name one of {sorted(_RESUMABLE)}, else none.")
    if item_id is not None and resolve.item_state in _IN_WORK:
        decomposed(order, command)
        _refuse_open_dependencies(order, item_id)


def item_known_if_named(order: ProductOrder, command: Command) -> None:
    """An item that is named exists."""
    if _item_id(command) is not None:
        item_known(order, command)


def item_executable_if_named(order: ProductOrder, command: Command) -> None:
    """An item that is named is one to be worked on."""
    if _item_id(command) is not None:
        item_executable(order, command)


def item_open_if_named(order: ProductOrder, command: Command) -> None:
    """What is done cannot fall out any more, and what was never begun does not mend itself."""
    if _item_id(command) is not None:
        by_itself = cast("c.RaiseProductOrderFallout", command).repair is Repair.AUTO
        _expect(order, _item_id(command), _IN_WORK if by_itself else _CAN_FALL_OUT)


def item_without_fallout(order: ProductOrder, command: Command) -> None:
    """An item has one open fallout at a time, so that its repair is unambiguous."""
    item_id = _item_id(command)
    if item_id is not None and item_id in order.open_fallouts().values():
        message = f"Item {item_id} of order {order.order_id} is in a fallout already."
        raise _refuse("CONFLICT_FALLOUT_OPEN", message, "Resolve that one.")


def items_known(order: ProductOrder, command: Command) -> None:
    """Named items exist."""
    unknown = sorted(set(cast("c.CancelProductOrder", command).item_ids) - set(order.items))
    if unknown:
        message = f"Order {order.order_id} has no items {unknown}."
        raise _refuse("REFERENCE_ITEM_UNKNOWN", message, f"Its items are {sorted(order.items)}.")


def cancellation_targets(order: ProductOrder, command: c.CancelProductOrder) -> tuple[str, ...]:
    """Executable items a cancellation would stop: the named ones with their bundles, all when none is named."""
    named = bundle_of(order.items, command.item_ids) if command.item_ids else frozenset(order.items)
    return tuple(
        i
        for i in order.items
        if i in named and order.items[i].executable and order.item_state(i) not in TERMINAL_ITEM_STATES
    )


def something_to_cancel(order: ProductOrder, command: Command) -> None:
    """A cancellation stops at least one item that is not being stopped yet, or an order that has nothing to do."""
    cancel = cast("c.CancelProductOrder", command)
    withdrawn = not cancel.item_ids and not any(item.executable for item in order.items.values())
    targets = cancellation_targets(order, cancel)
    if not withdrawn and all(order.item_state(i) is ItemState.CANCELLING for i in targets):
        message = f"Nothing of what was named in order {order.order_id} is left to cancel."
        raise _refuse("STATE_NOTHING_TO_CANCEL", message, "Name items that are neither done nor being cancelled.")


def before_cutoff(order: ProductOrder, command: Command) -> None:
    """What has passed its cut-off is delivered (R299, R412)."""
    targets = cancellation_targets(order, cast("c.CancelProductOrder", command))
    late = [i for i in targets if order.work_state(i) in PAST_CUTOFF[order.items[i].cutoff]]
    if late:
        message = f"Items {late} of order {order.order_id} are past their cut-off."
        raise _refuse("POLICY_PAST_CUTOFF", message, "Cancel the others, and order a DELETE of these afterwards.")


def nothing_depends(order: ProductOrder, command: Command) -> None:
    """No item is left waiting for one that will never be complete."""
    targets = set(cancellation_targets(order, cast("c.CancelProductOrder", command)))
    stranded = [
        i.item_id
        for i in order.items.values()
        if i.executable
        and i.item_id not in targets
        and targets & set(i.depends_on)
        and order.item_state(i.item_id) is ItemState.NOT_STARTED
    ]
    if stranded:
        message = f"Items {stranded} of order {order.order_id} depend on what would be cancelled."
        raise _refuse("POLICY_DEPENDENT_ITEMS", message, "Cancel them along with it.")


def cancelled_lines_stay(order: ProductOrder, command: Command) -> None:
    """A line that was cancelled stays in the draft as it is, beside at least one that was not (R306)."""
    cancelled = {i for i in order.items if order.item_state(i) is ItemState.CANCELLED}
    lines = {item.item_id: item for item in cast("c.AmendProductOrder", command).items}
    changed = sorted(i for i in cancelled if lines.get(i) != order.items[i])
    alive = any(item.executable for i, item in lines.items() if i not in cancelled)
    if cancelled and (changed or not alive):
        message = f"Items {changed or sorted(cancelled)} of order {order.order_id} were cancelled."
        raise _refuse("STATE_ITEM_CANCELLED", message, "Leave them as they are, and give new lines new ids.", "INTAKE")


def cancellation_open(order: ProductOrder, _: Command) -> None:
    """Only an open request can be refused."""
    if not order.view.cancellation_open:
        message = f"No cancellation of order {order.order_id} is open."
        raise _refuse("STATE_NO_CANCELLATION", message, "Nothing to do.")


def nothing_in_work_or_delivered(order: ProductOrder, _: Command) -> None:
    """An order with work going on or delivered is not closed as failed (R140)."""
    wrong = [
        i.item_id
        for i in order.view.items
        if i.executable and order.work_state(i.item_id) in _IN_WORK | {ItemState.COMPLETED}
    ]
    if wrong:
        message = f"Items {wrong} of order {order.order_id} are in work or delivered."
        raise _refuse("STATE_WORK_OPEN", message, "Fail or cancel what is in work; delivered items stay delivered.")


def not_closed_yet(order: ProductOrder, _: Command) -> None:
    """An order is closed once."""
    if order.view.declared is HeaderState.FAILED_CLOSED:
        message = f"Order {order.order_id} is closed already."
        raise _refuse("STATE_ILLEGAL_TRANSITION", message, "Nothing to do.")


GUARDS: Mapping[str, Guard] = {
    "structure": lambda _, command: structure(cast("c.AmendProductOrder", command)),
    "actions-name-their-product": lambda _, command: actions_name_their_product(cast("c.AmendProductOrder", command)),
    "one-currency": lambda order, command: one_currency(
        order.commercial.currency, cast("c.AmendProductOrder", command).items
    ),
    "source-is-trusted": lambda _, command: items_are_granted(
        command.actor, cast("c.AmendProductOrder", command).items
    ),
    "cancelled-lines-stay": cancelled_lines_stay,
    "has-items": has_items,
    "has-reason": has_reason,
    "validated-or-context": validated_or_context,
    "decomposed": decomposed,
    "not-decomposed": not_decomposed,
    "item-known": item_known,
    "item-executable": item_executable,
    "item-not-started": item_not_started,
    "item-in-work": item_in_work,
    "item-stays": item_stays,
    "dependencies-done": dependencies_done,
    "item-cancelling": item_cancelling,
    "fallout-unknown": fallout_unknown,
    "fallout-open": fallout_open,
    "resolution-goes-on": resolution_goes_on,
    "item-known-if-named": item_known_if_named,
    "item-executable-if-named": item_executable_if_named,
    "item-open-if-named": item_open_if_named,
    "item-without-fallout": item_without_fallout,
    "items-known": items_known,
    "something-to-cancel": something_to_cancel,
    "before-cutoff": before_cutoff,
    "nothing-depends": nothing_depends,
    "cancellation-open": cancellation_open,
    "nothing-in-work-or-delivered": nothing_in_work_or_delivered,
    "not-closed-yet": not_closed_yet,
}
