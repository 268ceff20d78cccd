"""What the demonstration's company sells, and the order lines a customer's choice turns into."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import NamedTuple

from domain.command import fingerprint
from domain.commercial import ChargeKind, Discount, Period, PriceComponent
from domain.money import Money
from domain.order_state.states import Action
from domain.product_order.structure import Cutoff, OrderItem


class Offer(NamedTuple):
    """One line of a bundle: prices are monthly and one-time amounts in major units, None where there is none."""

    code: str
    name: str
    monthly: str | None
    one_time: str | None = None
    parent: str | None = None
    after: tuple[str, ...] = ()
    cutoff: Cutoff = Cutoff.COMPLETED


Bundles = tuple[tuple[Offer, ...], ...]

BUNDLES: Bundles = (
    (
        Offer("access", "Business Internet 1 Gbit/s", "349.00"),
        Offer("router", "Managed Router", "29.00", "120.00", "access", ("access",), Cutoff.PENDING_EXTERNAL),
        Offer("static-ip", "Static IP Block", "15.50", None, "access", ("access",)),
        Offer("support", "Premium Support", "79.90", None, "access", ("access", "router")),
        Offer("install", "On-site Installation", None, "450.00", "access", (), Cutoff.STARTED),
    ),
    (
        Offer("plan", "Mobile Plan 50 GB", "39.95"),
        Offer("device", "Smartphone", None, "899.00", "plan", ("plan",), Cutoff.PENDING_EXTERNAL),
    ),
    (Offer("saas", "Analytics Workspace, 25 seats", "1250.00"),),
    (
        Offer("pbx", "Cloud Telephony", "12.40"),
        Offer("numbers", "Number Block of 100", "49.00", "75.00", "pbx", ("pbx",)),
        Offer("recording", "Call Recording", "4.35", None, "pbx", ("pbx", "numbers")),
    ),
)
CHANGES: tuple[Action, ...] = (Action.MODIFY, Action.SUSPEND, Action.RESUME, Action.RENEW, Action.DELETE)


def new_lines(random: Random, tenant: str, currency: str, bundles: Bundles = BUNDLES) -> tuple[OrderItem, ...]:
    """The lines of a purchase: one bundle, every member added."""
    bundle = random.choice(bundles)
    discount = random.choice((None, None, Discount(percent=Decimal(10), periods=12, evidence_ref="promo-year-one")))
    return tuple(
        _line(tenant, offer, number, Action.ADD, currency, discount, random.randint(1, 3))
        for number, offer in enumerate(bundle, start=1)
    )


def change_lines(random: Random, tenant: str, currency: str, bundles: Bundles = BUNDLES) -> tuple[OrderItem, ...]:
    """The lines of a change: an installed bundle whose top is left as it is and whose members are acted on."""
    bundle = random.choice([b for b in bundles if len(b) > 1])
    action = random.choice(CHANGES)
    lines = []
    for number, offer in enumerate(bundle, start=1):
        acted = Action.NO_CHANGE if offer.parent is None else action
        line = _line(tenant, offer, number, acted, currency, None, 1)
        instance = f"{tenant}:installed-{random.randint(1, 10_000)}/{offer.code}"
        lines.append(line.model_copy(update={"product_instance_id": instance}))
    return tuple(lines)


def _line(
    tenant: str, offer: Offer, number: int, action: Action, currency: str, discount: Discount | None, quantity: int
) -> OrderItem:
    configuration = {"quantity": str(quantity), "offering": offer.code}
    return OrderItem(
        item_id=offer.code,
        line_number=number,
        action=action,
        quantity=quantity,
        offering_id=f"{tenant}:offering-{offer.code}",
        offering_name=offer.name,
        specification_id=f"{tenant}:specification-{offer.code}",
        parent_item_id=offer.parent,
        root_item_id=offer.parent,
        depends_on=offer.after,
        quote_line_id=f"line-{number}",
        configuration=configuration,
        configuration_fingerprint=fingerprint(dict(configuration)),
        price_components=tuple(_prices(offer, currency, discount, quantity)),
        fulfillment_policy_ref="standard.v1",
        cutoff=offer.cutoff,
    )


def _prices(offer: Offer, currency: str, discount: Discount | None, quantity: int) -> list[PriceComponent]:
    prices = []
    if offer.monthly is not None:
        prices.append(
            PriceComponent(
                component_id="monthly",
                kind=ChargeKind.RECURRING,
                price=Money(amount=Decimal(offer.monthly), currency=currency),
                quantity=quantity,
                period=Period.MONTH,
                discounts=(discount,) if discount else (),
            )
        )
    if offer.one_time is not None:
        price = Money(amount=Decimal(offer.one_time), currency=currency)
        prices.append(PriceComponent(component_id="setup", kind=ChargeKind.ONE_TIME, price=price, quantity=quantity))
    return prices
