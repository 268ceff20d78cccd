"""Decisions about cases: by who may, about what was seen, on a fresh case, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from sinks.postgres.sink import PostgresSink
from sinks.tables import RECONCILIATION_CASES, TABLES
from tests.console.enterprise import records, write
from tests.console.test_problems import assert_problem

if TYPE_CHECKING:
    from tests.console.conftest import Api

pytestmark = pytest.mark.stack

CASE = records()["reconciliation_cases"][0]
PATH = f"/cases/{CASE['caseId']}"
ASSIGN = {"caseVersion": 1, "assignee": "analyst-1"}


def moved(api: Api, **changes: Any) -> None:
    """The case as the cases application would publish it next."""
    with PostgresSink(api.database_url, TABLES) as sink:
        start = sink.positions(RECONCILIATION_CASES.topic)[0]
        write(sink, RECONCILIATION_CASES.name, [{**CASE, **changes}], start)


@pytest.fixture
def _as_found(api: Api) -> Iterator[None]:
    """The case is afterwards what it was, for the tests that look at it."""
    yield
    moved(api, version=9)


def test_who_has_no_role_decides_nothing(api: Api) -> None:
    assert_problem(api.post(f"{PATH}/assign", ASSIGN), 403, "AUTHORIZATION_ROLE")
    assert_problem(api.post(f"{PATH}/assign", ASSIGN, scope="sales"), 403, "AUTHORIZATION_SCOPE")


def test_nothing_is_decided_on_what_is_stale_or_has_changed(api: Api) -> None:
    assert_problem(api.post(f"{PATH}/assign", {**ASSIGN, "caseVersion": 2}, scope="analyst"), 409, "STALENESS_CASE")
    body = {"caseVersion": 1, "reasonCode": "X"}
    assert_problem(api.post(f"{PATH}/waive", body, scope="supervisor"), 409, "STATE_CASE")
    assert_problem(api.post("/cases/sim-24:none/assign", ASSIGN, scope="analyst"), 404, "REFERENCE_UNKNOWN")
    api.freshness.at = api.clock() - timedelta(minutes=1)
    assert_problem(api.post(f"{PATH}/assign", ASSIGN, scope="analyst"), 412, "STALENESS_PROJECTION")


@pytest.mark.parametrize(
    "body", [{}, {**ASSIGN, "assignee": ""}, {**ASSIGN, "by": "me"}, {**ASSIGN, "caseVersion": "one"}, [], "text", None]
)
def test_a_body_that_is_not_right_is_refused(api: Api, body: Any) -> None:
    assert_problem(api.post(f"{PATH}/assign", body, scope="analyst"), 422, "STRUCTURAL_PARAMETER")


def test_a_body_that_is_no_json_or_too_large_is_refused(api: Api) -> None:
    headers = {**api.bearer("analyst"), "Content-Type": "application/json"}
    answer = api.client.post(f"{PATH}/assign", content=b"{", headers=headers)
    assert_problem(answer, 422, "STRUCTURAL_PARAMETER")
    answer = api.client.post(f"{PATH}/assign", content=b'{"note": "' + b"x" * 70_000 + b'"}', headers=headers)
    assert_problem(answer, 413, "STRUCTURAL_BODY_TOO_LARGE")


@pytest.mark.usefixtures("_as_found")
def test_a_case_is_worked_by_one_and_closed_by_another(api: Api) -> None:
    sent = {**ASSIGN, "commandId": "assign-1"}
    first = api.post(f"{PATH}/assign", sent, scope="analyst")
    assert first.status_code == 202, first.text
    assert first.json()["data"]["outcome"] == "ACCEPTED"
    again = api.post(f"{PATH}/assign", sent, scope="analyst").json()["data"]
    assert again["outcome"] == "REPLAYED"
    assert again["eventIds"] == first.json()["data"]["eventIds"]
    moved(api, version=2, status="ASSIGNED", decisionVersion=1)
    proposal = {
        "caseVersion": 2,
        "kind": "OPERATIONAL_CORRECTION",
        "justification": "The asset was activated.",
        "reasonCode": "CORRECTED",
    }
    unreasoned = api.post(f"{PATH}/propose", {**proposal, "reasonCode": None}, scope="analyst")
    assert_problem(unreasoned, 422, "STRUCTURAL_REASON_MISSING")
    assert api.post(f"{PATH}/propose", proposal, scope="analyst").status_code == 202
    moved(api, version=3, status="PENDING_RESOLUTION", decisionVersion=2)
    assert api.post(f"{PATH}/resolve", {"caseVersion": 3}, scope="analyst").status_code == 403
    assert api.post(f"{PATH}/resolve", {"caseVersion": 3}, scope="supervisor").status_code == 202
    with psycopg.connect(api.database_url) as connection:
        rows = connection.execute(
            "SELECT name, envelope ->> 'actorId' FROM aggregates.events WHERE aggregate_id = %s ORDER BY version",
            (CASE["caseId"],),
        ).fetchall()
    assert [name for name, _ in rows] == ["CaseAssigned", "CaseResolutionProposed", "CaseResolved"]
