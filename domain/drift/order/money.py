"""What billing and inventory rest on the items of the order (R231, R237, R278, R405)."""

from __future__ import annotations

from collections.abc import Iterator

from domain.asset.states import AssetState
from domain.charge.states import ChargeState
from domain.drift.mismatch import Apart, Mismatch
from domain.drift.order.matter import Matter
from domain.drift.rules import Rule
from domain.drift.values import at
from domain.fold.facts import Entry
from domain.order_state.states import ItemState, Repair

_OVER = frozenset({ChargeState.TERMINATED, ChargeState.REJECTED, AssetState.TERMINATED, AssetState.ACTIVATION_FAILED})


def charge_on_cancelled(matter: Matter, _: Rule) -> Iterator[Mismatch]:
    """A charge is live on an item that was cancelled."""
    cancelled = {item.item_id for item in matter.view.items if item.state is ItemState.CANCELLED} if matter.view else ()
    if not cancelled:
        return
    for charge_id, charge in matter.facts.each("charge"):
        state, item_id, product_id, component_id = charge.value
        if state == ChargeState.ACTIVE and item_id in cancelled:
            about = {"item": item_id, "product": product_id, "component": component_id}
            yield Mismatch(
                entity_type="Charge",
                entity_id=charge_id,
                since_us=max(charge.time_us, matter.work_since(item_id)),
                apart=(Apart("state", ChargeState.TERMINATED.value, state),),
                evidence=(charge, matter.facts.entry(matter.order_id, "work")),
                names={**matter.names, **about},
            )


def order_item_unknown(matter: Matter, _: Rule) -> Iterator[Mismatch]:
    """A charge or an asset names an item the order does not have, or an order nobody knows."""
    definition = matter.definition
    if definition is None and matter.newest is not None:
        return  # the order is known and its items are not: that is a gap in its versions
    known = definition.value["items"] if definition else {}
    for name, what in (("charge", "Charge"), ("asset", "Asset")):
        for identity, entry in matter.facts.each(name):
            state, item_id = entry.value[:2]
            if state not in _OVER and item_id not in known:
                yield _unknown(matter, what, identity, entry, sorted(known))


def _unknown(matter: Matter, what: str, identity: str, entry: Entry, known: list[str]) -> Mismatch:
    item_id = entry.value[1]
    return Mismatch(
        entity_type=what,
        entity_id=identity,
        since_us=entry.time_us,
        apart=(Apart("itemId", " or ".join(known) or "an order that is known", item_id),),
        evidence=(entry, matter.definition),
        names={**matter.names, "item": item_id, "what": what},
    )


def invoiced_in_fallout(matter: Matter, _: Rule) -> Iterator[Mismatch]:
    """A charge was invoiced while a person had to mend the order, and no reason says why (R278)."""
    if not matter.fallouts:
        return
    spans = list(_fallout_spans(matter))
    for charge_id, entry in matter.facts.each("invoices"):
        for time_us, invoice_id, _event in entry.value:
            span = next(((begun, ended) for begun, ended in spans if begun <= time_us < ended), None)
            if span is not None:
                charge = matter.facts.value(charge_id, "charge", [None] * 4)
                yield Mismatch(
                    entity_type="Charge",
                    entity_id=charge_id,
                    since_us=time_us,
                    apart=(Apart("invoice", f"none from {at(span[0])} on", f"{invoice_id} at {at(time_us)}"),),
                    evidence=(entry, matter.facts.entry(matter.order_id, "fallouts")),
                    names={**matter.names, "item": charge[1], "product": charge[2], "component": charge[3]},
                )
                break


_NEVER = 1 << 62


def _fallout_spans(matter: Matter) -> Iterator[tuple[int, int]]:
    """When a person had to mend something, as [from, until)."""
    for states in matter.fallouts.values():
        begun_us: int | None = None
        for _, _, time_us, (raised, _, repair) in states:
            if raised and repair == Repair.HUMAN:
                begun_us = time_us if begun_us is None else begun_us
            elif not raised and begun_us is not None:
                yield begun_us, time_us
                begun_us = None
        if begun_us is not None:
            ended = matter.view is not None and matter.view.declared.value in _ENDED
            yield begun_us, matter.ended_us if ended else _NEVER


_ENDED = frozenset({"Cancelled", "Rejected", "FailedClosed", "Completed"})


def handoff_unknown(matter: Matter, _: Rule) -> Iterator[Mismatch]:
    """A charge rests on a request to billing that was never made."""
    for charge_id, charge in matter.facts.each("charge"):
        basis = matter.facts.entry(charge_id, "basis")
        handoff_id, item_id = basis.value if basis else (None, None)
        if basis and handoff_id and matter.facts.entry(handoff_id, "handoff") is None:
            yield Mismatch(
                entity_type="Charge",
                entity_id=charge_id,
                since_us=basis.time_us,
                apart=(Apart("handoffId", "a request that is known", handoff_id),),
                evidence=(charge, basis),
                names={**matter.names, "item": item_id, "handoff": handoff_id},
            )
