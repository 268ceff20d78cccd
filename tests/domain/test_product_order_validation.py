"""Staged validation, each check of each stage (R439-R451)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commercial import Discount
from domain.errors import Category, Refusal
from domain.order_state.states import Action, HeaderState
from domain.product_order import commands as c
from domain.product_order.structure import Commercial, Finding, OrderItem
from domain.product_order.validation import (
    STAGES,
    AcceptedQuote,
    Feasibility,
    QuoteLine,
    ValidationContext,
    blocks,
    line_total,
    validate,
)
from tests.domain.orders import NOW, Desk, item, price

QUOTE = AcceptedQuote(
    quote_id="acme:quote-1",
    version=3,
    state="Accepted",
    valid_until=NOW + timedelta(days=30),
    approval_valid=True,
    proposal_document_hash="hash-1",
    currency="EUR",
    lines=(
        QuoteLine(line_id="line-a", total=Decimal("30.00")),
        QuoteLine(line_id="line-b", parent_line_id="line-a", total=Decimal("5.25")),
    ),
)
LINES = (
    item("a", price_components=(price("10.00", quantity=3),)),
    item("b", parent_item_id="a", price_components=(price("5.25"),)),
)


def desk(*lines: OrderItem, **fields: Any) -> Desk:
    base: dict[str, Any] = {
        "quote_id": "acme:quote-1",
        "quote_version": 3,
        "commercial": Commercial(currency="EUR", proposal_document_hash="hash-1"),
    }
    return Desk(*(lines or LINES), **{**base, **fields})


def findings(on: Desk, quote: AcceptedQuote | None = QUOTE, **known: Any) -> tuple[Finding, ...]:
    return validate(on.standing, ValidationContext(**{"checked_at": NOW, "quote": quote, **known}))


def codes(on: Desk, quote: AcceptedQuote | None = QUOTE, **known: Any) -> list[str]:
    return [finding.code for finding in findings(on, quote, **known)]


def test_an_order_that_fits_its_quote_has_no_findings() -> None:
    assert codes(desk()) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"version": 4}, "STALENESS_QUOTE_VERSION_MISMATCH"),
        ({"quote_id": "acme:quote-2"}, "STALENESS_QUOTE_VERSION_MISMATCH"),
        ({"state": "Presented"}, "STATE_QUOTE_NOT_ACCEPTED"),
        ({"valid_until": NOW - timedelta(seconds=1)}, "STALENESS_QUOTE_EXPIRED"),
        ({"approval_valid": False}, "STALENESS_APPROVAL"),
        ({"proposal_document_hash": "hash-2"}, "CONFLICT_PROPOSAL_HASH"),
        ({"currency": "USD"}, "CONFLICT_CURRENCY"),
    ],
)
def test_the_quote_is_the_accepted_one(change: dict[str, Any], code: str) -> None:
    """R446-R448, R450."""
    (finding,) = findings(desk(), QUOTE.model_copy(update=change))
    assert (finding.code, finding.stage, finding.severity) == (code, "COMMERCIAL", "BLOCKING")
    assert finding.message
    assert finding.remediation


def test_the_last_moment_of_a_quote_is_still_in_time() -> None:
    assert codes(desk(), QUOTE.model_copy(update={"valid_until": NOW})) == []


def test_an_order_that_names_a_quote_is_compared_with_one() -> None:
    """R446: knowing nothing of it is no reason to let it pass."""
    assert codes(desk(), None) == ["REFERENCE_QUOTE_UNKNOWN"]
    assert codes(desk(quote_id=None, quote_version=None), None) == []
    assert "STALENESS_QUOTE_VERSION_MISMATCH" in codes(desk(quote_id=None, quote_version=None))


def test_discounts_rest_on_evidence() -> None:
    """R449."""

    def with_discount(evidence: str | None) -> Desk:
        discount = Discount(percent=Decimal("10"), evidence_ref=evidence)
        first = item("a", price_components=(price("10.00", quantity=3, discounts=(discount,)),))
        return desk(first, LINES[1])

    assert codes(with_discount("promo-1")) == []
    assert codes(with_discount(None)) == ["POLICY_DISCOUNT_EVIDENCE"]


def test_lines_carry_the_accepted_totals_and_structure() -> None:
    """R451, R272."""
    dearer = item("a", price_components=(price("10.01", quantity=3),))
    assert codes(desk(dearer, LINES[1])) == ["CONFLICT_LINE_TOTAL"]
    flattened = LINES[1].model_copy(update={"parent_item_id": None})
    assert codes(desk(LINES[0], flattened)) == ["CONFLICT_HIERARCHY"]
    foreign = LINES[1].model_copy(update={"quote_line_id": "line-x"})
    assert codes(desk(LINES[0], foreign)) == ["REFERENCE_QUOTE_LINE_UNKNOWN", "CONFLICT_QUOTE_LINE_COUNT"]
    unmapped = LINES[1].model_copy(update={"quote_line_id": None})
    assert codes(desk(LINES[0], unmapped)) == ["REFERENCE_QUOTE_LINE_UNKNOWN", "CONFLICT_QUOTE_LINE_COUNT"]


def test_every_accepted_line_is_ordered_once_unless_a_transformation_was_approved() -> None:
    """R451."""
    assert codes(desk(LINES[0])) == ["CONFLICT_QUOTE_LINE_COUNT"]
    twice = LINES[1].model_copy(update={"item_id": "c", "line_number": 3})
    assert codes(desk(*LINES, twice)) == ["CONFLICT_QUOTE_LINE_COUNT"]
    assert codes(desk(LINES[0]), transformation_ref="approval-7") == []
    dearer = item("a", price_components=(price("10.01", quantity=3),))
    assert codes(desk(dearer), transformation_ref="approval-7") == ["CONFLICT_LINE_TOTAL"]


def test_totals_are_exact() -> None:
    components = (price("0.10", quantity=3), price("0.0001", "extra"))
    assert line_total(item("a", price_components=components)) == Decimal("0.3001")
    assert line_total(item("a")) == 0


@pytest.mark.parametrize(
    ("known", "code", "stage"),
    [
        ({"channel_allowed": False}, "AUTHORIZATION_CHANNEL", "ELIGIBILITY"),
        ({"eligible_offerings": frozenset({"acme:offering-a"})}, "POLICY_NOT_ELIGIBLE", "ELIGIBILITY"),
        ({"account_active": False}, "REFERENCE_ACCOUNT_INACTIVE", "ACCOUNT"),
        ({"billing_account_active": False}, "REFERENCE_BILLING_ACCOUNT_INACTIVE", "ACCOUNT"),
        ({"feasibility": Feasibility.FAILED}, "FEASIBILITY_NOT_DELIVERABLE", "FEASIBILITY"),
        ({"mapped_offerings": frozenset({"acme:offering-a"})}, "FEASIBILITY_NO_MAPPING", "DECOMPOSITION"),
    ],
)
def test_the_further_stages(known: dict[str, Any], code: str, stage: str) -> None:
    """R441-R444."""
    found = findings(desk(), **known)
    assert [(f.code, f.stage) for f in found] == [(code, stage)]
    assert blocks(found)


def test_feasibility_may_come_later() -> None:
    """R443: a warning that goes along with the acceptance."""
    found = findings(desk(), feasibility=Feasibility.PENDING)
    assert [(f.code, f.severity) for f in found] == [("FEASIBILITY_PENDING", "WARNING")]
    assert not blocks(found)
    on = desk().submitted()
    context = ValidationContext(checked_at=NOW, quote=QUOTE, feasibility=Feasibility.PENDING)
    assert on.send(c.AcceptProductOrder, context=context) == ["Accepted"]
    assert [f.code for f in on.events[-1].findings] == ["FEASIBILITY_PENDING"]  # type: ignore[attr-defined]


def test_all_stages_speak_at_once_in_their_order() -> None:
    """R439-R445: one answer names everything there is to mend."""
    found = findings(
        desk(),
        QUOTE.model_copy(update={"state": "Expired"}),
        channel_allowed=False,
        account_active=False,
        feasibility=Feasibility.FAILED,
        mapped_offerings=frozenset(),
    )
    stages = [f.stage for f in found]
    assert list(dict.fromkeys(stages)) == list(STAGES)
    for finding in found:
        assert Refusal(finding.code, "", remediation="").category in Category


def test_rejection_keeps_the_findings_as_evidence() -> None:
    """R206, R145."""
    on = desk().validating()
    context = ValidationContext(checked_at=NOW, quote=QUOTE.model_copy(update={"version": 4}))
    assert on.send(c.CompleteProductOrderValidation, context=context) == ["Rejected"]
    (finding,) = on.events[-1].findings  # type: ignore[attr-defined]
    assert finding.code == "STALENESS_QUOTE_VERSION_MISMATCH"
    assert on.state is HeaderState.REJECTED


def test_validation_changes_no_price_and_asks_no_catalogue() -> None:
    """R317, R318: what was accepted is carried, not computed again."""
    on = desk().submitted()
    before = {i: line.price_components for i, line in on.standing.items.items()}
    on.send(c.AcceptProductOrder, context=ValidationContext(checked_at=NOW, quote=QUOTE))
    assert {i: line.price_components for i, line in on.standing.items.items()} == before


def test_intake_checks_come_first() -> None:
    """R439: a quote without its version, and prices in two currencies."""
    for fields in ({"quote_version": None}, {"quote_id": None}):
        with pytest.raises(Refusal) as caught:
            desk(**fields)
        assert (caught.value.code, caught.value.stage) == ("STRUCTURAL_QUOTE_VERSION", "INTAKE")
    foreign = item("a", price_components=(price("1.00", currency="USD"),))
    with pytest.raises(Refusal) as currency:
        Desk(foreign)
    assert currency.value.code == "CONFLICT_CURRENCY"


def test_lines_without_work_are_validated_too() -> None:
    unmapped = item("b", Action.NO_CHANGE, parent_item_id="a", quote_line_id=None)
    assert codes(desk(LINES[0], unmapped)) == ["REFERENCE_QUOTE_LINE_UNKNOWN", "CONFLICT_QUOTE_LINE_COUNT"]
