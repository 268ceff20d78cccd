"""Why a field says what it says, and what is wrong with an order: the same for every order of arrival."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from random import Random

import pytest

from domain.fold.facts import Facts
from domain.fold.heard import Heard
from domain.order_state.record import OrderState
from domain.order_status.explain import Explanation, explain
from domain.order_status.fold import OrderStatusFold, order_of, place_of
from domain.order_status.rules import RULES
from domain.order_status.trouble import Trouble, trouble
from domain.order_status.whitelist import ORDER_STATE, WHITELIST
from tests.folds.enterprise import told
from tests.folds.order_story import ORDER, START, Story, line, micros
from tests.folds.test_order_status_leak import leaves

FOLD = OrderStatusFold()
FIELDS = [
    *((record, path) for record, fields in WHITELIST.items() for path in fields),
    *(("OrderState", path) for path in ORDER_STATE),
]


def explained(story: Story, record: str, field: str, item_id: str | None = None, **later: float) -> Explanation:
    reached = micros(story.now + timedelta(**later))
    found = explain(FOLD, ORDER, story.facts(), reached, record, field, item_id)
    assert found is not None
    return found


def events(found: Explanation | Trouble) -> list[str]:
    return [cited.kind for cited in found.events]


def facts_of(order_id: str, arriving: Iterable[Heard]) -> Facts:
    facts = Facts()
    for event in arriving:
        facts.hear(event, FOLD.says(event, place_of(order_id)))
    return facts


def test_every_field_is_explained_and_alike_for_every_order_of_arrival() -> None:
    orders: dict[str, list[Heard]] = defaultdict(list)
    for event in told(300, 3).events:
        if event.kind in FOLD.kinds:
            for place in FOLD.places(event):
                orders[order_of(place)].append(event)
    random = Random(5)
    richest = sorted(orders, key=lambda o: -len({e.kind for e in orders[o]}))[:3]
    for order_id in richest:
        heard = orders[order_id]
        reached = heard[len(heard) // 2].recorded_us
        one, other = facts_of(order_id, heard), facts_of(order_id, random.sample(heard * 2, 2 * len(heard)))
        read = {(e.event_id, e.topic, e.partition, e.offset) for e in heard}
        for record, field in FIELDS:
            found = explain(FOLD, order_id, one, reached, record, field)
            assert found == explain(FOLD, order_id, other, reached, record, field)
            assert found is not None
            assert {(c.event_id, c.topic, c.partition, c.offset) for c in found.events} <= read
            assert found.rule_id in RULES
            assert found.clause
            assert found.would_change
        assert trouble(FOLD, order_id, one, reached) == trouble(FOLD, order_id, other, reached)


def test_every_field_of_the_order_state_has_its_rule() -> None:
    fields = {path for path in leaves(OrderState) if not path.startswith("derivation.")}
    assert fields - {"version", "derivation"} == set(ORDER_STATE)


def test_a_header_state_names_clause_policy_events_and_the_way_out() -> None:
    story = Story().begun(line("a"), line("b")).order("ItemStarted", itemId="a")
    story.order("ItemFailed", itemId="b", repair="HUMAN", failureCode="NO_PORT")
    for record in ("OrderStatusSupport", "OrderState"):
        found = explained(story, record, "state")
        assert (found.value, found.clause, found.rule_version) == ("Fallout", "any-fallout", "reference.v1")
        assert {"ProductOrderItemStarted", "ProductOrderItemFailed", "ProductOrderAccepted"} <= set(events(found))
        assert "resolution" in found.would_change[0]
    assert explained(story, "OrderStatusCustomer", "status").clause == "otherwise"
    about_b = explained(story, "OrderStatusSupport", "items.state", "b")
    assert "ProductOrderItemStarted" not in events(about_b)
    assert about_b.events[-1].version == story.events[-1].version


def test_what_time_alone_will_change_says_when() -> None:
    story = Story().begun(line("a"), committedCompletion=START + timedelta(days=30))
    stuck = explained(story, "OrderStatusSupport", "stuck")
    assert (stuck.value, stuck.clause) == (False, "within-limit")
    assert stuck.changes_at_us == micros(story.now + timedelta(hours=4))
    later = explained(story, "OrderStatusSupport", "stuck", hours=4)
    assert (later.value, later.clause, later.changes_at_us) == (True, "limit-passed", None)
    risk = explained(story, "OrderStatusSales", "jeopardy", hours=4)
    assert (risk.clause, risk.changes_at_us) == ("ON_TRACK", micros(START + timedelta(days=25)))
    assert explained(story, "OrderStatusSupport", "state").changes_at_us is None


def test_a_list_is_explained_by_all_its_members_or_one() -> None:
    story = Story().begun(line("a"), line("b"))
    story.task("Started", "t", itemId="a", taskState="RUNNING", attempt=1)
    story.task("Started", "u", itemId="b", taskState="RUNNING", attempt=1)
    whole = explained(story, "OrderStatusFulfillment", "tasks.state")
    assert (whole.value, len(whole.events)) == (["RUNNING", "RUNNING"], 2)
    assert len(explained(story, "OrderStatusFulfillment", "tasks.state", "a").events) == 1


def test_what_is_not_there_has_no_explanation() -> None:
    story = Story().order("Created", items=[line("a")])
    facts, now = story.facts(), micros(story.now)
    assert explain(FOLD, ORDER, facts, now, "OrderStatusCustomer", "status") is None
    assert explain(FOLD, ORDER, facts, now, "OrderStatusCustomer", "blocker.code") is None
    assert explain(FOLD, ORDER, facts, now, "Nothing", "state") is None
    assert explain(FOLD, ORDER, Facts(), now, "OrderState", "state") is None
    assert trouble(FOLD, ORDER, Facts(), now) is None
    assert trouble(FOLD, ORDER, facts, now) is None


def test_a_rejected_order_has_its_findings_and_their_remedy() -> None:
    finding = {
        "code": "FEASIBILITY_NOT_DELIVERABLE",
        "stage": "FEASIBILITY",
        "message": "It cannot be delivered there.",
        "remediation": "Change the place.",
    }
    story = Story().order("Created", items=[line("a")]).order("Submitted").order("Rejected", findings=[finding])
    found = trouble(FOLD, ORDER, story.facts(), micros(story.now))
    assert found is not None
    assert [(r.code, r.message) for r in found.reasons] == [(finding["code"], finding["message"])]
    assert found.remedy[0] == "Change the place."
    assert (found.by, found.stuck) == ("sales", False)
    assert events(found) == ["ProductOrderRejected"]
    plain = Story().order("Created").order("Submitted").order("Rejected", reasonCode="FRAUD")
    refused = trouble(FOLD, ORDER, plain.facts(), micros(plain.now))
    assert refused is not None
    assert [r.code for r in refused.reasons] == ["FRAUD"]


@pytest.mark.parametrize(("hours", "stuck"), [(71, False), (72, True)])
def test_a_stuck_order_has_its_reason_and_who_must_act(hours: int, stuck: bool) -> None:
    story = Story().begun(line("a")).order("ItemStarted", itemId="a")
    found = trouble(FOLD, ORDER, story.facts(), micros(story.now + timedelta(hours=hours)))
    assert (found is not None) == stuck
    if found is not None:
        assert [r.code for r in found.reasons] == ["STUCK"]
        assert "72 hours" in found.reasons[0].message
        assert (found.by, found.remedy) == ("fulfillment", ("Finish the open tasks.",))
        assert "ProductOrderItemStarted" in events(found)


def test_a_fallout_and_an_order_given_up_have_their_codes() -> None:
    story = Story().begun(line("a")).order("ItemFailed", itemId="a", repair="HUMAN", failureCode="NO_PORT")
    found = trouble(FOLD, ORDER, story.facts(), micros(story.now))
    assert found is not None
    assert ([r.code for r in found.reasons], found.by) == (["NO_PORT"], "order-manager")
    story.order("FailedClosed", reasonCode="CUSTOMER_GONE")
    closed = trouble(FOLD, ORDER, story.facts(), micros(story.now))
    assert closed is not None
    assert ([r.code for r in closed.reasons], closed.by) == (["CUSTOMER_GONE"], None)
