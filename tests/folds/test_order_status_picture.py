"""The rows of the people who work on an order: progress, blockers, structures, billing and the record of decisions."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from avro.codec import decode_body, encode_body, writer_schema
from avro.contract import contract
from domain.billing_verdict.fold import BillingHandoffs
from domain.fold.fold import Row
from domain.fold.group import rows_of
from domain.fold.heard import Heard
from domain.order_status.fold import QUOTE_DECISIONS, VERDICT, OrderStatusFold
from domain.quote_view.fold import QuoteViewFold
from tests.folds.enterprise import told
from tests.folds.order_story import ORDER, START, Story, line, planned

AT = datetime(2026, 6, 1, tzinfo=UTC)
ENDED = {"Completed", "PartiallyCompleted", "Cancelled", "Rejected", "FailedClosed"}
DERIVATION = {
    "inputs": [],
    "ruleId": "order-status",
    "ruleVersion": "1",
    "calculatedAt": AT,
    "validUntil": None,
    "authority": "INFORMATIONAL",
    "authoritativeFor": [],
    "notAuthoritativeFor": [],
    "sourceLagMs": 0,
}


@cache
def enterprise() -> dict[tuple[str, str], Row]:
    whole = told(300, 3)
    return rows_of(OrderStatusFold(), whole.events, whole.end_us)


def of(record: str) -> dict[str, Row]:
    return {key: row for (name, key), row in enterprise().items() if name == f"OrderStatus{record}"}


def delivered(lines: list[dict[str, Any]], done: set[str]) -> str:
    """What the accepted lines make of an order of which these items were delivered."""
    parents = {one["itemId"]: one["parentItemId"] for one in lines}
    actions = set()
    for one in lines:
        above = parents[one["itemId"]]
        while above is not None and above not in done:
            above = parents[above]
        if one["itemId"] in done and above is None and one["action"] != "NO_CHANGE":
            actions.add(one["action"])
    if actions <= {"SUSPEND", "DELETE"}:
        return "SUSPENDED" if "SUSPEND" in actions else "ENDED"
    return "ACTIVE"


def test_a_clean_enterprise_has_told_its_customers_the_truth() -> None:
    """Completed orders are what their items did, and nothing that has ended is stuck or left undone."""
    events = told(300, 3).events
    last = {
        e.subject: e.data["state"] for e in sorted(events, key=lambda e: e.version) if e.aggregate == "ProductOrder"
    }
    support, customer = of("Support"), of("Customer")
    assert {key: row.data["state"] for key, row in support.items()} == last
    assert set(support) == set(last)
    lines = {e.subject: e.data["items"] for e in events if e.kind == "ProductOrderAccepted"}
    for order_id, row in customer.items():
        if last[order_id] == "Completed":
            done = {i["itemId"] for i in support[order_id].data["items"] if i["state"] == "COMPLETED"}
            assert row.data["status"] == delivered(lines[order_id], done), order_id
            assert row.data["progressPercent"] == 100
    told_customers = Counter(row.data["status"] for row in customer.values())
    assert set(told_customers) >= {"ACTIVE", "SUSPENDED", "ENDED", "CANCELLED", "NOT_ACCEPTED", "CLOSED"}
    for row in support.values():
        assert row.data["state"] in ENDED
        assert (row.data["stuck"], row.data["blocker"], row.data["versionGaps"]) == (False, None, [])
        assert row.data["nextAction"]["step"] == "NOTHING"


def test_a_clean_enterprise_reaches_its_milestones_and_has_a_sound_record() -> None:
    everything = ["SUBMITTED", "VALIDATED", "ACCEPTED", "DECOMPOSED", "FIRST_ITEM_STARTED", "ALL_TASKS_DONE"]
    for row in of("Fulfillment").values():
        reached = [m["milestone"] for m in row.data["milestones"]]
        if row.data["state"] == "Completed":
            assert set(reached) >= {*everything, "ACTIVATED", "COMPLETED"}
            assert {task["state"] for task in row.data["tasks"]} <= {"COMPLETED", "COMPENSATED"}
    assert Counter(row.data["quality"] for row in of("Compliance").values()) == {"SOUND": len(of("Compliance"))}
    assert {row.data["readiness"] for row in of("Finance").values()} <= {"CHARGED", "EXCUSED", "NOT_BILLABLE"}


@pytest.mark.parametrize("record", ["Customer", "Sales", "Support", "Fulfillment", "Finance", "Compliance"])
def test_rows_fit_their_contracts(record: str) -> None:
    name = f"OrderStatus{record}"
    schema = writer_schema(contract(name).text)
    for row in of(record).values():
        assert (row.record, row.key) == (name, row.data["orderId"])
        whole = {**row.data, "version": 3, "derivation": DERIVATION}
        assert decode_body(encode_body(name, whole), schema) == whole


def in_work() -> Story:
    story = Story().begun(line("a"), line("b", dependsOn=["a"], parentItemId="a"), line("c", "NO_CHANGE"))
    tasks = [
        planned("pay", None, "AUTHORIZE_PAYMENT"),
        planned("a1", "a", dependsOn=["pay"]),
        planned("a2", "a", cutoff="ON_START", dependsOn=["a1"]),
        planned("b1", "b"),
        planned("b2", "b"),
    ]
    story.say("FulfillmentPlanCreated", f"{ORDER}/plan", state="PLANNED", tasks=tasks)
    story.order("Decomposed").order("ItemStarted", itemId="a")
    return story.task("Started", "pay", taskState="RUNNING", attempt=1)


def percent(story: Story) -> int:
    return int(story.row("customer")["progressPercent"])


def test_progress_weighs_items_by_their_tasks_and_counts_ended_ones_in_full() -> None:
    story = in_work()
    assert percent(story) == 0
    assert percent(story.task("Completed", "pay", taskState="COMPLETED", attempt=1)) == 20
    assert percent(story.task("Completed", "a1", itemId="a", taskState="COMPLETED", attempt=1)) == 40
    assert percent(story.order("ItemCompleted", itemId="a")) == 60
    assert percent(story.order("ItemCancelled", itemId="b")) == 100


def test_what_was_partly_delivered_is_counted() -> None:
    story = in_work().order("ItemCompleted", itemId="a")
    story.order("ItemStarted", itemId="b").order("ItemFailed", itemId="b", repair="NONE", failureCode="NO_LINE")
    row = story.row("support")
    assert (row["state"], row["tmf622V4State"]) == ("PartiallyCompleted", "partial")
    assert row["fulfilled"] == {"completed": 1, "cancelled": 0, "failed": 1, "open": 0}
    assert row["customerStatus"] == "PARTLY_ACTIVE"


def test_bundles_and_dependencies_are_two_structures() -> None:
    row = in_work().row("fulfillment")
    assert [(b["itemId"], b["rootItemId"], b["memberIds"]) for b in row["bundles"]] == [
        ("a", "a", ["b"]),
        ("b", "a", []),
        ("c", "c", []),
    ]
    assert row["dependencies"] == [{"itemId": "b", "dependsOn": ["a"], "openDependencies": ["a"], "ready": False}]
    waits = {task["taskId"]: task["waitsFor"] for task in row["tasks"]}
    assert (waits["a1"], waits["a2"]) == (["pay"], ["a1"])


def test_bundles_that_contain_each_other_have_one_root() -> None:
    row = Story().begun(line("a", parentItemId="b"), line("b", parentItemId="a")).row("fulfillment")
    assert [b["rootItemId"] for b in row["bundles"]] == ["a", "a"]


def test_a_cut_off_of_the_item_or_of_a_task_ends_cancelling() -> None:
    story = Story().begun(line("a", cutoff="STARTED"), line("b"), line("c", "NO_CHANGE"))
    may = {i["itemId"]: i["cancellable"] for i in story.row("support")["items"]}
    assert may == {"a": True, "b": True, "c": False}
    story.order("ItemStarted", itemId="a").order("ItemStarted", itemId="b")
    story.task("Started", "b1", itemId="b", cutoff="NEVER", taskState="RUNNING", attempt=1)
    may = {i["itemId"]: i["cancellable"] for i in story.row("support")["items"]}
    assert may == {"a": False, "b": True, "c": False}
    story.task("Started", "b2", itemId="b", cutoff="ON_START", taskState="RUNNING", attempt=1)
    assert not any(i["cancellable"] for i in story.row("support")["items"])


def test_changes_cancellations_and_gaps_are_shown() -> None:
    story = Story().order("Created", items=[line("a")]).order("Amended", items=[line("a"), line("b")])
    story.order("Submitted").order("DetailsUpdated", kind="CONTACT").order("Accepted", items=[line("a"), line("b")])
    story.order("CancellationRequested", itemIds=["b"], reasonCode="MOVED").order("CancellationRefused", itemIds=["b"])
    row = story.order("ItemStarted", itemId="a", ce_version=12).row("support")
    assert [(c["kind"], c["version"]) for c in row["changes"]] == [("LINES", 2), ("CONTACT", 4)]
    assert [(c["step"], c["itemIds"], c["reasonCode"]) for c in row["cancellations"]] == [
        ("REQUESTED", ["b"], "MOVED"),
        ("REFUSED", ["b"], None),
    ]
    assert row["versionGaps"] == [8, 9, 10, 11]
    assert [entry["version"] for entry in row["timeline"]] == [1, 2, 3, 4, 5, 6, 7, 12]


def test_a_failure_that_needs_a_person_comes_before_an_older_wait() -> None:
    story = Story().begun(line("a"), line("b")).order("ItemStarted", itemId="a").order("ItemStarted", itemId="b")
    story.order("ItemPendingExternal", itemId="a", waitingFor="logistics").wait(hours=1)
    assert story.row("support")["nextAction"]["step"] == "DELIVER"
    story.order("ItemFailed", itemId="b", repair="HUMAN", failureCode="NO_PORT")
    story.order("FalloutRaised", falloutId="f", itemId="b", repair="HUMAN", failureCode="NO_PORT")
    case: dict[str, Any] = {"falloutId": "f", "itemId": "b", "cause": "RESOURCE_UNAVAILABLE", "severity": "HIGH"}
    story.say("FalloutDetected", "acme:case", state="DETECTED", slaHours=8, failureCode="NO_PORT", **case)
    assert story.row("support")["nextAction"]["by"] == "order-manager"
    story.say("FalloutAssigned", "acme:case", state="ASSIGNED", team="field", escalationLevel=1, **case)
    row = story.row("support")
    assert (row["blocker"]["kind"], row["blocker"]["code"], row["blocker"]["since"]) == (
        "FALLOUT",
        "NO_PORT",
        story.now,
    )
    assert (row["nextAction"]["step"], row["nextAction"]["by"]) == ("REPAIR", "field")
    assert [(c["caseId"], c["team"], c["dueAt"]) for c in row["openCases"]] == [
        ("acme:case", "field", story.now + timedelta(hours=8))
    ]
    story.say("FalloutResolved", "acme:case", state="RESOLVED", **case)
    story.order("FalloutResolved", falloutId="f", itemId="b", itemState="IN_PROGRESS", repairRef="r")
    rows = story.rows()
    assert (rows["support"]["openCases"], rows["support"]["state"]) == ([], "InProgress")
    assert [f["state"] for f in rows["fulfillment"]["fallouts"]] == ["RESOLVED"]


def test_attempts_and_open_questions_are_exact() -> None:
    story = in_work().task(
        "Failed", "a1", itemId="a", taskState="FAILED", attempt=1, failureCode="BUSY", attemptsLeft=2
    )
    story.task("Retried", "a1", itemId="a", taskState="RUNNING", attempt=2)
    request = {"taskId": "a1", "itemId": "a", "operation": "ACTIVATE", "attempt": 2}
    story.say("ProvisioningStarted", "acme:request", state="IN_PROGRESS", **request)
    story.say("ServiceStatusObserved", "acme:request", state="OUTCOME_UNKNOWN", serviceStatus="DOWN", **request)
    story.say("ProvisioningFailed", "acme:other", state="FAILED", failureCode="REFUSED", **request)
    story.say("PaymentAuthorizationFailed", "acme:pay", state="OUTCOME_UNKNOWN", outcome="NOT_KNOWN")
    story.say("ResourceReserved", "acme:port", state="RESERVED", taskId="a1", resourceKind="PORT", expiresAt=START)
    row = story.row("fulfillment")
    assert row["retries"] == 1
    assert [(u["kind"], u["entityId"]) for u in row["unknownOutcomes"]] == [
        ("PROVISIONING", "acme:request"),
        ("PAYMENT", "acme:pay"),
    ]
    assert {(p["state"], p["serviceStatus"]) for p in row["provisioning"]} == {
        ("OUTCOME_UNKNOWN", "DOWN"),
        ("FAILED", None),
    }
    assert [(r["state"], r["expiresAt"]) for r in row["reservations"]] == [("RESERVED", START)]


COMPONENT: dict[str, Any] = {"itemId": "a", "productInstanceId": "acme:p", "componentId": "fee"}


def billed(story: Story) -> dict[str, Any]:
    return dict(story.row("finance")["items"][0]["components"][0])


def test_billing_goes_from_delivery_to_the_charge() -> None:
    story = Story().begun(line("a", productInstanceId="acme:p", priceComponents=[{"componentId": "fee"}]))
    assert billed(story)["readiness"] == "NOT_DELIVERED"
    story.order("ItemStarted", itemId="a").order("ItemCompleted", itemId="a").order("Completed")
    assert billed(story)["readiness"] == "READY"
    asked = {"state": "BILLING", "effect": "BEGIN", "billingTriggerDate": START, **COMPONENT}
    story.say("BillingActivationRequested", "acme:p/fee", **asked)
    assert (billed(story)["readiness"], billed(story)["billingTriggerDate"]) == ("REQUESTED", START)
    story.say("ChargeRejected", "acme:charge", state="REJECTED", **COMPONENT)
    assert (billed(story)["readiness"], billed(story)["chargeState"]) == ("REJECTED", "REJECTED")
    story.say("ChargeActivated", "acme:charge", state="ACTIVE", **COMPONENT)
    story.say("InvoiceIssued", "acme:charge", state="ACTIVE", **COMPONENT, lines=[])
    row = story.row("finance")
    assert (row["readiness"], row["items"][0]["components"][0]["chargeState"]) == ("CHARGED", "ACTIVE")
    assert row["revenueVerified"] is None
    leakage = {"amount": Decimal("12.50"), "currency": "EUR"}
    story.say("BillingHandoffVerdict", "acme:p/fee/row", verdict="MISSING_CHARGE", leakage=leakage, **COMPONENT)
    row = story.row("finance")
    assert (row["revenueVerified"], row["items"][0]["components"][0]["leakage"]) == (False, leakage)


def test_a_withdrawn_request_holds_no_date_and_a_restored_one_its_own() -> None:
    story = Story().begun(line("a", productInstanceId="acme:p", priceComponents=[{"componentId": "fee"}]))
    story.order("ItemCompleted", itemId="a").order("Completed")
    for day in (1, 2):
        at = START + timedelta(days=day)
        story.say("BillingActivationRequested", "acme:p/fee", state="BILLING", billingTriggerDate=at, **COMPONENT)
    story.say("BillingActivationWithdrawn", "acme:p/fee", state="BILLING", restoredVersion=1, **COMPONENT)
    assert billed(story)["billingTriggerDate"] == START + timedelta(days=1)
    story.say("BillingActivationWithdrawn", "acme:p/fee", state="WITHDRAWN", **COMPONENT)
    assert (billed(story)["readiness"], billed(story)["billingTriggerDate"]) == ("WITHDRAWN", None)


@pytest.mark.parametrize(
    ("intent", "component", "wanted"),
    [
        ("CUSTOMER_PURCHASE", {"componentId": "fee"}, "NOT_DELIVERED"),
        ("INTERNAL_MIGRATION", {"componentId": "fee"}, "NOT_BILLABLE"),
        ("CUSTOMER_PURCHASE", {"componentId": "fee", "billedThroughItemId": "b"}, "NOT_BILLABLE"),
    ],
)
def test_intent_and_component_decide_what_bills(intent: str, component: dict[str, Any], wanted: str) -> None:
    items = [line("a", priceComponents=[component])]
    story = Story().order("Created", items=items, intent=intent).order("Submitted")
    assert story.row("finance")["readiness"] == wanted
    assert story.order("Rejected", findings=[]).row("finance")["readiness"] == "NOT_BILLABLE"


def test_decisions_are_told_with_authority_and_evidence() -> None:
    story = Story().begun(line("a"))
    decision = {
        "what": "ApprovalDecided",
        "actorId": "anna",
        "actorRole": "deal-desk",
        "at": START - timedelta(days=1),
        "authorityLimit": "20 percent",
        "reasonCode": None,
        "evidenceRef": "acme:case",
    }
    evidence = [{"kind": "PROPOSAL", "hash": "ab", "at": START}]
    story.say("QuoteDecisions", "acme:quote-1", decisions=[decision], evidence=evidence, missing=["SIGNATURE"])
    row = story.row("compliance")
    assert row["decisions"][0]["authorityLimit"] == "20 percent"
    assert [d["what"] for d in row["decisions"]] == [
        "ApprovalDecided",
        "ProductOrderCreated",
        "ProductOrderSubmitted",
        "ProductOrderAccepted",
    ]
    assert (row["quality"], row["missingEvidence"]) == ("INCOMPLETE", ["SIGNATURE"])
    assert row["evidence"] == [{"kind": "PROPOSAL", "contentHash": "ab", "at": START}]


def test_attributes_an_event_lacks_are_named() -> None:
    story = Story().begun(line("a")).order("ItemStarted", itemId="a", ce_correlation_id="", ce_actor_id="")
    row = story.row("compliance")
    assert [(m["event"], m["attributes"]) for m in row["missing"]] == [
        ("ProductOrderItemStarted", ["actor_id", "correlation_id"])
    ]
    assert row["quality"] == "INCOMPLETE"


def test_two_duties_of_one_person_about_one_order_are_a_breach() -> None:
    story = Story().begun(line("a"))
    told_before = {"what": "QuoteSubmittedForApproval", "actorId": "bert", "actorRole": "sales", "at": START}
    story.say("QuoteDecisions", "acme:quote-1", decisions=[told_before], evidence=[], missing=[])
    repair = {"approvedBy": "bert", "state": "REPAIRED", "evidenceRef": "e"}
    story.say("OrderRepairApplied", "acme:case", ce_actor_id="carl", ce_actor_role="fulfillment-operator", **repair)
    row = story.row("compliance")
    assert row["quality"] == "BREACHED"
    assert [(b["actorId"], b["firstDuty"], b["secondDuty"], b["secondEvent"]) for b in row["breaches"]] == [
        ("bert", "APPLY", "APPROVE", "OrderRepairApplied")
    ]


def test_events_that_lack_almost_everything_are_read_all_the_same() -> None:
    story = Story()
    fold = OrderStatusFold()
    for kind in sorted(fold.kinds):
        if kind.startswith("ProductOrder"):
            story.say(kind, ORDER)
        else:
            story.say(kind, f"acme:{kind}")
    assert len(story.rows(days=1)) == 6


def as_heard(row: Row, version: int) -> Heard:
    """A derived record as the fold hears it."""
    name = row.record
    return Heard(name, row.key, name, version, f"{name}/{row.key}", version, 0, 0, row.data, name)


def test_what_other_folds_derive_is_read_as_they_say_it() -> None:
    whole = told(300, 3)
    decided = [e.data["quoteId"] for e in whole.events if e.kind == "ApprovalDecided"]
    orders = {e.data["orderId"]: e.subject for e in whole.events if e.kind == "QuoteConvertedToOrder"}
    chosen = sorted(order_id for order_id, quote_id in orders.items() if quote_id in decided)[:4]
    products = {e.data.get("productInstanceId") for e in whole.events if e.data.get("orderId") in chosen}
    about = [
        e
        for e in whole.events
        if e.data.get("orderId") in chosen
        or e.data.get("quoteId") in {orders[c] for c in chosen}
        or (e.data.get("productInstanceId") in products - {None})
    ]
    derived = [*rows_of(QuoteViewFold(), about, whole.end_us).values()]
    derived += rows_of(BillingHandoffs(), about, whole.end_us).values()
    heard = [as_heard(row, 1) for row in derived if row.record in (QUOTE_DECISIONS, VERDICT)]
    rows = rows_of(OrderStatusFold(), [*about, *heard], whole.end_us)
    verified = 0
    for order_id in chosen:
        compliance = rows["OrderStatusCompliance", order_id].data
        approvals = [d for d in compliance["decisions"] if d["what"] == "ApprovalDecided"]
        assert approvals
        assert all(d["authorityLimit"] and d["evidenceRef"] for d in approvals)
        assert compliance["evidence"]
        assert (compliance["quality"], compliance["quoteBreaches"]) == ("SOUND", [])
        verified += rows["OrderStatusFinance", order_id].data["revenueVerified"] is True
    assert verified > 0
