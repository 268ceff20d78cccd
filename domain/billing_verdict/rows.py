"""A row in the shape its contract gives it (`BillingHandoffVerdict`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any

from domain.billing_calendar import midnight
from domain.billing_verdict.charged import Charged
from domain.billing_verdict.compare import Side
from domain.billing_verdict.differing import Differing
from domain.billing_verdict.exposure import Exposure, Sums
from domain.billing_verdict.known import Item, Known
from domain.billing_verdict.moments import moment_of
from domain.billing_verdict.standing import Look, Standing
from domain.billing_verdict.verdicts import PastMark, Verdict
from domain.currency import EXPONENTS, rounded
from domain.money import MONEY_SCALE

RECORD = "BillingHandoffVerdict"


def row_key(instance: str, seen: Look) -> str:
    """Identity of a row: the handoff's own id, or for a charge nobody asked for the charge's."""
    orphan = seen.subject.charge_id
    return f"{instance}/{seen.subject.component_id}" if orphan is None else f"{orphan}/charge"


def row_data(
    instance: str, here: Known, seen: Look, stands: Standing | None, exposed: Sequence[Exposure], since_us: int
) -> dict[str, Any]:
    """The fields of a row; `exposed` are the days that count towards what is at risk."""
    judged, item = seen.judged, seen.wanted.deciding if seen.wanted is not None else None
    waits = stands is not None and not stands.settled and judged.mismatch
    charge = judged.charge
    return {
        "rowKey": row_key(instance, seen),
        "productInstanceId": instance,
        "componentId": seen.subject.component_id,
        **_about(item, charge),
        "policy": None if seen.wanted is None else seen.wanted.policy.value,
        "expectation": judged.expectation.value,
        "verdict": (Verdict.AWAITING if waits else judged.verdict).value,
        "pending": judged.verdict.value if waits else None,
        "alsoFound": also_found(seen, judged.verdict, exposed),
        "since": moment_of(since_us if stands is None else stands.since_us),
        "settleDeadline": None if stands is None else moment_of(stands.deadline_us),
        "expected": _basis(judged.expected),
        "actual": _basis(judged.actual),
        "handedOver": item is not None and here.request(item, seen.subject.component_id) is not None,
        "chargeId": None if charge is None else charge.charge_id,
        "chargeState": None if charge is None else charge.state.value,
        "liveChargeIds": sorted(one.charge_id for one in judged.live),
        "invoicedUntil": _until(charge),
        **_reason(seen),
        "differences": differences(judged.differences),
        "leakage": money(e.leakage for e in exposed),
        "overbilling": money(e.overbilling for e in exposed),
        "history": _history(seen, exposed),
    }


def also_found(seen: Look, verdict: Verdict, exposed: Sequence[Exposure]) -> list[str]:
    """Every further mismatch: those that hold now by precedence, then those of days that are exposed."""
    found = dict.fromkeys((*seen.judged.found, *(exposure.verdict for exposure in exposed)))
    return [one.value for one in found if one is not verdict]


def differences(found: Iterable[Differing]) -> list[dict[str, Any]]:
    """The differing fields as records have them."""
    return [{"field": d.field, "expected": d.expected, "actual": d.actual} for d in found]


def money(sums: Iterable[Sums]) -> dict[str, Any] | None:
    """Exact amounts added up and rounded half-even to the minor unit; None for nothing.

    A row has one currency; where billing charged in several, the larger sum is what is told.
    """
    total: dict[str, Fraction] = {}
    for amounts in sums:
        for currency, amount in amounts.items():
            total[currency] = total.get(currency, Fraction(0)) + amount
    if not total:
        return None
    currency = max(total, key=lambda code: (total[code], code))
    return {"amount": _rounded(total[currency], currency), "currency": currency}


def _rounded(amount: Fraction, currency: str) -> Decimal:
    if currency in EXPONENTS:
        return rounded(amount, currency)
    # A currency nobody can pay in comes from a foreign system; the wire's own scale is all there is to go by.
    return Decimal(round(amount * 10**MONEY_SCALE)).scaleb(-MONEY_SCALE)


def _about(item: Item | None, charge: Charged | None) -> dict[str, Any]:
    if item is not None:
        return {
            "orderId": item.order_id,
            "itemId": item.item_id,
            "action": item.action,
            "intent": item.intent,
            "accountId": item.account_id,
        }
    assert charge is not None
    return {
        "orderId": charge.order_id,
        "itemId": charge.item_id,
        "action": None,
        "intent": None,
        "accountId": charge.account_id,
    }


def _basis(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    component = side.component
    return {
        "kind": component.kind.value,
        "price": {"amount": component.price.amount, "currency": component.price.currency},
        "period": None if component.period is None else component.period.value,
        "quantity": component.quantity,
        "discounts": [{"percent": d.percent, "periods": d.periods, "evidenceRef": None} for d in component.discounts],
        "tiers": [
            {"upTo": t.up_to, "price": {"amount": t.price.amount, "currency": t.price.currency}}
            for t in component.tiers
        ],
        "priceFingerprint": component.price_fingerprint,
        "billingAccountId": side.billing_account_id,
        "billingTriggerDate": None if side.trigger_us is None else moment_of(side.trigger_us),
        "startsOn": None if side.start is None else midnight(side.start),
    }


def _until(charge: Charged | None) -> Any:
    return None if charge is None or charge.invoiced_until_us is None else moment_of(charge.invoiced_until_us)


def _reason(seen: Look) -> dict[str, Any]:
    reason = None if seen.wanted is None else seen.wanted.reason(seen.day)
    return {
        "nonBillingReasonId": None if reason is None else reason.reason_id,
        "nonBillingCode": None if reason is None else reason.code,
    }


def _history(seen: Look, exposed: Sequence[Exposure]) -> list[dict[str, Any]]:
    """The exposed days that the verdict of the moment does not tell of, those of one item and kind as one."""
    deciding = None if seen.wanted is None else seen.wanted.deciding.identity

    def told(exposure: Exposure) -> tuple[tuple[str, str] | None, Verdict]:
        return None if exposure.item is None else exposure.item.identity, exposure.verdict

    found = []
    for (identity, verdict), group in groupby(exposed, key=told):
        if identity == deciding and seen.judged.mismatch:
            continue
        days = list(group)
        found.append(
            {
                "mark": (PastMark.ENDED if identity == deciding else PastMark.SUPERSEDED).value,
                "verdict": verdict.value,
                "orderId": None if identity is None else identity[0],
                "itemId": None if identity is None else identity[1],
                "exposedFrom": midnight(days[0].days.start),
                "exposedUntil": midnight(_end(days)),
                "leakage": money(e.leakage for e in days),
                "overbilling": money(e.overbilling for e in days),
            }
        )
    return found


def _end(days: Sequence[Exposure]) -> date:
    return max(exposure.days.end for exposure in days)
