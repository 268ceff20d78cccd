"""The lines of a quote: what a new customer chooses, and what is done to products that are installed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from compose.simulate.chance import Chance
from compose.simulate.offers import BUNDLES, OFFERS, SUCCESSOR, Bundle, offering_id, on_sale
from domain.order_state.states import Action
from domain.quote.structure import LineDraft

LAST_DAYS = 10
"""How long before its end an offering is not offered any more, so that its orders are submitted in time."""


@dataclass(slots=True)
class Product:
    """An installed product of a customer, as far as later orders need to know it."""

    instance: str
    code: str
    quantity: int
    tier: str | None
    root: bool
    suspended: bool = False


@dataclass(slots=True)
class Installation:
    """What one order installed together; what `suffered` a fault is left alone, so that the fault stands."""

    bundle: Bundle
    products: list[Product]
    billed_from: datetime
    suffered: bool = False

    @property
    def root(self) -> Product:
        """The product the others belong to."""
        return self.products[0]


def choose_bundle(chance: Chance, number: int, days_left: int) -> Bundle:
    """What a customer buys of a publication that is in force for some more days."""
    sold = on_sale(number)
    weights = {
        bundle: bundle.weight
        for bundle in BUNDLES
        if bundle.root in sold and (bundle.until_publication is None or days_left > LAST_DAYS)
    }
    return chance.one(weights)


def purchase_lines(
    chance: Chance, tenant: str, number: int, bundle: Bundle, discount: Decimal
) -> tuple[LineDraft, ...]:
    """The lines of a purchase: the root and the members the customer wants."""
    quantity = chance.quantity(bundle.quantity) if bundle.quantity > 1 else 1
    chosen = [member for member in bundle.members if chance.happens(member.chance_percent)]
    root = _draft(tenant, number, bundle.root, 1, quantity=quantity, **_discount(discount))
    root = root.model_copy(update={"configuration": _configuration(chance, bundle.root)})
    wanted = {bundle.root, *(member.code for member in chosen)}
    return (
        root,
        *(
            _draft(
                tenant,
                number,
                member.code,
                position,
                quantity=1 if member.included else quantity,
                parent_line_id=root.line_id,
                depends_on=tuple(f"line-{code}" for code in member.after if code in wanted),
                billed_through_line_id=root.line_id if member.included else None,
                configuration=_configuration(chance, member.code),
                **({} if member.included or OFFERS[member.code].usage else _discount(discount)),
            )
            for position, member in enumerate(chosen, start=2)
        ),
    )


def change_lines(
    chance: Chance, tenant: str, number: int, installation: Installation, action: Action
) -> tuple[LineDraft, ...]:
    """The lines of a change of the root; the members are named so that the bundle stays whole (R411)."""
    root = installation.root
    # What is no longer sold is replaced by what took its place.
    code = SUCCESSOR if action is Action.REPLACE and root.code not in on_sale(number) else root.code
    offer = OFFERS[code]
    quantity, tier = root.quantity, root.tier
    if action is Action.MODIFY:
        if offer.options:
            tier = chance.one({option: 1 for option in offer.options if option != tier})
        else:
            quantity += chance.whole(1, 5)
    named = {"replaces_product_instance_id" if action is Action.REPLACE else "product_instance_id": root.instance}
    configuration = {"tier": tier} if tier else {"edition": "standard"}
    first = _draft(tenant, number, code, 1, action=action, quantity=quantity, configuration=configuration, **named)
    return (
        first,
        *(
            _draft(
                tenant,
                number,
                product.code,
                position,
                action=Action.NO_CHANGE,
                quantity=product.quantity,
                parent_line_id=first.line_id,
                product_instance_id=product.instance,
            )
            for position, product in enumerate(installation.products[1:], start=2)
        ),
    )


def installed_by(lines: Iterable[LineDraft], order_id: str, bundle: Bundle, billed_from: datetime) -> Installation:
    """What the lines of a purchase install; what is bought once and for all is no subject of later orders."""
    lines = tuple(lines)
    return Installation(
        bundle,
        [
            Product(f"{order_id}/item-{line.line_number}", code, line.quantity, line.configuration.get("tier"), at == 0)
            for at, line in enumerate(lines)
            if (code := line.line_id.removeprefix("line-")) != "device"
        ],
        billed_from,
    )


def _configuration(chance: Chance, code: str) -> dict[str, str]:
    offer = OFFERS[code]
    chosen = {"tier": chance.one(dict.fromkeys(offer.options, 1))} if offer.options else {"edition": "standard"}
    return {**chosen, "setup": "yes"} if offer.setup else chosen


def _discount(percent: Decimal) -> dict[str, object]:
    if not percent:
        return {}
    return {
        "manual_discount_percent": percent,
        "manual_discount_periods": 12,
        "manual_discount_reason": "offer of a competitor",
    }


def _draft(tenant: str, number: int, code: str, position: int, **more: object) -> LineDraft:
    offer = OFFERS[code]
    return LineDraft.model_validate(
        {
            "line_id": f"line-{code}",
            "line_number": position,
            "offering_id": offering_id(tenant, code),
            "offering_version": str(number),
            "offering_name": offer.name,
            "specification_id": f"{tenant}:specification-{code}",
            "fulfillment_policy_ref": offer.policy,
            "cutoff": offer.cutoff,
            "expected_usage": 500 if offer.usage else None,
            **more,
        }
    )
