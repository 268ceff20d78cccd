"""Timelines: complete, in causal order, in small pages, and to each audience what it may read."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalogue import RECORDS
from domain.fold.group import rows_of
from domain.fold.heard import Heard
from domain.timeline.account_timeline import AccountTimelineFold
from domain.timeline.causal import Step, causal_order
from domain.timeline.entry import TELLINGS
from domain.timeline.order_timeline import OrderTimelineFold
from domain.timeline.paging import ENTRIES_PER_PAGE
from domain.timeline.quote_timeline import QuoteTimelineFold
from domain.timeline.trace import as_seen_by, trace
from tests.folds.enterprise import told
from topics.owner_topics import CASE_DECISIONS

ORDERS, QUOTES, ACCOUNTS = OrderTimelineFold(), QuoteTimelineFold(), AccountTimelineFold()
AUDIENCES = ("customer", "sales", "support", "fulfillment", "finance", "compliance")
OF_QUOTES = frozenset({"Quote", "PriceCalculation", "ApprovalCase", "EvidencePackage"})


def pages_by(fold: Any, field: str, profile: str = "none") -> dict[str, list[dict[str, Any]]]:
    run = told(200, 3) if profile == "none" else told(40, 7, profile)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(fold, run.events, run.end_us).values():
        found.setdefault(row.data[field], []).append(dict(row.data))
    return found


def about_orders(events: tuple[Heard, ...]) -> dict[str, Counter[str]]:
    """By order the ids of the events that name it, found without the fold."""
    found: dict[str, Counter[str]] = {}
    for event in events:
        order = event.data.get("orderId")
        if order is not None and event.aggregate not in OF_QUOTES:
            found.setdefault(order, Counter())[event.event_id] += 1
    return found


@pytest.mark.parametrize("profile", ["none", "mixed"])
def test_every_event_of_an_order_is_in_its_timeline_exactly_once(profile: str) -> None:
    wanted = about_orders((told(200, 3) if profile == "none" else told(40, 7, profile)).events)
    found = {
        order: Counter(entry["eventId"] for page in pages for entry in page["entries"])
        for order, pages in pages_by(ORDERS, "orderId", profile).items()
    }
    # events that come repeatedly are one event
    assert found == {order: Counter(set(ids)) for order, ids in wanted.items()}


def test_every_event_of_a_quote_is_in_its_timeline_exactly_once() -> None:
    wanted: dict[str, Counter[str]] = {}
    for event in told(200, 3).events:
        if event.aggregate in OF_QUOTES:
            wanted.setdefault(event.data["quoteId"], Counter())[event.event_id] += 1
    found = pages_by(QUOTES, "quoteId")
    assert {q: Counter(e["eventId"] for p in pages for e in p["entries"]) for q, pages in found.items()} == wanted


def test_whatever_names_an_order_has_words_for_it() -> None:
    """A new event with an order id must not be missing from timelines; what was decided is in its case's history."""
    named = {r.name for r in RECORDS if r.owner != "ordertruth" and "order_id" in r.model.model_fields}
    named -= {*CASE_DECISIONS.records}
    assert named <= ORDERS.kinds | QUOTES.kinds
    quoted = {r.name for r in RECORDS if r.aggregate in OF_QUOTES}
    assert quoted <= QUOTES.kinds
    models = {r.name: r for r in RECORDS}
    for kind, telling in TELLINGS.items():
        wire = {field.serialization_alias or field.alias for field in models[kind].model.model_fields.values()}
        assert set(telling.details) <= wire, f"{kind} has no {set(telling.details) - wire}"
        assert telling.aggregate == models[kind].aggregate
        assert set(telling.told_to) <= set(AUDIENCES)


def test_no_effect_comes_before_its_cause() -> None:
    for pages in pages_by(ORDERS, "orderId").values():
        entries = [entry for page in sorted(pages, key=lambda p: (p["month"], p["page"])) for entry in page["entries"]]
        assert_causal(entries)


def assert_causal(entries: list[Any]) -> None:
    place = {entry["eventId"]: number for number, entry in enumerate(entries)}
    versions: dict[str, int] = {}
    for number, entry in enumerate(entries):
        assert place.get(entry["causationId"], -1) < number
        what = entry["aggregate"] + entry["aggregateId"]
        assert versions.get(what, 0) < entry["version"]
        versions[what] = entry["version"]


def test_an_order_is_traced_from_quote_to_charge() -> None:
    """R207: the order's pages name its quote; both timelines together are the whole story."""
    orders, quotes = pages_by(ORDERS, "orderId"), pages_by(QUOTES, "quoteId")
    traced = 0
    for pages in orders.values():
        quote = next((page["quoteId"] for page in pages if page["quoteId"]), None)
        story = trace([*pages, *quotes.get(quote or "", [])])
        kinds = [entry["eventType"] for entry in story]
        assert_causal(story)
        if not {"QuoteCreated", "ChargeActivated"} <= set(kinds):
            continue
        traced += 1
        steps = ["QuoteCreated", "PriceCalculated", "QuotePriced", "QuotePresented", "QuoteAccepted"]
        steps += ["ProductOrderCreated", "ProductOrderAccepted", "FulfillmentPlanCreated", "FulfillmentTaskStarted"]
        steps += ["BillingActivationRequested", "ChargeActivated"]
        assert all(before < after for before, after in pairwise(kinds.index(step) for step in steps))
        assert len({entry["eventId"] for entry in story}) == len(story)
    assert traced >= 50


def test_pages_are_small_and_count_what_there_is() -> None:
    order = "sim-3:order-000097"
    template = next(e for e in told(200, 3).events if e.kind == "InvoiceIssued" and e.data["orderId"] == order)
    many = [replace(template, event_id=f"e{n:04}", version=n + 1, offset=n) for n in range(3 * ENTRIES_PER_PAGE + 1)]
    rows = list(rows_of(ORDERS, many, 0).values())
    assert [len(row.data["entries"]) for row in rows] == [ENTRIES_PER_PAGE] * 3 + [1]
    assert [row.data["page"] for row in rows] == [1, 2, 3, 4]
    assert {row.data["entryCount"] for row in rows} == {len(many)}
    assert {row.data["pages"] for row in rows} == {4}
    assert [e["eventId"] for row in rows for e in row.data["entries"]] == [e.event_id for e in many]
    later = replace(template, event_id="later", time_us=template.time_us + 40 * 86_400_000_000)
    months = {row.data["month"] for row in rows_of(ORDERS, [template, later], 0).values()}
    assert len(months) == 2


def test_who_what_when_and_where_is_said() -> None:
    event = next(e for e in told(200, 3).events if e.kind == "FulfillmentTaskFailed")
    (page,) = (row.data for row in rows_of(ORDERS, [event], 0).values())
    (entry,) = page["entries"]
    assert (entry["actorId"], entry["actorRole"], entry["source"]) == (event.actor_id, event.actor_role, event.source)
    assert (entry["topic"], entry["partition"], entry["offset"]) == (event.topic, event.partition, event.offset)
    assert (entry["correlationId"], entry["causationId"]) == (event.correlation_id, event.causation_id)
    assert entry["details"]["failureCode"] == event.data["failureCode"]
    assert entry["itemId"] == event.data["itemId"]
    assert entry["sentence"] == "A task failed."
    assert page["firstAt"] == page["lastAt"] == entry["at"]


def test_the_account_timeline_has_one_record_for_each_material_step() -> None:
    run = told(200, 3)
    material = {kind for kind, telling in TELLINGS.items() if telling.material}
    wanted: dict[str, set[str]] = {}
    for event in run.events:
        if event.kind in material:
            wanted.setdefault(event.data["accountId"], set()).add(event.event_id)
    rows = [row.data for row in rows_of(ACCOUNTS, run.events, run.end_us).values()]
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["accountId"], set()).add(row["entry"]["eventId"])
    assert found == wanted
    assert len(rows) == sum(map(len, wanted.values()))
    for account in found:
        own = sorted((row for row in rows if row["accountId"] == account), key=lambda row: row["position"])
        assert [row["at"] for row in own] == sorted(row["at"] for row in own)
    invoices = {e.event_id: e.data["amount"] for e in run.events if e.kind == "InvoiceIssued"}
    told_of = {r["entry"]["eventId"]: r["amounts"] for r in rows if r["eventType"] == "InvoiceIssued"}
    assert told_of == {i: [{"kind": None, "period": None, "amount": a}] for i, a in invoices.items()}


def filled(value: Any, token: str) -> Any:
    """A field with its texts replaced, so that a text that leaks is recognised."""
    match value:
        case str():
            return f"{token}-{value}"
        case dict():
            return {name: filled(each, token) for name, each in value.items()}
        case list():
            return [filled(each, token) for each in value]
        case _:
            return value


def test_nothing_an_event_says_reaches_the_customer() -> None:
    """The words for customers are fixed, so no text of an event can be in them; the item is theirs to know."""
    spoken = 0
    for event in told(40, 7, "mixed").events:
        if event.kind not in ORDERS.kinds or not event.data.get("orderId"):
            continue
        data = {name: value if name == "orderId" else filled(value, "SECRET") for name, value in event.data.items()}
        marked = replace(event, data={**data, "itemId": None}, actor_id="SECRET", source="SECRET", reason_code="SECRET")
        for row in rows_of(ORDERS, [marked], 0).values():
            for entry in row.data["entries"]:
                seen = as_seen_by("customer", entry)
                assert "SECRET" not in str(seen)
                assert "SECRET" in str(entry)
                spoken += seen is not None
    assert spoken > 50


def test_each_audience_reads_what_is_meant_for_it() -> None:
    kinds_of: dict[str, set[str]] = {audience: set() for audience in AUDIENCES}
    for pages in pages_by(ORDERS, "orderId").values():
        for page in pages:
            for entry in page["entries"]:
                for audience in AUDIENCES:
                    seen = as_seen_by(audience, entry)
                    if seen is not None:
                        kinds_of[audience].add(entry["eventType"])
                        assert audience in ("support", "fulfillment", "compliance") or not seen.get("actorId")
    assert kinds_of["compliance"] >= set().union(*kinds_of.values())
    assert not kinds_of["customer"] & {
        "FulfillmentTaskFailed",
        "FalloutDetected",
        "ChargeActivated",
        "ResourceReserved",
    }
    assert not kinds_of["support"] & {"PaymentAuthorized", "EvidenceAttached"}
    assert not kinds_of["fulfillment"] & {"InvoiceIssued", "ChargeActivated"}
    assert not kinds_of["finance"] & {"FulfillmentTaskStarted", "ProvisioningFailed"}
    assert "evidenceRef" not in as_seen_by("support", repair())["details"]  # type: ignore[index]
    assert "evidenceRef" in as_seen_by("compliance", repair())["details"]  # type: ignore[index]


def repair() -> dict[str, Any]:
    event = next(e for e in told(200, 3).events if e.kind == "OrderRepairApplied")
    (row,) = rows_of(ORDERS, [event], 0).values()
    entry: dict[str, Any] = row.data["entries"][0]
    return entry


STEPS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from("ab"), st.integers(1, 4), st.integers(0, 11)), max_size=12
)


@given(STEPS, st.integers(0, 2**32))
def test_causal_order_keeps_everything_once_and_does_not_depend_on_the_order_given(
    drawn: list[tuple[int, str, int, int]], seed: int
) -> None:
    steps = [
        Step(at, subject, version, f"e{n}", f"e{cause}", n) for n, (at, subject, version, cause) in enumerate(drawn)
    ]
    found = causal_order(steps)
    assert sorted(found) == list(range(len(steps)))
    shuffled = list(steps)
    Random(seed).shuffle(shuffled)
    assert causal_order(shuffled) == found


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 11)), max_size=12))
def test_causes_come_first_whatever_the_clocks_say(drawn: list[tuple[int, int]]) -> None:
    """Each has a cause among the earlier ones, by number, so that there are no circles; times are anything."""
    causes = [cause % n if n else None for n, (_, cause) in enumerate(drawn)]
    steps = [
        Step(at, f"s{n}", 1, f"e{n}", None if causes[n] is None else f"e{causes[n]}", n)
        for n, (at, _) in enumerate(drawn)
    ]
    found = causal_order(steps)
    place = {n: position for position, n in enumerate(found)}
    assert all(cause is None or place[cause] < place[n] for n, cause in enumerate(causes))


def test_events_that_claim_to_cause_each_other_are_told_by_time() -> None:
    steps = [Step(2, "a", 1, "x", "y", "later"), Step(1, "b", 1, "y", "x", "earlier")]
    assert causal_order(steps) == ["later", "earlier"]
    assert causal_order(reversed(steps)) == ["later", "earlier"]
    assert causal_order([Step(1, "a", 1, "x", "x", "own cause")]) == ["own cause"]
