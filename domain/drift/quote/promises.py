"""What the quote promised against what it was accepted, presented and converted with (R287-R293, R313, R410)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from domain.drift.mismatch import Apart, Mismatch
from domain.drift.quote.deal import Deal, Price
from domain.drift.rules import Rule
from domain.drift.values import at, number
from domain.fold.facts import Entry


def _about_quote(
    deal: Deal, since_us: int, apart: tuple[Apart, ...], *evidence: Entry, **names: str | None
) -> Mismatch:
    return Mismatch(
        entity_type="Quote",
        entity_id=deal.quote_id,
        since_us=since_us,
        apart=apart,
        evidence=evidence,
        names={**deal.names, **names},
    )


def expired_quote_converted(deal: Deal, _: Rule) -> Iterator[Mismatch]:
    """It became an order after its time was over, or after it had ended otherwise (R293)."""
    for revision in deal.revisions:
        converted, order = deal.said("converted", revision), _order_of(deal, revision)
        if converted is None and order is None:
            continue
        conversion = converted or order
        assert conversion is not None
        when_us = converted.value[1] or converted.time_us if converted else conversion.time_us
        accepted, ended = deal.said("accepted", revision), deal.said("ended", revision)
        valid_until_us = accepted.value[4] if accepted else None
        order_id = converted.value[0] if converted else None
        if valid_until_us is not None and when_us > valid_until_us:
            assert accepted is not None
            why = f"its time was over at {at(valid_until_us)}"
            apart = (Apart("convertedAt", f"until {at(valid_until_us)}", at(when_us)),)
            yield _about_quote(deal, when_us, apart, conversion, accepted, why=why, order=order_id)
            return
        if ended is not None and converted is not None and ended.version < converted.version:
            why = f"it was {ended.value[0].lower()} before"
            apart = (Apart("state", ended.value[0], "CONVERTED"),)
            yield _about_quote(deal, when_us, apart, converted, ended, why=why, order=order_id)
            return


def _order_of(deal: Deal, revision: int) -> Entry | None:
    return next((order.captured for order in deal.orders if order.revision == revision and not order.over), None)


def stale_fingerprint_accepted(deal: Deal, _: Rule) -> Iterator[Mismatch]:
    """The price that was accepted is not the one the revision had, or had lapsed (R287)."""
    for revision in deal.revisions:
        accepted = deal.price("accepted", revision)
        priced = deal.price("priced", revision) or deal.price("presented", revision)
        if accepted is None or priced is None or priced.entry.version > accepted.entry.version:
            continue
        expires_us = priced.entry.value[3] if priced.entry.kind == "QuotePriced" else None
        if accepted.fingerprint != priced.fingerprint:
            apart = Apart("priceFingerprint", priced.fingerprint, accepted.fingerprint)
        elif expires_us is not None and accepted.entry.time_us > expires_us:
            apart = Apart("acceptedAt", f"until {at(expires_us)}", at(accepted.entry.time_us))
        else:
            continue
        yield _about_quote(deal, accepted.entry.time_us, (apart,), accepted.entry, priced.entry)
        return


def calculation_unknown(deal: Deal, _: Rule) -> Iterator[Mismatch]:
    """The price of a revision names a calculation of which nothing was ever said (R449)."""
    for revision in deal.revisions:
        priced = deal.said("priced", revision)
        calculation_id = priced.value[4] if priced else None
        if priced and calculation_id and deal.facts.entry(calculation_id, "calculated") is None:
            apart = (Apart("calculationId", "a calculation that is known", calculation_id),)
            yield _about_quote(deal, priced.time_us, apart, priced, calculation=calculation_id)
            return


def unapproved_discount(deal: Deal, _: Rule) -> Iterator[Mismatch]:
    """More was taken off than may be, the customer was shown it, and nobody had approved it (R288, R449)."""
    for revision in deal.revisions:
        shown = deal.price("accepted", revision) or deal.price("presented", revision)
        if shown is None:
            continue
        prices = [p for p in (deal.price("priced", revision), shown) if p is not None and p.beyond]
        largest = max(prices, key=_discount, default=None)
        if largest is None or _approved(deal, revision, largest):
            continue
        percent, limit = number(largest.discount) or "", number(largest.limit) or ""
        apart = (Apart("discountPercent", f"at most {limit} without approval", percent),)
        since_us = max(shown.entry.time_us, largest.entry.time_us)
        yield _about_quote(deal, since_us, apart, shown.entry, largest.entry, percent=percent, limit=limit)
        return


def _discount(price: Price) -> Decimal:
    return price.discount or Decimal(0)


def _approved(deal: Deal, revision: int, price: Price) -> bool:
    """Whether this discount of this price was approved (R97)."""
    approved = deal.said("approved", revision)
    if approved is None:
        return False
    fingerprint, percent, outcome = approved.value
    covers = percent is None or Decimal(percent) >= _discount(price)
    return covers and outcome in ("APPROVED", None) and fingerprint in (price.fingerprint, None)


def proposal_hash_mismatch(deal: Deal, _: Rule) -> Iterator[Mismatch]:
    """What was accepted, or ordered, is not the package the customer was shown (R292, R448)."""
    for revision in deal.revisions:
        presented, accepted = deal.said("presented", revision), deal.said("accepted", revision)
        if accepted is None:
            continue
        shown = presented.value[3] if presented and presented.version < accepted.version else None
        apart, evidence = [], [accepted]
        if presented is not None and shown is not None and shown != accepted.value[3]:
            apart.append(Apart("proposalDocumentHash", shown, accepted.value[3]))
            evidence.append(presented)
        for order in deal.orders:
            if order.revision == revision and order.document not in (None, accepted.value[3], shown) and not order.over:
                apart.append(Apart(f"{order.order_id}.proposalDocumentHash", accepted.value[3], order.document))
                evidence.append(order.captured)
        if apart:
            yield _about_quote(deal, max(e.time_us for e in evidence), tuple(apart), *evidence)
            return
