"""A catalog publication that passes every guard, and the pieces it is made of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.catalog_publication.states import BundleRuleKind, ChangeType, SignOffKind, required_sign_offs
from domain.catalog_publication.structure import Approval, BundleRule, Offering, PriceChange, SignOff
from tests.domain.machine_walk import NOW

OFFICE, LINE, ROUTER, PHONE, BACKUP = (f"acme:{name}" for name in ("office", "line", "router", "phone", "backup"))
CHANGES = (ChangeType.OFFERING, ChangeType.PRICE_BOOK)


def offering(offering_id: str, since: datetime = NOW, until: datetime | None = None) -> Offering:
    return Offering(
        offering_id=offering_id,
        name=offering_id.partition(":")[2].title(),
        specification_id=f"{offering_id}-spec",
        price_list_ref="list-2026",
        effective_from=since,
        effective_until=until,
    )


def rule(kind: BundleRuleKind, member: str, *others: str, rule_id: str | None = None, **counts: int) -> BundleRule:
    """A rule about what is in the office bundle."""
    return BundleRule(
        rule_id=rule_id or f"{kind}/{member}",
        kind=kind,
        bundle_offering_id=OFFICE,
        member_offering_id=member,
        other_offering_ids=others,
        **counts,
    )


def sign_offs(*kinds: SignOffKind) -> tuple[SignOff, ...]:
    return tuple(SignOff(kind=kind, signer_id=f"{kind}-desk", signed_at=NOW, evidence_ref="doc-1") for kind in kinds)


RULES = (
    rule(BundleRuleKind.MANDATORY, LINE),
    rule(BundleRuleKind.CARDINALITY, PHONE, count_min=2, count_max=4),
    rule(BundleRuleKind.DEPENDENCY, LINE, ROUTER),
    rule(BundleRuleKind.EXCLUSION, BACKUP, PHONE),
    rule(BundleRuleKind.COMPATIBILITY, BACKUP, LINE, ROUTER),
)
PUBLISHED: dict[str, Any] = {
    "catalog_id": "acme:business",
    "publication_number": 7,
    "effective_from": NOW.replace(hour=10),
    "scope": "EU",
    "supersedes_publication_id": "acme:publication-6",
    "offerings": tuple(offering(each) for each in (OFFICE, LINE, ROUTER, PHONE, BACKUP)),
    "bundle_rules": RULES,
    "declared_consumers": ("cpq", "oms"),
    "change_types": CHANGES,
    "price_changes": (
        PriceChange(
            price_list_ref="list-2026",
            currency="EUR",
            scope="EU",
            effective_from=NOW.replace(hour=10),
            simulation_ref="run-4",
            impacted_quotes=3,
            impacted_promotions=0,
            rollback_ref="plan-2",
        ),
    ),
    "author_id": "product-manager-1",
    "approval": Approval(approver_id="catalog-board-1", approved_at=NOW, evidence_ref="minutes-9"),
    "sign_offs": sign_offs(*sorted(required_sign_offs(CHANGES))),
}
