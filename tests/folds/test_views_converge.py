"""What holds for every view: order of arrival does not matter, foreign events do no harm, records fit their tables."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.account_view.fold import AccountViewFold
from domain.account_view.holdings import AccountHoldingsFold
from domain.delivery_view.fold import DeliveryViewFold
from domain.fold.facts import Facts
from domain.fold.fold import Fold
from domain.fold.group import Groups, rows_of
from domain.order_reference.fold import OrderReferenceFold
from domain.quote_view.fold import QuoteViewFold
from domain.quote_view.pricing_trace import PricingTraceFold
from domain.quote_view.staleness import QuoteStalenessFold
from domain.timeline.account_timeline import AccountTimelineFold
from domain.timeline.order_timeline import OrderTimelineFold
from domain.timeline.quote_timeline import QuoteTimelineFold
from sinks.tables import TABLES, tables_of
from tests.folds.convergence import assert_convergent
from tests.folds.enterprise import told
from tests.folds.published import all_published, assert_fits

FOLDS: tuple[Fold, ...] = (
    OrderTimelineFold(),
    OrderReferenceFold(),
    QuoteTimelineFold(),
    AccountTimelineFold(),
    QuoteViewFold(),
    QuoteStalenessFold(),
    PricingTraceFold(),
    DeliveryViewFold(),
    AccountViewFold(),
    AccountHoldingsFold(),
)
BY_RECORD = {table.model.__name__: table for table in TABLES}
UNHEARD_BY_SINKS = {"QuoteDecisions", "QuoteStaleness"}
views = pytest.mark.parametrize("fold", FOLDS, ids=lambda fold: fold.rule_id)


@views
@given(seed=st.integers(0, 2**32))
@settings(max_examples=4, deadline=None)
def test_any_order_and_repetition_ends_in_the_same_records(fold: Fold, seed: int) -> None:
    events = told(12, 5, "mixed").events
    assert_convergent(fold, events, told(12, 5, "mixed").end_us, Random(seed))


@views
def test_two_events_that_claim_one_version_end_alike_whichever_comes_first(fold: Fold) -> None:
    events = [event for event in told(12, 5).events if event.kind in fold.kinds]
    forged = [replace(e, content=e.content ^ 1, event_id=f"{e.event_id}-forged") for e in events[::7]]
    assert rows_of(fold, [*events, *forged], 2**60) == rows_of(fold, [*forged, *reversed(events)], 2**60)


@views
@given(seed=st.integers(0, 2**32))
@settings(max_examples=3, deadline=None)
def test_events_that_lack_fields_are_told_all_the_same(fold: Fold, seed: int) -> None:
    random = Random(seed)
    poor = [
        replace(event, data={name: value for name, value in event.data.items() if random.random() < 0.6})
        for event in told(12, 5, "mixed").events
    ]
    for row, record in all_published(fold, poor, told(12, 5, "mixed").end_us):
        assert_fits(row, record, BY_RECORD.get(row.record))


@views
def test_every_record_fits_its_contract_and_its_table(fold: Fold) -> None:
    found = list(all_published(fold, told(40, 7, "mixed").events, told(40, 7, "mixed").end_us))
    for row, record in found:
        assert row.record in BY_RECORD or row.record in UNHEARD_BY_SINKS
        assert_fits(row, record, BY_RECORD.get(row.record))
    assert found or fold.rule_id == "quote-staleness", "quotes in the making are tried in their own tests"


@views
def test_facts_are_plain_data(fold: Fold) -> None:
    groups = Groups(fold)
    groups.hear(told(12, 5, "mixed").events)
    kept = Groups(fold, {p: Facts.from_plain(json.loads(json.dumps(f.to_plain()))) for p, f in groups.facts.items()})
    until_us = told(12, 5, "mixed").end_us
    assert list(kept.settled(until_us)) == list(groups.settled(until_us))


@views
def test_rows_are_of_the_records_it_names_and_rest_on_events(fold: Fold) -> None:
    for row, record in all_published(fold, told(12, 5, "mixed").events, told(12, 5, "mixed").end_us):
        assert row.record in fold.records
        assert record["derivation"]["inputs"], f"{row.key} cites nothing"


@views
def test_nothing_of_another_tenant_is_told(fold: Fold) -> None:
    strange = [replace(event, subject=f"other:{event.subject}") for event in told(12, 5).events]
    groups = Groups(fold)
    groups.hear(strange)
    assert not [place for place in groups.facts if not place.group.startswith("other:")]
    told_of = {place.group for place in groups.facts}
    assert not [group for group in told_of if "/sim-5" not in group and ":sim-5:" not in group and "sim-5" in group]


def test_analytics_carry_no_views_of_single_things() -> None:
    kept = {"order_state", "billing_handoff", "drift_findings", "reconciliation_cases", "business_facts"}
    assert {table.name for table in tables_of("clickhouse")} == kept
    assert tables_of("postgres") == TABLES
    assert {row.name for row in TABLES} >= {
        "order_timeline",
        "quote_view",
        "quote_timeline",
        "account_timeline",
        "fulfillment_plan",
        "fallout",
        "fulfillment_exception_view",
        "account_view",
    }
