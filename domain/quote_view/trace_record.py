"""The records published on `derived.pricing-trace.v1` and `derived.quote-staleness.v1`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.derivation import Derivation
from domain.model import Classification, Doc, Model
from domain.money import Money, Percent

OWNER = "ordertruth"
SECRET = Classification.CONFIDENTIAL


class PricingStep(Model):
    """One step of a price calculation, in order."""

    step: Annotated[str, Doc("What was done.")]
    line_id: Annotated[str | None, Doc("Line it concerns; null for all.")] = None
    component_id: Annotated[str | None, Doc("Price component it concerns; null for all.")] = None
    rule: Annotated[str | None, Doc("Rule that said so, with its version.")] = None
    percent: Annotated[Percent | None, Doc("Reduction in percent.", SECRET)] = None
    before: Annotated[Money | None, Doc("Amount before the step.", SECRET)] = None
    after: Annotated[Money | None, Doc("Amount after the step.", SECRET)] = None
    note: Annotated[str | None, Doc("Why, in words.")] = None


class PricingTrace(Model):
    """How a price came about, step by step (R113, R214)."""

    calculation_id: Annotated[str, Doc("Identity of the calculation.")]
    quote_id: Annotated[str | None, Doc("Quote that was priced.")] = None
    quote_version: Annotated[int | None, Doc("Its revision.")] = None
    account_id: Annotated[str | None, Doc("Account the prices are for.")] = None
    at: Annotated[datetime, Doc("When it was calculated.")]
    priced: Annotated[bool, Doc("Whether there is a price; none is guessed (R392).")]
    currency: Annotated[str | None, Doc("Currency of every amount.")] = None
    price_book_id: Annotated[str | None, Doc("Price book; null when none could be reached.")] = None
    price_book_version: Annotated[str | None, Doc("Its version.")] = None
    rule_versions: Annotated[dict[str, str], Doc("Version of each rule that was used, by its id.")]
    input_fingerprint: Annotated[str | None, Doc("Fingerprint of what was asked and of the price book.")] = None
    output_fingerprint: Annotated[str | None, Doc("Fingerprint of what came of it.")] = None
    price_fingerprint: Annotated[str | None, Doc("Fingerprint of all prices (R95).")] = None
    replay_token: Annotated[str | None, Doc("Names what is needed to repeat it (R99).")] = None
    failure_code: Annotated[str | None, Doc("Why there is no price.")] = None
    expires_at: Annotated[datetime | None, Doc("Until when the price holds.")] = None
    step_count: Annotated[int, Doc("Steps there were.")]
    steps: Annotated[tuple[PricingStep, ...], Doc("The first of them, in order.")] = ()
    warnings: Annotated[tuple[str, ...], Doc("Codes of what to look at.")] = ()
    errors: Annotated[tuple[str, ...], Doc("Codes of why there is no price.")] = ()
    version: Annotated[int, Doc("Rises with what is known of the calculation.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]


class QuoteStaleness(Model):
    """An approved or presented quote whose catalog publication another one supersedes (R351)."""

    staleness_id: Annotated[str, Doc("Identity: publication and quote.")]
    quote_id: Annotated[str, Doc("The quote.")]
    catalog_publication_id: Annotated[str, Doc("Publication the offer was made from.")]
    superseded_by_publication_id: Annotated[str, Doc("Publication that takes its place.")]
    in_force_until: Annotated[datetime, Doc("When it does, which may still be to come.")]
    version: Annotated[int, Doc("Rises with what is known of both.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]
