"""Another version of a rule beside the one in use, over a simulated enterprise."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from compose.rebuild.plan import Plan
from compose.rebuild.projections import projection_named
from compose.rules.parameters import changes
from compose.rules.shadow import EXAMPLES, Shadow, folds_of, rule_named, shadow
from domain.drift.folds import drift_folds
from domain.drift.rulebook import RULES
from domain.errors import ConfigurationError
from domain.fold.group import rows_of
from streams.clock import clock_of
from streams.folding import GRACE_US
from tests.folds.enterprise import told

RUN = told(60, 7, "mixed")


def _plan() -> Plan:
    clock = clock_of(RUN.events[0].subject.encode())
    projection = projection_named("drift-findings")
    reached = {p: {clock: RUN.end_us + GRACE_US} for p in range(4)}
    return Plan("drift-findings", projection.rules, {}, reached, (), 4, {}, projection.sources)


def _standing() -> dict[str, set[str]]:
    """Ids of the findings of each rule, as the whole rule set has them."""
    found: dict[str, set[str]] = {rule_id: set() for rule_id in RULES}
    for fold in drift_folds():
        for (_, key), row in rows_of(fold, RUN.events, RUN.end_us).items():
            found[row.data["ruleId"]].add(key)
    return found


STANDING = _standing()
BUSIEST = max((r for r in RULES if RULES[r].window), key=lambda r: len(STANDING[r]))


def _shadow(rule_id: str, *given: str) -> Shadow:
    now = RULES[rule_id]
    return shadow(RUN.events, _plan(), now, RULES.changed({rule_id: changes(now, given)})[rule_id])


def test_every_rule_is_looked_at_somewhere() -> None:
    assert all(folds_of(rule) for rule in RULES.values())


def test_the_same_version_changes_nothing() -> None:
    found = _shadow(BUSIEST, "version=next")
    assert found.found_now == found.found_then == len(STANDING[BUSIEST]) > 0
    assert (found.appear, found.disappear, found.differ) == ([], [], [])
    assert found.to_plain()["then"]["version"] == "next"


def test_a_longer_window_lets_findings_go_and_the_way_back_brings_them() -> None:
    longer = _shadow(BUSIEST, "window=P3650D")
    assert {e.finding_id for e in longer.disappear} == STANDING[BUSIEST]
    assert (longer.found_then, longer.appear) == (0, [])
    back = shadow(RUN.events, _plan(), longer.then, longer.now)
    assert {e.finding_id for e in back.appear} == STANDING[BUSIEST]
    assert len(back.to_plain()["appear"]["examples"]) == min(EXAMPLES, len(back.appear))
    assert all(e.entity and e.summary for e in back.appear)


def test_what_is_written_becomes_parameters() -> None:
    rule = RULES[BUSIEST]
    given = ["window=PT20M", "tolerance.above=0.05", "tolerance.above_percent=2.5", "version=2", "bound=PT5M"]
    found: dict[str, Any] = dict(changes(rule, given))
    tolerance = found.pop("tolerance")
    assert found == {"window": timedelta(minutes=20), "bound": timedelta(minutes=5), "version": "2"}
    assert (tolerance.above, tolerance.above_percent) == (Fraction(1, 20), Fraction(5, 2))


@pytest.mark.parametrize(
    "given",
    ["window", "window=soon", "window=-PT5M", "tolerance.above=-1", "tolerance.above=1/0", "owner=me", "version="],
)
def test_what_sets_nothing_is_refused(given: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        changes(RULES[BUSIEST], [given])
    assert given in refused.value.message


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"asset[.]mising"):
        rule_named(RULES, "asset.mising")
