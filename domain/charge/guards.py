"""The conditions a Charge's transitions name (R154)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

from domain.billing_calendar import utc_day
from domain.charge import commands as c
from domain.charge.charge import Charge
from domain.charge.invoice_guards import INVOICE_GUARDS
from domain.command import Command
from domain.commercial import ChargeKind, PriceComponent
from domain.currency import EXPONENTS
from domain.errors import Refusal

Requested = c.ActivateCharge | c.RejectCharge | c.RetryChargeActivation | c.AmendCharge | c.CorrectCharge


def _component(command: Command) -> PriceComponent:
    return cast("Requested", command).component


def price_is_sound(command: Command) -> None:
    """A price can be charged as it stands: a known currency, a period when it recurs, rising steps."""
    price = _component(command)
    steps = [tier.up_to for tier in price.tiers]
    ends = [end for end in steps if end is not None]
    currencies = {price.price.currency, *(tier.price.currency for tier in price.tiers)}
    wrong = {
        "its currency is not one, or none that can be paid in": len(currencies) > 1 or not currencies <= set(EXPONENTS),
        "it recurs without a period, or has one and does not": (price.kind is ChargeKind.RECURRING)
        != (price.period is not None),
        "it has steps and is not for usage": bool(steps) and price.kind is not ChargeKind.USAGE,
        "its steps do not rise, or one without end is not the last": ends != sorted(set(ends)) or None in steps[:-1],
        "a discount is not between 0 and 100 percent, or lasts no period": any(
            not 0 <= d.percent <= 100 or (d.periods is not None and d.periods < 1) for d in price.discounts
        ),
    }
    for problem, found in wrong.items():
        if found:
            message = f"Component {price.component_id} of charge {command.aggregate_id} cannot be charged: {problem}."
            raise Refusal("STRUCTURAL_PRICE", message, remediation="Hand over the price as it was accepted.")


def bills_by_itself(command: Command) -> None:
    """What is billed through its parent is not billed again (R470)."""
    price = _component(command)
    if price.billed_through_item_id is not None:
        message = f"Component {price.component_id} is billed through item {price.billed_through_item_id}."
        raise Refusal("POLICY_BILLED_THROUGH_PARENT", message, remediation="Charge the parent's component alone.")


def not_before_trigger(command: Command) -> None:
    """Billing begins with its trigger, whenever the order was submitted (R274, R275)."""
    request = cast("Requested", command)
    if utc_day(request.effective_from) < utc_day(request.billing_trigger_date):
        message = (
            f"Charge {command.aggregate_id} would begin on {utc_day(request.effective_from)}, "
            f"before its billing trigger of {utc_day(request.billing_trigger_date)}."
        )
        raise Refusal("POLICY_BEFORE_BILLING_TRIGGER", message, remediation="Charge from the trigger date on.")


def ends_after_it_begins(command: Command) -> None:
    """Terms that end do so after they began."""
    request = cast("Requested", command)
    if request.effective_until is not None and utc_day(request.effective_until) <= utc_day(request.effective_from):
        message = f"The terms of charge {command.aggregate_id} would end before they begin."
        raise Refusal("STRUCTURAL_EFFECTIVE_DATES", message, remediation="Name an end after the beginning, or none.")


CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {
    "price-is-sound": price_is_sound,
    "bills-by-itself": bills_by_itself,
    "not-before-trigger": not_before_trigger,
    "ends-after-it-begins": ends_after_it_begins,
}


def same_component(charge: Charge, command: Command) -> None:
    """A charge stays with its installed product, component and account."""
    retry = cast("c.RetryChargeActivation", command)
    asked = (retry.product_instance_id, retry.component.component_id, retry.account_id)
    have = (charge.product_instance_id, charge.component.component_id, charge.account_id)
    if asked != have:
        message = f"Charge {charge.charge_id} is for {have}, not for {asked}."
        raise Refusal("CONFLICT_CHARGE_IDENTITY", message, remediation="Activate a charge of its own.")


def kind_and_currency_stay(charge: Charge, command: Command) -> None:
    """What was charged stays comparable with what will be."""
    new, old = _component(command), charge.component
    asked, have = ((p.component_id, p.kind, p.price.currency) for p in (new, old))
    if asked != have:
        message = f"Charge {charge.charge_id} is {have}; terms for {asked} do not fit."
        raise Refusal("CONFLICT_CHARGE_TERMS", message, remediation="End this charge and activate another.")


def follows_newest_terms(charge: Charge, command: Command) -> None:
    """An amendment holds from a day on; the past is changed by a correction only (R500)."""
    day = utc_day(cast("c.AmendCharge", command).effective_from)
    if day < (newest := charge.schedule.current.effective_from):
        message = f"Charge {charge.charge_id} has terms from {newest} on; {day} lies before."
        raise Refusal("CONFLICT_EFFECTIVE_DATE", message, remediation="Amend from a later day, or correct the terms.")


def correction_is_approved(_: Charge, command: Command) -> None:
    """A correction has a reason, and was approved by somebody else (R500, R503, R510)."""
    correct = cast("c.CorrectCharge", command)
    if not correct.reason_code:
        message = f"The correction of charge {command.aggregate_id} gives no reason."
        raise Refusal("STRUCTURAL_REASON_MISSING", message, remediation="Send a reasonCode.")
    if correct.approved_by == command.actor.actor_id:
        message = f"{command.actor.actor_id} approved the correction of charge {command.aggregate_id} that they make."
        raise Refusal("AUTHORIZATION_FOUR_EYES", message, remediation="Let somebody else approve it.")


def _not_before(charge: Charge, moment: datetime, *, at_start: bool) -> None:
    pauses = charge.schedule.pauses
    earliest = charge.schedule.start
    if pauses:
        earliest = pauses[-1].start if at_start else pauses[-1].end
    if utc_day(moment) < earliest:
        message = f"Charge {charge.charge_id} cannot change on {utc_day(moment)}, before {earliest}."
        raise Refusal("CONFLICT_EFFECTIVE_DATE", message, remediation=f"Name {earliest} or a later day.")


def pauses_after_last(charge: Charge, command: Command) -> None:
    """A charge pauses after it began, and after its last pause."""
    _not_before(charge, cast("c.SuspendCharge", command).effective_from, at_start=False)


def resumes_after_pause(charge: Charge, command: Command) -> None:
    """A pause ends after it began."""
    _not_before(charge, cast("c.ResumeCharge", command).effective_from, at_start=True)


def ends_after_start(charge: Charge, command: Command) -> None:
    """A charge ends on the day it began at the earliest; then it billed nothing."""
    day = utc_day(cast("c.TerminateCharge", command).effective_until)
    if day < charge.schedule.start:
        message = f"Charge {charge.charge_id} began on {charge.schedule.start} and cannot end on {day}."
        raise Refusal("CONFLICT_EFFECTIVE_DATE", message, remediation=f"Name {charge.schedule.start} or a later day.")


def item_with_order(charge: Charge, command: Command) -> None:
    """An item is named with its order."""
    change = cast("c.SuspendCharge", command)
    if (change.order_id is None) != (change.item_id is None):
        message = f"{command.name} of charge {charge.charge_id} names an order without its item, or the reverse."
        raise Refusal("STRUCTURAL_ORDER_ITEM", message, remediation="Name both or neither.")


def _whatever_stands(guard: Callable[[Any], None]) -> Callable[[Charge, Command], None]:
    """A guard of the command alone, for a charge that exists."""
    return lambda _, command: guard(command)


GUARDS: Mapping[str, Callable[[Charge, Command], None]] = {
    **{name: _whatever_stands(guard) for name, guard in CREATION_GUARDS.items()},
    "same-component": same_component,
    "kind-and-currency-stay": kind_and_currency_stay,
    "follows-newest-terms": follows_newest_terms,
    "correction-is-approved": correction_is_approved,
    "item-with-order": item_with_order,
    "pauses-after-last": pauses_after_last,
    "resumes-after-pause": resumes_after_pause,
    "ends-after-start": ends_after_start,
    **INVOICE_GUARDS,
}
