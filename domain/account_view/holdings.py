"""What an account has, counted in shares so that no account is too large to count (R230, ADR 0058)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from domain.account_view.shares import share_of
from domain.fold.facts import Facts
from domain.fold.fold import Derived, Place, Row
from domain.fold.heard import Heard
from domain.fold.reading import dweller, home, moment, text
from domain.timeline.entry import TELLINGS, kinds_of

COUNTED = ("Quote", "ProductOrder", "Asset", "Charge", "FalloutCase")
"""What is counted, by the state its newest event names."""

_STATE = "state"


class AccountHoldingsFold:
    """Quotes, orders, products, charges and fallout by the account they name, in shares by their id.

    What goes over to another account is counted with both, because no event says that it left the first.
    """

    space = "account"
    rule_id = "account-holdings"
    rule_version = "1"
    records = frozenset({"AccountHoldings"})
    kinds = frozenset[str]().union(*map(kinds_of, COUNTED))

    def places(self, event: Heard) -> Iterable[Place]:
        """The share of the account that counts this thing."""
        return home(self.space, event, event.data.get("accountId"), share=share_of(event.subject))

    def says(self, event: Heard, place: Place) -> Iterable[tuple[str, Any]]:
        """What it is, and the state it is in."""
        return [(_STATE, [TELLINGS[event.kind].aggregate, text(event.data, "state") or "UNKNOWN"])]

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        """The counts of the share."""
        key = dweller(self.space, place)
        account, _, share = key.rpartition("/")
        newest: dict[tuple[str, str], list[int]] = defaultdict(list)
        for _, entry in shared.each(_STATE):
            newest[entry.value[0], entry.value[1]].append(entry.time_us)
        data = {
            "shareId": key,
            "accountId": account,
            "share": int(share),
            "holdings": [
                {"aggregate": aggregate, "state": state, "count": len(times), "newestAt": moment(max(times))}
                for (aggregate, state), times in sorted(newest.items())
            ],
        }
        return Derived((Row("AccountHoldings", key, data),))


def summary(shares: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The shares of an account, or of several that were merged, added up: counts by kind and state."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    newest: dict[tuple[str, str], datetime] = {}
    for share in shares:
        for holding in share["holdings"]:
            what = holding["aggregate"], holding["state"]
            counts[what] += holding["count"]
            newest[what] = max(newest.get(what, holding["newestAt"]), holding["newestAt"])
    return [
        {"aggregate": aggregate, "state": state, "count": count, "newestAt": newest[aggregate, state]}
        for (aggregate, state), count in sorted(counts.items())
    ]
