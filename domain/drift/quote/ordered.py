"""The orders a quote became: that there is one, of this quote, at its prices (R231, R233, R272, R307, R394)."""

from __future__ import annotations

from collections.abc import Iterator

from domain.drift.mismatch import Apart, Mismatch
from domain.drift.quote.deal import Deal, Ordered
from domain.drift.rules import Rule
from domain.drift.terms import components_differing
from domain.fold.facts import Entry


def quote_unknown(deal: Deal, _: Rule) -> Iterator[Mismatch]:
    """An order names a quote of which nothing was ever said."""
    if deal.about is not None:
        return
    for order in deal.orders:
        if order.revision is not None and not order.over:
            apart = (Apart("quoteId", "a quote that is known", deal.quote_id),)
            yield _about_order(deal, order, order.captured.time_us, apart)


def conversion_unknown(deal: Deal, _: Rule) -> Iterator[Mismatch]:
    """An order rests on a revision that was accepted and does not say that it became one."""
    for order in deal.orders:
        accepted = deal.said("accepted", order.revision)
        if accepted and not order.over and deal.said("converted", order.revision) is None:
            apart = (Apart("state", "ConvertedToOrder", "Accepted"),)
            yield _about_order(deal, order, max(accepted.time_us, order.captured.time_us), apart)


def duplicate_order(deal: Deal, _: Rule) -> Iterator[Mismatch]:
    """One revision, or one request, became several orders; the finding is about the first of them."""
    standing: dict[int | None, list[Ordered]] = {}
    for order in deal.orders:
        if not order.over:
            standing.setdefault(order.revision, []).append(order)
    for orders in standing.values():
        if len(orders) > 1:
            first, *others = sorted(orders, key=_age)
            since_us = others[0].captured.time_us
            apart = tuple(Apart("orderId", first.order_id, other.order_id) for other in others)
            yield _about_order(deal, first, since_us, apart, *others, count=str(len(orders)))


def _age(order: Ordered) -> tuple[int, str]:
    return order.captured.time_us, order.order_id


def quote_vs_order(deal: Deal, rule: Rule) -> Iterator[Mismatch]:
    """An order has other prices than were accepted with the revision it comes from."""
    for order in deal.orders:
        accepted = deal.said("accepted", order.revision)
        if accepted is None or order.over:
            continue
        apart = _prices_apart(accepted, order.newest, rule)
        if apart:
            since = order.captured if _prices_apart(accepted, order.captured, rule) else order.newest
            yield _about_order(deal, order, max(since.time_us, accepted.time_us), apart)


def _prices_apart(accepted: Entry, ordered: Entry, rule: Rule) -> tuple[Apart, ...]:
    """Each difference between the lines of a quote and those of an order; lines the order leaves out cost nothing."""
    agreed, lines = accepted.value[5], ordered.value[2]
    return tuple(
        difference
        for line_id in sorted(lines)
        for difference in components_differing(
            f"lines.{line_id}.", agreed.get(line_id, {}), lines[line_id], rule.tolerance
        )
    )


def _about_order(
    deal: Deal, order: Ordered, since_us: int, apart: tuple[Apart, ...], *others: Ordered, **names: str
) -> Mismatch:
    revision = deal.said("accepted", order.revision)
    return Mismatch(
        entity_type="ProductOrder",
        entity_id=order.order_id,
        since_us=since_us,
        apart=apart,
        evidence=(order.captured, order.newest, revision, *(other.captured for other in others)),
        names={
            **deal.names,
            "quote": deal.quote_id if order.revision is not None else None,
            "order": order.order_id,
            **names,
        },
    )
