"""Two structures over the items of an order, kept apart: bundles (hierarchy) and sequence (dependency) (R308)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from domain.errors import Refusal
from domain.product_order.structure import OrderItem


def check_structure(items: Sequence[OrderItem]) -> None:
    """Refuse items whose ids repeat, whose references lead nowhere, or whose graphs have cycles (R411, R548)."""
    ids = [item.item_id for item in items]
    if repeated := sorted({i for i in ids if ids.count(i) > 1}):
        raise _refusal("STRUCTURAL_DUPLICATE_ITEM", f"Item ids occur twice: {repeated}.", "Give each item its own id.")
    lines = [item.line_number for item in items]
    if repeated_lines := sorted({n for n in lines if lines.count(n) > 1}):
        message = f"Line numbers occur twice: {repeated_lines}."
        raise _refusal("STRUCTURAL_DUPLICATE_LINE", message, "Number the lines apart.")
    known = set(ids)
    for item in items:
        named = {item.parent_item_id, item.root_item_id, *item.depends_on} - {None}
        named |= {c.billed_through_item_id for c in item.price_components} - {None}
        if missing := sorted(str(n) for n in named - known):
            message = f"Item {item.item_id} names items that are not in the order: {missing}."
            raise _refusal("STRUCTURAL_UNKNOWN_ITEM", message, "Name items of the same order.")
    _refuse_cycle({i.item_id: [i.parent_item_id] if i.parent_item_id else [] for i in items}, "bundle")
    _refuse_cycle({i.item_id: list(i.depends_on) for i in items}, "dependency")
    _check_roots(items)


def _check_roots(items: Sequence[OrderItem]) -> None:
    by_id = {item.item_id: item for item in items}
    for item in items:
        top = item
        while top.parent_item_id:
            top = by_id[top.parent_item_id]
        if item.root_item_id not in (None, top.item_id):
            message = f"Item {item.item_id} names root {item.root_item_id}; the top of its bundle is {top.item_id}."
            raise _refusal("STRUCTURAL_WRONG_ROOT", message, "Name the top of the bundle, or leave the root out.")


def _refuse_cycle(graph: Mapping[str, Iterable[str]], what: str) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        path = " -> ".join(error.args[1])
        message = f"The {what} graph has a cycle: {path}."
        raise _refusal(f"STRUCTURAL_CYCLIC_{what.upper()}", message, "Take one of the links out.") from error


def bundle_of(items: Mapping[str, OrderItem], roots: Iterable[str]) -> frozenset[str]:
    """The given items with everything below them: a parent taken out takes its members along (R471)."""
    found = set(roots)
    grown = True
    while grown:
        members = {i.item_id for i in items.values() if i.parent_item_id in found}
        grown = not members <= found
        found |= members
    return frozenset(found)


def execution_order(items: Mapping[str, OrderItem]) -> tuple[str, ...]:
    """The items in an order that respects every dependency; equal ranks by line number, so it is deterministic."""
    sorter = TopologicalSorter({i.item_id: i.depends_on for i in items.values()})
    sorter.prepare()
    result: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=lambda item_id: items[item_id].line_number)
        result += ready
        sorter.done(*ready)
    return tuple(result)


def _refusal(code: str, message: str, remediation: str) -> Refusal:
    return Refusal(code, message, remediation=remediation, stage="INTAKE")
