"""Staged validation of a quote against what its neighbours know (R280-R283, R291).

A context names what was known when the stages ran; absent facts are not checked here and must be by their owner.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from pydantic import AwareDatetime

from domain.catalog_publication.bundle import violations
from domain.catalog_publication.publication import CatalogPublication
from domain.catalog_publication.selling import Unsellable, why_not_sellable
from domain.catalog_publication.structure import BundleRule
from domain.errors import Severity
from domain.model import Model, Unordered
from domain.order_state.states import Action
from domain.product_order.structure import Finding
from domain.quote.events import LineResult
from domain.quote.lines import fingerprint_of
from domain.quote.option_rules import OptionRules, breaches
from domain.quote.states import CheckResult
from domain.quote.structure import QuoteLine

_NEWLY_SOLD = frozenset({Action.ADD, Action.REPLACE})


class QuoteValidationContext(Model):
    """What the stages are run on.

    `catalog_publication_id` is the publication in force, `published_offerings` are those it has, `active_offerings`
    those that may be newly sold; `selling_overrides` name who let one out of sale be sold, by offering (R282, R301).
    """

    checked_at: AwareDatetime
    catalog_publication_id: str | None = None
    published_offerings: Unordered[str] | None = None
    active_offerings: Unordered[str] | None = None
    selling_overrides: Mapping[str, str] = {}
    bundle_rules: tuple[BundleRule, ...] = ()
    option_rules: OptionRules = OptionRules()
    eligible_offerings: Unordered[str] | None = None
    account_active: bool = True


def known_of(publication: CatalogPublication, at: datetime) -> QuoteValidationContext:
    """What a publication in force says about what may be sold at a moment; the rest of the context is left open."""
    reasons = {each: why_not_sellable(publication, each, at) for each in publication.offerings}
    return QuoteValidationContext(
        checked_at=at,
        catalog_publication_id=publication.catalog_publication_id,
        published_offerings=frozenset(each for each, why in reasons.items() if why is not Unsellable.NOT_PUBLISHED),
        active_offerings=frozenset(each for each, why in reasons.items() if why is None),
        bundle_rules=publication.bundle_rules,
    )


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
        if line.action in _NEWLY_SOLD:
            yield from _sale(line, context)


def _sale(line: QuoteLine, context: QuoteValidationContext) -> Iterator[Remark]:
    offering, stage = line.offering_id, "COMMERCIAL"
    if context.published_offerings is not None and offering not in context.published_offerings:
        message = f"Offering {offering} of line {line.line_id} is not in the publication in force."
        yield _remark("REFERENCE_OFFERING_UNKNOWN", stage, line.line_id, message, "Offer what is published.")
        return
    out_of_sale = context.active_offerings is not None and offering not in context.active_offerings
    if out_of_sale and offering not in context.selling_overrides:
        message = f"Offering {offering} of line {line.line_id} is out of sale."
        yield _remark("POLICY_OFFERING_NOT_ACTIVE", stage, line.line_id, message, "Offer another, or override it.")


def _configuration(quote: QuoteUnderValidation, context: QuoteValidationContext) -> Iterator[Remark]:
    """Bundles are whole, choices go together, and each is the one that was fingerprinted (R281, R283, R545)."""
    stage = "COMMERCIAL"
    for line in quote.lines.values():
        if line.action is not Action.DELETE:
            members = _members(quote, line.line_id)
            for broken in violations(context.bundle_rules, line.offering_id, members):
                code = f"POLICY_BUNDLE_{broken.kind}"
                yield _remark(code, stage, line.line_id, broken.message, broken.remediation)
        if fingerprint_of(line, line.configuration) != line.configuration_fingerprint:
            message = f"The configuration of line {line.line_id} is not the one that was priced."
            yield _remark("CONFLICT_CONFIGURATION", stage, line.line_id, message, "Configure and price it again.")
    for breach in breaches(quote.lines.values(), context.option_rules):
        message = f"Line {breach.line_id} breaks a rule: {breach.message}."
        yield _remark(breach.code, stage, breach.line_id, message, "Choose what goes together.")


def _members(quote: QuoteUnderValidation, line_id: str) -> Counter[str]:
    """How many of each offering a bundle has once the order is delivered."""
    counts: Counter[str] = Counter()
    for line in quote.lines.values():
        if line.parent_line_id == line_id and line.action is not Action.DELETE:
            counts[line.offering_id] += line.quantity
    return counts


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
