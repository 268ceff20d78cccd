"""A quote from its first line to a yes, a no, or neither."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from decimal import Decimal

from compose.simulate import evidence
from compose.simulate.catalog import Catalog
from compose.simulate.chance import business_hours
from compose.simulate.clock import Signal
from compose.simulate.customers import Customer
from compose.simulate.offers import PROMOTION, offering_id, on_sale
from compose.simulate.people import CPQ, DESK_OF
from compose.simulate.voice import Voice
from domain.approval_case import commands as a
from domain.approval_case.authority import AUTHORITY_PERCENT_BY_LEVEL, level_for
from domain.approval_case.events import ApprovalInput
from domain.approval_case.states import ApprovalOutcome, EscalationCause
from domain.command import fingerprint
from domain.order_state.states import Action
from domain.price_calculation import commands as p
from domain.quote import commands as c
from domain.quote.price import price_request, priced, total_charges
from domain.quote.quote import Quote
from domain.quote.states import CheckResult
from domain.quote.structure import LineDraft
from domain.quote.validation import QuoteValidationContext

VALID = timedelta(days=21)
DECIDED_WITHIN = timedelta(hours=24)
REVISIONS_MAX = 4

Verdict = Generator["timedelta | Signal", None, bool]
"""A course of things that ends well or not."""


class Quoting:
    """One quote of a customer, with its calculations, its approval case and its evidence."""

    def __init__(self, voice: Voice, customer: Customer, catalog: Catalog, lines: tuple[LineDraft, ...]) -> None:
        self.voice = voice
        self.customer = customer
        self.catalog = catalog
        self.quote_id = voice.identity("quote")
        self._lines = lines
        self._calculations = 0
        self._cases = 0
        self._number = catalog.number_at(voice.now)
        self._promoted = (PROMOTION,) if voice.chance.happens(20) else ()
        self.fate = voice.chance.one({"yes": 82, "expires": 5, "cancelled": 5, "other": 4, "no": 4})

    @property
    def quote(self) -> Quote:
        """The quote as it stands."""
        found: Quote = self.voice.standing("Quote", self.quote_id)
        return found

    def run(self) -> Verdict:
        """Offer, until the customer says yes or the matter ends; whether they said yes."""
        voice = self.voice
        terms = self.customer.terms(voice.now + VALID, self._promoted)
        number = f"Q-{voice.number:06}"
        publication = self.catalog.publication_id(self._number)
        fields = {"quote_number": number, "catalog_publication_id": publication, "terms": terms, "lines": self._lines}
        voice.send(c.CreateQuote, self.customer.seller, self.quote_id, **fields)
        for _ in range(REVISIONS_MAX):
            if not (yield from self._offered()):
                return False
            if self.fate != "yes":
                yield from self._ended()
                return False
            yield voice.chance.about(timedelta(hours=20))
            if self._number == self.catalog.number_at(voice.now):
                break
            if not self._revised():
                return False
        else:
            self._cancel("TOO_MANY_REVISIONS")
            return False
        self._accept()
        return True

    def _offered(self) -> Verdict:
        """Configure, price, check, have approved and present; whether it could be presented."""
        voice, seller = self.voice, self.customer.seller
        voice.send(c.ConfigureQuote, seller, self.quote_id)
        yield voice.chance.minutes(1, 20)
        yield from self._priced()
        yield from self._validated()
        quote = self.quote
        assert quote.price is not None
        if quote.price.needs_approval:
            allowed = yield from self._approved()
            if not allowed:
                return False
        yield voice.chance.minutes(5, 90)
        if self._number != self.catalog.number_at(voice.now):
            return self._revised() and (yield from self._offered())
        document = {"proposal_document_ref": f"{self.quote_id}/proposal-{quote.quote_version}"}
        document |= {"document_content_hash": fingerprint({"proposal": self.quote_id, "revision": quote.quote_version})}
        shown = {"terms_version": "terms-2026-01", "presented_to": self.customer.buyer.actor_id}
        voice.send(c.PresentQuote, seller, self.quote_id, **document, **shown)
        return True

    def _revised(self) -> bool:
        """Offer the same from the publication that is in force now; whether all of it is still sold."""
        self._number = self.catalog.number_at(self.voice.now)
        sold = {offering_id(self.voice.tenant, code) for code in on_sale(self._number)}
        if any(line.action is Action.ADD and line.offering_id not in sold for line in self._lines):
            self._cancel("NO_LONGER_SOLD")
            return False
        self._revise("NEW_CATALOG")
        return True

    def _revise(self, reason: str) -> None:
        lines = tuple(line.model_copy(update={"offering_version": str(self._number)}) for line in self._lines)
        terms = self.customer.terms(self.voice.now + VALID, self._promoted)
        fields = {"catalog_publication_id": self.catalog.publication_id(self._number), "terms": terms, "lines": lines}
        self._lines = lines
        self.voice.send(c.ReviseQuote, self.customer.seller, self.quote_id, reason_code=reason, **fields)

    def _priced(self) -> Generator[timedelta]:
        voice, quote = self.voice, self.quote
        self._calculations += 1
        calculation_id = voice.identity("price", f"-{self._calculations}")
        asked = {
            "quote_id": self.quote_id,
            "quote_version": quote.quote_version,
            "catalog_publication_id": quote.catalog_publication_id,
            "request": price_request(quote.terms, quote.lines.values(), voice.now),
        }
        book = self.catalog.book(self._number, self.customer.market)
        if voice.chance.happens(3):
            failed = {"failure_code": "DOWNSTREAM_TIMEOUT_PRICING"}
            voice.send(p.FailPriceCalculation, CPQ, calculation_id, **asked, **failed)
            yield voice.chance.minutes(1, 10)
            voice.send(p.RecalculatePrice, CPQ, calculation_id, price_book=book)
        else:
            voice.send(p.CalculatePrice, CPQ, calculation_id, **asked, price_book=book)
        found = priced(voice.standing("PriceCalculation", calculation_id))
        voice.send(c.PriceQuote, CPQ, self.quote_id, price=found.price, lines=found.lines)

    def _validated(self) -> Generator[timedelta]:
        voice = self.voice
        offered = frozenset(line.offering_id for line in self._lines)
        known = QuoteValidationContext(
            checked_at=voice.now,
            catalog_publication_id=self.catalog.publication_id(self._number),
            active_offerings=frozenset(offering_id(voice.tenant, code) for code in on_sale(self._number)),
            eligible_offerings=offered,
        )
        if voice.chance.happens(4):
            early = known.model_copy(update={"eligible_offerings": frozenset()})
            voice.send(c.ValidateQuote, CPQ, self.quote_id, context=early)
            yield voice.chance.minutes(30, 300)
        voice.send(c.ValidateQuote, CPQ, self.quote_id, context=known)
        assert all(line.validation_result is CheckResult.PASSED for line in self.quote.lines.values())

    def _approved(self) -> Verdict:
        """Have the discount allowed; without that, offer less of it."""
        voice, quote = self.voice, self.quote
        assert quote.price is not None
        self._cases += 1
        case_id = voice.identity("approval", f"-{self._cases}")
        asked = ApprovalInput(
            price_calculation_id=quote.price.calculation_id,
            price_fingerprint=quote.price.price_fingerprint,
            configuration_fingerprint=quote.configuration_fingerprint or "",
            discount_percent=quote.price.discount_percent,
            discount_limit_percent=quote.price.discount_limit_percent,
            charges=total_charges(quote.lines.values(), quote.terms.currency),
            justification="offer of a competitor",
        )
        about = {"quote_id": self.quote_id, "quote_version": quote.quote_version, "account_id": quote.account_id}
        due = voice.now + DECIDED_WITHIN
        voice.send(a.RequestApproval, self.customer.seller, case_id, **about, input=asked, due_at=due)
        voice.send(c.SubmitQuoteForApproval, self.customer.seller, self.quote_id, approval_case_id=case_id)
        answer = voice.chance.one({"yes": 72, "escalated": 10, "no": 10, "silence": 8})
        if answer == "silence":
            yield DECIDED_WITHIN + voice.chance.minutes(1, 30)
            voice.send(a.ExpireApproval, CPQ, case_id)
        else:
            yield voice.chance.minutes(20, 400)
            self._decided(case_id, asked.discount_percent, answer)
            if answer != "no":
                return True
        yield voice.chance.minutes(30, 600)
        lower = {"manual_discount_percent": Decimal(10)}
        self._lines = tuple(
            line.model_copy(update=lower) if line.manual_discount_percent else line for line in self._lines
        )
        self._revise("DISCOUNT_NOT_ALLOWED")
        voice.send(c.ConfigureQuote, self.customer.seller, self.quote_id)
        yield from self._priced()
        yield from self._validated()
        return True

    def _decided(self, case_id: str, percent: Decimal, answer: str) -> None:
        voice, level = self.voice, level_for(percent)
        if answer == "escalated" and level != "finance-director":
            level = "finance-director"
            cause, due = EscalationCause.CONFLICT_OF_INTEREST, voice.now + DECIDED_WITHIN
            voice.send(a.EscalateApproval, CPQ, case_id, to_level=level, cause=cause, due_at=due)
        outcome = ApprovalOutcome.REJECTED if answer == "no" else ApprovalOutcome.APPROVED
        voice.send(
            a.DecideApproval,
            DESK_OF[level],
            case_id,
            outcome=outcome,
            authority_percent=AUTHORITY_PERCENT_BY_LEVEL[level],
            justification="margin looked at",
            valid_until=voice.now + VALID + DECIDED_WITHIN,
            reason_code="MARGIN" if answer == "no" else "COMPETITION",
        )
        found = voice.standing("ApprovalCase", case_id).evidence
        kind = c.RejectQuote if answer == "no" else c.ApproveQuote
        voice.send(kind, CPQ, self.quote_id, evidence=found, reason_code="DECIDED_BY_DESK")

    def _ended(self) -> Generator[timedelta]:
        voice = self.voice
        if self.fate == "expires":
            yield self.quote.terms.valid_until - voice.now + voice.chance.minutes(1, 60)
            voice.send(c.ExpireQuote, CPQ, self.quote_id)
            return
        yield voice.chance.about(timedelta(hours=30))
        if self.fate == "other":
            other = f"{self.quote_id}-alternative"
            publication = self.catalog.publication_id(self.catalog.number_at(voice.now))
            fields: dict[str, object] = {"quote_number": f"Q-{voice.number:06}-B"}
            fields |= {"quote_family_id": self.quote.quote_family_id}
            fields |= {"cloned_from_quote_id": self.quote_id, "cloned_from_version": self.quote.quote_version}
            terms = self.customer.terms(voice.now + VALID)
            about = {"catalog_publication_id": publication, "terms": terms}
            voice.send(c.CreateQuote, self.customer.seller, other, **fields, **about)
            voice.send(c.SupersedeQuote, self.customer.seller, self.quote_id, by_quote_id=other, by_version=1)
            yield voice.chance.minutes(60, 900)
            voice.send(c.CancelQuote, self.customer.seller, other, reason_code="CUSTOMER_LEFT")
            return
        self._cancel("CUSTOMER_SAID_NO" if self.fate == "no" else "WITHDRAWN")

    def _cancel(self, reason: str) -> None:
        self.voice.send(c.CancelQuote, self.customer.seller, self.quote_id, reason_code=reason)

    def _accept(self) -> None:
        voice, quote = self.voice, self.quote
        assert quote.price is not None
        assert quote.proposal is not None
        buyer = self.customer.buyer
        voice.send(
            c.AcceptQuote,
            buyer,
            self.quote_id,
            quote_family_id=quote.quote_family_id,
            quote_version=quote.quote_version,
            supersedes_version=quote.last_accepted_version,
            price_fingerprint=quote.price.price_fingerprint,
            proposal_document_hash=quote.proposal.document_hash,
            accepted_by=buyer.actor_id,
            signature_envelope_id=f"{self.quote_id}/signature",
        )
        voice.spawn(evidence.collect(voice, self.quote))

    def business_hours(self) -> timedelta:
        """How long until the customer's office is open."""
        return business_hours(self.voice.now, self.customer.market.utc_offset_hours)
