"""Every combination of what items, cancellations and fallouts can be, brought about by events (R174-R183)."""

from __future__ import annotations

from itertools import combinations_with_replacement, product
from typing import Any

import pytest

from domain.order_state.build import build
from domain.order_state.derive import derive
from domain.order_state.facts import Fact, OrderFacts
from domain.order_state.policy import MEF123_V1, REFERENCE_V1
from domain.order_state.states import HeaderState as H
from tests.domain.event_streams import EPOCH, TOPIC
from tests.domain.header_oracle import DECLARABLE, told

_DECLARING = {
    H.SUBMITTED: "Submitted",
    H.VALIDATING: "ValidationStarted",
    H.ACCEPTED: "Accepted",
    H.REJECTED: "Rejected",
    H.CANCELLED: "Cancelled",
    H.FAILED_CLOSED: "FailedClosed",
    H.COMPLETED: "Completed",
}
_BRINGS: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "NOT_STARTED": (),
    "IN_PROGRESS": (("ItemFailed", {"repair": "AUTO"}),),
    "PENDING_EXTERNAL": (("ItemPendingExternal", {"waitingFor": "carrier"}),),
    "FALLOUT": (("ItemFailed", {"repair": "HUMAN"}),),
    "COMPLETED": (("ItemCompleted", {}),),
    "CANCELLING": (("ItemFailed", {"repair": "AUTO"}), ("CancellationRequested", {})),
    "CANCELLED": (("ItemCancelled", {}),),
    "FAILED_CLOSED": (("ItemFailed", {"repair": "NONE"}),),
}
KINDS = tuple(product(_BRINGS, ("ADD", "NO_CHANGE")))


class _Log:
    """Writes the events of one order, each under the next version."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.memory = OrderFacts()

    def add(self, kind: str, **fields: Any) -> None:
        payload = {"orderNumber": "PO-1", "accountId": "acc-1", "state": "Draft", **fields}
        name = f"ProductOrder{kind}"
        self.events.append((name, payload))
        version = len(self.events)
        if "repair" in fields:
            payload.setdefault("failureCode", "BROKEN")
        self.memory.apply(Fact(name, version, f"e-{version}", version, version, version, payload, TOPIC, 0, version))


def _order(declared: H, items: tuple[tuple[str, str], ...], *, cancel: bool, fallout: str | None) -> _Log:
    log = _Log()
    lines = [{"itemId": f"i{n}", "action": a, "offeringId": "o"} for n, (_, a) in enumerate(items)]
    lines.append({"itemId": "context", "action": "NO_CHANGE", "offeringId": "o"})
    log.add("Created", items=lines)
    for number, (state, _) in enumerate(items):
        for kind, fields in _BRINGS[state]:
            ids = {"itemIds": [f"i{number}"]} if kind == "CancellationRequested" else {"itemId": f"i{number}"}
            log.add(kind, **ids, **fields)
    if cancel:
        log.add("CancellationRequested", itemIds=[])
    if fallout is not None:
        log.add("FalloutRaised", falloutId="f-1", itemId=None, repair=fallout)
    if declared is H.IN_PROGRESS:
        log.add("ItemStarted", itemId="context")
    elif declared is not H.DRAFT:
        log.add(_DECLARING[declared], **({"items": lines} if declared is H.ACCEPTED else {}))
    return log


def _check(declared: H, items: tuple[tuple[str, str], ...], *, cancel: bool, fallout: str | None) -> None:
    log = _order(declared, items, cancel=cancel, fallout=fallout)
    story = told(log.events)
    assert story.declared is declared
    for policy in (REFERENCE_V1, MEF123_V1):
        assert derive(log.memory, policy).state is story.state(policy.policy_id), log.events


@pytest.mark.parametrize("declared", DECLARABLE)
def test_up_to_two_items_every_combination_of_everything(declared: H) -> None:
    for size in range(3):
        for items in combinations_with_replacement(KINDS, size):
            for cancel, fallout in product((False, True), (None, "AUTO", "HUMAN", "NONE")):
                _check(declared, items, cancel=cancel, fallout=fallout)


@pytest.mark.parametrize("declared", [H.DRAFT, H.ACCEPTED, H.IN_PROGRESS, H.COMPLETED])
def test_three_items(declared: H) -> None:
    for items in combinations_with_replacement(KINDS, 3):
        _check(declared, items, cancel=False, fallout=None)


def test_four_executable_items() -> None:
    for states in combinations_with_replacement(_BRINGS, 4):
        _check(H.IN_PROGRESS, tuple((state, "ADD") for state in states), cancel=False, fallout=None)


def _log(*events: tuple[str, dict[str, Any]]) -> _Log:
    log = _Log()
    lines = [{"itemId": i, "action": "ADD", "offeringId": "o"} for i in ("a", "b")]
    log.add("Created", items=lines)
    log.add("Accepted", items=lines)
    for kind, fields in events:
        log.add(kind, **fields)
    return log


def _states(log: _Log) -> tuple[str, dict[str, str]]:
    view = derive(log.memory, REFERENCE_V1)
    return view.state.value, {item.item_id: item.state.value for item in view.items}


def test_an_empty_list_asks_to_stop_all_items_that_are_not_terminal() -> None:
    log = _log(("ItemStarted", {"itemId": "a"}), ("ItemCompleted", {"itemId": "a"}))
    log.add("ItemStarted", itemId="b")
    log.add("CancellationRequested", itemIds=[])
    assert _states(log) == ("Cancelling", {"a": "COMPLETED", "b": "CANCELLING"})
    log.add("ItemCancelled", itemId="b")
    assert _states(log) == ("Completed", {"a": "COMPLETED", "b": "CANCELLED"})


def test_a_refused_cancellation_gives_the_items_back_as_they_were() -> None:
    log = _log(("ItemPendingExternal", {"itemId": "a", "waitingFor": "carrier"}))
    log.add("CancellationRequested", itemIds=["a", "b"])
    assert _states(log) == ("Cancelling", {"a": "CANCELLING", "b": "CANCELLING"})
    log.add("CancellationRefused", itemIds=["a"])
    assert _states(log) == ("Cancelling", {"a": "PENDING_EXTERNAL", "b": "CANCELLING"})
    log.add("CancellationRefused", itemIds=[])
    assert _states(log) == ("InProgress", {"a": "PENDING_EXTERNAL", "b": "NOT_STARTED"})


def test_only_the_first_start_declares_in_progress() -> None:
    log = _log(("ItemStarted", {"itemId": "a"}), ("Completed", {}), ("ItemStarted", {"itemId": "b"}))
    assert derive(log.memory, REFERENCE_V1).declared is H.COMPLETED


def test_an_order_fallout_ends_when_it_is_resolved() -> None:
    log = _log(("FalloutRaised", {"falloutId": "f", "itemId": None, "repair": "HUMAN"}))
    assert _states(log)[0] == "Fallout"
    log.add("FalloutResolved", falloutId="f", itemId=None, itemState=None)
    assert _states(log)[0] == "Accepted"


def test_a_mended_item_goes_on_where_the_repair_says() -> None:
    log = _log(("ItemStarted", {"itemId": "a"}))
    log.add("FalloutRaised", falloutId="f", itemId="a", repair="HUMAN")
    assert _states(log)[1]["a"] == "FALLOUT"
    log.add("FalloutResolved", falloutId="f", itemId="a", itemState="PENDING_EXTERNAL")
    assert _states(log)[1]["a"] == "PENDING_EXTERNAL"


def test_blockers_name_what_is_waited_for_and_since_when() -> None:
    log = _log(
        ("ItemPendingExternal", {"itemId": "a", "waitingFor": "carrier"}),
        ("ItemFailed", {"itemId": "b", "repair": "HUMAN", "failureCode": "NO_PORT"}),
        ("FalloutRaised", {"falloutId": "f", "itemId": None, "repair": "HUMAN", "failureCode": "NO_RULE"}),
    )
    built = build("t:o", log.memory, REFERENCE_V1, EPOCH)
    found = [(b["kind"], b["itemId"], b["code"], b["since"].microsecond) for b in built["blockers"]]
    assert found == [
        ("PENDING_EXTERNAL", "a", "carrier", 3),
        ("FALLOUT", "b", "NO_PORT", 4),
        ("FALLOUT", None, "NO_RULE", 5),
    ]


def test_a_cancellation_blocks_since_it_was_asked_for_not_since_an_earlier_one() -> None:
    log = _log(("CancellationRequested", {"itemIds": ["a"]}), ("ItemCancelled", {"itemId": "a"}))
    log.add("ItemStarted", itemId="b")
    log.add("CancellationRequested", itemIds=["b"])
    built = build("t:o", log.memory, REFERENCE_V1, EPOCH)
    assert [(b["kind"], b["since"].microsecond) for b in built["blockers"]] == [("CANCELLATION", 6)]


def test_an_order_that_has_ended_is_blocked_by_nothing() -> None:
    log = _log(("ItemFailed", {"itemId": "a", "repair": "NONE"}), ("ItemFailed", {"itemId": "b", "repair": "NONE"}))
    built = build("t:o", log.memory, REFERENCE_V1, EPOCH)
    assert (built["state"], built["blockers"], built["progressPercent"]) == ("FailedClosed", [], 100)


def test_the_record_names_the_state_in_every_vocabulary() -> None:
    log = _log(("ItemStarted", {"itemId": "a"}), ("ItemCompleted", {"itemId": "a"}))
    built = build("t:o", log.memory, REFERENCE_V1, EPOCH)
    assert (built["state"], built["declaredState"], built["publishedState"]) == ("InProgress", "InProgress", "Draft")
    assert (built["tmf622V4State"], built["tmf622V5State"]) == ("inProgress", "inProgress")
    assert (built["progressPercent"], built["cancelledItems"], built["version"]) == (50, 0, 4)


def test_an_absurd_version_makes_no_endless_list_of_gaps() -> None:
    log = _log()
    payload = {"orderNumber": "PO-1", "accountId": "acc-1", "state": "Accepted", "itemId": "a"}
    log.memory.apply(Fact("ProductOrderItemStarted", 2**60, "e-x", 1, 1, 1, payload, TOPIC, 0, 9))
    assert build("t:o", log.memory, REFERENCE_V1, EPOCH)["versionGaps"] == list(range(3, 1003))
