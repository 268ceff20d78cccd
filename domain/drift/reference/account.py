"""The fold of space `account`: an account and whoever names it (R231, R254, R268, R271, R501)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from domain.account.events import EVENTS as ACCOUNT_EVENTS
from domain.account.states import AccountState
from domain.asset.events import EVENTS as ASSET_EVENTS
from domain.charge.events import EVENTS as CHARGE_EVENTS
from domain.drift.mismatch import Apart, Mismatch
from domain.drift.reference.referrer import STANDINGS, Standing
from domain.drift.rules import Rule, RuleSet
from domain.drift.space import Check, Saying, Space, group_of, named, saying
from domain.drift.values import at, fields
from domain.fold.facts import Entry, Facts
from domain.fold.fold import Place
from domain.fold.heard import Heard
from domain.fold.joins import Least
from domain.fold.reading import text, whole
from domain.product_order.events import EVENTS as ORDER_EVENTS
from domain.quote.events import EVENTS as QUOTE_EVENTS

SPACE = "account"
_REFERRERS: Mapping[str, tuple[type[Any], ...]] = {
    "ProductOrder": ORDER_EVENTS,
    "Quote": QUOTE_EVENTS,
    "Charge": CHARGE_EVENTS,
    "Asset": ASSET_EVENTS,
}
_AGGREGATE_OF = {event.__name__: aggregate for aggregate, events in _REFERRERS.items() for event in events}
_NUMBERS = ("orderId", "itemId", "quoteId", "productInstanceId", "componentId")


class Reference(NamedTuple):
    """One referrer of one account."""

    account_id: str
    account: Facts
    aggregate: str
    identity: str
    own: Facts

    @property
    def standing(self) -> Standing:
        """What its states mean."""
        return STANDINGS[self.aggregate]

    @property
    def state(self) -> Entry | None:
        """Its newest state under this account."""
        return self.own.entry(self.identity, "state")

    @property
    def named_us(self) -> int:
        """When it first named the account."""
        first = self.own.value(self.identity, "named")
        return int(first[0][0]) if first else 0

    def mismatch(self, since_us: int, apart: Apart, *evidence: Entry | None, **names: str | None) -> Mismatch:
        """Something about this referrer."""
        about = self.own.value(self.identity, "about", [None] * len(_NUMBERS))
        keys = ("order", "item", "quote", "product", "component")
        return Mismatch(
            entity_type=self.aggregate,
            entity_id=self.identity,
            since_us=since_us,
            apart=(apart,),
            evidence=evidence,
            names={
                **dict(zip(keys, about, strict=True)),
                "account": self.account_id,
                "what": self.standing.what,
                **names,
            },
            about=self.account_id,
            regulated=bool(self.account.value(self.account_id, "regulated", False)),
        )


def _places(event: Heard) -> Iterable[Place]:
    data = event.data
    if event.kind in _AGGREGATE_OF:
        member = f"{_AGGREGATE_OF[event.kind]}/{event.subject}"
        invoiced = text(data, "billingAccountId") if event.kind == "InvoiceIssued" else None
        account_id = invoiced or text(data, "accountId")
        return (Place(group_of(event, SPACE, account_id), member),) if account_id else ()
    return (Place(group_of(event, SPACE, event.subject)),)


def _account(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    version = whole(event.data, "addressVersion")
    yield "state", fields(event.data, ("state", "survivingAccountId"))
    if "regulated" in event.data:
        yield "regulated", bool(event.data["regulated"])
    if version is not None:
        yield f"address/{version}", Least(1, [event.time_us])


def _referrer(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    data = event.data
    yield "named", Least(1, [event.time_us])
    entered = text(data, "toState" if "toState" in data else "state")
    if entered:
        yield "state", entered
    if entered or event.version == 1:
        yield "about", fields(data, _NUMBERS)


def _invoice(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    """Of a charge's invoices the newest decides: once a good one follows, billing has read the account again."""
    data = event.data
    version = whole(data, "addressVersion")
    if version is not None:
        yield "invoice", [version, text(data, "invoiceId")]
        yield "about", fields(data, _NUMBERS)


def _view(place: Place, shared: Facts, own: Facts) -> Reference | None:
    if not place.member:
        return None
    aggregate, _, identity = place.member.partition("/")
    return Reference(named(place), shared, aggregate, identity, own)


def _account_unknown(one: Reference, _: Rule) -> Iterator[Mismatch]:
    if one.account or one.state is None or one.state.value in one.standing.void:
        return
    yield one.mismatch(one.named_us, Apart("accountId", "an account that is known", one.account_id), one.state)


def _ended(state: AccountState) -> Check[Reference]:
    """Who goes on under an account after it ended in a state; what came to its end before stands."""

    def check(one: Reference, _: Rule) -> Iterator[Mismatch]:
        account, standing = one.account.entry(one.account_id, "state"), one.state
        if account is None or standing is None or account.value[0] != state or standing.value in one.standing.void:
            return
        if standing.value in one.standing.settled and standing.time_us <= account.time_us:
            return
        since_us = max(account.time_us, one.named_us)
        apart = Apart("account.state", AccountState.ACTIVE.value, state.value)
        yield one.mismatch(since_us, apart, account, standing, survivor=account.value[1])

    return check


def _old_address(one: Reference, _: Rule) -> Iterator[Mismatch]:
    invoice = one.own.entry(one.identity, "invoice")
    if invoice is None:
        return
    version, invoice_id = invoice.value
    held = [(int(n), e) for _, n, e in one.account.starting_with("address/") if e.value[0][0] <= invoice.time_us]
    newest, entry = max(held, key=lambda known: known[0], default=(version, invoice))
    if newest > version:
        apart = Apart(f"invoices.{invoice_id}.addressVersion", f"{newest}, since {at(entry.value[0][0])}", str(version))
        yield one.mismatch(invoice.time_us, apart, invoice, entry)


CHECKS: dict[str, Check[Reference]] = {
    "referential.account-unknown": _account_unknown,
    "referential.account-closed": _ended(AccountState.CLOSED),
    "referential.account-merged": _ended(AccountState.MERGED),
    "financial.billed-to-old-address": _old_address,
}

SAYINGS: Mapping[str, Saying] = {
    **saying({tuple(event.__name__ for event in ACCOUNT_EVENTS): _account, tuple(_AGGREGATE_OF): _referrer}),
    "InvoiceIssued": _invoice,
}


def account_space(rules: RuleSet) -> Space[Reference]:
    """The fold with these rules."""
    return Space(SPACE, rules, places=_places, sayings=SAYINGS, view=_view, checks=CHECKS)
