"""Billing handoffs, drift and cases on the command line: listed, shown, written as CSV, and decided by two people."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from typer.testing import CliRunner

import compose.platform
import compose.serving.run
from compose.access.tokens import Wish, create
from compose.cli import app
from domain.access import Scope
from sinks.postgres.sink import PostgresSink
from sinks.tables import BILLING_HANDOFF, DRIFT_FINDINGS, RECONCILIATION_CASES, TABLES
from tests.console.conftest import TENANT, Standing
from tests.console.enterprise import records, write

if TYPE_CHECKING:
    from compose.settings import Settings
    from compose.stack.endpoints import Endpoints
    from sinks.table import Table

pytestmark = pytest.mark.stack

DESK = "desk"
EUR = {"amount": Decimal("1349.90"), "currency": "EUR"}
ROW = records()["billing_handoff"][0]
LOST = {
    **ROW,
    "rowKey": f"{DESK}:product-1/monthly",
    "verdict": "MISSING_CHARGE",
    "leakage": EUR,
    "policy": "BILLABLE",
    "accountId": f"{DESK}:account-1",
}


def case_of(number: int, **changes: Any) -> dict[str, Any]:
    """A case of the desk, as the cases application publishes it."""
    found = records()["reconciliation_cases"][0]
    about = {
        "entityId": f"{DESK}:order-{number}/1",
        "orderId": f"{DESK}:order-{number}",
        "accountId": f"{DESK}:account-1",
    }
    return {**found, **about, "caseId": f"{DESK}:case-{number}", "productInstanceId": None, **changes}


class Desk:
    """`ordertruth` over the filled database, as whoever is named."""

    def __init__(self, settings: Settings, url: str, freshness: Standing) -> None:
        self.url, self.freshness = url, freshness
        self._own = {"ORDERTRUTH_STATE_DIR": str(settings.state_path)}
        self._tokens = {None: None, "nobody": "ot_made_up", "ada": self._token("ada", "reconciliation-supervisor")}
        self._tokens |= {"ben": self._token("ben", "reconciliation-supervisor"), "reader": self._token("reader", None)}

    def _token(self, name: str, role: str | None) -> str:
        wish = Wish(name, DESK, frozenset({Scope.OPERATIONS}), timedelta(days=1), role=role)
        with psycopg.connect(self.url, autocommit=True) as connection:
            return create(connection, wish, datetime.now(UTC))[0]

    def run(self, *words: str, by: str | None = None, status: int = 0) -> str:
        """What is printed, and for a failure what is said about it."""
        token = self._tokens[by]
        environment = self._own if token is None else {**self._own, "ORDERTRUTH_CONSOLE__TOKEN": token}
        done = CliRunner().invoke(app, words, env=environment)
        assert done.exit_code == status, done.output
        return done.stdout if status == 0 else done.stderr

    def json(self, *words: str, by: str | None = None) -> Any:
        return json.loads(self.run(*words, "--json", by=by))

    def store(self, table: Table, *rows: dict[str, Any]) -> None:
        """Rows as the sink reads them from their topic."""
        with PostgresSink(self.url, TABLES) as sink:
            write(sink, table.name, list(rows), sink.positions(table.topic)[0])


@pytest.fixture
def desk(filled: str, stack: Endpoints, stack_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The command line over the database the API's tests share, on data of another tenant."""
    freshness = Standing()
    freshness.at = datetime.now(UTC)

    @contextmanager
    def standing(*_: object) -> Iterator[Standing]:
        yield freshness

    endpoints = dataclasses.replace(stack, database_url=filled)
    monkeypatch.setattr(compose.platform, "endpoints_in_use", lambda _: endpoints)
    # no application runs here whose progress could be looked at
    monkeypatch.setattr(compose.serving.run, "lookout", standing)
    return Desk(stack_settings, filled, freshness)


def test_billing_is_listed_with_its_money_and_whose_case_it_is(desk: Desk, tmp_path: Path) -> None:
    from domain.drift.finding import finding_id

    desk.store(BILLING_HANDOFF, LOST)
    case_id = finding_id("billing.handoff", "BillingHandoff", LOST["rowKey"])
    desk.store(
        RECONCILIATION_CASES, case_of(90, caseId=case_id, leakage=EUR, owner="billing", team="billing-operations")
    )
    listed = desk.run("billing", "list", "--tenant", DESK)
    assert listed.splitlines()[0].split("  ")[0] == "verdict"
    assert "MISSING_CHARGE" in listed
    assert "1,349.90 EUR not charged" in listed
    assert "billing-operations (billing)" in listed
    assert [row["rowKey"] for row in desk.json("billing", "list", "--account", LOST["accountId"])["data"]] == [
        LOST["rowKey"]
    ]
    shown = desk.run("billing", "show", LOST["rowKey"])
    assert "At risk: 1,349.90 EUR not charged" in shown
    assert case_id in shown
    assert desk.json("billing", "show", LOST["rowKey"])["data"]["verdict"] == "MISSING_CHARGE"
    for amount, count in (("1349.90", 1), ("1349.91", 0)):
        told = desk.json("billing", "list", "--tenant", DESK, "--min-amount", amount)
        assert len(told["data"]) == count
    path = tmp_path / "lost.csv"
    desk.run("billing", "list", "--tenant", DESK, "--verdict", "MISSING_CHARGE", "--csv", str(path))
    (row,) = csv.DictReader(path.read_text().splitlines())
    assert (row["rowKey"], row["leakage.amount"]) == (LOST["rowKey"], "1349.9000")
    assert list(tmp_path.iterdir()) == [path]


def test_a_list_is_as_long_as_is_asked_for(desk: Desk) -> None:
    told = desk.json("billing", "list", "--tenant", TENANT, "--limit", "3")
    assert len(told["data"]) == 3
    assert told["page"]["more"]
    assert "There are more" in desk.run("billing", "list", "--tenant", TENANT, "--limit", "3")
    every = desk.json("billing", "list", "--tenant", TENANT, "--limit", "1000")
    assert not every["page"]["more"]
    assert {row["rowKey"] for row in every["data"]} == {row["rowKey"] for row in records()["billing_handoff"]}
    printed = desk.run("billing", "list", "--tenant", TENANT, "--csv", "-")
    assert len(list(csv.DictReader(printed.splitlines()))) == len(every["data"])


def test_findings_are_listed_and_shown(desk: Desk) -> None:
    finding = records()["drift_findings"][0]
    about = {"findingId": f"{DESK}:finding-1", "entityId": f"{DESK}:order-1/1", "accountId": f"{DESK}:account-1"}
    desk.store(DRIFT_FINDINGS, {**finding, **about, "overbilling": EUR})
    listed = desk.run("drift", "list", "--entity", about["entityId"], "--kind", finding["kind"].value)
    assert finding["ruleId"] in listed
    assert "1,349.90 EUR overcharged" in listed
    assert finding["correctedBy"] in listed
    shown = desk.run("drift", "show", about["findingId"])
    assert finding["summary"] in shown
    assert finding["nextAction"] in shown
    assert finding["differences"][0]["field"] in shown
    assert desk.json("drift", "show", about["findingId"])["data"]["entityId"] == about["entityId"]
    assert "There are none." in desk.run("drift", "list", "--tenant", DESK, "--rule", "asset.orphan")


def test_cases_are_listed_by_who_must_act_until_when(desk: Desk) -> None:
    waiver = {"requestedBy": "ada", "requestedAt": datetime.now(UTC), "justification": "It is moved."}
    waiver |= {"validUntil": datetime.now(UTC), "approvedBy": None, "awaitsOwner": False}
    waiver |= {"reasonCode": None, "evidenceRef": None}
    desk.store(
        RECONCILIATION_CASES,
        case_of(1, slaMissed=True, severity="HIGH"),
        case_of(2, status="WAIVER_REQUESTED", waiver=waiver),
        case_of(3, status="RESOLVED", closedAt=datetime.now(UTC)),
    )
    printed = desk.run("cases", "list", "--tenant", DESK).splitlines()
    listed = {line.split()[-1]: line for line in printed if line}
    assert "HIGH OPEN" in listed[f"{DESK}:case-1"]
    assert ", missed" in listed[f"{DESK}:case-1"]
    assert "an approver other than ada" in listed[f"{DESK}:case-2"]
    assert f"{DESK}:case-3" not in listed
    assert f"{DESK}:case-3" in desk.run("cases", "list", "--tenant", DESK, "--all")
    assert f"{DESK}:case-3" in desk.run("cases", "list", "--tenant", DESK, "--status", "RESOLVED")
    shown = desk.run("cases", "show", f"{DESK}:case-2")
    assert "Newest waiver" in shown
    assert "It is moved." in shown
    assert case_of(2)["history"][0]["text"] in shown


def test_a_case_is_proposed_by_one_and_resolved_by_another(desk: Desk) -> None:
    case_id = f"{DESK}:case-10"
    desk.store(RECONCILIATION_CASES, case_of(10))
    assert "CaseAssigned" in desk.run("cases", "assign", case_id, "--to", "ada", "--command-id", "give", by="ada")
    again = desk.run("cases", "assign", case_id, "--to", "ada", "--command-id", "give", by="ada")
    assert "was taken before" in again
    desk.store(RECONCILIATION_CASES, case_of(10, version=2, status="ASSIGNED", decisionVersion=1))
    proposal = ("--kind", "OPERATIONAL_CORRECTION", "--justification", "It was activated.", "--reason", "CORRECTED")
    taken = desk.json("cases", "propose", case_id, *proposal, by="ada")
    assert taken["data"]["decisionVersion"] == 2
    desk.store(RECONCILIATION_CASES, case_of(10, version=3, status="PENDING_RESOLUTION", decisionVersion=2))
    refused = desk.run("cases", "resolve", case_id, by="ada", status=1)
    assert "ada proposed the resolution" in refused
    assert "Let somebody else decide" in refused
    assert "CaseResolved" in desk.run("cases", "resolve", case_id, "--case-version", "3", by="ben")
    with psycopg.connect(desk.url) as connection:
        rows = connection.execute(
            "SELECT name, envelope ->> 'actorId' FROM aggregates.events WHERE aggregate_id = %s ORDER BY version",
            (case_id,),
        ).fetchall()
    assert rows == [("CaseAssigned", "ada"), ("CaseResolutionProposed", "ada"), ("CaseResolved", "ben")]


def test_a_waiver_is_asked_for_by_one_and_allowed_by_another(desk: Desk) -> None:
    case_id = f"{DESK}:case-11"
    desk.store(RECONCILIATION_CASES, case_of(11))
    desk.run("cases", "assign", case_id, "--to", "ben", by="ben")
    desk.store(RECONCILIATION_CASES, case_of(11, version=2, status="ASSIGNED", decisionVersion=1))
    until = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    wish = ("--until", until, "--justification", "It is moved until then.", "--reason", "MIGRATION")
    desk.run("cases", "request-waiver", case_id, *wish, by="ben")
    desk.store(RECONCILIATION_CASES, case_of(11, version=3, status="WAIVER_REQUESTED", decisionVersion=2))
    refused = desk.run("cases", "waive", case_id, "--reason", "MIGRATION", by="ben", status=1)
    assert "ben asked for the waiver" in refused
    assert "CaseWaived" in desk.run("cases", "waive", case_id, "--reason", "MIGRATION", by="ada")
    desk.store(RECONCILIATION_CASES, case_of(11, version=4, status="WAIVED", decisionVersion=3))
    assert "CaseReopened" in desk.run("cases", "reopen", case_id, "--reason", "MOVED", by="ada")
    desk.store(RECONCILIATION_CASES, case_of(11, version=5, status="OPEN", decisionVersion=4))
    escalation = ("--to", "finance-approver", "--reason", "NEEDS_AUTHORITY")
    assert "CaseEscalated" in desk.run("cases", "escalate", case_id, *escalation, by="ada")


def test_what_is_wrong_is_said_with_what_to_do(desk: Desk) -> None:
    desk.store(RECONCILIATION_CASES, case_of(12))
    case_id, give = f"{DESK}:case-12", ("--to", "ada")
    assert "ORDERTRUTH_CONSOLE__TOKEN" in desk.run("cases", "assign", case_id, *give, status=2)
    assert "not given out here" in desk.run("cases", "assign", case_id, *give, by="nobody", status=1)
    assert "tokens create --role" in desk.run("cases", "assign", case_id, *give, by="reader", status=1)
    assert "version 9 was shown" in desk.run(
        "cases", "assign", case_id, *give, "--case-version", "9", by="ada", status=1
    )
    assert "this is decided of one that is" in desk.run("cases", "resolve", case_id, by="ada", status=1)
    assert "has nothing under" in desk.run("cases", "assign", f"{DESK}:none", *give, by="ada", status=1)
    assert "no time" in desk.run(
        *("cases", "request-waiver", case_id, "--until", "soon", "--justification", "x", "--reason", "X"),
        by="ada",
        status=2,
    )
    unknown = ("--kind", "MAGIC", "--justification", "x", "--reason", "X")
    assert "--kind" in desk.run("cases", "propose", case_id, *unknown, by="ada", status=2)
    desk.freshness.at = datetime.now(UTC) - timedelta(minutes=2)
    assert "behind its owners" in desk.run("cases", "assign", case_id, *give, by="ada", status=1)
    assert "--verdict" in desk.run("billing", "list", "--tenant", DESK, "--verdict", "FINE", status=2)
    assert "no amount" in desk.run("billing", "list", "--tenant", DESK, "--min-amount", "much", status=2)
    assert "Give --tenant" in desk.run("billing", "list", status=2)
    assert "Give one of them" in desk.run("cases", "list", "--csv", "-", "--json", status=2)
    assert "--csv" in desk.run("cases", "list", "--tenant", DESK, "--csv", "/nowhere/x.csv", status=2)
    assert "whole id" in desk.run("cases", "show", "case-12", status=2)
    assert "has nothing under" in desk.run("drift", "show", f"{DESK}:none", status=1)
