"""The price of a request: the same for the same request and price book, with every step written down (R285, R286)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Context, Decimal, localcontext
from fractions import Fraction

from domain.commercial import ChargeKind, Period, PriceComponent, UsageTier
from domain.currency import EXPONENTS, rounded
from domain.fingerprints import line_price_fingerprint, price_fingerprint, sha256_of
from domain.money import MONEY_PRECISION, MONEY_SCALE, Money
from domain.order_state.states import Action
from domain.pricing.ledger import Ledger
from domain.pricing.price_book import PriceBook, PriceEntry
from domain.pricing.reductions import Reducer, Reduction
from domain.pricing.selection import entries_for, promotions_for
from domain.pricing.terms import (
    NetCharge,
    PricedLine,
    PriceRequest,
    PriceRequestLine,
    PriceResult,
    TraceStep,
)

CALCULATION_VERSION = "pricing.v1"
ROUNDING_MODE = "HALF_EVEN"
TAX_BOUNDARY = "EXCLUDED: taxes are determined by billing when it invoices"

_EXACT = Context(prec=3 * MONEY_PRECISION)
_AMOUNT_LIMIT = Decimal(10) ** (MONEY_PRECISION - MONEY_SCALE - 2)
"""Two digits below what an amount can hold, so that the components of a line can still be summed."""
_HUNDRED = Decimal(100)
_WITHOUT_PRICE = frozenset({Action.DELETE, Action.SUSPEND, Action.RESUME, Action.NO_CHANGE})


def calculate(request: PriceRequest, book: PriceBook) -> PriceResult:
    """Price every line, in this order:

    1. the book must be in force, and every promotion asked for known;
    2. each component gets its most particular price: contracted before regional before list;
    3. volume, bundle, promotional and manual reductions follow, each a part of the undiscounted amount;
    4. each component is rounded half-even at the currency's minor unit, and only then summed;
    5. one blocking error leaves no price at all, but the whole trace.
    """
    ledger = Ledger(request.currency, request.effective_date + timedelta(days=book.price_valid_days))
    with localcontext(_EXACT):  # whatever precision the caller works with
        _begin(request, book, ledger)
        reducer = Reducer(request, book, promotions_for(request, book, ledger))
        payable = request.currency in EXPONENTS
        priced = [_line(line, reducer, ledger) for line in request.lines] if payable else []
        return _result(request, book, ledger, priced)


def _begin(request: PriceRequest, book: PriceBook, ledger: Ledger) -> None:
    ledger.rule_versions |= {"calculation": CALCULATION_VERSION, book.price_book_id: book.version}
    ledger.use(book.discount_policy)
    if book.effective_until is not None:
        ledger.expires_at = min(ledger.expires_at, book.effective_until)
    if not book.in_force(request.effective_date):
        message = f"Price book {book.price_book_id} {book.version} is not in force at {request.effective_date}."
        ledger.block("STALENESS_PRICE_BOOK", message, "Price with the book in force.")
    if request.currency not in EXPONENTS:
        ledger.block(
            "REFERENCE_CURRENCY_UNKNOWN", f"Nobody can pay in {request.currency}.", "Name an ISO 4217 currency."
        )
    ids = [line.line_id for line in request.lines]
    if repeated := sorted({i for i in ids if ids.count(i) > 1}):
        ledger.block("STRUCTURAL_DUPLICATE_LINE", f"Line ids occur twice: {repeated}.", "Give each line its own id.")


def _line(line: PriceRequestLine, reducer: Reducer, ledger: Ledger) -> PricedLine:
    components: list[PriceComponent] = []
    charges: list[NetCharge] = []
    entries = [] if line.action in _WITHOUT_PRICE else entries_for(line, reducer.request, reducer.book, ledger)
    if not entries:
        ledger.step(TraceStep.NOT_PRICED, line.line_id, note=f"{line.action} of {line.offering_id}")
    given: list[Reduction] = []
    for entry in entries:
        reductions = tuple(reducer.reductions(line, entry))
        given += reductions
        component, charge = _component(line, entry, reductions, ledger)
        components.append(component)
        charges += [charge] if charge else []
    line_print = line_price_fingerprint(line.line_id, components)
    by_hand = [r.discount for r in given if r.step is TraceStep.MANUAL_DISCOUNT]
    return PricedLine(
        line_id=line.line_id,
        configuration_fingerprint=line.configuration_fingerprint,
        price_version=f"{reducer.book.price_book_id}@{reducer.book.version}",
        components=tuple(c.model_copy(update={"price_fingerprint": line_print}) for c in components),
        charges=_summed(charges, ledger.currency),
        manual_discount_percent=by_hand[0].percent if by_hand else Decimal(0),
        override_reason=line.manual_discount_reason if by_hand else None,
        override_evidence_ref=by_hand[0].evidence_ref if by_hand else None,
        price_fingerprint=line_print,
    )


def _component(
    line: PriceRequestLine, entry: PriceEntry, reductions: tuple[Reduction, ...], ledger: Ledger
) -> tuple[PriceComponent, NetCharge | None]:
    quantity = 1 if entry.kind is ChargeKind.USAGE else line.quantity
    component = PriceComponent(
        component_id=entry.component_id,
        kind=entry.kind,
        price=Money(amount=entry.amount, currency=entry.currency),
        quantity=quantity,
        period=entry.period,
        discounts=tuple(r.discount for r in reductions),
        tiers=entry.tiers,
    )
    gross = _gross(line, entry, ledger)
    if gross is None:
        return component, None
    return component, _net(line, entry, gross, reductions, ledger)


def _gross(line: PriceRequestLine, entry: PriceEntry, ledger: Ledger) -> Decimal | None:
    """Undiscounted amount for all units; None for usage nobody has estimated."""
    ledger.use(entry)
    step = TraceStep.REGIONAL_PRICE if entry.region else TraceStep.LIST_PRICE
    step = TraceStep.CONTRACTED_PRICE if entry.account_id else step
    where = (line.line_id, entry.component_id)
    if entry.kind is not ChargeKind.USAGE:
        gross = _bounded(entry.amount * line.quantity, line, ledger)
        ledger.step(step, *where, rule=entry, after=gross, note=f"{line.quantity} x {entry.amount}")
        return gross
    ledger.step(step, *where, rule=entry, after=entry.amount, note="for one unit")
    if line.expected_usage is None:
        message = f"Usage of component {entry.component_id} of line {line.line_id} is not estimated."
        ledger.warn("POLICY_USAGE_NOT_ESTIMATED", message, "Say how many units are expected.")
        return None
    gross = _bounded(rated(line.expected_usage, entry.amount, entry.tiers), line, ledger)
    ledger.step(TraceStep.USAGE_ESTIMATE, *where, rule=entry, after=gross, note=f"{line.expected_usage} units")
    return gross


def rated(units: int, amount: Decimal, tiers: tuple[UsageTier, ...]) -> Decimal:
    """What usage costs: each unit by the step it falls into, beyond the last step by its price (R524)."""
    if not tiers:
        return amount * units
    total, counted = Decimal(0), 0
    for tier in tiers:
        end = units if tier.up_to is None else min(units, tier.up_to)
        total += tier.price.amount * max(end - counted, 0)
        counted = max(counted, end)
    return total + tiers[-1].price.amount * max(units - counted, 0)


def _bounded(amount: Decimal, line: PriceRequestLine, ledger: Ledger) -> Decimal:
    if abs(amount) < _AMOUNT_LIMIT:
        return amount
    message = f"Line {line.line_id} comes to {amount}, more than any amount can say."
    ledger.block("STRUCTURAL_AMOUNT_TOO_LARGE", message, "Split the line.")
    return Decimal(0)


def _net(
    line: PriceRequestLine, entry: PriceEntry, gross: Decimal, reductions: tuple[Reduction, ...], ledger: Ledger
) -> NetCharge:
    where = (line.line_id, entry.component_id)
    running, taken = gross, Decimal(0)
    for step, rule, discount in reductions:
        ledger.use(rule)
        taken += discount.percent
        after = gross * (_HUNDRED - taken) / _HUNDRED
        ledger.step(step, *where, rule=rule, percent=discount.percent, before=running, after=after)
        running = after
    if taken > _HUNDRED:
        message = f"Component {entry.component_id} of line {line.line_id} is reduced by {taken} percent."
        ledger.block("POLICY_DISCOUNT_TOTAL", message, "Take off at most the whole price.")
    net = rounded(Fraction(running), entry.currency)
    ledger.step(TraceStep.NET_CHARGE, *where, before=running, after=net)
    return NetCharge(kind=entry.kind, period=entry.period, amount=Money(amount=net, currency=entry.currency))


def _summed(charges: Iterable[NetCharge], currency: str) -> tuple[NetCharge, ...]:
    sums: dict[tuple[ChargeKind, Period | None], Decimal] = {}
    for charge in charges:
        key = (charge.kind, charge.period)
        sums[key] = sums.get(key, Decimal(0)) + charge.amount.amount
    return tuple(
        NetCharge(kind=kind, period=period, amount=Money(amount=amount, currency=currency))
        for (kind, period), amount in sums.items()
    )


def _result(request: PriceRequest, book: PriceBook, ledger: Ledger, priced: list[PricedLine]) -> PriceResult:
    limit = book.discount_policy.limit_for(request.segment)
    discount = max((line.manual_discount_percent for line in priced), default=Decimal(0))
    if discount > limit:
        message = f"{discount} percent are taken off, {limit} may be without approval."
        ledger.warn("POLICY_DISCOUNT_ABOVE_LIMIT", message, "Have it approved.")
    lines = () if ledger.errors else tuple(priced)
    answer = {"lines": lines, "trace": ledger.trace, "warnings": ledger.warnings, "errors": ledger.errors}
    return PriceResult(
        lines=lines,
        price_fingerprint=None
        if ledger.errors
        else price_fingerprint(request.currency, {line.line_id: line.price_fingerprint for line in priced}),
        discount_percent=discount,
        discount_limit_percent=limit,
        rule_versions=dict(sorted(ledger.rule_versions.items())),
        trace=tuple(ledger.trace),
        warnings=tuple(ledger.warnings),
        errors=tuple(ledger.errors),
        expires_at=ledger.expires_at,
        input_fingerprint=input_fingerprint(request, book),
        output_fingerprint=sha256_of(answer),
    )


def input_fingerprint(request: PriceRequest, book: PriceBook) -> str:
    """Everything the result depends on: with the same one, the result is the same (R99)."""
    return sha256_of({"request": request, "priceBook": book.fingerprint, "calculation": CALCULATION_VERSION})
