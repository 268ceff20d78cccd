"""The asset against the items that made it, and against the network (R234, R245, R255, R270)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain.asset.states import AssetState
from domain.drift.mismatch import Apart, Mismatch
from domain.drift.product.installed import BEGINS, CONFIGURES, Installed, Wanted
from domain.drift.rules import Rule
from domain.fold.facts import Entry
from domain.order_state.states import Action, ItemState
from domain.provisioning_request.states import ServiceStatus

_TAKEN_OUT = frozenset({ItemState.CANCELLED, ItemState.FAILED_CLOSED})
_LEAVES: Mapping[str, str] = {
    Action.ADD.value: AssetState.ACTIVE.value,
    Action.REPLACE.value: AssetState.ACTIVE.value,
    Action.RESUME.value: AssetState.ACTIVE.value,
    Action.SUSPEND.value: AssetState.SUSPENDED.value,
}
"""The state in which an action leaves a product; the others leave it as it is, or end it."""
_NEEDS_ASSET = frozenset({Action.MODIFY, Action.SUSPEND, Action.RESUME, Action.RENEW, Action.DELETE})


def _about_asset(
    one: Installed, since_us: int, apart: Apart, *evidence: Entry | None, item: Wanted | None = None
) -> Mismatch:
    return Mismatch(
        entity_type="Asset",
        entity_id=one.product_id,
        since_us=since_us,
        apart=(apart,),
        evidence=evidence,
        names=one.names(item),
    )


def asset_missing(one: Installed, _: Rule) -> Iterator[Mismatch]:
    """An item that brings the product was delivered, and inventory has nothing, or only an attempt that failed."""
    if one.asset is not None and one.asset.value[0] != AssetState.ACTIVATION_FAILED:
        return
    for item in one.items:
        if item.acts and item.action in BEGINS and item.completed is not None:
            state = one.asset.value[0] if one.asset else None
            apart = Apart("asset.state", AssetState.ACTIVE.value, state)
            since_us = max(item.completed.time_us, one.asset.time_us if one.asset else 0)
            yield _about_asset(one, since_us, apart, item.completed, item.entry, one.asset, item=item)
            return


def asset_orphan(one: Installed, _: Rule) -> Iterator[Mismatch]:
    """Inventory has a product that no item ever named."""
    if one.live and one.asset is not None and not one.items:
        apart = Apart("item", "an item that names it", None)
        yield _about_asset(one, one.asset.time_us, apart, one.asset)


def configuration_differs(one: Installed, _: Rule) -> Iterator[Mismatch]:
    """The product has not the configuration of the item that was done to it last (R283)."""
    configuration = one.configuration
    if not one.live or configuration is None:
        return
    fingerprint, order_id, item_id, _action = configuration.value
    item = _decides(one, one.item(order_id, item_id), configuration)
    if item is not None and item.fingerprint not in (None, fingerprint):
        apart = Apart("configurationFingerprint", item.fingerprint, fingerprint)
        since_us = max(configuration.time_us, item.completed.time_us if item.completed else item.entry.time_us)
        yield _about_asset(one, since_us, apart, configuration, item.entry, item.completed, item=item)


def state_differs(one: Installed, _: Rule) -> Iterator[Mismatch]:
    """The product is not in the state in which the item that was delivered last leaves it."""
    if not one.live or one.asset is None:
        return
    state, order_id, item_id = one.asset.value[:3]
    delivered = [i for i in one.items if i.acts and i.action in _LEAVES and i.completed]
    newest = max(delivered, key=_completed_us, default=None)
    caused_by = one.item(order_id, item_id)
    # inventory records a change before its item is complete; a change by an item that is none is another matter
    settled = caused_by is not None and caused_by.completed is not None
    if newest is not None and newest.completed is not None and settled and state != _LEAVES[newest.action]:
        since_us = max(one.asset.time_us, newest.completed.time_us)
        apart = Apart("state", _LEAVES[newest.action], state)
        yield _about_asset(one, since_us, apart, one.asset, newest.completed, newest.entry, item=newest)


def _decides(one: Installed, caused_by: Wanted | None, configuration: Entry) -> Wanted | None:
    """The item whose configuration the product has to have: the newest delivered one, or the one it was recorded for.

    Inventory records a change before its item is complete.
    """
    delivered = [i for i in one.items if i.acts and i.action in CONFIGURES and i.completed and i.fingerprint]
    newest = max(delivered, key=_completed_us, default=None)
    if caused_by is None or caused_by.action not in CONFIGURES:
        return newest
    return newest if newest is not None and _completed_us(newest) > configuration.time_us else caused_by


def _completed_us(item: Wanted) -> int:
    return item.completed.time_us if item.completed else 0


def live_after_termination(one: Installed, _: Rule) -> Iterator[Mismatch]:
    """An item ended the product, or another product took its place, and inventory still has it."""
    if not one.live:
        return
    for item in one.items:
        if item.acts and item.action == Action.DELETE and item.completed is not None:
            yield _ended(one, item.completed, item)
            return
    for _product, successor in one.facts.each("takes-place"):
        yield _ended(one, successor, one.item(*successor.value[:2]))
        return


def _ended(one: Installed, by: Entry, item: Wanted | None) -> Mismatch:
    assert one.asset is not None
    apart = Apart("state", AssetState.TERMINATED.value, one.asset.value[0])
    return _about_asset(one, by.time_us, apart, by, one.asset, item=item)


def active_service_down(one: Installed, _: Rule) -> Iterator[Mismatch]:
    """Inventory has the product as active, and the network was last seen without its service (R270)."""
    if one.asset is None or one.asset.value[0] != AssetState.ACTIVE:
        return
    seen = max((entry for _, entry in one.facts.each("service")), key=_seen_us, default=None)
    if seen is not None and seen.value[0] == ServiceStatus.DOWN:
        since_us = max(one.asset.time_us, seen.value[1])
        apart = Apart("serviceStatus", ServiceStatus.UP.value, seen.value[0])
        yield _about_asset(one, since_us, apart, seen, one.asset)


def _seen_us(seen: Entry) -> tuple[int, int, str]:
    return seen.value[1], seen.version, seen.event_id


def asset_unknown(one: Installed, _: Rule) -> Iterator[Mismatch]:
    """An item is to change the product, and nothing of it was ever recorded."""
    if one.asset is not None:
        return
    for item in one.items:
        if (item.action in _NEEDS_ASSET or not item.acts) and item.state not in _TAKEN_OUT:
            yield Mismatch(
                entity_type="ProductOrder",
                entity_id=item.order_id,
                since_us=item.entry.time_us,
                apart=(
                    Apart(f"items.{item.item_id}.productInstanceId", "a product that is installed", one.product_id),
                ),
                evidence=(item.entry,),
                names=one.names(item),
                about=f"{item.item_id}/{one.product_id}",
            )
