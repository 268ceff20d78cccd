"""Quotes, accounts, billing, drift and cases through the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.console.conftest import TENANT
from tests.console.enterprise import records

if TYPE_CHECKING:
    from tests.console.conftest import Api

pytestmark = pytest.mark.stack

QUOTE = records()["quote_view"][0]
ACCOUNT = f"{TENANT}:account-000000"


def test_the_pipeline_is_narrowed_by_state(api: Api) -> None:
    for state in {quote["state"] for quote in records()["quote_view"]}:
        shown = api.get("/quotes", scope="sales", state=state).json()["data"]
        assert {q["quoteId"] for q in shown} == {q["quoteId"] for q in records()["quote_view"] if q["state"] == state}
    assert api.get("/quotes", state="no-such-state").json()["data"] == []
    assert api.get("/quotes", stale="true").json()["data"] == [q for q in records()["quote_view"] if q["stale"]]


@pytest.mark.parametrize(
    ("part", "name"),
    [("approval-history", "approvals"), ("validation-results", "validations"), ("evidence-package", "evidence")],
)
def test_what_an_offer_rests_on(api: Api, part: str, name: str) -> None:
    answer = api.get(f"/quotes/{QUOTE['quoteId']}/{part}", scope="compliance")
    assert answer.status_code == 200
    data = answer.json()["data"]
    whole = api.get(f"/quotes/{QUOTE['quoteId']}").json()["data"]
    assert data[name] == whole[name]
    assert data.keys() < whole.keys()


def test_evidence_is_for_compliance(api: Api) -> None:
    assert api.get(f"/quotes/{QUOTE['quoteId']}/evidence-package", scope="sales").status_code == 403


def test_how_a_price_came_about(api: Api) -> None:
    shown = api.get(f"/quotes/{QUOTE['quoteId']}/pricing-trace").json()["data"]
    wanted = {t["calculationId"] for t in records()["pricing_trace"] if t["quoteId"] == QUOTE["quoteId"]}
    assert {trace["calculationId"] for trace in shown} == wanted
    assert wanted
    assert shown[0]["steps"]


def test_an_account_and_its_commercial_life(api: Api) -> None:
    account = api.get(f"/accounts/{ACCOUNT}", scope="sales").json()["data"]
    assert account["accountId"] == ACCOUNT
    assert api.get(f"/accounts/{ACCOUNT}/holdings").json()["data"]
    steps = [s for s in records()["account_timeline"] if s["accountId"] == ACCOUNT]
    shown = api.get(f"/accounts/{ACCOUNT}/commercial-timeline", limit=200).json()["data"]
    assert [s["position"] for s in shown] == sorted(s["position"] for s in steps)
    for_sales = api.get(f"/accounts/{ACCOUNT}/commercial-timeline", scope="sales", limit=200).json()["data"]
    assert 0 < len(for_sales) <= len(shown)


def test_billing_rows_are_found_by_every_filter(api: Api) -> None:
    row = records()["billing_handoff"][0]
    filters = {"verdict": "verdict", "order": "orderId", "account": "accountId", "productInstance": "productInstanceId"}
    for name, field in filters.items():
        shown = api.get("/billing-handoffs", scope="finance", limit=200, **{name: row[field]}).json()["data"]
        wanted = {r["rowKey"] for r in records()["billing_handoff"] if r[field] == row[field]}
        assert {r["rowKey"] for r in shown} == wanted


def test_findings_are_found_by_every_filter(api: Api) -> None:
    finding = records()["drift_findings"][0]
    filters = {
        "kind": finding["kind"].value,
        "rule": finding["ruleId"],
        "owner": finding["correctedBy"],
        "entity": finding["entityId"],
        "order": finding["orderId"],
        "account": finding["accountId"],
    }
    for name, value in filters.items():
        shown = api.get("/drift", **{name: value}).json()["data"]
        assert [f["findingId"] for f in shown] == [finding["findingId"]]
    assert api.get("/drift", quote=f"{TENANT}:other").json()["data"] == []
    assert api.get("/drift").json()["meta"]["ruleVersion"] == finding["derivation"]["ruleVersion"]


def test_cases_are_found_by_every_filter(api: Api) -> None:
    case = records()["reconciliation_cases"][0]
    filters = {
        "open": "true",
        "status": case["status"],
        "severity": case["severity"],
        "kind": case["kind"],
        "rule": case["ruleId"],
        "owner": case["owner"],
        "entity": case["entityId"],
        "order": case["orderId"],
        "account": case["accountId"],
    }
    for name, value in filters.items():
        shown = api.get("/cases", **{name: value}).json()["data"]
        assert [c["caseId"] for c in shown] == [case["caseId"]]
    assert api.get("/cases", assignee="nobody").json()["data"] == []
    assert api.get(f"/cases/{case['caseId']}").json()["data"]["differences"]


def test_exceptions_in_deliveries_are_found_by_every_filter(api: Api) -> None:
    exception = records()["fulfillment_exception_view"][0]
    for name, field in {"kind": "kind", "owner": "owner", "order": "orderId"}.items():
        shown = api.get("/fulfillment-exceptions", scope="fulfillment", **{name: exception[field]}).json()["data"]
        wanted = {e["exceptionId"] for e in records()["fulfillment_exception_view"] if e[field] == exception[field]}
        assert {e["exceptionId"] for e in shown} == wanted
