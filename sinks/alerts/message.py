"""A message: alerts of one group and one direction, told together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from domain.alert.record import Alert, Transition
from domain.case.states import Severity


class Telling(NamedTuple):
    """An alert as a channel is told it; `former` is the severity it was told last, None when it was not."""

    alert: Alert
    former: Severity | None = None

    @property
    def over(self) -> bool:
        """Whether it tells the end."""
        return self.alert.transition is Transition.RESOLVED


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent at once; sent again it has the same `message_id`.

    All alerts of a message open or change something, or all end it. `still_open` is how many alerts of the group the
    channel knows to be open after it.
    """

    message_id: str
    tellings: tuple[Telling, ...]
    still_open: int
    sent_at: datetime

    @property
    def over(self) -> bool:
        """Whether it tells of ends."""
        return self.tellings[0].over

    @property
    def group_key(self) -> str:
        """The group its alerts are of."""
        return self.tellings[0].alert.group_key

    @property
    def severity(self) -> Severity:
        """That of its most urgent alert."""
        return min((telling.alert.severity for telling in self.tellings), key=lambda severity: severity.rank)

    @property
    def headline(self) -> str:
        """Its title: that of its alert, or what its alerts have in common."""
        first = self.tellings[0].alert
        if len(self.tellings) == 1:
            return first.title
        what = "resolved" if self.over else "open or changed"
        return f"{self.severity} {len(self.tellings)} cases {what}: {first.cause} ({first.owner})"


def shortened(text: str, most: int) -> str:
    """A text within the limit of whoever takes it, its cut marked."""
    return text if len(text) <= most else text[: most - 1] + "…"
