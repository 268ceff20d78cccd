"""A product gets another name: what was committed keeps the old one, what is offered next has the new one (R485)."""

from __future__ import annotations

from typing import Any

from domain.quote import commands as c
from domain.quote.quote import Quote
from domain.quote.states import QuoteState
from tests.domain.quotes import access_bundle, quote_in
from tests.domain.test_quote_conversion import converting

OLD, NEW = "Access", "Business Access"


def renamed() -> tuple[Any, ...]:
    """The same lines as they are offered once the catalog says the new name."""
    first, *others = access_bundle("25")
    return first.model_copy(update={"offering_name": NEW, "offering_version": "4"}), *others


def name_in(quote: Quote) -> str:
    return quote.lines["line-access"].offering_name


def test_a_draft_shows_the_new_name_after_it_was_refreshed_and_not_before() -> None:
    desk = quote_in(QuoteState.DRAFT)
    assert name_in(desk.quote) == OLD
    desk.send(c.ReviseQuote, lines=renamed(), reason_code="NEW_CATALOG")
    assert name_in(desk.quote) == NEW


def test_an_accepted_quote_its_proposal_and_its_order_keep_the_old_name() -> None:
    desk = quote_in(QuoteState.ACCEPTED)
    accepted, proposal = desk.quote.accepted, desk.quote.proposal
    assert accepted is not None
    assert proposal is not None
    assert accepted.lines[0].offering_name == OLD
    assert accepted.proposal_document_hash == proposal.document_hash
    order = converting(desk.quote)
    assert order.items[0].offering_name == OLD
    assert order.commercial.proposal_document_hash == proposal.document_hash


def test_a_new_revision_leaves_the_acceptance_where_it_is() -> None:
    desk = quote_in(QuoteState.ACCEPTED)
    accepted = desk.quote.accepted
    desk.send(c.ReviseQuote, lines=renamed(), reason_code="NEW_CATALOG")
    assert name_in(desk.quote) == NEW
    assert accepted is not None
    assert accepted.lines[0].offering_name == OLD
    assert desk.quote.last_accepted_version == 1


def test_installed_products_are_found_by_the_offering_which_a_new_name_leaves_alone() -> None:
    desk = quote_in(QuoteState.DRAFT)
    before = desk.quote.lines["line-access"].offering_id
    desk.send(c.ReviseQuote, lines=renamed(), reason_code="NEW_CATALOG")
    assert desk.quote.lines["line-access"].offering_id == before
