"""PriceCalculation: commands in, events out (R285, R286, R392)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from domain.aggregate import AggregateType
from domain.conditions import same_tenant
from domain.errors import RETRY_ADVICE, Category, Refusal, Retry
from domain.fingerprints import sha256_of
from domain.machine import Draft, Machine, Transition, claims, rows
from domain.price_calculation import commands as c
from domain.price_calculation import events as e
from domain.price_calculation.calculation import PriceCalculation, evolve
from domain.price_calculation.states import REPAIR_STATES, TERMINAL_STATES, PriceCalculationState
from domain.pricing.calculate import CALCULATION_VERSION, ROUNDING_MODE, TAX_BOUNDARY, calculate
from domain.pricing.price_book import PriceBook
from domain.pricing.terms import PriceRequest

POLICY_VERSION = CALCULATION_VERSION
PRICING_ROLES = frozenset({"sales", "partner", "deal-desk", "cpq"})
_RETRYABLE = frozenset({Retry.YES, Retry.AFTER_SYNC, Retry.MAYBE_LATER})


def _same_tenant(command: c.CalculatePrice | c.FailPriceCalculation) -> None:
    """Quote, catalog and account belong to the calculation's tenant (R511)."""
    same_tenant(
        command,
        quoteId=command.quote_id,
        catalogPublicationId=command.catalog_publication_id,
        accountId=command.request.account_id,
    )


def _has_lines(command: c.CalculatePrice | c.FailPriceCalculation) -> None:
    """There is something to price."""
    if not command.request.lines:
        message = f"Calculation {command.aggregate_id} has no lines to price."
        raise Refusal("STRUCTURAL_NO_LINES", message, remediation="Name at least one line.", stage="COMMERCIAL")


def _same_publication(publication_id: str, book: PriceBook) -> None:
    if book.catalog_publication_id != publication_id:
        message = (
            f"Price book {book.price_book_id} {book.version} prices {book.catalog_publication_id}, "
            f"the quote offers {publication_id}."
        )
        raise Refusal("CONFLICT_PRICE_BOOK", message, remediation="Use that publication's book.", stage="COMMERCIAL")


def _book_on_creation(command: c.CalculatePrice) -> None:
    """The book prices what the quote was made from (R280)."""
    _same_publication(command.catalog_publication_id, command.price_book)


def _book_on_retry(calculation: PriceCalculation, command: c.RecalculatePrice) -> None:
    """The same for another try."""
    _same_publication(calculation.catalog_publication_id, command.price_book)


ROWS = rows(
    Transition(
        c.CalculatePrice,
        frozenset(),
        PRICING_ROLES,
        (e.PriceCalculated, e.PriceCalculationFailed),
        guards=("same-tenant", "has-lines", "book-of-publication"),
        side_effects="the quote takes the price over",
    ),
    Transition(
        c.FailPriceCalculation,
        frozenset(),
        frozenset({"cpq"}),
        (e.PriceCalculationFailed,),
        guards=("same-tenant", "has-lines"),
        compensation="RecalculatePrice",
        timeout=timedelta(minutes=15),
        on_timeout="cpq",
    ),
    Transition(
        c.RecalculatePrice,
        frozenset({PriceCalculationState.FAILED}),
        PRICING_ROLES,
        (e.PriceCalculated, e.PriceCalculationFailed),
        guards=("book-of-the-publication",),
    ),
)


def _calculated(before: PriceCalculation | None, command: c.CalculatePrice | c.RecalculatePrice) -> list[Draft]:
    request = _request(before, command)
    book = command.price_book
    result = calculate(request, book)
    shared = {
        "price_book_id": book.price_book_id,
        "price_book_version": book.version,
        "input_fingerprint": result.input_fingerprint,
        "rule_versions": result.rule_versions,
        "trace": result.trace,
        "warnings": result.warnings,
        "errors": result.errors,
    }
    if result.price_fingerprint is None:
        code = result.errors[0].code
        return [Draft(e.PriceCalculationFailed, {**shared, "failure_code": code, "retryable": _retryable(code)})]
    price = {
        "lines": result.lines,
        "price_fingerprint": result.price_fingerprint,
        "discount_percent": result.discount_percent,
        "discount_limit_percent": result.discount_limit_percent,
        "output_fingerprint": result.output_fingerprint,
        "replay_token": f"{book.price_book_id}@{book.version}#{result.input_fingerprint}",
        "expires_at": result.expires_at,
    }
    return [Draft(e.PriceCalculated, {**shared, **price})]


def _failed(_: None, command: c.FailPriceCalculation) -> list[Draft]:
    fields = {
        "input_fingerprint": sha256_of({"request": command.request}),
        "failure_code": command.failure_code,
        "retryable": _retryable(command.failure_code),
    }
    return [Draft(e.PriceCalculationFailed, fields)]


def _retryable(code: str) -> bool:
    category = next(category for category in Category if code.startswith(f"{category.value}_"))
    return RETRY_ADVICE[category] in _RETRYABLE


def _request(before: PriceCalculation | None, command: Any) -> PriceRequest:
    asked: PriceRequest = before.request if before else command.request
    return asked


def _identity(before: PriceCalculation | None, command: Any) -> dict[str, Any]:
    about = before or command
    request = _request(before, command)
    return {
        "calculation_id": command.aggregate_id,
        "account_id": request.account_id,
        "quote_id": about.quote_id,
        "quote_version": about.quote_version,
        "catalog_publication_id": about.catalog_publication_id,
        "attempt": before.attempt + 1 if before else 1,
        "request": request,
        "currency": request.currency,
        "rounding_mode": ROUNDING_MODE,
        "effective_date": request.effective_date,
        "tax_boundary": TAX_BOUNDARY,
    }


REACTIONS: Mapping[str, Callable[[Any, Any], Sequence[Draft]]] = {
    "CalculatePrice": _calculated,
    "FailPriceCalculation": _failed,
    "RecalculatePrice": _calculated,
}
GUARDS: Mapping[str, Callable[[PriceCalculation, Any], None]] = {"book-of-the-publication": _book_on_retry}
CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {
    "same-tenant": _same_tenant,
    "has-lines": _has_lines,
    "book-of-publication": _book_on_creation,
}

MACHINE: Machine[PriceCalculation, e.PriceCalculationEvent] = Machine(
    noun="price calculation",
    code="PRICE_CALCULATION",
    rows=ROWS,
    reactions=REACTIONS,
    identity=_identity,
    evolve=evolve,
    initial=PriceCalculationState.FAILED,
    terminal=TERMINAL_STATES,
    repair=REPAIR_STATES,
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
)
decide = MACHINE.decide

PRICE_CALCULATION: AggregateType[PriceCalculation] = AggregateType(
    name=e.AGGREGATE,
    owner=e.OWNER,
    events={event.__name__: event for event in e.EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
