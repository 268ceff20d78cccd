"""The fold of an account: what CRM says of it (R230, R268, R501)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.fold.facts import Facts
from domain.fold.fold import Derived, Place, Row
from domain.fold.heard import Heard
from domain.fold.reading import dweller, home, moment, part, text, texts, whole

MERGED_NAMED_MAX = 200

_PROFILE = (
    "segment",
    "channel",
    "customerId",
    "billingAccountId",
    "parentAccountId",
    "salesOwnerRef",
    "legalIdentityHash",
)


class AccountViewFold:
    """Accounts, each by itself. Duplicates are found by asking for one legal identity hash."""

    space = "account"
    rule_id = "account-view"
    rule_version = "1"
    records = frozenset({"AccountView"})
    kinds = frozenset(("AccountCreated", "AccountUpdated", "AccountsMerged", "AccountClosed"))

    def places(self, event: Heard) -> Iterable[Place]:
        """The account."""
        return home(self.space, event, event.subject)

    def says(self, event: Heard, place: Place) -> Iterable[tuple[str, Any]]:
        """Its state and, of events that carry it, its profile."""
        data = event.data
        regulated = data.get("regulated")
        known = regulated if isinstance(regulated, bool) else None
        merged = texts(data, "mergedAccountIds")
        yield "account", [text(data, "state"), whole(data, "addressVersion"), known, merged[:MERGED_NAMED_MAX]]
        yield "merged", len(merged)
        if text(data, "toState"):
            yield "entered", None
        if profile := part(data, "profile"):
            yield "profile", [text(profile, name) for name in _PROFILE]
        match event.kind:
            case "AccountCreated":
                yield "created", None
            case "AccountsMerged":
                yield "survivor", text(data, "survivingAccountId")
            case "AccountClosed":
                yield "closed", None

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        """The account as known."""
        account = dweller(self.space, place)
        state, address, regulated, merged = shared.value(account, "account")
        data = {
            "accountId": account,
            "state": state or "UNKNOWN",
            **dict(zip(_PROFILE, shared.value(account, "profile", [None] * len(_PROFILE)), strict=True)),
            "addressVersion": address,
            "regulated": regulated,
            "survivingAccountId": shared.value(account, "survivor"),
            "mergedAccountCount": shared.value(account, "merged"),
            "mergedAccountIds": merged,
            "createdAt": _at(shared, account, "created"),
            "stateSince": _at(shared, account, "entered"),
            "closedAt": _at(shared, account, "closed"),
        }
        return Derived((Row("AccountView", account, data),))


def _at(facts: Facts, account: str, name: str) -> Any:
    entry = facts.entry(account, name)
    return None if entry is None else moment(entry.time_us)
