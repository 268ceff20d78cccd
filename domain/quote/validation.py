"""Staged validation of a quote against what its neighbours know (R280-R283, R291).

A context names what was known when the stages ran; absent facts are not checked here and must be by their owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from domain.errors import Severity
from domain.model import Model
from domain.order_state.states import Action
from domain.product_order.structure import Finding
from domain.quote.bundle_rules import BundleRules, breaches
from domain.quote.events import LineResult
from domain.quote.lines import fingerprint_of
from domain.quote.states import CheckResult
from domain.quote.structure import QuoteLine

_NEWLY_SOLD = frozenset({Action.ADD, Action.REPLACE})


class QuoteValidationContext(Model):
    """What the stages are run on.

    `catalog_publication_id` is the publication in force; `selling_overrides` name who let an offering out of sale be
    sold, by offering (R282, R301); `installed_offerings` are those the customer has.
    """

    checked_at: datetime
    catalog_publication_id: str | None = None
    active_offerings: frozenset[str] | None = None
    selling_overrides: Mapping[str, str] = {}
    eligible_offerings: frozenset[str] | None = None
    installed_offerings: frozenset[str] = frozenset()
    bundle_rules: BundleRules = BundleRules()
    account_active: bool = True


class QuoteUnderValidation(Protocol):
    """The part of a quote the stages look at."""

    @property
    def account_id(self) -> str:
        """Its account."""
        ...

    @property
    def catalog_publication_id(self) -> str:
        """The publication it was made from."""
        ...

    @property
    def lines(self) -> Mapping[str, QuoteLine]:
        """Its lines by id."""
        ...


class Remark(NamedTuple):
    """A finding, and the line it is about; None for all of them."""

    line_id: str | None
    finding: Finding


def validate(
    quote: QuoteUnderValidation, context: QuoteValidationContext
) -> tuple[tuple[Finding, ...], tuple[LineResult, ...]]:
    """The findings of every stage in order, and what they come to for each line."""
    remarks = {name: tuple(stage(quote, context)) for name, stage in STAGES.items()}
    everything = tuple(remark for found in remarks.values() for remark in found)
    results = tuple(
        LineResult(
            line_id=line_id,
            eligibility=_result(line_id, remarks["ELIGIBILITY"], context.eligible_offerings is not None),
            validation=_result(line_id, everything, checked=True),
            selling_override_ref=context.selling_overrides.get(line.offering_id),
        )
        for line_id, line in quote.lines.items()
    )
    return tuple(remark.finding for remark in everything), results


def blocks(findings: tuple[Finding, ...]) -> bool:
    """Whether any finding keeps the quote from being offered."""
    return any(f.severity == Severity.BLOCKING for f in findings)


def _result(line_id: str, remarks: tuple[Remark, ...], checked: bool) -> CheckResult:
    if not checked:
        return CheckResult.NOT_CHECKED
    failed = any(r.line_id in (line_id, None) and r.finding.severity == Severity.BLOCKING for r in remarks)
    return CheckResult.FAILED if failed else CheckResult.PASSED


def _remark(code: str, stage: str, line_id: str | None, message: str, remediation: str) -> Remark:
    finding = Finding(code=code, severity=Severity.BLOCKING, stage=stage, message=message, remediation=remediation)
    return Remark(line_id, finding)


def _catalog(quote: QuoteUnderValidation, context: QuoteValidationContext) -> Iterator[Remark]:
    """The offer is made from what is in force, and nothing out of sale is newly sold (R280, R282, R537)."""
    stage, ours, now = "COMMERCIAL", quote.catalog_publication_id, context.catalog_publication_id
    if now is not None and now != ours:
        message = f"The quote is made from publication {ours}; {now} is in force."
        yield _remark("STALENESS_CATALOG_PUBLICATION", stage, None, message, "Revise it from the one in force.")
    for line in quote.lines.values():
        out = context.active_offerings is not None and line.offering_id not in context.active_offerings
        if out and line.action in _NEWLY_SOLD and line.offering_id not in context.selling_overrides:
            message = f"Offering {line.offering_id} of line {line.line_id} is out of sale."
            yield _remark("POLICY_OFFERING_NOT_ACTIVE", stage, line.line_id, message, "Offer another, or override it.")


def _configuration(quote: QuoteUnderValidation, context: QuoteValidationContext) -> Iterator[Remark]:
    """Bundles are complete, and every configuration is the one that was fingerprinted (R281, R283)."""
    stage = "COMMERCIAL"
    for breach in breaches(quote.lines.values(), context.bundle_rules, context.installed_offerings):
        message = f"Line {breach.line_id} breaks a rule: {breach.message}."
        yield _remark(breach.code, stage, breach.line_id, message, "Choose what goes together.")
    for line in quote.lines.values():
        if fingerprint_of(line, line.configuration) != line.configuration_fingerprint:
            message = f"The configuration of line {line.line_id} is not the one that was priced."
            yield _remark("CONFLICT_CONFIGURATION", stage, line.line_id, message, "Configure and price it again.")


def _eligibility(quote: QuoteUnderValidation, context: QuoteValidationContext) -> Iterator[Remark]:
    for line in quote.lines.values():
        if context.eligible_offerings is not None and line.offering_id not in context.eligible_offerings:
            message = f"Offering {line.offering_id} of line {line.line_id} is not for this customer."
            yield _remark("POLICY_NOT_ELIGIBLE", "ELIGIBILITY", line.line_id, message, "Offer what is available.")


def _account(quote: QuoteUnderValidation, context: QuoteValidationContext) -> Iterator[Remark]:
    if not context.account_active:
        message = f"Account {quote.account_id} is not active."
        yield _remark("REFERENCE_ACCOUNT_INACTIVE", "ACCOUNT", None, message, "Activate it or name another.")


STAGES: Mapping[str, Callable[[QuoteUnderValidation, QuoteValidationContext], Iterator[Remark]]] = {
    "CATALOG": _catalog,
    "CONFIGURATION": _configuration,
    "ELIGIBILITY": _eligibility,
    "ACCOUNT": _account,
}
