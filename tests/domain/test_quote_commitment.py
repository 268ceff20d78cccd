"""Accepting, superseding and correcting a commitment (R287-R293, R323, R487, R497-R503)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.command import ClaimKind, Command
from domain.fingerprints import line_fingerprint, line_price_fingerprint, price_fingerprint, proposal_hash
from domain.ownership.corrections import CORRECTION_RULES, CorrectionKind
from domain.quote import commands as c
from domain.quote.aggregate import QUOTE, claims
from domain.quote.cloning import clone
from domain.quote.commitment import CORRECTABLE, CORRECTION_APPROVER_ROLES
from domain.quote.events import QuoteCreated
from domain.quote.lines import configuration_of, schedule_of
from domain.quote.states import CheckResult, CorrectionStatus, QuoteState
from tests.domain.machine_walk import NOW
from tests.domain.orders import actor
from tests.domain.price_books import PUBLICATION
from tests.domain.quotes import CASE, CORRECTION, DAY, PATHS, QuoteDesk, access_bundle, quote_in, terms


def code(desk: QuoteDesk, kind: type[Command], **fields: Any) -> str:
    return desk.refused(kind, **fields).code


def test_an_acceptance_carries_each_line_whole_and_the_four_fingerprints() -> None:
    """R17, R95-R98, R111-R117: whoever reads it needs no other event."""
    desk = quote_in(QuoteState.ACCEPTED)
    event = desk.last
    prints = {line.line_id: line_price_fingerprint(line.line_id, line.price_components) for line in event.lines}
    assert {line.line_id: line.price_fingerprint for line in event.lines} == prints
    assert event.price_fingerprint == price_fingerprint("EUR", prints)
    assert event.configuration_fingerprint == configuration_of(event.lines)
    assert desk.quote.approval is not None
    assert event.approval_fingerprint == desk.quote.approval.fingerprint
    assert event.proposal_document_hash == proposal_hash(
        quote_id=event.quote_id,
        quote_version=1,
        price=event.price_fingerprint,
        configuration=event.configuration_fingerprint,
        document_content_hash="d" * 64,
        terms_version=event.terms_version,
    )
    for line in event.lines:
        assert line.discount_schedule == schedule_of(line.price_components)
        assert line.line_fingerprint == line_fingerprint(
            line.line_id,
            parent_line_id=line.parent_line_id,
            action=line.action,
            configuration=line.configuration_fingerprint,
            price=line.price_fingerprint,
        )
    assert (event.accepted_by, event.signature_envelope_id) == ("Kim Customer", "envelope-1")
    assert (event.approval_case_id, event.calculation_id) == (CASE, "acme:calculation-1")


def test_every_discount_of_an_accepted_line_has_its_evidence() -> None:
    """R288, R449: what was beyond the limit rests on the approval, the rest on its rule."""
    access, router, *_ = quote_in(QuoteState.ACCEPTED).last.lines
    assert {d.evidence_ref for d in access.discount_schedule} == {CASE}
    assert access.override.evidence_ref == CASE
    assert {d.evidence_ref for d in router.discount_schedule} == {"access-and-router@1"}
    within, *_ = quote_in(QuoteState.PRESENTED, "10").quote.lines.values()
    assert {d.evidence_ref for d in within.discount_schedule} == {"discount-policy@3"}


def test_the_snapshot_is_complete() -> None:
    """R487: the thirteen things an accepted line must show of the time it was priced in."""
    event = quote_in(QuoteState.ACCEPTED).last
    line = event.lines[0]
    base = {component.component_id: str(component.price.amount) for component in line.price_components}
    charges = {charge.kind.value: str(charge.amount.amount) for charge in line.charges}
    snapshot = {
        "offering id and version": (line.offering_id, line.offering_version),
        "selected characteristics": line.configuration,
        "selected bundled items": line.bundled_line_ids,
        "price version": line.price_version,
        "base price": base,
        "discount": [str(d.percent) for d in line.discount_schedule],
        "one-time charge": charges["ONE_TIME"],
        "recurring charge": charges["RECURRING"],
        "tax placeholder": line.tax_treatment.split(":")[0],
        "approval-sensitive override": (str(line.override.percent), line.override.reason),
        "eligibility result": line.eligibility_result,
        "validation result": line.validation_result,
        "quote validity": event.valid_until,
    }
    assert snapshot == {
        "offering id and version": ("access", "3"),
        "selected characteristics": {"speed": "1000"},
        "selected bundled items": ("line-router", "line-static-ip"),
        "price version": "book-eu@2026.1",
        "base price": {"monthly": "349.00", "install": "99.00"},
        "discount": ["25", "25"],
        "one-time charge": "74.25",
        "recurring charge": "261.75",
        "tax placeholder": "EXCLUDED",
        "approval-sensitive override": ("25", "Competitor's offer"),
        "eligibility result": CheckResult.PASSED,
        "validation result": CheckResult.PASSED,
        "quote validity": NOW + 20 * DAY,
    }
    assert len(snapshot) == 13


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"quote_version": 2}, "STALENESS_QUOTE_VERSION"),
        ({"quote_family_id": "acme:other"}, "CONFLICT_QUOTE_FAMILY"),
        ({"supersedes_version": 1}, "CONFLICT_QUOTE_FAMILY"),
        ({"price_fingerprint": "other"}, "STALENESS_PRICE_FINGERPRINT"),
        ({"proposal_document_hash": "other"}, "CONFLICT_PROPOSAL_HASH"),
    ],
)
def test_a_yes_is_to_exactly_what_was_presented(change: dict[str, Any], expected: str) -> None:
    """R287, R292, R538."""
    assert code(quote_in(QuoteState.PRESENTED), c.AcceptQuote, **change) == expected


@pytest.mark.parametrize("state", sorted(set(QuoteState) - {QuoteState.PRESENTED}))
def test_a_yes_needs_the_gates_before_it(state: QuoteState) -> None:
    """R291: validated, approved where needed, presented; in no other state."""
    assert code(quote_in(state), c.AcceptQuote) == "STATE_ILLEGAL_TRANSITION"


def test_a_yes_that_comes_too_late_is_none() -> None:
    """R287, R323, R447: the quote's time, the price's, the approval's."""
    desk = quote_in(QuoteState.PRESENTED)
    desk.now = NOW + 15 * DAY
    assert code(desk, c.AcceptQuote) == "STALENESS_APPROVAL"
    desk.now = NOW + 20 * DAY + timedelta(seconds=1)
    assert code(desk, c.AcceptQuote) == "STALENESS_QUOTE_EXPIRED"
    long = quote_in(QuoteState.PRESENTED, "10", terms=terms(valid_until=NOW + 90 * DAY))
    assert long.quote.price is not None
    long.now = long.quote.price.expires_at
    assert code(long, c.AcceptQuote) == "STALENESS_PRICE"
    long.go(c.PriceQuote)
    assert long.send(c.AcceptQuote) == ["QuoteAccepted"]


def test_a_proposal_shown_again_replaces_the_one_before() -> None:
    """R292."""
    desk = quote_in(QuoteState.PRESENTED)
    first = desk.last.proposal_document_hash
    desk.send(c.PresentQuote, document_content_hash="e" * 64)
    assert code(desk, c.AcceptQuote, proposal_document_hash=first) == "CONFLICT_PROPOSAL_HASH"
    assert desk.send(c.AcceptQuote) == ["QuoteAccepted"]


def test_an_accepted_quote_changes_by_a_new_revision_alone() -> None:
    """R284, R290: nothing of the commitment is edited, priced or approved again."""
    desk = quote_in(QuoteState.ACCEPTED)
    for kind in (c.ConfigureQuote, c.PriceQuote, c.ValidateQuote, c.ApproveQuote, c.PresentQuote, c.AcceptQuote):
        assert code(desk, kind) == "STATE_ILLEGAL_TRANSITION"
    assert desk.send(c.ReviseQuote) == ["QuoteSuperseded", "QuoteRevised"]
    assert (desk.quote.accepted, desk.quote.last_accepted_version) == (None, 1)
    assert code(desk, c.ConvertQuoteToOrder) == "STATE_ILLEGAL_TRANSITION"


def acceptance_claim(desk: QuoteDesk, **fields: Any) -> tuple[str, str]:
    (claim,) = claims(desk.command(c.AcceptQuote, **fields))
    assert claim.kind is ClaimKind.QUOTE_ACCEPTANCE
    assert claim.conflict.code == "CONFLICT_QUOTE_FAMILY_ACCEPTED"
    return claim.key, claim.fingerprint


def test_one_quote_of_a_family_can_be_accepted() -> None:
    """R289, R394: alternatives meet in one claim, a repetition in the same request, a revision in the next place."""
    first = quote_in(QuoteState.PRESENTED, "10", quote_family_id="acme:family")
    other = quote_in(QuoteState.PRESENTED, "10", quote_family_id="acme:family", aggregate_id="acme:quote-2")
    key, request = acceptance_claim(first)
    assert acceptance_claim(first) == (key, request)
    assert acceptance_claim(other)[0] == key
    assert acceptance_claim(other)[1] != request
    assert acceptance_claim(first, accepted_by="Somebody else")[1] != request
    first.go(c.AcceptQuote, c.ReviseQuote, *PATHS[QuoteState.VALIDATED], c.PresentQuote)
    again, _ = acceptance_claim(first)
    assert again not in (key, acceptance_claim(other)[0])
    forged = {"supersedes_version": 1}
    assert acceptance_claim(other, **forged)[0] != again
    assert code(other, c.AcceptQuote, **forged) == "CONFLICT_QUOTE_FAMILY"
    assert first.send(c.AcceptQuote) == ["QuoteAccepted"]
    assert first.quote.last_accepted_version == 2


@pytest.mark.parametrize("alternative", [True, False])
def test_a_copy_takes_the_choices_and_nothing_that_was_decided(alternative: bool) -> None:
    """R165: from any state, an expired one too."""
    source = quote_in(QuoteState.EXPIRED).quote
    command = clone(
        source,
        quote_id="acme:quote-9",
        quote_number="Q-9",
        terms=terms(valid_until=NOW + 60 * DAY),
        catalog_publication_id=PUBLICATION,
        command_id="clone",
        actor=actor("sales"),
        correlation_id="corr-1",
        alternative=alternative,
    )
    (event,) = QUOTE.decide(None, command, NOW)
    assert isinstance(event, QuoteCreated)
    copied = QUOTE.evolve(None, event)
    assert (event.cloned_from_quote_id, event.cloned_from_version) == ("acme:quote-1", 1)
    assert event.quote_family_id == ("acme:quote-1" if alternative else "acme:quote-9")
    assert (copied.state, copied.price, copied.approval, copied.quote_version) == (QuoteState.DRAFT, None, None, 1)
    assert [line.line_id for line in copied.lines.values()] == [line.line_id for line in access_bundle()]


def corrected(state: QuoteState, **fields: Any) -> QuoteDesk:
    desk = quote_in(state)
    desk.send(c.RequestQuoteCorrection, actor_id="ann", **fields)
    desk.send(c.ApproveQuoteCorrection, actor_id="bob")
    return desk


@pytest.mark.parametrize("kind", [CorrectionKind.DISPLAY, CorrectionKind.HISTORICAL, CorrectionKind.COMMERCIAL])
def test_a_correction_is_three_facts_beside_the_original(kind: CorrectionKind) -> None:
    """R2-R4, R124, R327, R497, R499, R502: what a converted quote committed to stays as it was."""
    desk = corrected(QuoteState.CONVERTED, correction_kind=kind)
    before = desk.quote.accepted
    assert desk.send(c.ApplyQuoteCorrection, actor_id="cid") == ["QuoteCorrectionApplied"]
    steps = [event.correction for event in desk.events[-3:]]
    assert [step.status for step in steps] == list(CorrectionStatus)
    assert {(step.original, step.corrected, step.corrected_version) for step in steps} == {
        ("envelope-1", "envelope-2", 1)
    }
    assert (steps[-1].requested_by, steps[-1].approved_by, steps[-1].applied_by) == ("ann", "bob", "cid")
    assert (desk.last.justification, desk.last.approved_by, desk.last.evidence_ref) == (
        CORRECTION["justification"],
        "bob",
        "acme:log-7",
    )
    assert desk.quote.accepted == before
    assert desk.quote.state is QuoteState.CONVERTED


def test_a_commercial_correction_of_an_accepted_quote_begins_a_new_revision() -> None:
    """R499: it has to be priced, approved and accepted again."""
    desk = corrected(QuoteState.ACCEPTED, correction_kind=CorrectionKind.COMMERCIAL)
    names = desk.send(c.ApplyQuoteCorrection, actor_id="cid")
    assert names == ["QuoteCorrectionApplied", "QuoteSuperseded", "QuoteRevised"]
    assert (desk.quote.state, desk.quote.quote_version, desk.quote.price) == (QuoteState.DRAFT, 2, None)
    assert desk.quote.corrections["correction-1"].status is CorrectionStatus.APPLIED


def test_a_merged_account_is_followed_from_the_correction_on() -> None:
    """R7, R501: events name the surviving account, the accepted snapshot the one of its time."""
    merged = {
        "correction_kind": CorrectionKind.IDENTITY,
        "subject": "account_id",
        "original": "acme:acc-1",
        "corrected": "acme:acc-2",
    }
    desk = corrected(QuoteState.ACCEPTED, **merged)
    desk.send(c.ApplyQuoteCorrection, actor_id="cid")
    assert (desk.last.account_id, desk.quote.account_id) == ("acme:acc-2", "acme:acc-2")
    assert desk.quote.accepted is not None
    assert desk.quote.accepted.terms.parties.account_id == "acme:acc-1"
    wrong = {**merged, "correction_id": "correction-2"}
    assert code(desk, c.RequestQuoteCorrection, **wrong) == "CONFLICT_CORRECTION_ORIGINAL"
    assert code(desk, c.RequestQuoteCorrection, **{**wrong, "subject": "colour"}) == "STRUCTURAL_CORRECTION_SUBJECT"
    stolen = {**wrong, "original": "acme:acc-2", "corrected": "other:acc"}
    assert code(desk, c.RequestQuoteCorrection, **stolen) == "AUTHORIZATION_TENANT"


def test_a_correction_is_asked_for_approved_and_applied_by_different_people() -> None:
    """R503, R510."""
    desk = quote_in(QuoteState.ACCEPTED)
    assert code(desk, c.RequestQuoteCorrection, reason_code=None) == "STRUCTURAL_REASON_MISSING"
    desk.send(c.RequestQuoteCorrection, actor_id="ann")
    assert code(desk, c.ApplyQuoteCorrection) == "STATE_CORRECTION"
    assert code(desk, c.ApproveQuoteCorrection, actor_id="ann") == "AUTHORIZATION_SEGREGATION_OF_DUTIES"
    assert code(desk, c.ApproveQuoteCorrection, correction_id="ghost") == "REFERENCE_CORRECTION_UNKNOWN"
    desk.send(c.ApproveQuoteCorrection, actor_id="bob")
    assert code(desk, c.ApproveQuoteCorrection, actor_id="cid") == "STATE_CORRECTION"
    assert code(desk, c.ApplyQuoteCorrection, actor_id="bob") == "AUTHORIZATION_SEGREGATION_OF_DUTIES"
    desk.send(c.ApplyQuoteCorrection, actor_id="ann")
    assert code(desk, c.ApplyQuoteCorrection, actor_id="ann") == "STATE_CORRECTION"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"correction_kind": CorrectionKind.OPERATIONAL}, "POLICY_CORRECTION_OWNER"),
        ({"correction_kind": CorrectionKind.FINANCIAL}, "POLICY_CORRECTION_OWNER"),
        ({"evidence_ref": None}, "STRUCTURAL_EVIDENCE_MISSING"),
        ({"corrected": "envelope-1"}, "STRUCTURAL_CORRECTION_EMPTY"),
        ({"corrected_version": 99}, "REFERENCE_VERSION_UNKNOWN"),
        ({"line_id": "ghost"}, "REFERENCE_LINE_UNKNOWN"),
    ],
)
def test_a_correction_names_what_it_corrects(change: dict[str, Any], expected: str) -> None:
    """R497-R502: the quote's own mistakes, with what proves them."""
    desk = quote_in(QuoteState.ACCEPTED)
    assert code(desk, c.RequestQuoteCorrection, **{**CORRECTION, **change}) == expected
    desk.go(c.RequestQuoteCorrection)
    assert code(desk, c.RequestQuoteCorrection) == "CONFLICT_CORRECTION_ID"


@pytest.mark.parametrize("kind", sorted(CORRECTABLE))
def test_each_kind_of_correction_has_its_approvers(kind: CorrectionKind) -> None:
    """R503: as the ownership rules say, for the quote as for everybody."""
    for role in CORRECTION_APPROVER_ROLES:
        desk = quote_in(QuoteState.ACCEPTED)
        identity = {"subject": "account_id", "original": "acme:acc-1", "corrected": "acme:acc-2"}
        desk.send(
            c.RequestQuoteCorrection, correction_kind=kind, **(identity if kind is CorrectionKind.IDENTITY else {})
        )
        if role in CORRECTION_RULES[kind].approvers:
            assert desk.send(c.ApproveQuoteCorrection, role=role) == ["QuoteCorrectionApproved"]
        else:
            assert code(desk, c.ApproveQuoteCorrection, role=role) == "AUTHORIZATION_CORRECTION_APPROVER"


@pytest.mark.parametrize("state", sorted({QuoteState.DRAFT, QuoteState.PRESENTED, QuoteState.CANCELLED}))
def test_what_nobody_committed_to_is_revised_and_not_corrected(state: QuoteState) -> None:
    assert code(quote_in(state), c.RequestQuoteCorrection) == "STATE_ILLEGAL_TRANSITION"
