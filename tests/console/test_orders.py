"""Orders through the API: found by every filter, shown whole, by audience, with what belongs to them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from domain.access import AUDIENCES
from tests.console.conftest import TENANT
from tests.console.enterprise import records

if TYPE_CHECKING:
    from tests.console.conftest import Api

pytestmark = pytest.mark.stack

ORDERS = records()["order_state"]
ORDER = ORDERS[0]
ID = ORDER["orderId"]


def found(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["orderId"] for row in answer.json()["data"]]


def test_an_order_is_shown_as_it_was_derived(api: Api) -> None:
    answer = api.get(f"/orders/{ID}")
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert {name: data[name] for name in ("orderId", "orderNumber", "state", "quoteId", "version")} == {
        name: ORDER[name] for name in ("orderId", "orderNumber", "state", "quoteId", "version")
    }
    assert [item["state"] for item in data["items"]] == [item["state"] for item in ORDER["items"]]
    assert data["lastEventAt"] == ORDER["lastEventAt"].isoformat().replace("+00:00", "Z")
    assert data["derivation"]["ruleId"] == "header-state"


def test_every_answer_says_how_far_it_may_be_trusted(api: Api) -> None:
    meta = api.get(f"/orders/{ID}").json()["meta"]
    assert meta["source"] == "derived.order-state.v1"
    assert "orderSearch" in meta["authoritativeFor"]
    assert "orderState" in meta["notAuthoritativeFor"]
    assert meta["owners"] == [{"aggregate": "ProductOrder", "system": "oms", "record": meta["owners"][0]["record"]}]
    assert meta["stalenessMs"] == 40
    assert meta["lastSyncedAt"].endswith("Z")
    assert meta["ruleVersion"] == "reference.v1"


@pytest.mark.parametrize(
    ("name", "column"), [("number", "orderNumber"), ("quote", "quoteId"), ("account", "accountId"), ("state", "state")]
)
def test_orders_are_found_by(api: Api, name: str, column: str) -> None:
    wanted = {o["orderId"] for o in ORDERS if o[column] == ORDER[column]}
    assert set(found(api.get("/orders", **{name: ORDER[column]}))) == wanted
    assert found(api.get("/orders", **{name: "Draft" if name == "state" else "nothing"})) == []


def test_orders_are_found_by_the_state_of_an_item(api: Api) -> None:
    for state in ("COMPLETED", "CANCELLED", "FALLOUT"):
        wanted = {o["orderId"] for o in ORDERS if any(i["state"] == state for i in o["items"])}
        assert set(found(api.get("/orders", itemState=state))) == wanted


def test_orders_are_found_by_what_another_system_calls_them(api: Api) -> None:
    name = records()["order_references"][0]["name"]
    states = {o["orderId"]: o["state"] for o in ORDERS}
    called = {r["orderId"] for r in records()["order_references"] if r["name"] == name}
    assert set(found(api.get("/orders", external=name))) == called
    for state in ("Completed", "Rejected"):
        wanted = {order_id for order_id in called if states.get(order_id) == state}
        assert set(found(api.get("/orders", external=name, state=state))) == wanted
    assert found(api.get("/orders", external="nothing")) == []
    assert api.get("/orders", external="x", stuck="true").status_code == 422


def test_orders_are_found_by_being_stuck(api: Api) -> None:
    wanted = {o["orderId"] for o in records()["order_status_support"] if o["stuck"]}
    assert wanted
    assert set(found(api.get("/orders", stuck="true"))) == wanted


def test_filters_narrow_each_other(api: Api) -> None:
    account = ORDER["accountId"]
    wanted = {o["orderId"] for o in ORDERS if o["accountId"] == account and o["state"] == "Completed"}
    assert set(found(api.get("/orders", account=account, state="Completed", itemState="COMPLETED"))) == wanted
    rejected = {o["orderId"] for o in ORDERS if o["accountId"] == account and o["state"] == "Rejected"}
    assert set(found(api.get("/orders", account=account, state="Rejected"))) == rejected


def test_pages_show_each_order_once_the_newest_first(api: Api) -> None:
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.get("/orders", limit=2, **cursor)
        seen += found(answer)
        following = answer.json()["page"]["nextCursor"]
        if following is None:
            break
        cursor = {"cursor": following}
    newest_first = sorted(ORDERS, key=lambda o: (o["lastEventAt"], o["orderId"]), reverse=True)
    assert seen == [o["orderId"] for o in newest_first]


@pytest.mark.parametrize("audience", sorted(AUDIENCES))
def test_each_audience_reads_its_status_and_no_other(api: Api, audience: str) -> None:
    expected = records()[f"order_status_{audience}"][0]
    answer = api.get(f"/orders/{expected['orderId']}/status/{audience}", scope=audience)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"].keys() == expected.keys()
    assert answer.json()["meta"]["source"] == f"derived.order-status-{audience}.v1"
    for other in AUDIENCES - {audience}:
        refused = api.get(f"/orders/{ID}/status/{other}", scope=audience)
        assert refused.status_code == 403
        assert refused.json()["code"] == "AUTHORIZATION_SCOPE"
    assert api.get(f"/orders/{ID}/status/{audience}").status_code == 200, "operations read every status"


def test_a_customer_sees_orders_of_its_own_account_alone(api: Api) -> None:
    other = next(o for o in ORDERS if o["accountId"] != f"{TENANT}:account-000000")
    assert api.get(f"/orders/{ID}/status/customer", scope="customer").status_code == 200
    for path in ("status/customer", "timeline"):
        hidden = api.get(f"/orders/{other['orderId']}/{path}", scope="customer")
        assert hidden.status_code == 404, "not even that it exists"


def test_what_belongs_to_an_order(api: Api) -> None:
    fallout = records()["fallout"][0]
    assert api.get(f"/orders/{fallout['orderId']}/fallout").json()["data"][0]["falloutId"] == fallout["falloutId"]
    plan = records()["fulfillment_plan"][0]
    shown = api.get(f"/orders/{plan['orderId']}/fulfillment-plan", scope="fulfillment").json()["data"]
    assert [task["taskId"] for task in shown[0]["tasks"]] == [task["taskId"] for task in plan["tasks"]]
    billed = records()["billing_handoff"][0]["orderId"]
    rows = {row["rowKey"] for row in records()["billing_handoff"] if row["orderId"] == billed}
    billing = api.get(f"/orders/{billed}/billing", scope="finance").json()["data"]
    assert {row["rowKey"] for row in billing} == rows


def test_the_timeline_tells_the_story_from_the_quote_on(api: Api) -> None:
    answer = api.get(f"/orders/{ID}/timeline", limit=40)
    entries = answer.json()["data"]
    events = [entry["eventType"] for entry in entries]
    assert events.index("QuoteAccepted") < events.index("ProductOrderCreated") < events.index("ProductOrderCompleted")
    assert "ChargeActivated" in events
    assert len({entry["eventId"] for entry in entries}) == len(entries)


def test_a_timeline_shows_an_audience_what_it_may_read(api: Api) -> None:
    told = {scope: api.get(f"/orders/{ID}/timeline", scope=scope).json()["data"] for scope in sorted(AUDIENCES)}
    assert all(entry.keys() == {"at", "itemId", "sentence"} for entry in told["customer"])
    assert told["customer"]
    assert len(told["compliance"]) > len(told["sales"])
    assert all(entry["actorId"] is None for entry in told["sales"])
    assert any(entry["actorId"] for entry in told["compliance"])


def test_timelines_go_on_by_cursor(api: Api) -> None:
    pages = Counter(page["orderId"] for page in records()["order_timeline"])
    order_id, count = pages.most_common(1)[0]
    assert count > 1
    first = api.get(f"/orders/{order_id}/timeline", limit=1).json()
    rest = api.get(f"/orders/{order_id}/timeline", limit=40, cursor=first["page"]["nextCursor"]).json()
    whole = api.get(f"/orders/{order_id}/timeline", limit=40).json()
    assert {e["eventId"] for e in first["data"] + rest["data"]} == {e["eventId"] for e in whole["data"]}
    assert rest["page"]["nextCursor"] is None
