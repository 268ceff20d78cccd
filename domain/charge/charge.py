"""The state of a Charge and how each event changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from domain.billing_calendar import Days, utc_day
from domain.charge import events as e
from domain.charge.schedule import Basis, Schedule
from domain.charge.states import ChargeState
from domain.commercial import PriceComponent
from domain.model import Model


@dataclass(frozen=True, slots=True)
class Invoiced:
    """What was claimed for some days by the agreement, adjustments aside, and by which position last."""

    invoice_id: str
    agreed: Decimal


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge as billing knows it: its terms over time, and what was invoiced for which days."""

    charge_id: str
    version: int
    state: ChargeState
    order_id: str
    item_id: str
    product_instance_id: str
    account_id: str
    billing_account_id: str
    handoff_id: str | None
    schedule: Schedule
    invoiced: Mapping[Days, Invoiced]
    invoice_ids: frozenset[str] = frozenset()
    address_version: int = 0

    @property
    def component(self) -> PriceComponent:
        """The newest agreed price."""
        return self.schedule.current.component


def evolve(charge: Charge | None, event: Model) -> Charge:
    """The charge after an event; pure, so the charge before it stays as it was."""
    if not isinstance(event, e.ChargeEvent):
        message = f"{type(event).__name__} is no event of a Charge"
        raise TypeError(message)
    if charge is None or isinstance(event, (e.ChargeActivated, e.ChargeRejected)):
        return _begun(event)
    return _changed(replace(charge, version=event.version, order_id=event.order_id, item_id=event.item_id), event)


def _begun(event: e.ChargeEvent) -> Charge:
    if not isinstance(event, (e.ChargeActivated, e.ChargeRejected)):
        message = f"the first event of {event.charge_id} is {type(event).__name__}"
        raise ValueError(message)
    return Charge(
        charge_id=event.charge_id,
        version=event.version,
        state=ChargeState.REJECTED if isinstance(event, e.ChargeRejected) else ChargeState.ACTIVE,
        order_id=event.order_id,
        item_id=event.item_id,
        product_instance_id=event.product_instance_id,
        account_id=event.account_id,
        billing_account_id=event.billing_account_id,
        handoff_id=event.handoff_id,
        schedule=Schedule((basis_of(event),)),
        invoiced={},
    )


def basis_of(event: e.ChargeBasisEvent) -> Basis:
    """The terms an event puts into force."""
    until = None if event.effective_until is None else utc_day(event.effective_until)
    return Basis(utc_day(event.effective_from), event.component, until)


def _changed(charge: Charge, event: e.ChargeEvent) -> Charge:
    schedule = charge.schedule
    match event:
        case e.ChargeAmended():
            change = schedule.corrected if event.corrects_former_terms else schedule.amended
            return replace(
                charge,
                schedule=change(basis_of(event)),
                billing_account_id=event.billing_account_id,
                handoff_id=event.handoff_id,
            )
        case e.ChargeSuspended():
            paused = schedule.paused(utc_day(event.effective_from))
            return replace(charge, state=ChargeState.SUSPENDED, schedule=paused)
        case e.ChargeResumed():
            return replace(charge, state=ChargeState.ACTIVE, schedule=schedule.resumed(utc_day(event.effective_from)))
        case e.ChargeTerminated():
            ended = schedule.ended(utc_day(event.effective_until))
            return replace(charge, state=ChargeState.TERMINATED, schedule=ended)
        case e.InvoiceIssued():
            return _invoiced(charge, event)
        case _:
            return charge


def _invoiced(charge: Charge, event: e.InvoiceIssued) -> Charge:
    days = Days(utc_day(event.period_start), utc_day(event.period_end))
    before = charge.invoiced[days].agreed if days in charge.invoiced else Decimal(0)
    now = Invoiced(event.invoice_id, before + event.agreed.amount)
    return replace(
        charge,
        invoiced={**charge.invoiced, days: now},
        invoice_ids=charge.invoice_ids | {event.invoice_id},
        address_version=event.address_version,
    )
