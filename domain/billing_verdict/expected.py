"""What ought to be billed of a component, and when: the effect of each completed item on it, one after the other.

The effects are those the actions have (R305, R459-R466), found from the order alone; requests to billing only tell
from when on they count, and the terms where an item states none (R262).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from domain.billing_handoff.policy import BILLABLE_INTENTS
from domain.billing_handoff.states import BillingEffect
from domain.billing_verdict.course import Course, Note
from domain.billing_verdict.differing import HANDED_OVER, INSTALLED, Differing, texts_apart
from domain.billing_verdict.known import Item, Known, Reason, Request
from domain.billing_verdict.moments import day_of
from domain.billing_verdict.terms import component_of
from domain.billing_verdict.verdicts import BillablePolicy, Expectation
from domain.charge.schedule import Basis, Schedule
from domain.commercial import ChargeKind, PriceComponent

_CHANGES: Mapping[str, BillingEffect] = {
    "MODIFY": BillingEffect.AMEND,
    "RENEW": BillingEffect.RENEW,
    "SUSPEND": BillingEffect.SUSPEND,
    "RESUME": BillingEffect.RESUME,
    "DELETE": BillingEffect.END,
}
_BEGINNING = frozenset({"ADD", "REPLACE"})
_RESTATING = frozenset({"MODIFY", "RENEW"})
"""Actions whose prices are all there is from now on: a component they leave out has ended."""


class Step(NamedTuple):
    """The effect of a completed item on a component, and the day from which it counts."""

    item: Item
    effect: BillingEffect
    trigger_us: int
    terms: str

    @property
    def day(self) -> date:
        """The UTC day from which it counts."""
        return day_of(self.trigger_us)


@dataclass(slots=True)
class Expected:
    """What is expected of one component; `deciding` is the item that says so now."""

    component_id: str
    deciding: Item
    policy: BillablePolicy
    steps: list[Step] = field(default_factory=list)
    spells: list[Course] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    suspended: bool = False

    @property
    def terms(self) -> str | None:
        """The newest agreed terms; None when no item states any."""
        return self.steps[-1].terms if self.steps else self.deciding.components.get(self.component_id)

    @property
    def once(self) -> bool:
        """Whether it is due once and for all."""
        return self.terms is not None and component_of(self.terms).kind is ChargeKind.ONE_TIME

    @property
    def state(self) -> BillingEffect | None:
        """What the completed items come to: BEGIN while it bills, SUSPEND, END, or None before anything."""
        if not self.spells:
            return None
        if self.spells[-1].schedule.ended_on is not None:
            return BillingEffect.END
        return BillingEffect.SUSPEND if self.suspended else BillingEffect.BEGIN

    def reason(self, day: date) -> Reason | None:
        """The approved reason that excuses a day, if one does."""
        return next((reason for reason in self.reasons if reason.days.start <= day < reason.days.end), None)

    def spell(self, day: date) -> Course | None:
        """The spell of billing that has begun by a day, ended or not."""
        return next((spell for spell in reversed(self.spells) if spell.schedule.start <= day), None)

    def due(self, day: date) -> tuple[Course, int] | None:
        """The terms by which a day ought to be billed."""
        if self.reason(day) is not None:
            return None
        spell = self.spell(day)
        number = None if spell is None else spell.billing(day)
        return None if spell is None or number is None else (spell, number)

    def on(self, day: date) -> Expectation:
        """The expectation on a day."""
        if self.reason(day) is not None:
            return Expectation.NONE
        if not self.steps:
            billable = self.policy is BillablePolicy.BILLABLE
            open_still = self.deciding.outcome is None
            return Expectation.NOT_YET if billable and open_still else Expectation.NONE
        spell = self.spell(day)
        if spell is None:
            return Expectation.NOT_YET
        if spell.in_force(day) is None:
            return Expectation.ENDED
        return Expectation.SUSPENDED if spell.paused(day) else Expectation.ACTIVE

    def decided(self, day: date) -> Item:
        """The item that says what is expected on a day."""
        for step in reversed(self.steps):
            if step.day <= day:
                return step.item
        return self.steps[0].item if self.steps else self.deciding


def expected(known: Known, component_id: str) -> Expected | None:
    """What is expected of a component; None when no item ever named it."""
    naming = [i for i in known.items if _names(known, i, component_id)]
    if not naming:
        return None
    deciding = max(naming, key=lambda item: (item.accepted_us, item.identity))
    found = Expected(component_id, deciding, _policy(deciding, component_id))
    found.reasons = known.reasons.get(component_id, [])
    found.requests = known.requests.get(component_id, [])
    for item in sorted((i for i in known.items if i.completed), key=lambda i: (i.outcome_us, i.identity)):
        _take(found, known, item)
    if found.steps:
        found.deciding = found.steps[-1].item
        found.policy = BillablePolicy.BILLABLE
    return found


def components(known: Known) -> Iterable[str]:
    """The components that items of the product, or requests about it, name."""
    named = {c for item in known.items for c in item.components}
    return sorted(named.union(known.requests))


def _names(known: Known, item: Item, component_id: str) -> bool:
    return component_id in item.components or known.request(item, component_id) is not None


def _policy(item: Item, component_id: str) -> BillablePolicy:
    if item.action == "NO_CHANGE":
        return BillablePolicy.NOTHING_DONE
    terms = item.components.get(component_id)
    if terms is not None and component_of(terms).billed_through_item_id is not None:
        return BillablePolicy.BILLED_THROUGH_PARENT
    return BillablePolicy.BILLABLE if item.intent in BILLABLE_INTENTS else BillablePolicy.INTENT_DOES_NOT_BILL


def _take(found: Expected, known: Known, item: Item) -> None:
    """Let a completed item have its effect."""
    request = known.request(item, found.component_id)
    stated = item.components.get(found.component_id)
    terms = stated or (request.terms if request is not None else found.terms)
    if terms is None:
        return
    effect = _effect(found, known, item, terms) if item.stated else request and BillingEffect(request.effect)
    if effect is None:
        return
    trigger = None
    if request is not None:
        trigger = request.end_us if effect is BillingEffect.END and request.end_us is not None else request.trigger_us
    when = next(us for us in (trigger, item.activation_us, item.outcome_us) if us is not None)
    account = item.billing_account_id if stated is not None or request is None else request.billing_account_id
    astray = () if stated is None or request is None else tuple(_astray(item, stated, request))
    _apply(found, Step(item, effect, when, terms), Note(terms, account, when, astray))


def _astray(item: Item, stated: str, request: Request) -> Iterator[Differing]:
    """What of an item's agreement was handed over, or installed, otherwise (R256, R262, R263, R275)."""
    if request.terms != stated:
        for apart in texts_apart(component_of(stated), component_of(request.terms)):
            yield apart._replace(field=HANDED_OVER + apart.field)
    if item.billing_account_id not in (None, request.billing_account_id):
        yield Differing(f"{HANDED_OVER}billingAccountId", item.billing_account_id, request.billing_account_id)
    handed_over = f"{HANDED_OVER}serviceActivationDate", request.activation_us
    for name, us in (handed_over, (f"{INSTALLED}effectiveDate", item.installed_us)):
        if us is not None and item.activation_us is not None and day_of(us) != day_of(item.activation_us):
            yield Differing(name, day_of(item.activation_us).isoformat(), day_of(us).isoformat())


def _effect(found: Expected, known: Known, item: Item, terms: str) -> BillingEffect | None:
    bills = item.intent in BILLABLE_INTENTS
    component = component_of(terms)
    by_itself = found.component_id in item.components and component.billed_through_item_id is None
    running = found.state in (BillingEffect.BEGIN, BillingEffect.SUSPEND)
    once = component.kind is ChargeKind.ONE_TIME
    if item.replaced:
        return BillingEffect.END if running and not once else None
    if item.action in _BEGINNING:
        return BillingEffect.BEGIN if by_itself and bills else None
    if item.action not in _CHANGES:
        return None
    change = _CHANGES[item.action]
    if once:
        return _fee(found, change, terms) if by_itself and bills else None
    if not by_itself:
        if running and item.action in _RESTATING and item.components:
            return BillingEffect.END
        carries_on = item.action != "MODIFY" and (running or _asked_first(found, known, item, component))
        return change if carries_on and _follows(found, change) and (bills or change is BillingEffect.END) else None
    if running:
        return change if _follows(found, change) and (bills or change is BillingEffect.END) else None
    if bills and (item.action in _RESTATING or _first_heard_of(known, item)):
        return BillingEffect.BEGIN if item.action in _RESTATING else change
    return None


def _fee(found: Expected, change: BillingEffect, terms: str) -> BillingEffect | None:
    """A price due once: it begins, and only another price for it changes it."""
    if not found.steps:
        return BillingEffect.BEGIN
    return BillingEffect.AMEND if change is BillingEffect.AMEND and found.steps[-1].terms != terms else None


def _asked_first(found: Expected, known: Known, item: Item, component: PriceComponent) -> bool:
    """Whether billing was asked to change what nobody is known to have begun, and what bills by itself."""
    by_itself = component.billed_through_item_id is None
    return by_itself and not found.steps and known.request(item, found.component_id) is not None


def _follows(found: Expected, change: BillingEffect) -> bool:
    if not found.steps:
        return True
    if change is BillingEffect.SUSPEND:
        return not found.suspended
    return found.suspended if change is BillingEffect.RESUME else True


def _first_heard_of(known: Known, item: Item) -> bool:
    """Whether the product is billed since before the platform: then what recurs is changed, not begun."""
    return not any(i.completed and i.outcome_us < item.outcome_us for i in known.items)


def _apply(found: Expected, step: Step, note: Note) -> None:
    day, basis = step.day, Basis(step.day, component_of(step.terms))
    begins = found.state in (None, BillingEffect.END)
    found.steps.append(step)
    match step.effect:
        case BillingEffect.BEGIN | BillingEffect.AMEND | BillingEffect.RENEW if begins:
            found.spells.append(Course(Schedule((basis,)), {day: note}))
            found.suspended = False
        case _ if begins:
            # A change of what began before the platform: nothing is known of the days before.
            found.spells.append(Course(Schedule((basis,)), {day: note}))
            found.suspended = step.effect is BillingEffect.SUSPEND
            _changed(found, step)
        case BillingEffect.BEGIN | BillingEffect.AMEND | BillingEffect.RENEW:
            spell = found.spells[-1]
            found.spells[-1] = Course(spell.schedule.amended(basis), {**spell.notes, day: note})
        case _:
            found.suspended = step.effect is BillingEffect.SUSPEND
            _changed(found, step)


def _changed(found: Expected, step: Step) -> None:
    """A pause, its end, or the end of a spell."""
    spell, day = found.spells[-1], step.day
    match step.effect:
        case BillingEffect.SUSPEND:
            schedule = spell.schedule.paused(day)
        case BillingEffect.RESUME if spell.schedule.pauses:
            schedule = spell.schedule.resumed(day)
        case BillingEffect.END:
            schedule = spell.schedule.ended(day)
        case _:
            return
    found.spells[-1] = Course(schedule, spell.notes)
