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
)
from domain.drift.product.sayings import SAYINGS
from domain.drift.rules import RuleSet
from domain.drift.space import Check, Space, group_of, named
from domain.drift.values import records
from domain.fold.facts import Facts
from domain.fold.fold import Place
from domain.fold.heard import Heard

SPACE = "product"

CHECKS: dict[str, Check[Installed]] = {
    "referential.asset-unknown": asset_unknown,
    "asset.missing": asset_missing,
    "asset.orphan": asset_orphan,
    "asset.configuration-differs": configuration_differs,
    "asset.live-after-termination": live_after_termination,
    "state.asset-active-service-down": active_service_down,
    "financial.order-vs-charge": order_vs_charge,
    "financial.charge-vs-invoice": charge_vs_invoice,
}


def _places(event: Heard) -> Iterable[Place]:
    data = event.data
    holders = [data, *records(data, "items")]
    fields = ("productInstanceId", "replacesProductInstanceId")
    named_here = dict.fromkeys(holder[field] for holder in holders for field in fields if holder.get(field))
    return tuple(Place(group_of(event, SPACE, product_id)) for product_id in named_here)


def _view(place: Place, shared: Facts, _: Facts) -> Installed:
    return Installed(named(place), shared)


def product_space(rules: RuleSet) -> Space[Installed]:
    """The fold with these rules."""
    return Space(SPACE, rules, places=_places, sayings=SAYINGS, view=_view, checks=CHECKS)
