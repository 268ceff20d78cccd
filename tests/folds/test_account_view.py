"""Accounts: as CRM says, and what they hold, counted in shares."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any

from domain.account_view.fold import MERGED_NAMED_MAX, AccountViewFold
from domain.account_view.holdings import COUNTED, AccountHoldingsFold, summary
from domain.account_view.shares import SHARES
from domain.fold.group import rows_of
from tests.folds.enterprise import told

VIEW, HOLDINGS = AccountViewFold(), AccountHoldingsFold()


def test_accounts_are_as_their_newest_event_says() -> None:
    newest: dict[str, Any] = {}
    profiles: dict[str, Any] = {}
    for event in sorted(told(200, 3).events, key=lambda e: e.version):
        if event.aggregate == "Account":
            newest[event.subject] = event
            profiles[event.subject] = event.data.get("profile") or profiles[event.subject]
    found = {key: row.data for (_, key), row in rows_of(VIEW, told(200, 3).events, 0).items()}
    assert set(found) == set(newest)
    for account, event in newest.items():
        view = found[account]
        for name in ("state", "addressVersion", "regulated", "mergedAccountIds"):
            assert view[name] == event.data[name]
        for name in ("segment", "legalIdentityHash", "billingAccountId", "customerId"):
            assert view[name] == profiles[account][name]
        assert view["survivingAccountId"] == event.data.get("survivingAccountId")
        assert (view["closedAt"] is not None) == (event.data["state"] == "CLOSED")
    assert {view["state"] for view in found.values()} == {"ACTIVE", "MERGED", "CLOSED"}


def test_no_name_and_no_address_is_told() -> None:
    named = {
        value
        for event in told(200, 3).events
        if event.aggregate == "Account" and "profile" in event.data
        for value in (event.data["profile"]["displayName"], event.data["profile"]["address"]["street"])
    }
    text = str([row.data for row in rows_of(VIEW, told(200, 3).events, 0).values()])
    assert named
    assert not [name for name in named if name in text]


def test_an_account_of_many_duplicates_names_the_first_and_counts_all() -> None:
    updated = next(e for e in told(200, 3).events if e.kind == "AccountUpdated")
    many = [f"sim-3:account-{n:06}" for n in range(MERGED_NAMED_MAX + 50)]
    (row,) = rows_of(VIEW, [replace(updated, data={**updated.data, "mergedAccountIds": many})], 0).values()
    assert row.data["mergedAccountIds"] == many[:MERGED_NAMED_MAX]
    assert row.data["mergedAccountCount"] == len(many)


def test_the_sum_over_the_shares_is_what_the_account_has() -> None:
    newest: dict[tuple[str, str], Any] = {}
    for event in told(200, 3).events:
        key = (event.aggregate, event.subject)
        if event.aggregate in COUNTED and event.version >= (newest[key].version if key in newest else 0):
            newest[key] = event
    wanted: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for (aggregate, _), event in newest.items():
        wanted[event.data["accountId"]][aggregate, event.data["state"]] += 1
    shares: dict[str, list[Any]] = defaultdict(list)
    for row in rows_of(HOLDINGS, told(200, 3).events, 0).values():
        shares[row.data["accountId"]].append(row.data)
    found = {
        account: {(line["aggregate"], line["state"]): line["count"] for line in summary(rows)}
        for account, rows in shares.items()
    }
    assert found == wanted
    assert {aggregate for counts in found.values() for aggregate, _ in counts} == set(COUNTED)


def test_an_account_with_very_many_orders_has_a_bounded_number_of_records() -> None:
    created = next(e for e in told(200, 3).events if e.kind == "ProductOrderCreated")
    orders = 5_000
    many = [replace(created, subject=f"sim-3:order-{n}", event_id=f"e{n}", content=n) for n in range(orders)]
    rows = [row.data for row in rows_of(HOLDINGS, many, 0).values()]
    assert len(rows) == SHARES
    assert [(line["aggregate"], line["count"]) for line in summary(rows)] == [("ProductOrder", orders)]
    assert max(line["count"] for row in rows for line in row["holdings"]) < 3 * orders / SHARES
