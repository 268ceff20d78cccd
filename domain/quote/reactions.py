"""Which events each command leads to, as drafts: the machine stamps what all events carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from domain.fingerprints import proposal_hash
from domain.machine import Draft
from domain.ownership.corrections import CorrectionKind
from domain.quote import commands as c
from domain.quote import events as e
from domain.quote.lines import accepted, configuration_of, configured, drafted, with_prices
from domain.quote.price import total_charges
from domain.quote.quote import Quote
from domain.quote.states import CorrectionStatus, QuoteState
from domain.quote.structure import Correction, LineDraft, QuoteTerms
from domain.quote.validation import blocks, validate

_SHOWN = frozenset({QuoteState.PRESENTED, QuoteState.ACCEPTED})


def _create(_: None, command: c.CreateQuote) -> list[Draft]:
    fields = {
        "cloned_from_quote_id": command.cloned_from_quote_id,
        "cloned_from_version": command.cloned_from_version,
        "terms": command.terms,
        "lines": drafted(command.lines),
    }
    return [Draft(e.QuoteCreated, fields)]


def _revise(quote: Quote, command: c.ReviseQuote) -> list[Draft]:
    return _revision(quote, command.catalog_publication_id, command.terms, command.lines)


def _revision(quote: Quote, publication_id: str, terms: QuoteTerms, lines: Sequence[LineDraft]) -> list[Draft]:
    """A new revision; what somebody outside has seen of the one before is superseded first (R5)."""
    following = quote.quote_version + 1
    superseded = Draft(
        e.QuoteSuperseded,
        {
            "superseded_version": quote.quote_version,
            "superseded_by_quote_id": quote.quote_id,
            "superseded_by_version": following,
        },
    )
    revised = Draft(
        e.QuoteRevised,
        {
            "quote_version": following,
            "account_id": terms.parties.account_id,
            "catalog_publication_id": publication_id,
            "terms": terms,
            "lines": drafted(lines),
        },
    )
    return [superseded, revised] if quote.state in _SHOWN else [revised]


def _configure(quote: Quote, command: c.ConfigureQuote) -> list[Draft]:
    chosen = {x.line_id: x.configuration for x in command.configurations}
    lines = configured(tuple(quote.lines.values()), chosen)
    return [Draft(e.QuoteConfigured, {"lines": lines, "configuration_fingerprint": configuration_of(lines)})]


def _of_price(quote: Quote) -> dict[str, Any]:
    assert quote.price is not None
    return {
        "price_fingerprint": quote.price.price_fingerprint,
        "configuration_fingerprint": quote.configuration_fingerprint,
        "discount_percent": quote.price.discount_percent,
        "discount_limit_percent": quote.price.discount_limit_percent,
    }


def _price(quote: Quote, command: c.PriceQuote) -> list[Draft]:
    price = command.price
    prices = {line.line_id: line for line in command.lines}
    lines = with_prices(quote.lines.values(), prices, price.tax_boundary)
    fields = {
        "price_fingerprint": price.price_fingerprint,
        "configuration_fingerprint": quote.configuration_fingerprint,
        "discount_percent": price.discount_percent,
        "discount_limit_percent": price.discount_limit_percent,
        "calculation_id": price.calculation_id,
        "currency": price.currency,
        "tax_boundary": price.tax_boundary,
        "price_expires_at": price.expires_at,
        "lines": lines,
        "charges": total_charges(lines, price.currency),
    }
    return [Draft(e.QuotePriced, fields)]


def _validate(quote: Quote, command: c.ValidateQuote) -> list[Draft]:
    findings, results = validate(quote, command.context)
    event = e.QuoteValidationFailed if blocks(findings) else e.QuoteValidated
    fields = {"checked_at": command.context.checked_at, "line_results": results, "findings": findings}
    return [Draft(event, fields)]


def _submit(quote: Quote, command: c.SubmitQuoteForApproval) -> list[Draft]:
    about = {"approval_case_id": command.approval_case_id, "submitted_by": command.actor.actor_id}
    return [Draft(e.QuoteSubmittedForApproval, {**_of_price(quote), **about})]


def _decided(event: type[e.QuoteEvent]) -> Callable[[Quote, Any], list[Draft]]:
    def react(_: Quote, command: c.ApproveQuote | c.RejectQuote) -> list[Draft]:
        evidence = command.evidence
        fields = {
            "approval_case_id": evidence.approval_case_id,
            "evidence": evidence,
            "approval_fingerprint": evidence.fingerprint,
        }
        return [Draft(event, fields)]

    return react


def _present(quote: Quote, command: c.PresentQuote) -> list[Draft]:
    prices = _of_price(quote)
    package = proposal_hash(
        quote_id=quote.quote_id,
        quote_version=quote.quote_version,
        price=prices["price_fingerprint"],
        configuration=prices["configuration_fingerprint"],
        document_content_hash=command.document_content_hash,
        terms_version=command.terms_version,
    )
    fields = {
        **prices,
        "proposal_document_ref": command.proposal_document_ref,
        "document_content_hash": command.document_content_hash,
        "terms_version": command.terms_version,
        "proposal_document_hash": package,
        "approval_fingerprint": quote.approval_fingerprint(),
        "presented_to": command.presented_to,
        "valid_until": quote.terms.valid_until,
    }
    return [Draft(e.QuotePresented, fields)]


def _accept(quote: Quote, command: c.AcceptQuote) -> list[Draft]:
    assert quote.proposal is not None
    assert quote.price is not None
    case_id = quote.approval_case_id if quote.approval_covers_price else None
    fields = {
        **_of_price(quote),
        "terms": quote.terms,
        "lines": accepted(quote.lines.values(), case_id),
        "charges": total_charges(quote.lines.values(), quote.terms.currency),
        "calculation_id": quote.price.calculation_id,
        "approval_fingerprint": quote.approval_fingerprint(),
        "approval_case_id": case_id,
        "proposal_document_ref": quote.proposal.document_ref,
        "proposal_document_hash": quote.proposal.document_hash,
        "terms_version": quote.proposal.terms_version,
        "accepted_by": command.accepted_by,
        "signature_envelope_id": command.signature_envelope_id,
        "valid_until": quote.terms.valid_until,
    }
    return [Draft(e.QuoteAccepted, fields)]


def _supersede(quote: Quote, command: c.SupersedeQuote) -> list[Draft]:
    fields = {
        "superseded_version": quote.quote_version,
        "superseded_by_quote_id": command.by_quote_id,
        "superseded_by_version": command.by_version,
    }
    return [Draft(e.QuoteSuperseded, fields)]


def _convert(quote: Quote, command: c.ConvertQuoteToOrder) -> list[Draft]:
    assert quote.accepted is not None
    fields = {
        "order_id": command.order_id,
        "order_number": command.order_number,
        "converted_at": command.converted_at,
        "price_fingerprint": quote.accepted.price_fingerprint,
        "proposal_document_hash": quote.accepted.proposal_document_hash,
    }
    return [Draft(e.QuoteConvertedToOrder, fields)]


def _fail_conversion(_: Quote, command: c.FailQuoteConversion) -> list[Draft]:
    named = ("failure_code", "stage", "message", "order_id")
    return [Draft(e.QuoteConversionFailed, {name: getattr(command, name) for name in named})]


def _request_correction(_: Quote, command: c.RequestQuoteCorrection) -> list[Draft]:
    correction = Correction(
        correction_id=command.correction_id,
        kind=command.correction_kind,
        status=CorrectionStatus.REQUESTED,
        corrected_version=command.corrected_version,
        subject=command.subject,
        line_id=command.line_id,
        original=command.original,
        corrected=command.corrected,
        justification=command.justification,
        evidence_ref=command.evidence_ref,
        requested_by=command.actor.actor_id,
    )
    return [Draft(e.QuoteCorrectionRequested, {"correction": correction})]


def _approve_correction(quote: Quote, command: c.ApproveQuoteCorrection) -> list[Draft]:
    update = {"status": CorrectionStatus.APPROVED, "approved_by": command.actor.actor_id}
    correction = quote.corrections[command.correction_id].model_copy(update=update)
    return [Draft(e.QuoteCorrectionApproved, {"correction": correction})]


def _apply_correction(quote: Quote, command: c.ApplyQuoteCorrection) -> list[Draft]:
    """What was agreed commercially is not mended in place: an accepted quote is revised from here (R290, R499)."""
    update = {"status": CorrectionStatus.APPLIED, "applied_by": command.actor.actor_id}
    correction = quote.corrections[command.correction_id].model_copy(update=update)
    fields: dict[str, Any] = {"correction": correction}
    if correction.kind is CorrectionKind.IDENTITY and correction.subject == "account_id":
        fields["account_id"] = correction.corrected
    drafts = [Draft(e.QuoteCorrectionApplied, fields)]
    if correction.kind is CorrectionKind.COMMERCIAL and quote.state is QuoteState.ACCEPTED:
        drafts += _revision(quote, quote.catalog_publication_id, quote.terms, tuple(quote.lines.values()))
    return drafts


REACTIONS: Mapping[str, Callable[[Any, Any], Sequence[Draft]]] = {
    "CreateQuote": _create,
    "ReviseQuote": _revise,
    "ConfigureQuote": _configure,
    "PriceQuote": _price,
    "ValidateQuote": _validate,
    "SubmitQuoteForApproval": _submit,
    "ApproveQuote": _decided(e.QuoteApproved),
    "RejectQuote": _decided(e.QuoteRejected),
    "PresentQuote": _present,
    "AcceptQuote": _accept,
    "ExpireQuote": lambda quote, _: [Draft(e.QuoteExpired, {"valid_until": quote.terms.valid_until})],
    "CancelQuote": lambda _, __: [Draft(e.QuoteCancelled)],
    "SupersedeQuote": _supersede,
    "ConvertQuoteToOrder": _convert,
    "FailQuoteConversion": _fail_conversion,
    "RequestQuoteCorrection": _request_correction,
    "ApproveQuoteCorrection": _approve_correction,
    "ApplyQuoteCorrection": _apply_correction,
}
