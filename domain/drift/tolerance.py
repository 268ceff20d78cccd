"""How far two amounts may lie apart and still count as equal (R241, R276, R277)."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class Base(StrEnum):
    """Which of the two amounts a percentage is of."""

    EXPECTED = "EXPECTED"
    ACTUAL = "ACTUAL"
    LARGER = "LARGER"


class Threshold(NamedTuple):
    """How much is let pass in one direction: the greater of an amount and a percentage of the base, both not negative.

    `absolute` is in major units of the currency of the amounts.
    """

    absolute: Decimal = Decimal(0)
    percent: Decimal = Decimal(0)

    def of(self, base: Decimal) -> Decimal:
        """The threshold in money."""
        return max(self.absolute, abs(base) * self.percent / 100)


class Tolerance(NamedTuple):
    """What is let pass when more than expected is found, and when less is; a difference at the threshold passes."""

    above: Threshold = Threshold()
    below: Threshold = Threshold()
    base: Base = Base.EXPECTED

    def matches(self, expected: Decimal, actual: Decimal, currency: str, other_currency: str) -> bool:
        """Whether two amounts count as equal; amounts in different currencies never do, nothing is converted."""
        if currency != other_currency:
            return False
        apart = actual - expected
        allowed = self.above if apart > 0 else self.below
        return abs(apart) <= allowed.of(self._base_of(expected, actual))

    def _base_of(self, expected: Decimal, actual: Decimal) -> Decimal:
        if self.base is Base.LARGER:
            return max(abs(expected), abs(actual))
        return expected if self.base is Base.EXPECTED else actual


EXACT = Tolerance()
"""Nothing is let pass."""
