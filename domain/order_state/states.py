"""The closed vocabularies of orders and items (R130-R149, R459-R466)."""

from __future__ import annotations

from enum import StrEnum


class _Word(StrEnum):
    """A word that knows its place among its kind, which is its number in Avro, too."""

    code: int

    def __init__(self, _: str) -> None:
        self.code = len(type(self).__members__)


class HeaderState(_Word):
    """State of an order as a whole (R130-R140, R164)."""

    DRAFT = "Draft"
    SUBMITTED = "Submitted"
    VALIDATING = "Validating"
    ACCEPTED = "Accepted"
    IN_PROGRESS = "InProgress"
    FALLOUT = "Fallout"
    CANCELLING = "Cancelling"
    PARTIALLY_COMPLETED = "PartiallyCompleted"
    COMPLETED = "Completed"
    CANCELLED = "Cancelled"
    REJECTED = "Rejected"
    FAILED_CLOSED = "FailedClosed"


TERMINAL_HEADER_STATES = frozenset(
    {
        HeaderState.COMPLETED,
        HeaderState.PARTIALLY_COMPLETED,
        HeaderState.CANCELLED,
        HeaderState.REJECTED,
        HeaderState.FAILED_CLOSED,
    }
)


class ItemState(_Word):
    """State of one order item (R141-R149)."""

    NOT_STARTED = "NOT_STARTED"
    IN_PROGRESS = "IN_PROGRESS"
    PENDING_EXTERNAL = "PENDING_EXTERNAL"
    FALLOUT = "FALLOUT"
    COMPLETED = "COMPLETED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    FAILED_CLOSED = "FAILED_CLOSED"


TERMINAL_ITEM_STATES = frozenset({ItemState.COMPLETED, ItemState.CANCELLED, ItemState.FAILED_CLOSED})


class Action(_Word):
    """What an item does to a product (R459-R466); DISCONNECT and TERMINATE are read as DELETE (R483)."""

    ADD = "ADD"
    MODIFY = "MODIFY"
    DELETE = "DELETE"
    SUSPEND = "SUSPEND"
    RESUME = "RESUME"
    RENEW = "RENEW"
    REPLACE = "REPLACE"
    NO_CHANGE = "NO_CHANGE"


ACTION_ALIASES = {"DISCONNECT": Action.DELETE, "TERMINATE": Action.DELETE}


class Repair(StrEnum):
    """Who can mend a failure: the system by itself, a person, or nobody (R146-R149)."""

    AUTO = "AUTO"
    HUMAN = "HUMAN"
    NONE = "NONE"


REPAIR_ITEM_STATE = {
    Repair.AUTO: ItemState.IN_PROGRESS,
    Repair.HUMAN: ItemState.FALLOUT,
    Repair.NONE: ItemState.FAILED_CLOSED,
}
