"""The fold of space `product`: the group is the installed product an event names, or one of those its items name."""

from __future__ import annotations

from collections.abc import Iterable

from domain.drift.product.charged import charge_vs_invoice, order_vs_charge
from domain.drift.product.installed import Installed
from domain.drift.product.inventory import (
    active_service_down,
    asset_missing,
    asset_orphan,
    asset_unknown,
    configuration_differs,
    live_after_termination,
    state_differs,
)
from domain.drift.product.sayings import SAYINGS
from domain.drift.rules import RuleSet
from domain.drift.space import Check, Space, group_of, named
from domain.fold.facts import Facts
from domain.fold.fold import Place
from domain.fold.heard import Heard
from domain.fold.reading import parts, text

SPACE = "product"
_NAMES = ("productInstanceId", "replacesProductInstanceId")

CHECKS: dict[str, Check[Installed]] = {
    "referential.asset-unknown": asset_unknown,
    "asset.missing": asset_missing,
    "asset.orphan": asset_orphan,
    "asset.configuration-differs": configuration_differs,
    "asset.state-differs": state_differs,
    "asset.live-after-termination": live_after_termination,
    "state.asset-active-service-down": active_service_down,
    "financial.order-vs-charge": order_vs_charge,
    "financial.charge-vs-invoice": charge_vs_invoice,
}


def _places(event: Heard) -> Iterable[Place]:
    holders = [event.data, *parts(event.data, "items")]
    products = dict.fromkeys(text(holder, name) for holder in holders for name in _NAMES)
    return tuple(Place(group_of(event, SPACE, product_id)) for product_id in products if product_id)


def _view(place: Place, shared: Facts, _: Facts) -> Installed:
    return Installed(named(place), shared)


def product_space(rules: RuleSet) -> Space[Installed]:
    """The fold with these rules."""
    return Space(SPACE, rules, places=_places, sayings=SAYINGS, view=_view, checks=CHECKS)
