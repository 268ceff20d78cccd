"""A desk for quotes: every command is well formed for the quote as it stands, unless the test says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.approval_case.authority import AuthorityLimit, level_for
from domain.approval_case.evidence import ApprovalEvidence
from domain.approval_case.states import ApprovalOutcome
from domain.command import Actor, Command
from domain.order_state.states import Action
from domain.ownership.corrections import CORRECTION_RULES, CorrectionKind
from domain.price_calculation.aggregate import PRICE_CALCULATION
from domain.price_calculation.commands import CalculatePrice
from domain.pricing.price_book import PriceBook
from domain.product_order.structure import Parties
from domain.quote import commands as c
from domain.quote.aggregate import MACHINE, QUOTE
from domain.quote.price import Priced, price_request, priced
from domain.quote.quote import Quote
from domain.quote.states import QuoteState
from domain.quote.structure import CustomerSnapshot, LineDraft, QuoteTerms
from domain.quote.validation import QuoteValidationContext
from tests.domain.desk import Desk
from tests.domain.machine_walk import NOW
from tests.domain.price_books import BOOK, PUBLICATION

ID = "acme:quote-1"
CASE = "acme:approval-1"
DAY = timedelta(days=1)

PARTIES = Parties(
    customer_id="acme:cust-1",
    account_id="acme:acc-1",
    billing_account_id="acme:bill-1",
    payer_id="acme:payer-1",
    sold_to_id="acme:sold-1",
    bill_to_id="acme:billto-1",
    ship_to_id="acme:site-1",
    service_account_id="acme:service-1",
)
CUSTOMER = CustomerSnapshot(
    customer_id="acme:cust-1",
    account_id="acme:acc-1",
    display_name="Example Ltd",
    segment="ENTERPRISE",
    channel="direct",
    sales_owner_ref="acme:seller-7",
    billing_account_id="acme:bill-1",
    eligibility_attributes={"credit": "A"},
)


def terms(**more: Any) -> QuoteTerms:
    base: dict[str, Any] = {
        "parties": PARTIES,
        "customer": CUSTOMER,
        "currency": "EUR",
        "term_months": 36,
        "contract_ref": "acme:contract-1",
        "price_list_ref": "book-eu",
        "sales_rep_ref": "acme:seller-7",
        "valid_until": NOW + 20 * DAY,
    }
    return QuoteTerms(**{**base, **more})


def draft(offering: str, number: int, **more: Any) -> LineDraft:
    base: dict[str, Any] = {
        "line_id": f"line-{offering}",
        "line_number": number,
        "offering_id": offering,
        "offering_version": "3",
        "offering_name": offering.capitalize(),
        "specification_id": f"spec-{offering}",
    }
    return LineDraft(**{**base, **more})


def access_bundle(discount: str = "0") -> tuple[LineDraft, ...]:
    """Access with a router and a static address under it, and traffic beside it."""
    percent = Decimal(discount)
    reason = "Competitor's offer" if percent else None
    return (
        draft(
            "access",
            1,
            configuration={"speed": "100"},
            manual_discount_percent=percent,
            manual_discount_periods=12 if percent else None,
            manual_discount_reason=reason,
        ),
        draft("router", 2, parent_line_id="line-access", quantity=2),
        draft(
            "static-ip",
            3,
            parent_line_id="line-access",
            depends_on=("line-access",),
            billed_through_line_id="line-access",
        ),
        draft("traffic", 4, expected_usage=650),
        draft("seat", 5, action=Action.NO_CHANGE, product_instance_id="acme:installed/seat"),
    )


def price_of(quote: Quote, at: datetime, book: PriceBook = BOOK) -> Priced:
    """The quote priced as CPQ does it, through a calculation of its own."""
    command = CalculatePrice(
        aggregate_id="acme:calculation-1",
        command_id="calculate",
        actor=Actor(actor_id="pricing", role="cpq", system="cpq"),
        correlation_id="corr-1",
        quote_id=quote.quote_id,
        quote_version=quote.quote_version,
        catalog_publication_id=quote.catalog_publication_id,
        request=price_request(quote.terms, quote.lines.values(), at),
        price_book=book,
    )
    (event,) = PRICE_CALCULATION.decide(None, command, at)
    return priced(PRICE_CALCULATION.evolve(None, event))


def evidence(quote: Quote, outcome: ApprovalOutcome = ApprovalOutcome.APPROVED, **more: Any) -> ApprovalEvidence:
    """A decision about the quote as it stands, by somebody with the authority for it."""
    percent = quote.price.discount_percent if quote.price else Decimal(0)
    level = level_for(percent)
    base: dict[str, Any] = {
        "approval_case_id": quote.approval_case_id or CASE,
        "quote_id": quote.quote_id,
        "quote_version": quote.quote_version,
        "price_fingerprint": quote.price.price_fingerprint if quote.price else "none",
        "discount_percent": percent,
        "discount_limit_percent": quote.price.discount_limit_percent if quote.price else Decimal(0),
        "outcome": outcome,
        "requested_by": quote.submitted_by or "nobody",
        "decided_by": f"{level}-9",
        "authority_limit": AuthorityLimit(level=level, discount_percent=percent),
        "valid_until": NOW + 15 * DAY,
    }
    return ApprovalEvidence(**{**base, **more})


CREATION: dict[str, Any] = {
    "quote_number": "Q-1",
    "catalog_publication_id": PUBLICATION,
    "terms": terms(),
    "lines": access_bundle(),
}
CONTEXT = QuoteValidationContext(
    checked_at=NOW,
    catalog_publication_id=PUBLICATION,
    eligible_offerings=frozenset({"access", "router", "static-ip", "traffic", "seat"}),
)
CORRECTION: dict[str, Any] = {
    "correction_id": "correction-1",
    "correction_kind": CorrectionKind.HISTORICAL,
    "corrected_version": 1,
    "subject": "signature_envelope_id",
    "original": "envelope-1",
    "corrected": "envelope-2",
    "evidence_ref": "acme:log-7",
    "justification": "The provider's log names the other one",
    "reason_code": "WRONG_EVIDENCE",
}
_NO_QUOTE = "no quote yet"


def _acceptance(quote: Quote) -> dict[str, Any]:
    return {
        "quote_family_id": quote.quote_family_id,
        "quote_version": quote.quote_version,
        "supersedes_version": quote.last_accepted_version,
        "price_fingerprint": quote.price.price_fingerprint if quote.price else _NO_QUOTE,
        "proposal_document_hash": quote.proposal.document_hash if quote.proposal else _NO_QUOTE,
        "accepted_by": "Kim Customer",
        "signature_envelope_id": "envelope-1",
    }


def _conversion(quote: Quote, now: datetime) -> dict[str, Any]:
    return {
        "quote_version": quote.quote_version,
        "order_id": "acme:order-77",
        "order_number": "PO-77",
        "converted_at": now,
        "price_fingerprint": quote.price.price_fingerprint if quote.price else _NO_QUOTE,
    }


def _pricing(quote: Quote, now: datetime) -> dict[str, Any]:
    found = price_of(quote, now)
    return {"price": found.price, "lines": found.lines}


def _approver(quote: Quote) -> str:
    """A role that may approve the first correction."""
    found = quote.corrections.get("correction-1")
    return min(CORRECTION_RULES[found.kind if found else CorrectionKind.HISTORICAL].approvers)


FIELDS: dict[type[Command], Callable[[Quote, datetime], dict[str, Any]]] = {
    c.ReviseQuote: lambda quote, _: {
        "catalog_publication_id": quote.catalog_publication_id,
        "terms": quote.terms,
        "lines": access_bundle(),
        "reason_code": "NEW_WISH",
    },
    c.ConfigureQuote: lambda quote, _: {
        "configurations": tuple(
            c.LineConfiguration(line_id=line.line_id, configuration={"speed": "1000"})
            for line in quote.lines.values()
            if line.offering_id == "access"
        )
    },
    c.PriceQuote: _pricing,
    c.ValidateQuote: lambda _, __: {"context": CONTEXT},
    c.SubmitQuoteForApproval: lambda _, __: {"approval_case_id": CASE},
    c.ApproveQuote: lambda quote, _: {"evidence": evidence(quote), "role": "cpq", "reason_code": "COMPETITION"},
    c.RejectQuote: lambda quote, _: {
        "evidence": evidence(quote, ApprovalOutcome.REJECTED),
        "role": "cpq",
        "reason_code": "TOO_MUCH",
    },
    c.PresentQuote: lambda _, __: {
        "proposal_document_ref": "acme:document-1",
        "document_content_hash": "d" * 64,
        "terms_version": "terms-2026-01",
        "presented_to": "Kim Customer",
    },
    c.AcceptQuote: lambda quote, _: {**_acceptance(quote), "role": "customer"},
    c.ExpireQuote: lambda _, __: {},
    c.CancelQuote: lambda _, __: {"reason_code": "NOT_WANTED"},
    c.SupersedeQuote: lambda _, __: {"by_quote_id": "acme:quote-2", "by_version": 1},
    c.ConvertQuoteToOrder: _conversion,
    c.FailQuoteConversion: lambda quote, _: {
        "quote_version": quote.quote_version,
        "failure_code": "FEASIBILITY_NOT_DELIVERABLE",
        "stage": "FEASIBILITY",
        "message": "No line to the site.",
    },
    c.RequestQuoteCorrection: lambda _, __: {**CORRECTION, "role": "support"},
    c.ApproveQuoteCorrection: lambda quote, _: {
        "correction_id": "correction-1",
        "role": _approver(quote),
        "reason_code": "PROVEN",
    },
    c.ApplyQuoteCorrection: lambda _, __: {"correction_id": "correction-1", "role": "data-steward"},
}
"""Well-formed fields of every command on a standing quote, from the quote and the time."""

PATHS: dict[QuoteState, tuple[type[Command], ...]] = {
    QuoteState.DRAFT: (),
    QuoteState.CONFIGURED: (c.ConfigureQuote,),
    QuoteState.PRICED: (c.ConfigureQuote, c.PriceQuote),
    QuoteState.VALIDATED: (c.ConfigureQuote, c.PriceQuote, c.ValidateQuote),
    QuoteState.IN_REVIEW: (c.ConfigureQuote, c.PriceQuote, c.ValidateQuote, c.SubmitQuoteForApproval),
}
PATHS[QuoteState.APPROVED] = (*PATHS[QuoteState.IN_REVIEW], c.ApproveQuote)
PATHS[QuoteState.REJECTED] = (*PATHS[QuoteState.IN_REVIEW], c.RejectQuote)
PATHS[QuoteState.PRESENTED] = (*PATHS[QuoteState.APPROVED], c.PresentQuote)
PATHS[QuoteState.ACCEPTED] = (*PATHS[QuoteState.PRESENTED], c.AcceptQuote)
PATHS[QuoteState.CONVERTED] = (*PATHS[QuoteState.ACCEPTED], c.ConvertQuoteToOrder)


class QuoteDesk(Desk):
    """Sends commands to one quote; what they carry follows the quote."""

    def __init__(self, **creation: Any) -> None:
        super().__init__(QUOTE, MACHINE, {}, creation.pop("aggregate_id", ID))
        self.send(c.CreateQuote, role="sales", **{**CREATION, **creation})

    @property
    def quote(self) -> Quote:
        found: Quote = self.state
        return found

    def command(self, kind: type[Command], **fields: Any) -> Any:
        made = FIELDS[kind](self.quote, self.now) if kind in FIELDS else {}
        self.samples = {kind: {}}
        row = MACHINE.rows[kind.__name__]
        role = {"role": "sales"} if "sales" in row.roles else {}
        return super().command(kind, **{**role, **made, **fields})

    def go(self, *kinds: type[Command]) -> QuoteDesk:
        for kind in kinds:
            self.send(kind)
        return self


def quote_in(state: QuoteState, discount: str = "25", **creation: Any) -> QuoteDesk:
    """A quote that needed approval (or not, by its discount) on its way to a state."""
    desk = QuoteDesk(**{"lines": access_bundle(discount), **creation})
    match state:
        case QuoteState.INVALID:
            desk.go(*PATHS[QuoteState.PRICED])
            desk.send(c.ValidateQuote, context=CONTEXT.model_copy(update={"account_active": False}))
        case QuoteState.CANCELLED:
            desk.go(c.CancelQuote)
        case QuoteState.SUPERSEDED:
            desk.go(c.SupersedeQuote)
        case QuoteState.EXPIRED:
            desk.now = NOW + 21 * DAY
            desk.go(c.ExpireQuote)
        case _:
            desk.go(*PATHS[state])
    assert desk.quote.state is state
    return desk
