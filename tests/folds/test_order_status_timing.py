"""What only time tells: orders that are stuck, promises at risk, reasons that have run out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.order_state.states import HeaderState
from domain.order_status.fold import OrderStatusFold
from domain.order_status.limits import STILL_US, Limits
from domain.order_status.moments import HOUR_US, MINUTE_US
from tests.folds.order_story import START, Story, line, micros, planned


def submitted(story: Story) -> Story:
    return story.order("Created", items=[line("a")]).order("Submitted")


def waiting(story: Story) -> Story:
    return story.begun(line("a")).order("ItemStarted", itemId="a").order("ItemPendingExternal", itemId="a")


STANDING: dict[str, tuple[Any, timedelta]] = {
    "Submitted": (submitted, timedelta(minutes=15)),
    "Validating": (lambda s: submitted(s).order("ValidationStarted"), timedelta(minutes=15)),
    "Accepted": (lambda s: s.begun(line("a")), timedelta(hours=4)),
    "InProgress": (lambda s: s.begun(line("a")).order("ItemStarted", itemId="a"), timedelta(hours=72)),
    "waiting": (waiting, timedelta(days=5)),
    "Fallout": (
        lambda s: s.begun(line("a")).order("ItemFailed", itemId="a", repair="HUMAN", failureCode="X"),
        timedelta(hours=24),
    ),
    "Cancelling": (
        lambda s: s.begun(line("a")).order("ItemStarted", itemId="a").order("CancellationRequested", itemIds=[]),
        timedelta(hours=24),
    ),
}
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("name", STANDING)
def test_an_order_is_stuck_when_nothing_moved_it_for_longer_than_its_state_allows(name: str) -> None:
    tell, allowed = STANDING[name]
    story: Story = tell(Story())
    before = story.row("support", seconds=(allowed - SECOND).total_seconds())
    assert (before["stuck"], before["stuckSince"]) == (False, None)
    if name != "waiting":
        assert before["state"] == name
    after = story.row("support", seconds=allowed.total_seconds())
    assert (after["stuck"], after["stuckSince"]) == (True, story.now + allowed)
    assert after["lastMovedAt"] == story.now
    assert after["nextAction"]["step"] != "NOTHING"
    # a note does not move it, and it is not moved back either
    story.wait(minutes=1).order("DetailsUpdated", kind="NOTE", note="call back")
    assert story.row("support", seconds=allowed.total_seconds())["stuckSince"] == after["stuckSince"]


def test_every_state_that_may_not_stand_still_is_tried() -> None:
    assert {state.value for state in STILL_US} == set(STANDING) - {"waiting"}


def test_a_task_that_ends_moves_an_order_and_one_that_fails_does_not() -> None:
    story = Story().begun(line("a")).order("ItemStarted", itemId="a")
    moved = story.wait(hours=70).now
    story.task("Completed", "t", itemId="a", taskState="COMPLETED")
    story.wait(hours=1).task("Failed", "u", itemId="a", taskState="FAILED", failureCode="X", attempt=1)
    row = story.row("support", hours=70)
    assert (row["stuck"], row["lastMovedAt"]) == (False, moved)
    assert story.row("support", hours=71)["stuck"]


def test_a_draft_and_an_order_that_ended_are_never_stuck() -> None:
    draft = Story().order("Created", items=[line("a")])
    rejected = submitted(Story()).order("Rejected", findings=[])
    for story in (draft, rejected):
        assert not story.row("support", days=900)["stuck"]
        assert story.settled(days=900).derived.wake_us is None


def test_deadlines_are_named_one_after_the_other() -> None:
    """Stuck first, then at risk sooner because it is stuck, then missed."""
    story = Story().begun(line("a"), committedCompletion=START + timedelta(days=10))
    passed = []
    fold, until = OrderStatusFold(), -1.0
    for _ in range(3):
        wake = story.settled(fold, seconds=until).derived.wake_us
        assert wake is not None
        passed.append(timedelta(microseconds=wake - micros(START)))
        until = (wake - micros(story.now)) / 1_000_000
    accepted = story.now - START
    assert passed == [accepted + timedelta(hours=4), timedelta(days=5), timedelta(days=10)]
    assert story.settled(fold, seconds=until).derived.wake_us is None


def promised(story: Story, when: datetime) -> Story:
    return story.begun(line("a"), committedCompletion=when).order("ItemStarted", itemId="a")


def test_a_promise_is_on_track_then_at_risk_then_missed() -> None:
    story = promised(Story(), START + timedelta(days=2, hours=12))
    assert story.row("sales")["jeopardy"] == "ON_TRACK"
    at_risk = story.row("sales", hours=12)
    assert (at_risk["jeopardy"], at_risk["atRisk"], at_risk["movement"]) == ("AT_RISK", True, "MOVING")
    assert story.row("sales", hours=60)["jeopardy"] == "MISSED"


def test_a_promise_is_at_risk_sooner_when_something_blocks() -> None:
    story = promised(Story(), START + timedelta(days=4))
    assert story.row("sales")["jeopardy"] == "ON_TRACK"
    story.order("ItemFailed", itemId="a", repair="HUMAN", failureCode="X")
    assert story.row("sales")["jeopardy"] == "AT_RISK"


@pytest.mark.parametrize(("late", "wanted"), [(-1, "KEPT"), (1, "MISSED")])
def test_a_delivered_order_has_kept_its_promise_or_not(late: int, wanted: str) -> None:
    story = promised(Story(), START + timedelta(days=2)).wait(days=2, hours=late)
    story.order("ItemCompleted", itemId="a").order("Completed")
    assert story.row("sales", days=30)["jeopardy"] == wanted


def test_an_order_without_a_promise_or_without_delivery_breaks_none() -> None:
    assert Story().begun(line("a")).row("sales", days=90)["jeopardy"] == "NOT_PROMISED"
    story = promised(Story(), START + timedelta(days=2)).order("ItemCancelled", itemId="a").order("Cancelled")
    assert story.row("sales", days=90)["jeopardy"] == "VOID"


def test_the_newest_promise_counts() -> None:
    story = promised(Story(), START + timedelta(days=1))
    story.order("DetailsUpdated", kind="REQUESTED_DATE", dates={"committedCompletion": START + timedelta(days=9)})
    assert story.row("sales", days=3)["jeopardy"] == "ON_TRACK"
    assert story.row("customer")["committedCompletion"] == START + timedelta(days=9)


def test_limits_are_parameters() -> None:
    story = submitted(Story())
    fold = OrderStatusFold(limits=replace(Limits(), still_us={HeaderState.SUBMITTED: 2 * HOUR_US}))
    assert story.settled(fold).derived.wake_us == micros(story.now) + 2 * HOUR_US
    assert story.settled().derived.wake_us == micros(story.now) + 15 * MINUTE_US


def test_a_reason_not_to_bill_holds_from_its_beginning_to_its_end() -> None:
    story = Story().begun(line("a", priceComponents=[{"componentId": "fee"}], productInstanceId="acme:p"))
    story.order("ItemStarted", itemId="a").order("ItemCompleted", itemId="a").order("Completed")
    story.say(
        "NonBillingReasonApproved",
        "acme:p/fee",
        itemId="a",
        productInstanceId="acme:p",
        componentId="fee",
        code="TRIAL",
        state="APPROVED",
        validFrom=story.now + timedelta(days=1),
        validUntil=story.now + timedelta(days=31),
    )
    found = [story.row("finance", days=d)["items"][0]["components"][0]["readiness"] for d in (0, 1, 30, 31)]
    assert found == ["READY", "EXCUSED", "EXCUSED", "READY"]


def test_the_plan_says_what_an_order_waits_for() -> None:
    story = Story().begun(line("a")).order("DecompositionStarted")
    assert story.row("support")["nextAction"]["step"] == "DECOMPOSE"
    story.say("FulfillmentPlanCreated", "acme:order-1/plan", state="PLANNED", tasks=[planned("t", "a")])
    assert story.row("support")["nextAction"]["step"] == "START_WORK"
    story.order("ItemStarted", itemId="a").task("Started", "t", itemId="a", taskState="RUNNING", attempt=1)
    assert story.row("support")["nextAction"]["step"] == "DELIVER"
    story.task("OutcomeUnknown", "t", itemId="a", kind="PROVISION_SERVICE", taskState="UNKNOWN", attempt=1)
    row = story.row("fulfillment")
    assert (row["nextAction"]["step"], row["nextAction"]["by"]) == ("FIND_OUT", "fulfillment-operator")
    assert row["blocker"]["kind"] == "UNKNOWN_OUTCOME"
    assert [u["entityId"] for u in row["unknownOutcomes"]] == ["t"]
