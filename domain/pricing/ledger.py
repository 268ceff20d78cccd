"""What a calculation writes down on its way: steps, rules used, warnings and errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from domain.errors import Severity
from domain.money import MONEY_SCALE, Money
from domain.pricing.price_book import Rule
from domain.pricing.terms import TraceLine, TraceStep
from domain.product_order.structure import Finding

STAGE = "COMMERCIAL"


def shown(amount: Decimal, currency: str) -> Money:
    """An amount as a trace shows it: at the contract's scale, which is finer than any minor unit."""
    return Money(amount=amount.quantize(Decimal(1).scaleb(-MONEY_SCALE), ROUND_HALF_EVEN), currency=currency)


@dataclass(slots=True)
class Ledger:
    """The record of one calculation; it belongs to that calculation alone."""

    currency: str
    expires_at: datetime
    trace: list[TraceLine] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    errors: list[Finding] = field(default_factory=list)
    rule_versions: dict[str, str] = field(default_factory=dict)

    def use(self, rule: Rule) -> None:
        """A rule counts: its version is evidence, and the price lasts no longer than it does."""
        self.rule_versions[rule.rule_id] = rule.rule_version
        if rule.effective_until is not None:
            self.expires_at = min(self.expires_at, rule.effective_until)

    def step(
        self,
        step: TraceStep,
        line_id: str | None = None,
        component_id: str | None = None,
        *,
        rule: Rule | None = None,
        percent: Decimal | None = None,
        before: Decimal | None = None,
        after: Decimal | None = None,
        note: str | None = None,
    ) -> None:
        """Note one step."""
        line = TraceLine(
            line_id=line_id,
            component_id=component_id,
            step=step,
            rule=rule.reference if rule else None,
            percent=percent,
            before=None if before is None else shown(before, self.currency),
            after=None if after is None else shown(after, self.currency),
            note=note,
        )
        self.trace.append(line)

    def warn(self, code: str, message: str, remediation: str) -> None:
        """Note something that does not block."""
        self.warnings.append(_finding(code, Severity.WARNING, message, remediation))

    def block(self, code: str, message: str, remediation: str) -> None:
        """Note why there can be no price: a wrong one is worse than none (R392)."""
        self.errors.append(_finding(code, Severity.BLOCKING, message, remediation))


def _finding(code: str, severity: Severity, message: str, remediation: str) -> Finding:
    return Finding(code=code, severity=severity, stage=STAGE, message=message, remediation=remediation)
