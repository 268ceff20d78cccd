"""A price book: what a catalog publication's offerings cost, and which reductions there are, as data (R495, R506).

Every rule has an id and a version, and says when it is in force, so that a price can be explained and repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.commercial import ChargeKind, Period, UsageTier
from domain.fingerprints import sha256_of
from domain.model import Model, Unordered
from domain.money import Amount, CurrencyCode, Percent

UpToHundred = Annotated[Percent, Field(ge=0, le=100)]


class Rule(Model):
    """What all entries and reductions have: a name, a version, and a time in force, its end excluded."""

    rule_id: str
    rule_version: str
    effective_from: AwareDatetime
    effective_until: AwareDatetime | None = None

    @property
    def reference(self) -> str:
        """How evidence names the rule."""
        return f"{self.rule_id}@{self.rule_version}"

    def in_force(self, at: datetime) -> bool:
        """Whether it holds at a moment."""
        return self.effective_from <= at and (self.effective_until is None or at < self.effective_until)


class PriceEntry(Rule):
    """One price of an offering in one currency.

    With a `region` it beats the entry without one (R530); with an `account_id` it is that account's contracted price
    and beats both, and only what a seller takes off by hand reduces it further (R529, R551). `when` are the
    configuration values it is for. A usage price with `tiers` is charged by them; `amount` is that of the first unit.
    """

    offering_id: str
    component_id: str
    kind: ChargeKind
    currency: CurrencyCode
    amount: Amount
    period: Period | None = None
    region: str | None = None
    account_id: str | None = None
    when: Mapping[str, str] = {}
    tiers: tuple[UsageTier, ...] = ()


class VolumeStep(Model):
    """From how many units on how much is taken off."""

    quantity_min: Annotated[int, Field(ge=1)]
    percent: UpToHundred


class VolumeDiscount(Rule):
    """A reduction that grows with the quantity of one offering; the highest step reached counts for all units."""

    offering_id: str
    kinds: Unordered[ChargeKind] = frozenset({ChargeKind.RECURRING})
    steps: tuple[VolumeStep, ...]


class BundleDiscount(Rule):
    """A reduction of some offerings when all of a set are bought together."""

    together: Unordered[str]
    reduces: Unordered[str]
    kinds: Unordered[ChargeKind] = frozenset({ChargeKind.RECURRING})
    percent: UpToHundred


class Promotion(Rule):
    """A reduction somebody asks for by its id.

    Of promotions in one `group` only one applies, the one of the smallest `rank`; others stack (R527). A promotion
    is left out beside any that it, or that one, `excludes` (R528); the smaller rank stays.
    """

    offerings: Unordered[str]
    kinds: Unordered[ChargeKind] = frozenset({ChargeKind.RECURRING})
    percent: UpToHundred
    periods: int | None = None
    rank: int = 100
    group: str | None = None
    excludes: Unordered[str] = frozenset()


class DiscountPolicy(Rule):
    """How much a seller may take off without asking, by customer segment (R288, R532)."""

    limit_percent: UpToHundred
    limit_percent_by_segment: Mapping[str, UpToHundred] = {}

    def limit_for(self, segment: str | None) -> Decimal:
        """The limit in percent that holds for a segment."""
        return self.limit_percent_by_segment.get(segment or "", self.limit_percent)


class PriceBook(Model):
    """Everything prices are made of at one time, under one version."""

    price_book_id: str
    version: str
    catalog_publication_id: str
    effective_from: AwareDatetime
    effective_until: AwareDatetime | None = None
    price_valid_days: Annotated[int, Field(ge=1)] = 30
    entries: tuple[PriceEntry, ...]
    included_offerings: Unordered[str] = frozenset()
    """Offerings without a price of their own, paid for through the line above them (R470)."""
    volume_discounts: tuple[VolumeDiscount, ...] = ()
    bundle_discounts: tuple[BundleDiscount, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    discount_policy: DiscountPolicy

    @property
    def fingerprint(self) -> str:
        """Fingerprint of its whole content: two books under one version are found out."""
        return sha256_of(self)

    def in_force(self, at: datetime) -> bool:
        """Whether it holds at a moment, its end excluded."""
        return self.effective_from <= at and (self.effective_until is None or at < self.effective_until)
