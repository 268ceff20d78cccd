"""The commercial timeline of an account: one record for each material step, however many there are (R211)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.account_view.shares import share_of
from domain.fold.facts import Entry, Facts
from domain.fold.fold import Derived, Place, Row
from domain.fold.heard import Heard
from domain.fold.reading import dweller, home, money, money_texts, parts, text
from domain.timeline.entry import TELLINGS, entry_of, register_of, remembered
from domain.timeline.ordering import GOVERNANCE
from domain.timeline.paging import TOLD

_TIME_DIGITS = 17
_VERSION_DIGITS = 9


class AccountTimelineFold:
    """Material events by the account they name; each has a place of its own, so none grows.

    The shares are those of the account's holdings, which are given the same copies.

    An account that was merged into another keeps what happened under its own name: the account view says which
    accounts are to be read together.
    """

    space = "account"
    rule_id = "account-timeline"
    rule_version = "1"
    records = frozenset({"AccountTimeline"})
    kinds = frozenset({*(kind for kind, telling in TELLINGS.items() if telling.material), *GOVERNANCE})

    def places(self, event: Heard) -> Iterable[Place]:
        """A place for the event; governance is about an account when its subject is one."""
        if event.kind in GOVERNANCE:
            named = event.data.get("subjectId") if event.data.get("subjectAggregate") == "Account" else None
        else:
            named = event.data.get("accountId")
        return home(self.space, event, named, register_of(event), share_of(event.subject))

    def says(self, event: Heard, place: Place) -> Iterable[tuple[str, Any]]:
        """Its entry, what it is about, and the money it names."""
        about = [text(event.data, "quoteId"), text(event.data, "orderId"), _amounts(event)]
        return [(TOLD, [*remembered(event), *about])]

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        """The one record of the event."""
        account = dweller(self.space, place).rpartition("/")[0]
        return Derived(tuple(_row(account, place.member, *each) for each in list(own.each(TOLD))[:1]))


def _row(account: str, event: str, aggregate_id: str, entry: Entry) -> Row:
    entry_id = f"{account}/{event}"
    quote, order, amounts = entry.value[14:]
    told = entry_of(aggregate_id, entry)
    position = f"{entry.time_us:0{_TIME_DIGITS}d}/{aggregate_id}/{entry.version:0{_VERSION_DIGITS}d}/{entry.event_id}"
    data = {
        "entryId": entry_id,
        "accountId": account,
        "position": position,
        "at": told["at"],
        "eventType": entry.kind,
        "quoteId": quote,
        "orderId": order,
        "amounts": [{"kind": kind, "period": period, "amount": money(kept)} for kind, period, kept in amounts],
        "entry": told,
    }
    return Row("AccountTimeline", entry_id, data)


def _amounts(event: Heard) -> list[Any]:
    if event.kind == "InvoiceIssued":
        invoiced = money_texts(event.data, "amount")
        return [] if invoiced is None else [[None, None, invoiced]]
    found = [(charge, money_texts(charge, "amount")) for charge in parts(event.data, "charges")]
    return [[text(charge, "kind"), text(charge, "period"), kept] for charge, kept in found if kept is not None]
