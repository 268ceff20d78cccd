"""The closed vocabularies of the status records."""

from __future__ import annotations

from enum import StrEnum


class Audience(StrEnum):
    """Who looks at an order (R188-R193)."""

    CUSTOMER = "customer"
    SALES = "sales"
    SUPPORT = "support"
    FULFILLMENT = "fulfillment"
    FINANCE = "finance"
    COMPLIANCE = "compliance"


class CustomerStatus(StrEnum):
    """The one state a customer is told (R188, R194)."""

    RECEIVED = "RECEIVED"
    IN_PROGRESS = "IN_PROGRESS"
    ACTION_NEEDED = "ACTION_NEEDED"
    PARTLY_ACTIVE = "PARTLY_ACTIVE"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    ENDED = "ENDED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    CLOSED = "CLOSED"


class Movement(StrEnum):
    """How a deal gets on (R189)."""

    NOT_SUBMITTED = "NOT_SUBMITTED"
    MOVING = "MOVING"
    WAITING = "WAITING"
    HELD = "HELD"
    STOPPING = "STOPPING"
    DELIVERED = "DELIVERED"
    LOST = "LOST"


class Jeopardy(StrEnum):
    """How the promised date stands."""

    NOT_PROMISED = "NOT_PROMISED"
    ON_TRACK = "ON_TRACK"
    AT_RISK = "AT_RISK"
    MISSED = "MISSED"
    KEPT = "KEPT"
    VOID = "VOID"


class BlockerKind(StrEnum):
    """What keeps an order from moving."""

    FALLOUT = "FALLOUT"
    CANCELLATION = "CANCELLATION"
    UNKNOWN_OUTCOME = "UNKNOWN_OUTCOME"
    PENDING_EXTERNAL = "PENDING_EXTERNAL"


class Step(StrEnum):
    """What must happen next (R190)."""

    SUBMIT = "SUBMIT"
    VALIDATE = "VALIDATE"
    DECIDE_ACCEPTANCE = "DECIDE_ACCEPTANCE"
    DECOMPOSE = "DECOMPOSE"
    START_WORK = "START_WORK"
    DELIVER = "DELIVER"
    AWAIT_CUSTOMER = "AWAIT_CUSTOMER"
    AWAIT_EXTERNAL = "AWAIT_EXTERNAL"
    FIND_OUT = "FIND_OUT"
    REPAIR = "REPAIR"
    STOP_WORK = "STOP_WORK"
    NOTHING = "NOTHING"


class Milestone(StrEnum):
    """Milestones of an order, in the order in which they are reached."""

    SUBMITTED = "SUBMITTED"
    VALIDATED = "VALIDATED"
    ACCEPTED = "ACCEPTED"
    DECOMPOSED = "DECOMPOSED"
    FIRST_ITEM_STARTED = "FIRST_ITEM_STARTED"
    ALL_TASKS_DONE = "ALL_TASKS_DONE"
    ACTIVATED = "ACTIVATED"
    BILLING_REQUESTED = "BILLING_REQUESTED"
    CHARGED = "CHARGED"
    COMPLETED = "COMPLETED"


class ChangeKind(StrEnum):
    """How an order was changed after its creation (R306, R480)."""

    LINES = "LINES"
    NOTE = "NOTE"
    DOCUMENT = "DOCUMENT"
    REQUESTED_DATE = "REQUESTED_DATE"
    CONTACT = "CONTACT"


class CancellationStep(StrEnum):
    """What happened about a cancellation (R299)."""

    REQUESTED = "REQUESTED"
    REFUSED = "REFUSED"


class UnknownKind(StrEnum):
    """Whose outcome nobody knows (R163, R298)."""

    TASK = "TASK"
    PROVISIONING = "PROVISIONING"
    PAYMENT = "PAYMENT"


class Readiness(StrEnum):
    """How far the billing of an item or component is (R192)."""

    NOT_BILLABLE = "NOT_BILLABLE"
    NOT_DELIVERED = "NOT_DELIVERED"
    READY = "READY"
    REQUESTED = "REQUESTED"
    CHARGED = "CHARGED"
    REJECTED = "REJECTED"
    EXCUSED = "EXCUSED"
    WITHDRAWN = "WITHDRAWN"


class RecordQuality(StrEnum):
    """How complete and sound the record of decisions is (R193)."""

    SOUND = "SOUND"
    INCOMPLETE = "INCOMPLETE"
    BREACHED = "BREACHED"
