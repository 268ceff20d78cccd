"""The drift finding of a row that stands in disagreement: one for each row, whatever its verdict becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain.billing_verdict.differing import HANDED_OVER, INSTALLED
from domain.billing_verdict.exposure import Exposure
from domain.billing_verdict.known import Item, Known
from domain.billing_verdict.rows import also_found
from domain.billing_verdict.rule import RULE_ID, RULE_VERSION
from domain.billing_verdict.standing import Look, ahead_of
from domain.billing_verdict.verdicts import Verdict
from domain.drift.finding import Kind, finding_id
from domain.fold.fold import Row

RECORD = "DriftFinding"
ROW = "BillingHandoff"
CHARGE = "Charge"

_WRONG: Mapping[Verdict, str] = {
    Verdict.ORPHAN_CHARGE: "{charge} charges a product and component that no order ever named.",
    Verdict.DUPLICATE_CHARGE: "{row} is charged more than once.",
    Verdict.CHARGE_AFTER_TERMINATION: "{row} is charged although it has ended.",
    Verdict.UNDUE_CHARGE: "{row} is charged although nothing is due.",
    Verdict.EARLY_START: "{row} is charged before it is due.",
    Verdict.MISSING_CHARGE: "{row} was delivered and is not charged.",
    Verdict.BASIS_MISMATCH: "{row} is charged otherwise than was agreed: {fields}.",
    Verdict.LATE_START: "{row} was charged from a later day than was agreed.",
}
_BILLING: Mapping[Verdict, str] = {
    Verdict.ORPHAN_CHARGE: "Billing ends the charge from its first day on, or names the product it is for.",
    Verdict.DUPLICATE_CHARGE: "Billing ends all charges but one from their first day on.",
    Verdict.CHARGE_AFTER_TERMINATION: "Billing ends the charge on the day the product ended.",
    Verdict.UNDUE_CHARGE: "Billing suspends or ends the charge for the days that are not due.",
    Verdict.EARLY_START: "Billing corrects the charge to begin on its trigger date.",
    Verdict.MISSING_CHARGE: "Billing activates the charge, or has the reason for not billing it approved.",
    Verdict.BASIS_MISMATCH: "Billing corrects the charge to the accepted terms.",
    Verdict.LATE_START: "Billing corrects the charge to begin on its trigger date.",
}
_NOT_HANDED_OVER = "Order management hands the delivered item over to billing."
_HANDED_OVER_OTHERWISE = "Order management hands the item over by the terms that were accepted."
_INSTALLED_OTHERWISE = "Inventory corrects the date from which the product is in effect."
_NOT_COMPLETED = "Order management completes the item, or withdraws the request to billing."


def finding(row: Mapping[str, Any], here: Known, seen: Look, exposed: Sequence[Exposure]) -> Row:
    """The finding of a row that has settled; `exposed` are the days that count towards what is at risk.

    Where billing is ahead of an item that is still open, that item is the one concerned.
    """
    verdict = seen.wrong
    orphan = seen.subject.charge_id
    entity_type, entity_id = (ROW, row["rowKey"]) if orphan is None else (CHARGE, orphan)
    identity = finding_id(RULE_ID, entity_type, entity_id)
    ahead = ahead_of(here, seen)
    corrected_by, next_action = _correction(verdict, row, ahead)
    fields = ", ".join(d["field"] for d in row["differences"]) or "in days past"
    data = {
        "findingId": identity,
        "kind": Kind.BILLING.value,
        "ruleId": RULE_ID,
        "ruleVersion": RULE_VERSION,
        "verdict": verdict.value,
        "entityType": entity_type,
        "entityId": entity_id,
        "orderId": row["orderId"] if ahead is None else ahead.order_id,
        "itemId": row["itemId"] if ahead is None else ahead.item_id,
        "quoteId": None,
        "accountId": row["accountId"],
        "productInstanceId": row["productInstanceId"],
        "componentId": row["componentId"],
        "correctedBy": corrected_by,
        "since": row["since"],
        "settleDeadline": row["settleDeadline"],
        "differences": row["differences"],
        "summary": _WRONG[verdict].format(row=row["rowKey"], charge=orphan, fields=fields),
        "nextAction": next_action,
        "leakage": row["leakage"],
        "overbilling": row["overbilling"],
        "regulated": False,
        "cause": f"order/{row['orderId']}" if row["orderId"] else f"charge/{entity_id}",
        "alsoFound": also_found(seen, verdict, exposed),
    }
    return Row(RECORD, identity, data)


def _correction(verdict: Verdict, row: Mapping[str, Any], ahead: Item | None) -> tuple[str, str]:
    """Whose correction closes it, and what that is."""
    if verdict is Verdict.MISSING_CHARGE and not row["handedOver"]:
        return "oms", _NOT_HANDED_OVER
    if ahead is not None:
        return "oms", _NOT_COMPLETED
    astray = [d["field"] for d in row["differences"]] if verdict is Verdict.BASIS_MISMATCH else []
    if any(field.startswith(HANDED_OVER) for field in astray):
        return "oms", _HANDED_OVER_OTHERWISE
    if any(field.startswith(INSTALLED) for field in astray):
        return "inventory", _INSTALLED_OTHERWISE
    return "billing", _BILLING[verdict]
