"""The record published on `derived.drift-findings.v1`: one standing disagreement (R231-R279)."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from domain.derivation import Derivation
from domain.envelope import tenant_of
from domain.model import Classification, Doc, Model
from domain.money import Money

OWNER = "ordertruth"
AGGREGATE = "DriftFinding"

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://ordertruth.com/findings")


class Kind(StrEnum):
    """The six kinds of reconciliation, and the billing handoff (R231-R237)."""

    REFERENTIAL = "referential"
    STATE = "state"
    FINANCIAL = "financial"
    ASSET = "asset"
    CATALOG = "catalog"
    EVENT = "event"
    BILLING = "billing"


class Difference(Model):
    """One field two systems disagree about; texts, as both sides write it."""

    field: Annotated[str, Doc("What they disagree about.")]
    expected: Annotated[str | None, Doc("What it ought to be; null when nothing is expected.")] = None
    actual: Annotated[str | None, Doc("What the other side says; null when it says nothing.")] = None


class DriftFinding(Model):
    """A disagreement that has outlived its settle window; its tombstone says that it has converged."""

    finding_id: Annotated[str, Doc("Identity: the same rule about the same entity is the same finding, and case.")]
    kind: Annotated[Kind, Doc("Kind of reconciliation.")]
    rule_id: Annotated[str, Doc("Rule that found it, such as `asset.missing`.")]
    rule_version: Annotated[str, Doc("Version of the rule.")]
    verdict: Annotated[str | None, Doc("Verdict of the billing row, for `billing.handoff`.")] = None
    entity_type: Annotated[str, Doc("Kind of thing it is about.")]
    entity_id: Annotated[str, Doc("Identity of that thing.")]
    order_id: Annotated[str | None, Doc("Order concerned.")] = None
    item_id: Annotated[str | None, Doc("Item concerned.")] = None
    quote_id: Annotated[str | None, Doc("Quote concerned.")] = None
    account_id: Annotated[str | None, Doc("Account concerned.")] = None
    product_instance_id: Annotated[str | None, Doc("Installed product concerned.")] = None
    component_id: Annotated[str | None, Doc("Price component concerned.")] = None
    corrected_by: Annotated[str, Doc("System whose correction closes it.")]
    since: Annotated[datetime, Doc("When the disagreement began, by the time of the facts.")]
    settle_deadline: Annotated[datetime, Doc("When it had to be over.")]
    differences: Annotated[tuple[Difference, ...], Doc("Both sides, field by field.", Classification.CONFIDENTIAL)]
    summary: Annotated[str, Doc("What is wrong, in one plain sentence.", Classification.CONFIDENTIAL)]
    next_action: Annotated[str, Doc("What must be done, and by whom, in one plain sentence.")]
    leakage: Annotated[Money | None, Doc("Agreed and not charged so far.", Classification.CONFIDENTIAL)] = None
    overbilling: Annotated[Money | None, Doc("Charged and not agreed so far.", Classification.CONFIDENTIAL)] = None
    regulated: Annotated[bool, Doc("Whether the account is under special supervision.")] = False
    cause: Annotated[str, Doc("Probable cause in common with other findings: they are told of together.")]
    also_found: Annotated[tuple[str, ...], Doc("Further mismatches of the same entity, by verdict or rule.")] = ()
    version: Annotated[int, Doc("Rises with what is known of the entity.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]


def finding_id(rule_id: str, entity_type: str, entity_id: str, about: str = "") -> str:
    """The identity of a finding and of the case it opens: replaying finds the same one. Raises `ValueError`.

    `about` is what an entity refers to, for rules that may find several things wrong with one entity.
    """
    tenant = tenant_of(entity_id)
    named = "\n".join((tenant, rule_id, entity_type, entity_id, *((about,) if about else ())))
    return f"{tenant}:{uuid.uuid5(_NAMESPACE, named)}"
