"""The catalogue of metrics, and what is made from it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
import yaml
from typer.testing import CliRunner

from compose.cli import app
from compose.monitoring.dashboards import dashboards
from compose.monitoring.files import FOLDER, stale, write
from compose.monitoring.rules import rules
from domain.metrics.catalogue import METRICS, metric_named
from domain.metrics.measure import Findings
from domain.metrics.metric import Grain
from domain.metrics.summary import Rating, rated, summarise
from topics.catalogue import OWNER_TOPICS

if TYPE_CHECKING:
    from pathlib import Path

ALL = list(METRICS.values())
WANTED = {f"R{number}" for number in range(335, 392)} - {"R380"}
DAY = date(2026, 3, 10)


@dataclass(frozen=True)
class Row:
    """A day of a metric."""

    day: date
    scope: str
    numerator: int
    denominator: int


def test_every_metric_of_the_requirements_is_there_once() -> None:
    assert sorted(m.requirement for m in ALL) == sorted(WANTED)
    assert [m.requirement for m in ALL] == sorted(WANTED, key=lambda r: int(r[1:])), "in their order"
    assert len({m.name for m in ALL}) == len(ALL)


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.metric_id)
def test_a_metric_says_what_it_is(metric: object) -> None:
    found = metric_named(getattr(metric, "requirement"))  # noqa: B009 - pytest knows no type here
    assert found is metric
    assert found.definition.endswith(".")
    assert found.definition.count(". ") == 0, "one sentence"
    assert found.owner in {topic.owner for topic in OWNER_TOPICS}
    published = {record for topic in OWNER_TOPICS for record in topic.records}
    assert set(found.kinds) <= published, "it counts events somebody publishes"


def test_findings_name_rules_there_are() -> None:
    from domain.billing_verdict.rule import RULE_ID
    from domain.drift.rulebook import RULES

    known = {*RULES, RULE_ID}
    for metric in ALL:
        if isinstance(metric.measure, Findings):
            for beginning in metric.measure.rules:
                assert any(rule.startswith(beginning) for rule in known), (metric.metric_id, beginning)


def test_days_add_up_exactly() -> None:
    share, rate = metric_named("R356"), metric_named("R346")
    rows = [Row(DAY, "", 1, 3), Row(DAY - timedelta(days=1), "", 1, 1), Row(DAY - timedelta(days=9), "", 9, 9)]
    week = summarise(share, rows, DAY - timedelta(days=6), DAY)
    assert week.value == Fraction(1, 2), "two of four, not the mean of a third and one"
    assert summarise(rate, rows, DAY - timedelta(days=6), DAY).value == Fraction(2, 7)
    assert summarise(share, [], DAY, DAY).value is None
    scoped = summarise(metric_named("R390"), [Row(DAY, "web", 3, 1), Row(DAY, "direct", 1, 1)], DAY, DAY)
    assert (scoped.value, scoped.scopes) == (Fraction(4), {"direct": Fraction(1), "web": Fraction(3)})


def test_what_stands_is_not_added_over_days() -> None:
    lag = metric_named("R343")
    rows = [Row(DAY, "billing", 5, 1), Row(DAY - timedelta(days=1), "billing", 90, 1)]
    assert summarise(lag, rows, DAY - timedelta(days=6), DAY).value == 5
    stuck = metric_named("R364")
    assert stuck.grain is Grain.AS_OF
    assert summarise(stuck, [Row(DAY + timedelta(days=90), "Fallout", 3, 1)], DAY, DAY).value == 3
    findings = metric_named("R371")
    found = [Row(DAY, "billing", 2, 1), Row(DAY - timedelta(days=1), "asset", 1, 1)]
    assert summarise(findings, found, DAY - timedelta(days=6), DAY).value == 3


def test_a_value_is_rated_by_the_thresholds() -> None:
    below, above = metric_named("R362"), metric_named("R350")
    assert [rated(below, Fraction(n, 100)) for n in (96, 95, 80)] == [Rating.OK, Rating.WARNING, Rating.CRITICAL]
    assert [rated(above, Fraction(n, 100)) for n in (1, 2, 10)] == [Rating.OK, Rating.WARNING, Rating.CRITICAL]
    assert rated(metric_named("R346"), Fraction(1)) is Rating.UNRATED
    assert rated(above, None) is Rating.UNKNOWN


def test_committed_rules_and_dashboards_are_those_of_the_catalogue(tmp_path: Path) -> None:
    assert stale() == [], "run `ordertruth monitoring export`"
    assert sorted(write(tmp_path)) == sorted(stale(tmp_path / "elsewhere"))
    (tmp_path / "prometheus" / "rules" / "ordertruth.yml").write_text("groups: []\n")
    told = CliRunner().invoke(app, ["monitoring", "export", "--check", "--out", str(tmp_path)])
    assert told.exit_code == 1
    assert "rules/ordertruth.yml is stale" in told.output


def test_every_metric_has_a_panel_and_every_threshold_an_alert() -> None:
    shown = [p["targets"][0]["expr"] for p in dashboards()["business.json"]["panels"] if "targets" in p]
    assert all(any(f'metric="{m.metric_id}"' in expr for expr in shown) for m in ALL)
    assert len(shown) == len(ALL)
    made = [rule for group in rules()["groups"] for rule in group["rules"]]
    alerts = [r for r in made if "requirement" in r["labels"]]
    assert len(alerts) == 2 * sum(m.thresholds is not None for m in ALL)
    assert len({r["alert"] for r in made}) == len(made)
    for rule in made:
        assert {"alert", "expr", "for", "labels", "annotations"} == set(rule)
    committed = yaml.safe_load((FOLDER / "prometheus" / "rules" / "ordertruth.yml").read_text())
    assert committed == rules()


def test_promtool_accepts_the_files() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    config = FOLDER / "prometheus" / "prometheus.yml"
    done = subprocess.run([promtool, "check", "config", config], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
