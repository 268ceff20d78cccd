"""Header state of an order, written down from its clauses a second time.

Nothing here is imported from the code under test but its vocabularies: `header` says what state an order has to
be in, `Story` replays events one after the other and says what that order's items, cancellation and fallouts are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.order_state.states import HeaderState as H
from domain.order_state.states import ItemState as I

ENDED = {I.COMPLETED, I.CANCELLED, I.FAILED_CLOSED}
DECLARABLE = (
    H.DRAFT,
    H.SUBMITTED,
    H.VALIDATING,
    H.ACCEPTED,
    H.IN_PROGRESS,
    H.REJECTED,
    H.CANCELLED,
    H.FAILED_CLOSED,
    H.COMPLETED,
)


def header(
    declared: H,
    items: Sequence[tuple[I, bool]],
    *,
    cancellation: bool,
    fallout: bool,
    policy: str = "reference.v1",
) -> H:
    """State by the clauses; each item is its state and whether it is executable."""
    a = H.FALLOUT if fallout else H.CANCELLING if cancellation else declared
    # 0
    if declared in (H.REJECTED, H.CANCELLED, H.FAILED_CLOSED):
        return declared
    if declared in (H.DRAFT, H.SUBMITTED, H.VALIDATING):
        return a
    executable = [state for state, is_executable in items if is_executable]
    e = [state for state in executable if state is not I.CANCELLED]
    # 1
    if not e:
        if I.CANCELLED in executable:
            return H.CANCELLED
        return H.COMPLETED if declared is H.COMPLETED and not fallout else a
    # 2
    if fallout or e.count(I.FALLOUT) > 0:
        return H.FALLOUT
    # 3
    over = all(state in ENDED for state in e)
    if I.CANCELLING in e or (cancellation and not over):
        return H.CANCELLING
    # 4
    waiting = e.count(I.NOT_STARTED)
    if I.IN_PROGRESS in e or I.PENDING_EXTERNAL in e or 0 < waiting < len(e):
        return H.IN_PROGRESS
    return _ended(executable, e, policy) if over else H.ACCEPTED


def _ended(executable: Sequence[I], e: Sequence[I], policy: str) -> H:
    if all(state is I.COMPLETED for state in e):
        mixed = policy == "mef123.v1" and I.CANCELLED in executable
        return H.PARTIALLY_COMPLETED if mixed else H.COMPLETED
    if all(state is I.FAILED_CLOSED for state in e):
        return H.FAILED_CLOSED
    return H.PARTIALLY_COMPLETED


_DECLARES = {
    "Created": H.DRAFT,
    "Submitted": H.SUBMITTED,
    "ValidationStarted": H.VALIDATING,
    "Accepted": H.ACCEPTED,
    "Rejected": H.REJECTED,
    "Cancelled": H.CANCELLED,
    "FailedClosed": H.FAILED_CLOSED,
    "Completed": H.COMPLETED,
}
_REPAIR = {"AUTO": I.IN_PROGRESS, "HUMAN": I.FALLOUT, "NONE": I.FAILED_CLOSED}


@dataclass
class Story:
    """One order as somebody would follow it by reading its events in the order of their versions."""

    declared: H = H.DRAFT
    started: bool = False
    actions: dict[str, str] = field(default_factory=dict)
    work: dict[str, I] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    stopping: dict[str, bool] = field(default_factory=dict)
    stopping_all: bool = False
    fallouts: dict[str, bool] = field(default_factory=dict)

    def read(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Take one event in, by its name without `ProductOrder`."""
        if kind in _DECLARES:
            self.declared = _DECLARES[kind]
        if kind in ("Created", "Amended", "Accepted"):
            self.actions = {item["itemId"]: str(item["action"]) for item in payload["items"]}
        if kind == "ItemStarted" and not self.started:
            self.started, self.declared = True, H.IN_PROGRESS
        self._read_item(kind, payload)
        self._read_cancellation(kind, payload)
        if kind == "FalloutRaised":
            self.fallouts[payload["falloutId"]] = payload.get("itemId") is None and payload["repair"] == "HUMAN"
        if kind == "FalloutResolved":
            self.fallouts[payload["falloutId"]] = False

    def _read_item(self, kind: str, payload: Mapping[str, Any]) -> None:
        simple = {
            "ItemStarted": I.IN_PROGRESS,
            "ItemPendingExternal": I.PENDING_EXTERNAL,
            "ItemCompleted": I.COMPLETED,
            "ItemCancelled": I.CANCELLED,
        }
        item_id = payload.get("itemId")
        if item_id is None:
            return
        if kind in simple:
            self._put(item_id, simple[kind])
        elif kind in ("ItemFailed", "FalloutRaised"):
            self._put(item_id, _REPAIR[payload["repair"]])
        elif kind == "FalloutResolved":
            self._put(item_id, I(payload.get("itemState") or I.IN_PROGRESS))

    def _put(self, item_id: str, state: I) -> None:
        self.work[item_id] = state
        self.seen.add(item_id)

    def _read_cancellation(self, kind: str, payload: Mapping[str, Any]) -> None:
        if kind not in ("CancellationRequested", "CancellationRefused"):
            return
        asked = kind == "CancellationRequested"
        if not payload["itemIds"]:
            self.stopping_all, self.stopping = asked, {}
        for item_id in payload["itemIds"]:
            self.stopping[item_id] = asked
            self.seen.add(item_id)

    def item_states(self) -> dict[str, I]:
        """Effective state of each known item."""
        states = {}
        for item_id in sorted({*self.actions, *self.seen}):
            state = self.work.get(item_id, I.NOT_STARTED)
            if state not in ENDED and self.stopping.get(item_id, self.stopping_all):
                state = I.CANCELLING
            states[item_id] = state
        return states

    def executable(self, item_id: str) -> bool:
        """Whether it is worked on; an item nothing is known of counts."""
        return self.actions.get(item_id) != "NO_CHANGE"

    def cancellation(self) -> bool:
        """Whether a cancellation is open."""
        stopping = any(s is I.CANCELLING and self.executable(i) for i, s in self.item_states().items())
        return self.stopping_all or stopping

    def state(self, policy: str = "reference.v1") -> H:
        """Header state after what was read so far."""
        items = [(state, self.executable(item_id)) for item_id, state in self.item_states().items()]
        fallout = any(self.fallouts.values())
        return header(self.declared, items, cancellation=self.cancellation(), fallout=fallout, policy=policy)


def told(events: Iterable[tuple[str, Mapping[str, Any]]]) -> Story:
    """The story of events given in the order of their versions, by their full names."""
    story = Story()
    for kind, payload in events:
        story.read(kind.removeprefix("ProductOrder"), payload)
    return story
