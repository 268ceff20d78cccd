"""How stale an answer is, and what is answered to who wants a fresher one (R217, R223, R227)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.console.enterprise import records
from tests.console.test_problems import assert_problem

if TYPE_CHECKING:
    from tests.console.conftest import Api

pytestmark = pytest.mark.stack

ID = records()["order_state"][0]["orderId"]
PATH = f"/orders/{ID}"


def test_who_wants_it_fresher_is_told_whom_to_ask(api: Api) -> None:
    api.freshness.at = api.clock() - timedelta(seconds=5)
    assert api.get(PATH, maxStalenessMs=5000).status_code == 200
    problem = assert_problem(api.get(PATH, maxStalenessMs=4999), 412, "STALENESS_PROJECTION")
    assert "oms" in problem["remediation"]
    assert problem["owners"][0]["system"] == "oms"
    assert problem["stalenessMs"] == 5000
    billing = assert_problem(api.get("/billing-handoffs", maxStalenessMs=0), 412, "STALENESS_PROJECTION")
    assert {"billing", "oms"} <= {owner["system"] for owner in billing["owners"]}


def test_nobody_is_turned_away_before_it_was_looked_at_anew(api: Api) -> None:
    api.freshness.at = api.clock() - timedelta(seconds=5)
    api.freshness.after_look = api.clock()
    assert api.get(PATH, maxStalenessMs=100).json()["meta"]["stalenessMs"] == 0
    assert api.freshness.looks == 1
    assert api.get(PATH).status_code == 200
    assert api.freshness.looks == 1, "who does not ask for freshness causes no look"


def test_what_nothing_is_known_of_is_not_called_fresh(api: Api) -> None:
    api.freshness.at = None
    meta = api.get(PATH).json()["meta"]
    assert meta["lastSyncedAt"] is None
    assert meta["stalenessMs"] is None
    assert_problem(api.get(PATH, maxStalenessMs=10**8), 412, "STALENESS_PROJECTION")
