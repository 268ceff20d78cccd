"""The rules behind the fields of the status records, as data: what each says, rests on, and would be changed by.

`rests_on` names families of registers; the events that wrote them are the evidence of a field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.order_state.build import RULE_ID as HEADER_STATE
from domain.order_state.states import HeaderState

_STATE = ("declared", "started", "work", "cancellation", "fallout", "lines")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `says` and `changed_by` are plain sentences."""

    rule_id: str
    says: str
    rests_on: tuple[str, ...]
    changed_by: str
    version: str = "1"


_ALL = (
    Rule("identity", "Taken from the newest event of the order.", ("head",), "A newer event of the order."),
    Rule(
        HEADER_STATE,
        "The first clause of the policy that holds for the items, open cancellations and open fallouts.",
        _STATE,
        "An event that moves an item, or opens or closes a cancellation or a fallout.",
    ),
    Rule(
        "declared-state",
        "The newest state the owner declared by an event of its own; the first item that starts declares InProgress.",
        ("declared", "started"),
        "A later event by which the owner declares a state.",
    ),
    Rule(
        "item-state",
        "The newest event about the item; an open cancellation shows as CANCELLING until the item ends.",
        ("work", "cancellation", "lines"),
        "A later event about the item, or a cancellation that names it.",
    ),
    Rule(
        "item-progress",
        "Executable items that have ended, of all of them, rounded down.",
        ("work", "lines", "cancellation"),
        "The end of an item.",
    ),
    Rule(
        "task-progress",
        "Completed tasks of planned ones, rounded down; an item that has ended counts in full.",
        ("planned", "task", "work", "lines", "cancellation"),
        "The completion of a task, or the end of an item.",
    ),
    Rule(
        "current-blocker",
        "What blocks the order: first what its state follows, then the oldest.",
        ("work", "fallout", "cancellation", "task"),
        "The end of what blocks it, or something that comes before it.",
    ),
    Rule(
        "next-action",
        "What the state, the blocker and the plan leave to be done.",
        (*_STATE, "task", "planned", "case", "assigned"),
        "The deed itself.",
    ),
    Rule(
        "standstill",
        "The last event that moved the order, against the time its state may stand still.",
        ("moved", *_STATE),
        "Any event that moves the order; notes and failures do not.",
    ),
    Rule(
        "jeopardy",
        "The committed date against the time reached, sooner at risk while something blocks the order.",
        ("dates", "work", "fallout", "cancellation", "task", "moved"),
        "Delivery, or another committed date.",
    ),
    Rule(
        "milestones",
        "The first event of each kind; tasks, assets and charges once all of them are there.",
        ("seen", "task", "planned", "asset", "requested", "handoff", "charge"),
        "The event of the next milestone.",
    ),
    Rule(
        "customer-status",
        "The first rule of the customer's projection that holds.",
        _STATE,
        "A header state of another group, an open cancellation, or something that waits for the customer.",
    ),
    Rule(
        "movement",
        "The state, then whether the order is stuck or waits.",
        (*_STATE, "moved"),
        "Another state, or an event that moves the order.",
    ),
    Rule("dates", "The newest dates asked for and promised.", ("dates",), "An update of the requested dates."),
    Rule(
        "fulfilment",
        "Executable items by how they ended.",
        ("work", "lines", "cancellation"),
        "The end of an item.",
    ),
    Rule(
        "cut-off",
        "Whether the item is before its own cut-off and no task of it is past its own.",
        ("lines", "work", "cancellation", "task", "planned"),
        "Work on the item.",
    ),
    Rule(
        "history",
        "The order's own events, newest at the end.",
        ("seen",),
        "Another event of the order.",
    ),
    Rule(
        "version-gaps",
        "Versions below the highest that were not read, or were read with differing content.",
        ("seen",),
        "The missing event.",
    ),
    Rule("fallout-cases", "The newest event of each case.", ("case", "detected", "assigned", "due"), "An event of it."),
    Rule("tasks", "The plan, and the newest event of each task.", ("planned", "task"), "An event of a task."),
    Rule("plan-state", "What the plan says of itself by its newest event.", ("plan",), "An event of the plan."),
    Rule("reservations", "The newest event of each reservation.", ("reservation",), "An event of a reservation."),
    Rule("provisioning", "The newest event of each technical change.", ("provisioning", "observed"), "An event of it."),
    Rule(
        "unknown-outcomes",
        "Tasks, technical changes and payments of which nobody knows how they ended.",
        ("task", "provisioning", "payment"),
        "An observation in the executing system.",
    ),
    Rule("structures", "Bundles and dependencies as the newest lines have them.", ("lines", "work"), "New lines."),
    Rule(
        "billing-readiness",
        "What billing did, else what it was asked, else whether the item is delivered; a valid reason excuses.",
        ("handoff", "requested", "charge", "reason", "lines", "work", "intent"),
        "A request to billing, its answer, a reason not to bill, or the end of an item.",
    ),
    Rule("billing-verdict", "What comparing both sides of billing came to.", ("verdict",), "A newer comparison."),
    Rule(
        "decisions",
        "Every event by which somebody decides, and the decisions about the quote.",
        ("decision", "quote-decisions"),
        "A further decision; what was decided stays.",
    ),
    Rule("evidence", "The evidence of the quote.", ("quote-evidence", "quote-missing"), "Further evidence."),
    Rule(
        "record-quality",
        "Attributes that events lack, evidence that is missing, duties of one person that must be kept apart.",
        ("lacks", "decision", "quote-decisions", "quote-missing", "quote-breaches"),
        "Nothing takes a breach back; what is missing can be handed in by its owner.",
    ),
)
RULES: Mapping[str, Rule] = {rule.rule_id: rule for rule in _ALL}
"""Every rule by its id. The version of the header state is that of its policy."""

LEAVES: Mapping[HeaderState, str] = {
    HeaderState.DRAFT: "Submitting the order.",
    HeaderState.SUBMITTED: "The beginning of its validation, its acceptance or its rejection.",
    HeaderState.VALIDATING: "Its acceptance or its rejection.",
    HeaderState.ACCEPTED: "The start of an item.",
    HeaderState.IN_PROGRESS: "The end of every item, a failure that needs a person, or a cancellation.",
    HeaderState.FALLOUT: "The resolution of every fallout that needs a person.",
    HeaderState.CANCELLING: "The cancellation of what was asked for, or its refusal.",
    HeaderState.PARTIALLY_COMPLETED: "Nothing: the order has ended.",
    HeaderState.COMPLETED: "Nothing: the order has ended.",
    HeaderState.CANCELLED: "Nothing: the order has ended.",
    HeaderState.REJECTED: "Nothing: a new order has to be captured.",
    HeaderState.FAILED_CLOSED: "Nothing: the order has ended.",
}
"""What leads out of each header state."""
