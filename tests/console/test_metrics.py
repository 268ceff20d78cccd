"""`/metrics/business`: analytics under a banner, and everything else without them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from compose.verify.business.recount import recount
from console import create_api
from console.measuring import Measurements
from domain.metrics.catalogue import METRICS
from sinks.clickhouse import connect
from sinks.clickhouse.ddl import POSITIONS, table_name
from sinks.clickhouse.metrics import MetricReader
from sinks.clickhouse.sink import ClickHouseSink
from sinks.tables import BUSINESS_FACTS
from tests.console.conftest import TENANT
from tests.console.enterprise import RUN, records
from tests.console.test_problems import assert_problem
from tests.metrics.analytics import Feeding

if TYPE_CHECKING:
    from compose.stack.endpoints import Endpoints
    from tests.console.conftest import Api

pytestmark = pytest.mark.stack

PATH = "/metrics/business"
ORDER = records()["order_state"][0]["orderId"]
NOBODY = "clickhouse://nobody:x@127.0.0.1:1/default"


@pytest.fixture(scope="module")
def _facts(stack: Endpoints) -> Iterator[None]:
    """The enterprise's events in the stack's analytics, as the sink puts them there."""
    with ClickHouseSink(stack.clickhouse_dsn) as sink:
        sink.setup()
        _empty(stack)
        Feeding(sink).feed(RUN.events)
        yield
        _empty(stack)


def _empty(stack: Endpoints) -> None:
    """No facts and no positions of owners' topics: other tests of the session may fill them from the real ones."""
    client = connect(stack.clickhouse_dsn)
    topics = ", ".join(f"'{table.topic}'" for table in BUSINESS_FACTS)
    client.command(f"DELETE FROM {POSITIONS} WHERE topic IN ({topics})")
    client.command(f"TRUNCATE TABLE {table_name(BUSINESS_FACTS[0])}")
    client.close()


@pytest.mark.usefixtures("_facts")
def test_every_metric_is_told_with_its_definition_and_how_fresh_it_is(api: Api) -> None:
    answer = api.get(PATH, days=400, daily=True)
    assert answer.status_code == 200, answer.text
    told = {metric["metricId"]: metric for metric in answer.json()["data"]}
    assert list(told) == list(METRICS)
    counted = recount(RUN.events)["order-submit-rate"]
    shown = told["order-submit-rate"]
    assert {d["day"]: d["numerator"] for d in shown["days"]} == {
        day.isoformat(): found.numerator for (tenant, day, _), found in counted.items() if tenant == TENANT
    }
    assert shown["value"] == sum(found.numerator for found in counted.values()) / 400
    assert shown["definition"] == METRICS["order-submit-rate"].definition
    assert shown["watermark"]
    assert shown["lagMs"] >= 0


@pytest.mark.usefixtures("_facts")
def test_an_answer_says_that_it_is_not_authoritative(api: Api) -> None:
    meta = api.get(PATH, metric="stuck-orders").json()["meta"]
    assert meta["source"] == "analytics_non_authoritative"
    assert meta["banner"].startswith("NOT AUTHORITATIVE")
    assert meta["authority"] == "INFORMATIONAL"
    assert meta["authoritativeFor"] == []
    assert "any decision" in meta["notAuthoritativeFor"]


def test_who_may_read_them(api: Api) -> None:
    assert api.get(PATH, scope="sales", metric="quote-creation-rate").status_code == 200
    assert_problem(api.get(PATH, scope="customer"), 403, "AUTHORIZATION_SCOPE")
    bound = api.new_token("finance", accounts=(f"{TENANT}:account-000000",))
    answer = api.client.get(PATH, headers={"Authorization": f"Bearer {bound}"})
    assert_problem(answer, 403, "AUTHORIZATION_ACCOUNT")
    stranger = api.new_token("operations", tenant="elsewhere")
    told = api.client.get(PATH, params={"days": 400}, headers={"Authorization": f"Bearer {stranger}"}).json()["data"]
    assert not any(metric["value"] for metric in told), "another tenant's facts are no concern of theirs"


@pytest.mark.parametrize("params", [{"metric": "no-such"}, {"days": 0}, {"days": 5000}, {"other": 1}])
def test_what_is_asked_for_wrongly_is_refused(api: Api, params: dict[str, Any]) -> None:
    code, wanted = (404, "REFERENCE_METRIC") if "metric" in params else (422, "STRUCTURAL_PARAMETER")
    assert_problem(api.get(PATH, **params), code, wanted)


@pytest.mark.usefixtures("_facts")
def test_prometheus_sees_the_business(api: Api) -> None:
    with closing(MetricReader(api.service.metrics._dsn)) as analytics:  # type: ignore[union-attr]
        text = _scraped(api, analytics)
    assert "ordertruth_analytics_up 1.0" in text
    assert f'ordertruth_business_metric{{metric="order-submit-rate",tenant="{TENANT}"}}' in text
    assert f'ordertruth_business_watermark_timestamp_seconds{{metric="order-submit-rate",tenant="{TENANT}"}}' in text


def test_without_analytics_everything_else_goes_on(api: Api) -> None:
    with closing(MetricReader(NOBODY)) as away:
        assert "ordertruth_analytics_up 0.0" in _scraped(api, away)
        with TestClient(create_api(_with(api, away))) as client:
            headers = api.bearer("operations")
            assert_problem(client.get(PATH, headers=headers), 503, "DOWNSTREAM_TIMEOUT_PART")
            assert client.get(f"/orders/{ORDER}", headers=headers).status_code == 200
            assert client.get("/health/ready").status_code == 200


def _scraped(api: Api, analytics: MetricReader) -> str:
    with TestClient(create_api(_with(api, analytics))) as client:
        return client.get("/metrics").text


def _with(api: Api, analytics: MetricReader) -> Any:
    """The same service with other analytics, and counts of its own."""
    return replace(api.service, metrics=analytics, measurements=Measurements(), opened=())
