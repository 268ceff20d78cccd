"""What each derived record may be used for, and what must be asked of the owner (R85, R224-R228)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from domain.derivation import Authority
from domain.fold.facts import Facts
from domain.fold.fold import Fold, Row, cited
from domain.order_state import build as order_state


class Uses(NamedTuple):
    """Uses of the view itself it may serve, and facts it never decides."""

    authoritative_for: tuple[str, ...]
    not_authoritative_for: tuple[str, ...]


_OWNED = ("orderState", "fulfillmentState", "billing", "commercialTerms")
_DISPLAY = Uses(("display",), _OWNED)

_USES: Mapping[str, Uses] = {
    "OrderState": Uses(order_state.AUTHORITATIVE_FOR, order_state.NOT_AUTHORITATIVE_FOR),
    "BillingHandoffVerdict": Uses(("reconciliation",), _OWNED),
    "DriftFinding": Uses(("reconciliation",), _OWNED),
    "ReconciliationCase": Uses(("reconciliation", "caseWork"), _OWNED),
    "Alert": Uses(("notification",), (*_OWNED, "caseWork")),
}


def uses_of(record: str) -> Uses:
    """The uses of a derived record; one that is not named is for display."""
    return _USES.get(record, _DISPLAY)


def lineage(fold: Fold, row: Row, shared: Facts, own: Facts) -> dict[str, Any]:
    """What the derivation block of a row says whenever it is calculated, by wire names."""
    uses = uses_of(row.record)
    return {
        "inputs": cited(shared, own, row),
        "ruleId": fold.rule_id,
        "ruleVersion": fold.rule_version,
        "authority": Authority.INFORMATIONAL.value,
        "authoritativeFor": list(uses.authoritative_for),
        "notAuthoritativeFor": list(uses.not_authoritative_for),
    }
