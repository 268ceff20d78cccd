"""What is charged against what was ordered, and what is claimed against what was agreed (R233, R277)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from domain.charge.states import ChargeState
from domain.drift.mismatch import Apart, Mismatch
from domain.drift.product.installed import Installed
from domain.drift.rules import Rule
from domain.drift.terms import Terms, agree, components_differing
from domain.fold.facts import Entry

_LIVE = frozenset({ChargeState.ACTIVE.value, ChargeState.SUSPENDED.value})


def order_vs_charge(one: Installed, rule: Rule) -> Iterator[Mismatch]:
    """A live charge has other terms than the item it rests on; what has no such item is no matter of this rule."""
    for charge_id, charge in one.facts.each("charge"):
        basis = one.facts.entry(charge_id, "basis")
        if basis is None or charge.value[0] not in _LIVE:
            continue
        order_id, item_id, component_id, terms = basis.value
        item = one.item(order_id, item_id)
        if item is None or component_id not in item.components:
            continue
        ordered, charged = {component_id: item.components[component_id]}, {component_id: terms}
        apart = tuple(components_differing("", ordered, charged, rule.tolerance))
        if apart:
            yield Mismatch(
                entity_type="Charge",
                entity_id=charge_id,
                since_us=max(basis.time_us, item.entry.time_us),
                apart=apart,
                evidence=(basis, item.entry),
                names={**one.names(item), "component": component_id},
                overbilled=_above(Terms(*item.components[component_id]), Terms(*terms)),
            )


def _above(ordered: Terms, charged: Terms) -> tuple[Decimal, str] | None:
    """How much more one period costs than was ordered, before discounts; None when it does not."""
    more = charged.total - ordered.total
    return (more, ordered.currency) if ordered.currency == charged.currency and more > 0 else None


def charge_vs_invoice(one: Installed, rule: Rule) -> Iterator[Mismatch]:
    """An invoice claims more than the agreement makes due, and neither a reason nor a later credit explains it."""
    for charge_id in sorted({charge_id for charge_id, _, _ in one.facts.starting_with("invoice/")}):
        invoices = {name: e for aggregate, name, e in one.facts.starting_with("invoice/") if aggregate == charge_id}
        excessive = [(name, entry) for name, entry in sorted(invoices.items()) if _excess(name, invoices, rule) > 0]
        if not excessive:
            continue
        since = min((entry for _, entry in excessive), key=lambda entry: entry.time_us)
        currency = since.value[3]
        apart = tuple(
            Apart(f"invoices.{name}.amount", f"{entry.value[1]} {currency}", f"{entry.value[2]} {currency}")
            for name, entry in excessive
        )
        basis = one.facts.entry(charge_id, "basis")
        about = basis.value[:3] if basis else [None, None, None]
        yield Mismatch(
            entity_type="Charge",
            entity_id=charge_id,
            since_us=since.time_us,
            apart=apart,
            evidence=tuple(entry for _, entry in excessive),
            names={"product": one.product_id, **dict(zip(("order", "item", "component"), about, strict=True))},
            overbilled=(sum((_excess(name, invoices, rule) for name, _ in excessive), Decimal(0)), currency),
        )


def _excess(name: str, invoices: dict[str, Entry], rule: Rule) -> Decimal:
    """What an invoice claims beyond the agreement, less what was given back for it; 0 within the tolerance."""
    _, agreed, _, currency, unexplained = invoices[name].value
    credited = sum((min(Decimal(e.value[2]), Decimal(0)) for e in invoices.values() if e.value[0] == name), Decimal(0))
    excess = Decimal(unexplained) + credited
    due = Decimal(agreed)
    return Decimal(0) if agree((due, currency), (due + excess, currency), rule.tolerance) else excess
