"""Whatever is wrong with a request, the answer is a problem of one shape, and never what happened inside."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from compose.access.tokens import Wish, create, list_passes, revoke
from domain.access import Scope
from domain.errors import ConfigurationError
from tests.console.conftest import TENANT
from tests.console.enterprise import records

if TYPE_CHECKING:
    from tests.console.conftest import Api

pytestmark = pytest.mark.stack

ID = records()["order_state"][0]["orderId"]
MEMBERS = {"type", "title", "status", "detail", "instance", "code", "severity", "message", "remediation"}


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem.keys() >= {*MEMBERS, "correlationId", "category", "retry"}
    assert problem["status"] == status
    assert problem["code"] == code
    assert all(problem[name] for name in MEMBERS - {"instance"})
    assert problem["correlationId"] == answer.headers["x-correlation-id"]
    assert "Traceback" not in answer.text
    assert "psycopg" not in answer.text
    return problem


def test_who_asks_without_a_token_or_with_another_is_not_let_in(api: Api) -> None:
    path = f"/orders/{ID}"
    missing = api.client.get(path)
    assert_problem(missing, 401, "AUTHORIZATION_TOKEN_MISSING")
    assert missing.headers["www-authenticate"].startswith("Bearer")
    for value in ("Bearer ot_guessed", "Bearer " + "x" * 5000, "Basic dXNlcjpwYXNz", "Bearer"):
        answer = api.client.get(path, headers={"Authorization": value})
        known = value.startswith("Bearer ")
        assert_problem(answer, 401, "AUTHORIZATION_TOKEN_UNKNOWN" if known else "AUTHORIZATION_TOKEN_MISSING")


def test_a_token_that_is_over_or_taken_back_lets_nobody_in(api: Api) -> None:
    token = api.new_token("operations")
    bearer = {"Authorization": f"Bearer {token}"}
    assert api.client.get(f"/orders/{ID}", headers=bearer).status_code == 200
    api.clock.now += timedelta(days=1)
    assert_problem(api.client.get(f"/orders/{ID}", headers=bearer), 401, "AUTHORIZATION_TOKEN_EXPIRED")
    api.clock.now -= timedelta(days=1)
    with psycopg.connect(api.database_url, autocommit=True) as connection:
        newest = list_passes(connection)[0]
        revoke(connection, newest.token_id, api.clock())
        stored = connection.execute("SELECT count(*) FROM access.tokens t WHERE t::text LIKE %s", (f"%{token}%",))
        assert stored.fetchone() == (0,), "the token itself is kept nowhere"
    assert_problem(api.client.get(f"/orders/{ID}", headers=bearer), 401, "AUTHORIZATION_TOKEN_REVOKED")


def test_a_token_opens_its_own_tenant_alone(api: Api) -> None:
    bearer = {"Authorization": f"Bearer {api.new_token('operations', tenant='other')}"}
    assert_problem(api.client.get(f"/orders/{ID}", headers=bearer), 404, "REFERENCE_UNKNOWN")
    for path in ("/orders", "/quotes", "/cases", "/drift", "/billing-handoffs"):
        assert api.client.get(path, headers=bearer).json()["data"] == []


@pytest.mark.parametrize(
    "wish",
    [
        Wish("a", "t", frozenset(), timedelta(days=1)),
        Wish("a", "t:u", frozenset({Scope.SALES}), timedelta(days=1)),
        Wish("a", "t", frozenset({Scope.CUSTOMER}), timedelta(days=1)),
        Wish("a", "t", frozenset({Scope.CUSTOMER}), timedelta(days=1), accounts=("u:account",)),
        Wish("a", "t", frozenset({Scope.SALES}), timedelta(days=1), role="king"),
        Wish("a", "t", frozenset({Scope.SALES}), timedelta(days=10_000)),
    ],
)
def test_a_token_that_must_not_be_is_not_made(api: Api, wish: Wish) -> None:
    with psycopg.connect(api.database_url, autocommit=True) as connection, pytest.raises(ConfigurationError):
        create(connection, wish, api.clock())


def test_what_is_not_there(api: Api) -> None:
    assert_problem(api.get(f"/orders/{TENANT}:none"), 404, "REFERENCE_UNKNOWN")
    assert_problem(api.get(f"/orders/{TENANT}:none/timeline"), 404, "REFERENCE_UNKNOWN")
    assert_problem(api.get("/nowhere"), 404, "REFERENCE_ROUTE")
    answer = api.client.delete(f"/orders/{ID}", headers=api.bearer("operations"))
    assert_problem(answer, 405, "STRUCTURAL_METHOD")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize(
    "query",
    [
        "state=Nonsense",
        "itemState=completed",
        "limit=0",
        "limit=100000",
        "limit=many",
        "colour=red",
        "number=",
        "number=%00",
        f"account={'x' * 401}",
        "maxStalenessMs=-1",
        "state=Completed&state=Fallout",
    ],
)
def test_wrong_parameters_are_named(api: Api, query: str) -> None:
    answer = api.client.get(f"/orders?{query}", headers=api.bearer("operations"))
    problem = assert_problem(answer, 422, "STRUCTURAL_PARAMETER")
    assert query.partition("=")[0] in problem["message"]


@pytest.mark.parametrize("text", ["' OR 1=1 --", "'; DROP TABLE derived.order_state; --", "%s", "{}", "\\", "$1", "*"])
def test_what_looks_like_sql_is_only_text(api: Api, text: str) -> None:
    for name in ("number", "quote", "account"):
        assert api.get("/orders", **{name: text}).json()["data"] == []
    assert_problem(api.client.get(f"/orders/{ID}{text}", headers=api.bearer("operations")), 404, "REFERENCE_UNKNOWN")
    assert api.get(f"/orders/{ID}").status_code == 200


def test_cursors_that_were_not_given_out_here_or_are_over(api: Api) -> None:
    cursor = api.get("/orders", limit=1).json()["page"]["nextCursor"]
    assert api.get("/orders", limit=2, cursor=cursor).status_code == 200, "the page may change its size"
    other = "A" if cursor[30] != "A" else "B"
    for forged in (f"{cursor[:30]}{other}{cursor[31:]}", "AAAA", "not a cursor!", cursor[:-4]):
        assert_problem(api.get("/orders", cursor=forged), 400, "STRUCTURAL_CURSOR")
    assert_problem(api.get("/orders", cursor=cursor, state="Completed"), 400, "STRUCTURAL_CURSOR")
    assert_problem(api.get("/quotes", cursor=cursor), 400, "STRUCTURAL_CURSOR")
    stranger = {"Authorization": f"Bearer {api.new_token('operations', tenant='other')}"}
    answer = api.client.get("/orders", params={"cursor": cursor}, headers=stranger)
    assert_problem(answer, 400, "STRUCTURAL_CURSOR")
    api.clock.now += timedelta(hours=2)
    assert_problem(api.get("/orders", cursor=cursor), 410, "STALENESS_CURSOR")


def test_a_correlation_id_is_kept_or_made(api: Api) -> None:
    headers = {**api.bearer("operations"), "X-Correlation-Id": "case-4711"}
    assert api.client.get("/orders", headers=headers).headers["x-correlation-id"] == "case-4711"
    assert (
        assert_problem(api.client.get("/nowhere", headers=headers), 404, "REFERENCE_ROUTE")["correlationId"]
        == "case-4711"
    )
    made = {api.get("/orders").headers["x-correlation-id"] for _ in range(2)}
    assert len(made) == 2
    bad = {**api.bearer("operations"), "X-Correlation-Id": "a b\tc" * 100}
    assert len(api.client.get("/orders", headers=bad).headers["x-correlation-id"]) == 36


def test_a_defect_shows_nothing_of_itself(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(api.service.model), "find", None)
    with capture_logs() as logged:
        problem = assert_problem(api.get(f"/orders/{ID}"), 500, "FEASIBILITY_DEFECT")
    assert "NoneType" not in str(problem)
    assert problem["correlationId"] in problem["remediation"]
    (entry,) = [entry for entry in logged if entry["log_level"] == "error"]
    assert entry["correlation_id"] == problem["correlationId"]
    assert entry["exc_info"]


def test_a_database_that_is_away_is_said_to_be(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    # the tokens are still known, the tables are not there: another name stands for a database without them
    monkeypatch.setattr("sinks.postgres.question.table_name", lambda _: psycopg.sql.Identifier("derived", "gone"))
    monkeypatch.setattr(api.service.model, "_statements", {})
    problem = assert_problem(api.get(f"/orders/{ID}"), 503, "DOWNSTREAM_TIMEOUT_PART")
    assert problem["retry"] == "YES"


PATHS = ("/orders", "/quotes", "/cases", "/drift", "/billing-handoffs", "/fulfillment-exceptions", f"/orders/{ID}")
NAMES = st.sampled_from(["number", "state", "limit", "cursor", "account", "open", "stale", "maxStalenessMs", "x"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(PATHS), query=st.dictionaries(NAMES | st.text(max_size=8), st.text(max_size=40), max_size=4)
)
def test_no_query_makes_the_api_fail(api: Api, path: str, query: dict[str, str]) -> None:
    answer = api.get(path, **query)
    assert answer.status_code in {200, 400, 412, 422}, answer.text
    if answer.status_code != 200:
        assert_problem(answer, answer.status_code, answer.json()["code"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.text(min_size=1, max_size=60))
def test_no_id_makes_the_api_fail(api: Api, key: str) -> None:
    from urllib.parse import quote

    for path in ("/orders/{}", "/orders/{}/timeline", "/quotes/{}", "/cases/{}", "/accounts/{}/holdings"):
        answer = api.client.get(path.format(quote(key, safe="", errors="replace")), headers=api.bearer("operations"))
        assert answer.status_code in {200, 404, 405, 422}, answer.text
