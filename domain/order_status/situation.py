"""What follows from everything known of an order, found once and shown to each audience as far as it may see it."""

from __future__ import annotations

from domain.order_status.blocking import Blocker, NextAction, awaits_customer, blockers, next_action
from domain.order_status.customer_status import Decided, customer_status
from domain.order_status.known import Known
from domain.order_status.limits import Limits
from domain.order_status.moments import Reached
from domain.order_status.progress import progress_percent
from domain.order_status.timing import Standstill, jeopardy, standstill
from domain.order_status.vocabulary import Jeopardy


class Situation:
    """An order at the time its group has reached."""

    def __init__(self, known: Known, limits: Limits, time: Reached) -> None:
        self.known = known
        self.time = time
        self.progress_percent: int = progress_percent(known)
        self.blockers: list[Blocker] = blockers(known)
        self.next: NextAction = next_action(known, self.blockers)
        self.standstill: Standstill = standstill(known, limits, time)
        blocked = bool(self.blockers) or self.standstill.stuck_since_us is not None
        self.jeopardy: Jeopardy = jeopardy(known, blocked, limits, time)
        parents = {line.item_id: line.parent_item_id for line in known.lines.values()}
        self.customer: Decided | None = customer_status(known.view, parents, awaits_customer(self.blockers))
