"""Which reductions a component of a line gets, in their order: volume, bundle, promotions, the seller's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from domain.commercial import ChargeKind, Discount
from domain.pricing.price_book import PriceBook, PriceEntry, Promotion, Rule, VolumeDiscount
from domain.pricing.terms import PriceRequest, PriceRequestLine, TraceStep


class Reduction(NamedTuple):
    """One reduction with the rule that gives it."""

    step: TraceStep
    rule: Rule
    discount: Discount


@dataclass(frozen=True, slots=True)
class Reducer:
    """Finds the reductions of every component of one request."""

    request: PriceRequest
    book: PriceBook
    promotions: Sequence[Promotion]

    def reductions(self, line: PriceRequestLine, entry: PriceEntry) -> Iterator[Reduction]:
        """The reductions of one component; a contracted price takes the seller's own only (R529)."""
        if entry.account_id is None:
            yield from self._volume(line, entry.kind)
            yield from self._bundle(line, entry.kind)
            yield from self._promotion(line, entry.kind)
        yield from self._manual(line, entry.kind)

    def _volume(self, line: PriceRequestLine, kind: ChargeKind) -> Iterator[Reduction]:
        for rule in self.book.volume_discounts:
            percent = _step_reached(rule, line.quantity)
            if rule.offering_id == line.offering_id and kind in rule.kinds and percent and self._in_force(rule):
                yield _reduction(TraceStep.VOLUME_DISCOUNT, rule, percent)

    def _bundle(self, line: PriceRequestLine, kind: ChargeKind) -> Iterator[Reduction]:
        sold = {each.offering_id for each in self.request.lines}
        for rule in self.book.bundle_discounts:
            reduces = line.offering_id in rule.reduces and kind in rule.kinds and rule.together <= sold
            if reduces and self._in_force(rule):
                yield _reduction(TraceStep.BUNDLE_DISCOUNT, rule, rule.percent)

    def _promotion(self, line: PriceRequestLine, kind: ChargeKind) -> Iterator[Reduction]:
        for rule in self.promotions:
            if line.offering_id in rule.offerings and kind in rule.kinds:
                periods = rule.periods if kind is ChargeKind.RECURRING else None
                yield _reduction(TraceStep.PROMOTION, rule, rule.percent, periods)

    def _manual(self, line: PriceRequestLine, kind: ChargeKind) -> Iterator[Reduction]:
        """Within the limit the policy itself is the evidence; beyond it the approval will be (R288, R449)."""
        if not line.manual_discount_percent or kind is ChargeKind.USAGE:
            return
        policy = self.book.discount_policy
        covered = line.manual_discount_percent <= policy.limit_for(self.request.segment)
        discount = Discount(
            percent=line.manual_discount_percent,
            periods=line.manual_discount_periods if kind is ChargeKind.RECURRING else None,
            evidence_ref=policy.reference if covered else None,
        )
        yield Reduction(TraceStep.MANUAL_DISCOUNT, policy, discount)

    def _in_force(self, rule: Rule) -> bool:
        return rule.in_force(self.request.effective_date)


def _step_reached(rule: VolumeDiscount, quantity: int) -> Decimal:
    reached = [step for step in rule.steps if step.quantity_min <= quantity]
    return max(reached, key=lambda step: step.quantity_min).percent if reached else Decimal(0)


def _reduction(step: TraceStep, rule: Rule, percent: Decimal, periods: int | None = None) -> Reduction:
    return Reduction(step, rule, Discount(percent=percent, periods=periods, evidence_ref=rule.reference))
