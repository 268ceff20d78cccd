"""The metrics of derived records, counted again from the read model, which no analytics have touched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from compose.verify.business.tallies import Counted, Place

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
RULES: Mapping[str, tuple[str, ...]] = {
    "pricing-version-mismatches": ("state.stale-fingerprint-accepted", "state.unapproved-discount"),
    "quote-order-mismatches": (
        "financial.quote-vs-order",
        "catalog.snapshot-outdated",
        "state.proposal-hash-mismatch",
    ),
    "order-billing-mismatches": ("billing.handoff", "financial.order-vs-charge", "state.charge-on-cancelled"),
    "fulfillment-asset-mismatches": (
        "asset.missing",
        "asset.orphan",
        "asset.configuration-differs",
        "asset.live-after-termination",
        "state.asset-active-service-down",
    ),
    "duplicate-account-references": ("referential.account-merged",),
}
"""The rules whose standing findings are what a metric counts."""

Record = Mapping[str, Any]


def recount_derived(
    findings: Iterable[Record], cases: Iterable[Record], newest: Mapping[str, datetime]
) -> dict[str, dict[Place, Counted]]:
    """What the metrics of findings and cases come to; `newest` is when the newest event of each tenant happened."""
    found: dict[str, dict[Place, int]] = {name: defaultdict(int) for name in (*RULES, "reconciliation-mismatches")}
    for finding in findings:
        tenant, day = _tenant(finding["findingId"]), finding["since"].astimezone(UTC).date()
        found["reconciliation-mismatches"][tenant, day, str(finding["kind"])] += 1
        for name, rules in RULES.items():
            if finding["ruleId"] in rules:
                found[name][tenant, day, finding["ruleId"]] += 1
    ages: dict[Place, list[int]] = defaultdict(list)
    for case in cases:
        tenant = _tenant(case["caseId"])
        if case["closedAt"] is None and tenant in newest:
            age_ms = max(timedelta(0), newest[tenant] - case["openedAt"]) // _MILLISECOND
            ages[tenant, newest[tenant].date(), str(case["severity"])].append(age_ms)
    counted = {name: {place: Counted(number, 1) for place, number in places.items()} for name, places in found.items()}
    counted["reconciliation-backlog-age"] = {
        place: Counted(sum(values), len(values), sorted(values)[len(values) * 95 // 100])
        for place, values in ages.items()
    }
    return counted


def moments(newest_us: Mapping[str, int]) -> dict[str, datetime]:
    """Microseconds since the epoch as times, by tenant."""
    return {tenant: _EPOCH + timedelta(microseconds=at) for tenant, at in newest_us.items()}


def _tenant(key: str) -> str:
    return key.partition(":")[0]
