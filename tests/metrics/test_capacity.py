"""The capacity model: what it is made of, and that it goes the way a business does."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from compose.capacity.costs import APPLICATIONS, COSTS
from compose.capacity.model import PARTITIONS_MIN, Business, events_of_an_order, need
from compose.cli import app
from compose.workers import SERVICES, STREAM_APPS
from tests.conftest import REPOSITORY

SMALL = Business(orders_per_day=1000)


def test_unit_costs_name_their_measurement_and_applications_there_are() -> None:
    assert all(cost.value > 0 and cost.source and cost.unit for cost in COSTS.values())
    assert set(APPLICATIONS) <= {*STREAM_APPS, *SERVICES}
    assert set(STREAM_APPS) <= set(APPLICATIONS), "every stream application is counted"


def test_an_order_of_the_measured_run_has_the_events_of_it() -> None:
    assert events_of_an_order(SMALL) == pytest.approx(11_589 / 174, rel=0.01)
    assert events_of_an_order(replace(SMALL, events_per_order=10)) == 10


def test_ten_times_the_orders_need_ten_times_the_storage_and_about_as_many_more_workers() -> None:
    one, ten = need(Business(orders_per_day=1_000_000)), need(Business(orders_per_day=10_000_000))
    assert ten.log_bytes_kept == pytest.approx(10 * one.log_bytes_kept)
    assert ten.events_per_day == pytest.approx(10 * one.events_per_day)
    assert 8 * one.cores <= ten.cores <= 10 * one.cores
    assert ten.partitions >= max(w.workers for w in ten.workers), "no worker without a partition"
    assert need(SMALL).partitions == PARTITIONS_MIN
    assert {w.workers for w in need(SMALL).workers} == {1}


@pytest.mark.parametrize(
    ("change", "grows"),
    [
        ({"sales_users": 500, "quote_edits_per_user_hour": 6.0}, "events_per_day"),
        ({"approvals_per_day": 900.0}, "events_per_day"),
        ({"accepted_quotes_per_day": 5000.0}, "events_per_day"),
        ({"order_lines": 20.0}, "events_per_order"),
        ({"tasks_per_line": 9.0}, "events_per_order"),
        ({"peak_factor": 20.0}, "peak_events_per_s"),
        ({"partner_burst_per_s": 50.0}, "peak_events_per_s"),
        ({"quote_lines_max": 5000}, "largest_quote_bytes"),
        ({"open_days": 90.0}, "store_memory_bytes"),
        ({"replicas": 5}, "log_bytes_per_day"),
        ({"retention_days": 3650}, "fact_bytes_kept"),
    ],
)
def test_every_input_counts(change: dict[str, float], grows: str) -> None:
    assert getattr(need(replace(SMALL, **change)), grows) > getattr(need(SMALL), grows)  # type: ignore[arg-type]


def test_quotes_and_calculations_count_where_people_edit() -> None:
    busy = replace(SMALL, sales_users=500, quote_edits_per_user_hour=6.0)
    assert need(replace(busy, pricings_per_edit=5.0)).events_per_day > need(busy).events_per_day
    assert need(replace(busy, quote_lines=50.0)).log_bytes_per_day > need(busy).log_bytes_per_day


def test_the_page_on_scale_says_what_the_model_says() -> None:
    page = (REPOSITORY / "docs" / "scale.md").read_text(encoding="utf-8")
    needs = [need(Business(orders_per_day=orders)) for orders in (1e3, 1e5, 1e6, 1e7)]
    for name, told in {
        "events a day": [f"{n.events_per_day:,.0f}" for n in needs],
        "events a second at the peak": [f"{n.peak_events_per_s:,.0f}" for n in needs],
        "partitions": [str(n.partitions) for n in needs],
        "cores for workers": [str(n.cores) for n in needs],
        "orders in the stores": [f"{n.open_orders:,.0f}" for n in needs],
    }.items():
        assert f"| {name} | {' | '.join(told)} |" in page


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="has orders"):
        need(Business(orders_per_day=0))


def test_the_command_says_it_all() -> None:
    told = CliRunner().invoke(app, ["capacity", "--orders-per-day", "10000000", "--json"])
    assert told.exit_code == 0, told.output
    said = json.loads(told.output)
    assert said["need"]["events_per_day"] == need(Business(orders_per_day=10_000_000)).events_per_day
    assert set(said["unitCosts"]) == set(COSTS)
    assert "partitions of a topic" in CliRunner().invoke(app, ["capacity", "--orders-per-day", "5"]).output
