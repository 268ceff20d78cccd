"""How far two amounts may lie apart and still agree."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What may be charged above and below what is agreed: the larger of an amount and a percentage, inclusive.

    Amounts are in major units of whatever currency is compared; different currencies never match. The percentage is
    of the agreed amount, or with `of_actual` of the charged one.
    """

    above: Fraction = Fraction(0)
    above_percent: Fraction = Fraction(0)
    below: Fraction = Fraction(0)
    below_percent: Fraction = Fraction(0)
    of_actual: bool = False

    def allows(self, expected: Fraction, actual: Fraction) -> bool:
        """Whether two amounts of one currency agree."""
        base = abs(actual if self.of_actual else expected) / 100
        if actual >= expected:
            return actual - expected <= max(self.above, self.above_percent * base)
        return expected - actual <= max(self.below, self.below_percent * base)


EXACT = Tolerance()
"""Nothing may differ."""
