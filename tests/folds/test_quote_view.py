"""Quotes: what the view says is what the events say, stale when it is, decisions complete."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from domain.fold.group import rows_of
from domain.fold.heard import Heard
from domain.fold.reading import moment, time_us
from domain.quote_view.build import SHOWN_MAX
from domain.quote_view.fold import QuoteViewFold
from domain.quote_view.pricing_trace import STEPS_SHOWN_MAX, PricingTraceFold
from domain.quote_view.staleness import QuoteStalenessFold
from tests.folds.enterprise import told
from tests.folds.published import all_published, heard_again

VIEW, STALENESS, TRACE = QuoteViewFold(), QuoteStalenessFold(), PricingTraceFold()
APPROVALS = ("ApprovalRequested", "ApprovalDecided", "ApprovalEscalated", "ApprovalExpired")
DAY_US = 86_400_000_000


@cache
def views() -> dict[str, dict[str, dict[str, Any]]]:
    """Every row over the run, by record and key."""
    run = told(200, 3)
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for (record, key), row in rows_of(VIEW, run.events, run.end_us).items():
        found[record][key] = dict(row.data)
    return found


def events_of(*kinds: str) -> dict[str, list[Heard]]:
    found: dict[str, list[Heard]] = defaultdict(list)
    for event in told(200, 3).events:
        if event.kind in kinds or event.aggregate in kinds:
            found[event.data["quoteId"]].append(event)
    return found


def test_each_quote_stands_where_its_newest_event_put_it() -> None:
    """At the end, and each time approval of a quote was asked for, when others are on their way."""
    run = told(200, 3)
    seen: set[str] = set()
    for moment_us in (*(e.time_us for e in run.events if e.kind == "QuoteSubmittedForApproval"), run.end_us):
        events = [e for e in run.events if e.aggregate == "Quote" and e.time_us <= moment_us]
        newest = {event.subject: event for event in sorted(events, key=lambda e: e.version)}
        rows = rows_of(VIEW, events, 0)
        found = {key: row.data for (record, key), row in rows.items() if record == "QuoteView"}
        assert set(found) == set(newest)
        for quote, event in newest.items():
            view = found[quote]
            names = ("state", "quoteVersion", "accountId", "quoteNumber", "catalogPublicationId")
            assert [view[name] for name in names] == [event.data[name] for name in names]
            assert view["stateSince"] == moment(event.time_us)
            seen.add(view["state"])
    assert len(seen) >= 7, "the run has quotes of many fates"


def test_amounts_and_fingerprints_are_those_of_the_newest_price() -> None:
    for quote, events in events_of("QuotePriced").items():
        priced, view = max(events, key=lambda e: e.version).data, views()["QuoteView"][quote]
        if priced["quoteVersion"] != view["quoteVersion"]:
            assert (view["priceFingerprint"], view["amounts"]) == (None, [])
            continue
        assert view["amounts"] == priced["charges"]
        names = ("priceFingerprint", "configurationFingerprint", "discountPercent", "discountLimitPercent", "currency")
        assert [view[name] for name in names] == [priced[name] for name in names]
        assert view["lineCount"] == len(priced["lines"])


def test_the_approval_history_is_every_event_of_every_approval() -> None:
    found = {quote: view["approvals"] for quote, view in views()["QuoteView"].items() if view["approvals"]}
    wanted = events_of(*APPROVALS)
    assert set(found) == set(wanted)
    assert sum(map(len, wanted.values())) > 20
    for quote, events in wanted.items():
        steps = found[quote]
        assert {step["eventId"] for step in steps} == {event.event_id for event in events}
        assert len(steps) == len(events) == views()["QuoteView"][quote]["approvalStepCount"]
        assert [step["at"] for step in steps] == sorted(step["at"] for step in steps)
        by_id = {event.event_id: event for event in events}
        for step in steps:
            event = by_id[step["eventId"]]
            assert (step["eventType"], step["actorId"]) == (event.kind, event.actor_id)
            assert step["level"] == event.data["level"]
            assert step["discountPercent"] == event.data["input"]["discountPercent"]
            if event.kind == "ApprovalDecided":
                assert step["outcome"] == event.data["outcome"]
                assert step["authorityDiscountPercent"] == event.data["authorityLimit"]["discountPercent"]


def test_validation_results_are_told_with_their_findings() -> None:
    failed = events_of("QuoteValidationFailed")
    assert failed
    for quote, events in events_of("QuoteValidated", "QuoteValidationFailed").items():
        view = views()["QuoteView"][quote]
        assert view["validationCount"] == len(events)
        told_of = {result["eventId"]: result for result in view["validations"]}
        for event in events:
            result = told_of[event.event_id]
            assert result["passed"] == (event.kind == "QuoteValidated")
            assert [f["code"] for f in result["findings"]] == [f["code"] for f in event.data["findings"]]
            assert [line["lineId"] for line in result["lines"]] == [r["lineId"] for r in event.data["lineResults"]]


def test_the_evidence_package_has_every_piece_of_its_chain() -> None:
    attached = events_of("EvidenceAttached")
    for quote, events in attached.items():
        evidence = views()["QuoteView"][quote]["evidence"]
        newest = max(e.data["quoteVersion"] for e in events)
        wanted = [e.data["contentHash"] for e in sorted(events, key=lambda e: e.version)]
        if len({e.subject for e in events}) == 1 and newest == views()["QuoteView"][quote]["quoteVersion"]:
            assert [piece["contentHash"] for piece in evidence["pieces"]] == wanted
            there = {e.data["kind"] for e in events}
            assert evidence["missingKinds"] == sorted(set(events[-1].data["requiredKinds"]) - there)
            told_of = views()["QuoteDecisions"][quote]["evidence"]
            assert [piece["hash"] for piece in told_of] == wanted
    assembled = {q for q, v in views()["QuoteView"].items() if v["evidence"] and v["evidence"]["packageHash"]}
    assert assembled == set(events_of("EvidencePackageAssembled"))


def test_what_became_of_it_is_told() -> None:
    converted = {quote: events[0].data["orderId"] for quote, events in events_of("QuoteConvertedToOrder").items()}
    assert {q: v["convertedOrderId"] for q, v in views()["QuoteView"].items() if v["convertedOrderId"]} == converted
    assert {q: v["orderId"] for q, v in views()["QuoteDecisions"].items() if v["orderId"]} == converted
    failed = {quote: len(events) for quote, events in events_of("QuoteConversionFailed").items()}
    counts = {q: v["conversionFailureCount"] for q, v in views()["QuoteView"].items() if v["conversionFailureCount"]}
    assert counts == failed
    for view in views()["QuoteView"].values():
        assert view["orderCount"] == (view["convertedOrderId"] is not None)


def test_decisions_name_who_with_what_authority_on_what_grounds() -> None:
    for quote, events in events_of("ApprovalDecided").items():
        decisions = views()["QuoteDecisions"][quote]["decisions"]
        for event in events:
            (decision,) = (d for d in decisions if d["eventId"] == event.event_id)
            limit = event.data["authorityLimit"]["discountPercent"]
            assert (decision["what"], decision["actorId"]) == ("ApprovalDecided", event.actor_id)
            assert decision["authorityLimitPercent"] == limit
            assert decision["authorityLimit"] == f"discounts of up to {limit.normalize():f} %"
            assert decision["evidenceRef"] == event.data["approvalFingerprint"]
    for quote in events_of("QuoteAccepted"):
        assert "QuoteAccepted" in {d["what"] for d in views()["QuoteDecisions"][quote]["decisions"]}


def decisions_over(events: list[Heard]) -> dict[str, Any]:
    (found,) = (row.data for (record, _), row in rows_of(VIEW, events, 0).items() if record == "QuoteDecisions")
    return dict(found)


def whole_quote() -> list[Heard]:
    """An approved and accepted quote with everything that names it."""
    decided = {q for q, events in events_of("ApprovalDecided").items() if events[-1].data["outcome"] == "APPROVED"}
    complete = set(events_of("EvidencePackageAssembled"))
    quote = min(decided & complete & set(events_of("QuoteConvertedToOrder")))
    return [e for e in told(200, 3).events if e.data.get("quoteId") == quote and e.kind in VIEW.kinds]


def test_nothing_is_missing_of_a_good_quote_and_what_is_taken_away_is_missed() -> None:
    events = whole_quote()
    assert decisions_over(events)["missing"] == []
    assert decisions_over(events)["breaches"] == []
    without = [e for e in events if e.kind != "ApprovalDecided"]
    assert decisions_over(without)["missing"] == [
        "The discount is above what needs no approval, and no approval is on record."
    ]
    without = [e for e in events if not (e.kind == "EvidenceAttached" and e.data["kind"] == "PRICING_TRACE")]
    assert decisions_over(without)["missing"] == ["The evidence package has no PRICING_TRACE."]
    nobody = [replace(e, actor_id="") if e.kind == "QuoteAccepted" else e for e in events]
    assert decisions_over(nobody)["missing"] == ["A decision does not name who decided."]
    weak = [altered(e, discountPercent=Decimal("1.0000")) if e.kind == "ApprovalDecided" else e for e in events]
    assert decisions_over(weak)["missing"] == ["An approval goes beyond the authority of whoever decided."]
    selfish = [replace(e, actor_id=e.data["requestedBy"]) if e.kind == "ApprovalDecided" else e for e in events]
    assert decisions_over(selfish)["breaches"] == ["Whoever asked for an exception decided on it."]


def altered(event: Heard, **limit: Decimal) -> Heard:
    return replace(event, data={**event.data, "authorityLimit": {**event.data["authorityLimit"], **limit}})


def stale_by_hand(events: list[Heard], at_us: int) -> dict[str, set[str]]:
    """R351 from the raw events: approved or presented, and publication or price out of force, reason by reason."""
    ends: dict[str, int] = {}
    newest: dict[str, Heard] = {}
    expires: dict[tuple[str, int], tuple[int, int]] = {}
    for event in events:
        data = event.data
        if event.kind == "CatalogPublished" and data["supersedesPublicationId"]:
            ends[data["supersedesPublicationId"]] = time_us(data, "effectiveFrom") or 0
        if event.aggregate == "Quote" and event.version > (
            newest[q].version if (q := data["quoteId"]) in newest else 0
        ):
            newest[q] = event
        if event.kind == "QuotePriced":
            key = (data["quoteId"], data["quoteVersion"])
            expires[key] = max(expires.get(key, (0, 0)), (event.version, time_us(data, "priceExpiresAt") or 0))
    found: dict[str, set[str]] = {}
    for quote, event in newest.items():
        data = event.data
        if data["state"] not in ("Approved", "Presented"):
            continue
        reasons = set()
        if ends.get(data["catalogPublicationId"], at_us + 1) <= at_us:
            reasons.add("PUBLICATION_SUPERSEDED")
        if expires.get((quote, data["quoteVersion"]), (0, at_us + 1))[1] <= at_us:
            reasons.add("PRICE_EXPIRED")
        if reasons:
            found[quote] = reasons
    return found


def test_a_quote_is_stale_when_its_publication_or_its_price_is_out_of_force() -> None:
    run = told(200, 3)
    seen: set[str] = set()
    published = [e for e in run.events if e.kind == "CatalogPublished"]
    for publication in published[1:]:
        at_us = publication.time_us + DAY_US
        # also what follows if every quote of the day is left lying for two months
        for until_us in (at_us, at_us + 60 * DAY_US):
            events = [e for e in run.events if e.time_us <= at_us or e.kind == "CatalogPublished"]
            superseded = [
                heard_again(row, record, n)
                for n, (row, record) in enumerate(all_published(STALENESS, events, until_us))
            ]
            rows = rows_of(VIEW, [*events, *superseded], until_us)
            found = {row.key: set(row.data["staleReasons"]) for row in rows.values() if row.data.get("stale")}
            assert found == stale_by_hand(events, until_us)
            seen = seen.union(*found.values())
            for (record, _), row in rows.items():
                if record == "QuoteView" and row.data["stale"]:
                    assert row.data["staleSince"] <= moment(until_us)
    assert seen == {"PUBLICATION_SUPERSEDED", "PRICE_EXPIRED"}


def test_lists_are_cut_and_counted() -> None:
    template = next(e for e in told(200, 3).events if e.kind == "QuoteConversionFailed")
    many = [
        replace(template, version=n, event_id=f"e{n}", content=n, time_us=template.time_us + n)
        for n in range(1, SHOWN_MAX + 31)
    ]
    (view,) = (row.data for (record, _), row in rows_of(VIEW, many, 0).items() if record == "QuoteView")
    assert view["conversionFailureCount"] == SHOWN_MAX + 30
    assert len(view["conversionFailures"]) == SHOWN_MAX
    assert view["conversionFailures"][-1]["at"] - view["conversionFailures"][0]["at"] == timedelta(
        microseconds=SHOWN_MAX - 1
    )


def test_the_pricing_trace_is_that_of_the_calculation() -> None:
    rows = rows_of(TRACE, told(200, 3).events, 0)
    calculations = [e for e in told(200, 3).events if e.aggregate == "PriceCalculation"]
    assert {key for _, key in rows} == {event.subject for event in calculations}
    for event in calculations:
        trace, data = rows["PricingTrace", event.subject].data, event.data
        assert [{**step, "step": str(step["step"])} for step in trace["steps"]] == [
            {**step, "step": str(step["step"])} for step in data["trace"]
        ]
        assert trace["stepCount"] == len(data["trace"])
        names = ("quoteId", "priceBookId", "priceBookVersion", "ruleVersions", "inputFingerprint", "currency")
        assert [trace[name] for name in names] == [data[name] for name in names]
        assert trace["priced"] == (event.kind == "PriceCalculated")
    long = replace(event, data={**data, "trace": data["trace"][:1] * (STEPS_SHOWN_MAX + 5)})
    (row,) = rows_of(TRACE, [long], 0).values()
    assert (len(row.data["steps"]), row.data["stepCount"]) == (STEPS_SHOWN_MAX, STEPS_SHOWN_MAX + 5)
