"""The parts a publication is made of: offerings, bundle rules, price changes and who answers for them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.catalog_publication.states import BundleRuleKind, SignOffKind
from domain.model import Classification, Doc, Model
from domain.money import CurrencyCode

Time = Annotated[datetime, AwareDatetime]


class Offering(Model):
    """Something that may be sold, on the terms of this publication."""

    offering_id: Annotated[str, Field(min_length=1), Doc("Product offering.")]
    name: Annotated[str, Field(min_length=1), Doc("Its name in this publication.")]
    specification_id: Annotated[str, Doc("Product specification behind it.")]
    price_list_ref: Annotated[str, Doc("Price list it is priced from.")]
    effective_from: Annotated[Time, Doc("From when on it may be sold.")]
    effective_until: Annotated[Time | None, Doc("Until when, this moment excluded; null without end.")] = None


class BundleRule(Model):
    """One condition on what a bundle is made of (R281)."""

    rule_id: Annotated[str, Field(min_length=1), Doc("Identity of the rule within its publication.")]
    kind: Annotated[BundleRuleKind, Doc("What it demands.")]
    bundle_offering_id: Annotated[str, Doc("Offering that is the bundle.")]
    member_offering_id: Annotated[str, Doc("Member the rule is about.")]
    other_offering_ids: Annotated[tuple[str, ...], Doc("Other members it names; empty for a rule about one.")] = ()
    count_min: Annotated[int | None, Field(ge=1), Doc("Fewest of the member, when it is there at all.")] = None
    count_max: Annotated[int | None, Field(ge=1), Doc("Most of the member; null without limit.")] = None


class Approval(Model):
    """Who let a publication pass."""

    approver_id: Annotated[
        str, Field(min_length=1), Doc("Who approved; never the author (R510).", Classification.CONFIDENTIAL)
    ]
    approved_at: Annotated[Time, Doc("When.")]
    evidence_ref: Annotated[str, Field(min_length=1), Doc("Record of the approval.")]


class SignOff(Model):
    """Somebody's answer for one aspect of a change (R506)."""

    kind: Annotated[SignOffKind, Doc("What was looked at.")]
    signer_id: Annotated[
        str, Field(min_length=1), Doc("Who answers for it; never the author (R510).", Classification.CONFIDENTIAL)
    ]
    signed_at: Annotated[Time, Doc("When.")]
    evidence_ref: Annotated[str, Field(min_length=1), Doc("What it rests on.")]


class PriceChange(Model):
    """What must be known of a price list before it is published (R495, R496)."""

    price_list_ref: Annotated[str, Field(min_length=1), Doc("Price list that changes.")]
    currency: Annotated[CurrencyCode, Doc("Its currency.")]
    scope: Annotated[str, Field(min_length=1), Doc("Regions, channels and customers it is for.")]
    effective_from: Annotated[Time, Doc("From when on it is priced by.")]
    simulation_ref: Annotated[str, Field(min_length=1), Doc("Result of pricing open deals with it beforehand.")]
    impacted_quotes: Annotated[int, Field(ge=0), Doc("Open quotes that would be priced otherwise.")]
    impacted_promotions: Annotated[int, Field(ge=0), Doc("Promotions that rest on it.")]
    rollback_ref: Annotated[str, Field(min_length=1), Doc("How it is taken back.")]
