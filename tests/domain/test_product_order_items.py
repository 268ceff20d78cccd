"""The eight actions (R459-R466), and bundles and dependencies as two structures (R308, R411, R471-R476, R548)."""

from __future__ import annotations

import pytest

from domain.errors import Category, Refusal, Retry
from domain.order_state.states import ACTION_ALIASES, Action, HeaderState, ItemState
from domain.product_order import commands as c
from domain.product_order.aggregate import decide
from domain.product_order.graph import bundle_of, check_structure, execution_order
from domain.product_order.structure import OrderItem
from tests.domain.orders import NEEDS_PRODUCT, NOW, SAMPLES, Desk, creation, item, price


def refused(*items: OrderItem, **fields: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        decide(None, creation(items, **fields), NOW)
    assert caught.value.category in (Category.STRUCTURAL, Category.CONFLICT)
    assert caught.value.retry is Retry.NEVER_UNCHANGED
    assert caught.value.stage == "INTAKE"
    return caught.value


def test_there_are_eight_actions() -> None:
    """R459-R466, R483."""
    assert [a.value for a in Action] == [
        "ADD", "MODIFY", "DELETE", "SUSPEND", "RESUME", "RENEW", "REPLACE", "NO_CHANGE",
    ]  # fmt: skip
    assert ACTION_ALIASES == {"DISCONNECT": Action.DELETE, "TERMINATE": Action.DELETE}


@pytest.mark.parametrize("action", sorted(NEEDS_PRODUCT))
def test_an_action_on_an_installed_product_names_it(action: Action) -> None:
    """R460-R464."""
    refusal = refused(item("a", action, product_instance_id=None))
    assert refusal.code == "STRUCTURAL_PRODUCT_INSTANCE"
    assert action in refusal.message
    assert Desk(item("a", action)).standing.items["a"].product_instance_id == "acme:installed/a"


def test_add_and_replace_bring_a_product_of_their_own() -> None:
    """R459, R465: the id is given at acceptance, once, and stays."""
    assert refused(item("a", product_instance_id="acme:p-1")).code == "STRUCTURAL_PRODUCT_INSTANCE"
    missing = item("a", Action.REPLACE, replaces_product_instance_id=None)
    assert refused(missing).code == "STRUCTURAL_PRODUCT_INSTANCE"
    both = item("a", Action.REPLACE, product_instance_id="acme:p-1")
    assert refused(both).code == "STRUCTURAL_PRODUCT_INSTANCE"
    desk = Desk(item("a"), item("b", Action.REPLACE), item("c", Action.MODIFY)).planned()
    given = {i: line.product_instance_id for i, line in desk.standing.items.items()}
    assert given["c"] == "acme:installed/c"
    assert given["a"] is not None
    assert given["b"] is not None
    assert len(set(given.values())) == 3
    assert desk.standing.items["b"].replaces_product_instance_id == "acme:installed/b"
    desk.complete("a")
    assert desk.events[-1].product_instance_id == given["a"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("action", [a for a in Action if a is not Action.NO_CHANGE])
def test_every_action_is_carried_through(action: Action) -> None:
    desk = Desk(item("a", action)).planned().complete("a")
    assert desk.state is HeaderState.COMPLETED
    definition = desk.standing.view.items[0].definition
    assert definition is not None
    assert definition.action == action


def test_a_no_change_line_is_never_worked_on() -> None:
    """R466: it needs no product, waits for nothing, and nothing waits for it."""
    desk = Desk(item("a", Action.NO_CHANGE), item("b", depends_on=("a",))).planned()
    named = {"item_id": "a"}
    assert desk.refused(c.StartProductOrderItem, **named).code == "STATE_ITEM_NOT_EXECUTABLE"
    fallout = {"fallout_id": "f", "repair": "HUMAN", "failure_code": "X", **named}
    assert desk.refused(c.RaiseProductOrderFallout, **fallout).code == "STATE_ITEM_NOT_EXECUTABLE"
    desk.start("b").send(c.CancelProductOrder)
    assert desk.refused(c.CancelProductOrderItem, **named).code == "STATE_ITEM_NOT_EXECUTABLE"
    assert desk.send(c.CancelProductOrderItem, item_id="b") == ["ItemCancelled", "Cancelled"]


def test_item_ids_and_line_numbers_are_unique() -> None:
    assert refused(item("a"), item("a", line_number=9)).code == "STRUCTURAL_DUPLICATE_ITEM"
    assert refused(item("a", line_number=1), item("b", line_number=1)).code == "STRUCTURAL_DUPLICATE_LINE"


@pytest.mark.parametrize(
    "fields",
    [
        {"parent_item_id": "ghost"},
        {"root_item_id": "ghost"},
        {"depends_on": ("b", "ghost")},
        {"price_components": (price("1.00", billed_through_item_id="ghost"),)},
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(fields: dict[str, object]) -> None:
    """R411."""
    refusal = refused(item("a", **fields), item("b"))
    assert refusal.code == "STRUCTURAL_UNKNOWN_ITEM"
    assert "ghost" in refusal.message
    assert "a" in refusal.message


@pytest.mark.parametrize("link", ["parent_item_id", "depends_on"])
@pytest.mark.parametrize("length", [1, 2, 3, 200])
def test_cycles_of_both_kinds_are_refused_at_any_length(link: str, length: int) -> None:
    """R308, R548."""
    names = [f"i{n:03d}" for n in range(length)]
    targets = [*names[1:], names[0]]
    lines = [
        item(name, line_number=n + 1, **{link: target if link == "parent_item_id" else (target,)})
        for n, (name, target) in enumerate(zip(names, targets, strict=True))
    ]
    refusal = refused(*lines)
    assert refusal.code == ("STRUCTURAL_CYCLIC_BUNDLE" if link == "parent_item_id" else "STRUCTURAL_CYCLIC_DEPENDENCY")
    assert " -> " in refusal.message


def test_the_two_structures_are_apart() -> None:
    """R308: a parent may depend on its member; only a cycle within one structure is one."""
    check_structure([item("a", depends_on=("b",)), item("b", parent_item_id="a")])
    check_structure([item("a", parent_item_id="b"), item("b", depends_on=("a",))])
    lines = {"a": item("a"), "b": item("b", depends_on=("a",)), "c": item("c", parent_item_id="a")}
    assert bundle_of(lines, ["a"]) == {"a", "c"}


def test_the_root_is_the_top_of_the_bundle() -> None:
    lines = [item("a"), item("b", parent_item_id="a"), item("c", parent_item_id="b", root_item_id="a")]
    check_structure(lines)
    assert refused(*lines[:2], item("c", parent_item_id="b", root_item_id="b")).code == "STRUCTURAL_WRONG_ROOT"
    assert refused(item("a", root_item_id="b"), item("b")).code == "STRUCTURAL_WRONG_ROOT"


def test_a_deep_bundle_is_no_problem() -> None:
    names = [f"i{n:04d}" for n in range(1500)]
    parents = [None, *names]
    lines = {
        name: item(name, line_number=n + 1, parent_item_id=parent, depends_on=(parent,) if parent else ())
        for n, (name, parent) in enumerate(zip(names, parents, strict=False))
    }
    check_structure(list(lines.values()))
    assert bundle_of(lines, [names[700]]) == set(names[700:])
    assert execution_order(lines) == tuple(names)


def test_the_execution_order_respects_dependencies_and_is_repeatable() -> None:
    """R314."""
    lines = {
        "z": item("z", line_number=1, depends_on=("y",)),
        "y": item("y", line_number=4),
        "x": item("x", line_number=2),
        "w": item("w", line_number=3, depends_on=("x", "y")),
    }
    assert execution_order(lines) == ("x", "y", "z", "w")
    assert execution_order(dict(reversed(lines.items()))) == ("x", "y", "z", "w")


def test_an_item_starts_after_what_it_depends_on() -> None:
    """R472-R476."""
    desk = Desk(item("a"), item("b", depends_on=("a",))).planned()
    refusal = desk.refused(c.StartProductOrderItem, item_id="b")
    assert refusal.code == "STATE_DEPENDENCY_OPEN"
    assert "'a'" in refusal.message
    desk.start("a")
    assert desk.refused(c.StartProductOrderItem, item_id="b").code == "STATE_DEPENDENCY_OPEN"
    desk.send(c.CompleteProductOrderItem, item_id="a")
    assert desk.send(c.StartProductOrderItem, item_id="b") == ["ItemStarted"]


def test_a_repair_does_not_get_round_a_dependency_or_the_plan() -> None:
    desk = Desk(item("a"), item("b", depends_on=("a",))).accepted()
    fallout = {"fallout_id": "f", "item_id": "b", "failure_code": "X"}
    assert desk.refused(c.RaiseProductOrderFallout, repair="AUTO", **fallout).code == "STATE_ITEM"
    desk.send(c.RaiseProductOrderFallout, repair="HUMAN", **fallout)
    going_on = {"fallout_id": "f", "repair_ref": "t", "item_state": ItemState.IN_PROGRESS}
    assert desk.refused(c.ResolveProductOrderFallout, **going_on).code == "STATE_NOT_DECOMPOSED"
    desk.send(c.CompleteProductOrderDecomposition, plan_id="p", rules_version="r")
    assert desk.refused(c.ResolveProductOrderFallout, **going_on).code == "STATE_DEPENDENCY_OPEN"
    desk.send(c.ResolveProductOrderFallout, fallout_id="f", repair_ref="t", item_state=ItemState.NOT_STARTED)
    desk.complete("a", "b")
    assert desk.state is HeaderState.COMPLETED


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (c.StartProductOrderItem, "STATE_ITEM"),
        (c.HoldProductOrderItem, "STATE_ITEM"),
        (c.CompleteProductOrderItem, "STATE_ITEM"),
        (c.FailProductOrderItem, "STATE_ITEM"),
        (c.CancelProductOrderItem, "STATE_ITEM"),
    ],
)
def test_an_item_that_is_done_is_not_worked_on_again(kind: type[c.StartProductOrderItem], code: str) -> None:
    desk = Desk(item("a"), item("b")).planned().complete("a")
    assert desk.refused(kind, **SAMPLES[kind]).code == code
    assert desk.refused(kind, **{**SAMPLES[kind], "item_id": "ghost"}).code == "REFERENCE_ITEM_UNKNOWN"


def test_work_waits_for_somebody_outside_and_ends() -> None:
    """R141-R143."""
    desk = Desk(item("a")).planned().start("a")
    assert desk.item("a") is ItemState.IN_PROGRESS
    desk.send(c.HoldProductOrderItem, item_id="a", waiting_for="carrier")
    assert desk.item("a") is ItemState.PENDING_EXTERNAL
    assert desk.state is HeaderState.IN_PROGRESS
    assert desk.send(c.CompleteProductOrderItem, item_id="a", service_activation_date=NOW) == [
        "ItemCompleted",
        "Completed",
    ]
    assert desk.state is HeaderState.COMPLETED


def test_lines_are_amended_as_a_whole() -> None:
    """R62: the same checks as at creation, and a cancelled line is not brought back under its id."""
    desk = Desk(item("a"), item("b"), item("c"))
    desk.send(c.AmendProductOrder, items=(item("b"), item("d")))
    assert sorted(desk.standing.items) == ["b", "d"]
    assert [i.item_id for i in desk.standing.view.items] == ["b", "d"]
    assert desk.refused(c.AmendProductOrder, items=(item("b", parent_item_id="b"),)).code == "STRUCTURAL_CYCLIC_BUNDLE"
    foreign = item("b", price_components=(price("1.00", currency="USD"),))
    assert desk.refused(c.AmendProductOrder, items=(foreign,)).code == "CONFLICT_CURRENCY"
    desk.send(c.CancelProductOrder, item_ids=("b",))
    assert desk.refused(c.AmendProductOrder, items=(item("d"),)).code == "STATE_ITEM_CANCELLED"
    assert desk.refused(c.AmendProductOrder, items=(item("b"),)).code == "STATE_ITEM_CANCELLED"
    changed = item("b", quantity=2)
    assert desk.refused(c.AmendProductOrder, items=(changed, item("d"))).code == "STATE_ITEM_CANCELLED"
    assert desk.send(c.AmendProductOrder, items=(item("b"), item("d"), item("e"))) == ["Amended"]
    assert desk.item("b") is ItemState.CANCELLED
    assert desk.state is HeaderState.DRAFT
