"""Which terms a charge is billed by on which days: the timeline that amendments and pauses extend, never rewrite."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from domain.billing_calendar import Days
from domain.commercial import PriceComponent


@dataclass(frozen=True, slots=True)
class Basis:
    """Terms that hold from a day on, until the next ones or, when agreed, until a day."""

    effective_from: date
    component: PriceComponent
    effective_until: date | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """The terms of a charge in order, the days it pauses, and the day it ended.

    `bases` begin on later and later days; `pauses` do not overlap, and the last one may be open to `date.max`.
    """

    bases: tuple[Basis, ...]
    pauses: tuple[Days, ...] = ()
    ended_on: date | None = None

    @property
    def start(self) -> date:
        """First day it bills."""
        return self.bases[0].effective_from

    @property
    def current(self) -> Basis:
        """The newest terms."""
        return self.bases[-1]

    def in_force(self, number: int) -> Days:
        """The days the basis of this number holds, pauses aside."""
        basis = self.bases[number]
        following = self.bases[number + 1 : number + 2]
        ends = (following[0].effective_from if following else None, basis.effective_until, self.ended_on)
        return Days(basis.effective_from, min(end or date.max for end in ends))

    def paused_days(self, days: Days) -> int:
        """How many of these days the charge pauses."""
        return sum(pause.within(days).count for pause in self.pauses)

    def amended(self, basis: Basis) -> Schedule:
        """Other terms from a day on; on the day the newest began, they take its place."""
        return replace(self, bases=(*_before(self.bases, basis.effective_from), basis))

    def corrected(self, basis: Basis) -> Schedule:
        """The newest terms were wrong from their beginning: others count instead, for its days too (R500)."""
        return replace(self, bases=(*_before(self.bases[:-1], basis.effective_from), basis))

    def paused(self, day: date) -> Schedule:
        """Nothing is billed from a day on."""
        return replace(self, pauses=(*self.pauses, Days(day, date.max)))

    def resumed(self, day: date) -> Schedule:
        """Billed again from a day on."""
        return replace(self, pauses=(*self.pauses[:-1], Days(self.pauses[-1].start, day)))

    def ended(self, day: date) -> Schedule:
        """Nothing is billed from a day on, for good."""
        return replace(self, ended_on=day)


def _before(bases: tuple[Basis, ...], day: date) -> tuple[Basis, ...]:
    return tuple(basis for basis in bases if basis.effective_from < day)
