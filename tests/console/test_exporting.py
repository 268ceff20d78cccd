"""Lists as CSV: the rows of the list, whole, for the same readers, and nothing a spreadsheet would reckon with."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from console import exporting
from sinks.postgres.sink import PostgresSink
from sinks.tables import RECONCILIATION_CASES, TABLES
from tests.console.conftest import TENANT
from tests.console.enterprise import records, write
from tests.console.test_problems import assert_problem

if TYPE_CHECKING:
    from tests.console.conftest import Api

pytestmark = pytest.mark.stack

LISTS = {"/billing-handoffs": "billing_handoff", "/drift": "drift_findings", "/cases": "reconciliation_cases"}
KEYS = {"/billing-handoffs": "rowKey", "/drift": "findingId", "/cases": "caseId"}


def rows_of(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text), strict=True))


@pytest.mark.parametrize("path", LISTS)
def test_csv_has_every_row_of_a_list_in_its_order(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAGE_ROWS", 7)
    assert len(records()["billing_handoff"]) > 7
    key, listed = KEYS[path], api.get(path, limit=200).json()["data"]
    taken = api.get(path, format="csv")
    rows = rows_of(taken)
    assert [row[key] for row in rows] == [row[key] for row in listed]
    assert {row[key] for row in rows} == {row[key] for row in records()[LISTS[path]]}
    assert taken.headers["content-disposition"] == f'attachment; filename="{LISTS[path]}.csv"'
    assert taken.headers["x-last-synced-at"].endswith("Z")
    assert [row["since"] for row in rows] == [row["since"] for row in listed]


def test_csv_is_narrowed_and_asked_for_like_the_list(api: Api) -> None:
    verdict = records()["billing_handoff"][0]["verdict"]
    wanted = {row["rowKey"] for row in records()["billing_handoff"] if row["verdict"] == verdict}
    headers = api.bearer("finance")

    def asked(accept: str, **more: str) -> Any:
        params = {"verdict": verdict, **more}
        return api.client.get("/billing-handoffs", params=params, headers={**headers, "Accept": accept})

    for accept in ("text/csv", "application/json;q=0.4, text/csv;q=0.5", "text/*"):
        assert {row["rowKey"] for row in rows_of(asked(accept))} == wanted
    for accept in ("*/*", "application/json", "text/csv;q=0.1, application/json", "text/csv;q=none", ""):
        assert asked(accept).headers["content-type"] == "application/json"
    assert asked("text/csv", format="json").headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", LISTS)
def test_nobody_gets_by_csv_what_the_list_does_not_show(api: Api, path: str) -> None:
    assert_problem(api.get(path, scope="sales", format="csv"), 403, "AUTHORIZATION_SCOPE")
    stranger = {"Authorization": f"Bearer {api.new_token('operations', tenant='other')}"}
    assert rows_of(api.client.get(path, params={"format": "csv"}, headers=stranger)) == []
    account = f"{TENANT}:account-000003"
    token = api.new_token("operations", accounts=(account,))
    rows = rows_of(api.client.get(path, params={"format": "csv"}, headers={"Authorization": f"Bearer {token}"}))
    assert {row["accountId"] for row in rows} <= {account}
    assert len(rows) == sum(row["accountId"] == account for row in records()[LISTS[path]])
    api.freshness.at = None
    assert_problem(api.get(path, format="csv", maxStalenessMs=10), 412, "STALENESS_PROJECTION")


@pytest.mark.parametrize("query", ["format=xlsx", "format=csv&limit=10", "format=csv&cursor=AAAA"])
def test_wrong_wishes_are_refused(api: Api, query: str) -> None:
    answer = api.client.get(f"/cases?{query}", headers=api.bearer("operations"))
    assert_problem(answer, 422, "STRUCTURAL_PARAMETER")


def test_lists_that_are_not_given_away_whole_say_so(api: Api) -> None:
    assert_problem(api.get("/quotes", format="csv"), 422, "STRUCTURAL_PARAMETER")


def test_no_cell_is_a_formula_and_money_has_two_cells(api: Api) -> None:
    case = records()["reconciliation_cases"][0]
    said = {
        "summary": '=HYPERLINK("http://x.example","1")',
        "nextAction": " +1",
        "cause": "-2+3,\n@x",
        "team": "-12.50",
    }
    money = {"amount": Decimal("349.90"), "currency": "EUR"}
    with PostgresSink(api.database_url, TABLES) as sink:
        start = sink.positions(RECONCILIATION_CASES.topic)[0]
        written = {**case, **said, "caseId": "elsewhere:case-1", "accountId": "elsewhere:a", "leakage": money}
        write(sink, RECONCILIATION_CASES.name, [written], start)
    headers = {"Authorization": f"Bearer {api.new_token('compliance', tenant='elsewhere')}"}
    (row,) = rows_of(api.client.get("/cases", params={"format": "csv"}, headers=headers))
    assert row["summary"] == '\'=HYPERLINK("http://x.example","1")'
    assert row["nextAction"] == "' +1"
    assert row["cause"] == "'-2+3,\n@x"
    assert row["team"] == "-12.50", "a number is no formula"
    assert (row["leakage.amount"], row["leakage.currency"]) == ("349.9000", "EUR")
    assert (row["overbilling.amount"], row["assigneeId"]) == ("", "")


def test_the_description_tells_of_csv(api: Api) -> None:
    paths = api.client.get("/openapi.json").json()["paths"]
    for path in LISTS:
        assert "text/csv" in paths[path]["get"]["responses"]["200"]["content"]
