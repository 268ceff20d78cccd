"""A quote copied from another one (R165)."""

from __future__ import annotations

from domain.command import Actor
from domain.quote.commands import CreateQuote
from domain.quote.lines import drafted
from domain.quote.quote import Quote
from domain.quote.structure import QuoteTerms


def clone(
    quote: Quote,
    *,
    quote_id: str,
    quote_number: str,
    terms: QuoteTerms,
    catalog_publication_id: str,
    command_id: str,
    actor: Actor,
    correlation_id: str,
    alternative: bool,
) -> CreateQuote:
    """The command that begins a copy of a quote's newest revision.

    What was chosen is copied; prices, checks and approvals are not. An `alternative` stays in the family, where one
    quote can be accepted; any other copy begins a family of its own (R289).
    """
    return CreateQuote(
        aggregate_id=quote_id,
        command_id=command_id,
        actor=actor,
        correlation_id=correlation_id,
        quote_number=quote_number,
        quote_family_id=quote.quote_family_id if alternative else None,
        cloned_from_quote_id=quote.quote_id,
        cloned_from_version=quote.quote_version,
        catalog_publication_id=catalog_publication_id,
        terms=terms,
        lines=drafted(quote.lines.values()),
    )
