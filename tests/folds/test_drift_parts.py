"""What the drift rules are made of: rule sets, tolerances, joins, windows, and the order's own fold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from string import Formatter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.drift.document import rows
from domain.drift.finding import Kind, finding_id
from domain.drift.mismatch import Apart, Mismatch, settled
from domain.drift.order.matter import Matter
from domain.drift.order.sayings import DECLARES
from domain.drift.order.space import order_space
from domain.drift.rulebook import RULES
from domain.drift.rules import RuleSet
from domain.drift.terms import Terms, agree, differing
from domain.errors import ConfigurationError
from domain.fold.facts import Facts
from domain.fold.joins import Histories, Least
from domain.order_state.derive import derive
from domain.order_state.facts import Fact, OrderFacts
from domain.order_state.policy import REFERENCE_V1
from domain.ownership.questions import MATRIX
from domain.product_order.events import EVENTS as ORDER_EVENTS
from domain.tolerance import EXACT, Tolerance
from tests.folds.drift_events import BEGUN_US, MINUTE_US
from tests.folds.enterprise import told

AMOUNTS = st.decimals(0, 10_000, places=2)
SHARES = st.fractions(0, 100, max_denominator=50)


def test_every_rule_is_data_with_a_kind_a_corrector_and_sentences() -> None:
    systems = {row.owner for row in MATRIX}
    for rule in RULES.values():
        assert rule.kind in Kind
        assert rule.corrected_by in systems or rule.corrected_by.startswith("the ")
        for sentence in (rule.summary, rule.next_action):
            assert sentence.endswith(".")
            assert all(name for _, name, _, _ in Formatter().parse(sentence) if name is not None)
    assert {rule.rule_id for rule in RULES.values() if rule.regulatory} == {
        "state.decided-without-authority",
        "financial.charge-vs-invoice",
    }


def test_every_rule_that_is_said_to_reconcile_an_aggregate_exists() -> None:
    named = {rule for row in MATRIX for rule in row.reconciled_by}
    assert named - set(RULES) == {"billing.handoff"}


def test_parameters_are_settings_and_change_the_version_of_the_set() -> None:
    longer = RULES.changed({"asset.missing": {"window": timedelta(hours=2)}})
    assert longer["asset.missing"].window == timedelta(hours=2)
    assert RULES["asset.missing"].window == timedelta(minutes=30)
    assert longer.version != RULES.version == RuleSet(RULES.values()).version
    assert len(RULES.without("asset.missing")) == len(RULES) - 1


@pytest.mark.parametrize("wrong", [{"asset.unheard-of": {}}, {"asset.missing": {"colour": "red"}}])
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        RULES.changed(wrong)


def test_one_set_has_one_version_of_a_rule() -> None:
    with pytest.raises(ConfigurationError):
        RuleSet([*RULES.values(), replace(RULES["asset.missing"], version="2")])


@given(expected=AMOUNTS, actual=AMOUNTS, absolute=AMOUNTS, percent=SHARES, of_actual=st.booleans())
@settings(deadline=None)
def test_a_threshold_is_the_larger_of_amount_and_share_and_passes_itself(
    expected: Decimal, actual: Decimal, absolute: Decimal, percent: Fraction, of_actual: bool
) -> None:
    above = Tolerance(above=Fraction(absolute), above_percent=percent, of_actual=of_actual)
    below = Tolerance(below=Fraction(absolute), below_percent=percent, of_actual=of_actual)
    limit = max(Fraction(absolute), percent * Fraction(actual if of_actual else expected) / 100)
    apart = Fraction(actual) - Fraction(expected)
    sides = (expected, "EUR"), (actual, "EUR")
    assert agree(*sides, above) == (0 <= apart <= limit)
    assert agree(*sides, below) == (0 <= -apart <= limit)
    assert agree(*sides, EXACT) == (expected == actual)


@given(amount=AMOUNTS, absolute=AMOUNTS)
@settings(deadline=None)
def test_different_currencies_never_agree(amount: Decimal, absolute: Decimal) -> None:
    generous = Tolerance(above=Fraction(absolute), below=Fraction(absolute), above_percent=Fraction(100))
    assert not agree((amount, "EUR"), (amount, "USD"), generous)


def test_a_fingerprint_alone_can_differ_and_a_missing_one_cannot() -> None:
    terms = Terms("RECURRING", "10", "EUR", "1", "MONTH", [], "line-1")
    assert [d.field for d in differing("", terms, terms._replace(fingerprint="line-2"), EXACT)] == ["priceFingerprint"]
    assert not list(differing("", terms, terms._replace(fingerprint=None), EXACT))
    assert [d.field for d in differing("", terms, terms._replace(quantity="2"), EXACT)] == ["amount"]


@given(items=st.lists(st.integers(0, 50), min_size=1, max_size=30), keep=st.integers(1, 8), seed=st.integers(0, 2**32))
@settings(deadline=None)
def test_the_least_are_kept_in_whatever_order_they_come(items: list[int], keep: int, seed: int) -> None:
    def joined(numbers: list[int]) -> Any:
        held = None
        for number in numbers:
            held = Least(keep, [number]).joined(held)
        return held

    shuffled = [*items, *items]
    Random(seed).shuffle(shuffled)
    assert joined(shuffled) == joined(items) == [[n] for n in sorted(set(items))[:keep]]


@given(
    states=st.lists(st.tuples(st.integers(1, 20), st.integers(0, 3)), min_size=1, max_size=30),
    keep=st.integers(1, 8),
    seed=st.integers(0, 2**32),
)
def test_histories_keep_the_newest_states_by_version(states: list[tuple[int, int]], keep: int, seed: int) -> None:
    def joined(parts: list[tuple[int, int]]) -> Any:
        held = None
        for version, content in parts:
            held = Histories(keep, ["item"], version, content, version, f"{version}/{content}").joined(held)
        return held

    shuffled = [*states, *states]
    Random(seed).shuffle(shuffled)
    least = {version: min(c for v, c in states if v == version) for version, _ in states}
    wanted = [[v, c, v, f"{v}/{c}"] for v, c in sorted(least.items())][-keep:]
    assert joined(shuffled) == joined(states) == {"item": wanted}


def mismatch(**more: Any) -> Mismatch:
    about = {"entity_type": "Asset", "entity_id": "acme:product-1", "since_us": BEGUN_US, "apart": (Apart("state"),)}
    return Mismatch(**{**about, "evidence": (), **more})


def test_a_mismatch_settles_and_ends_by_deadlines_it_names_itself() -> None:
    rule, ends_us = RULES["asset.missing"], BEGUN_US + 40 * MINUTE_US
    deadline_us = BEGUN_US + 30 * MINUTE_US
    seen = [(rule, mismatch(until_us=ends_us))]
    assert settled(seen, 0) == settled(seen, deadline_us - 1)
    assert (settled(seen, 0).rows, settled(seen, 0).wake_us) == ((), deadline_us)
    assert len(settled(seen, deadline_us).rows) == 1
    assert settled(seen, deadline_us).wake_us == ends_us
    assert (settled(seen, ends_us).rows, settled(seen, ends_us).wake_us) == ((), None)


def test_what_ends_before_its_window_is_over_is_never_said() -> None:
    over = settled([(RULES["asset.missing"], mismatch(until_us=BEGUN_US + 30 * MINUTE_US))], 0)
    assert (over.rows, over.wake_us) == ((), None)


def test_the_nearest_deadline_wakes() -> None:
    later = mismatch(since_us=BEGUN_US + MINUTE_US)
    seen = [(RULES["asset.missing"], later), (RULES["state.header-vs-items"], mismatch())]
    assert settled(seen, 0).wake_us == BEGUN_US + 5 * MINUTE_US


def test_a_name_nobody_said_does_not_spoil_a_sentence() -> None:
    (row,) = settled([(RULES["asset.missing"], mismatch())], BEGUN_US + 30 * MINUTE_US).rows
    assert "(unknown item)" in row.data["summary"]
    assert row.key == finding_id("asset.missing", "Asset", "acme:product-1")


def test_the_identity_of_a_finding_is_that_of_rule_and_entity() -> None:
    one = finding_id("asset.missing", "Asset", "acme:product-1")
    assert one == finding_id("asset.missing", "Asset", "acme:product-1", "")
    others = {
        finding_id("asset.orphan", "Asset", "acme:product-1"),
        finding_id("asset.missing", "Asset", "acme:product-2"),
        finding_id("asset.missing", "Asset", "acme:product-1", "acme:offering-1"),
    }
    assert len({one, *others}) == 4
    assert one.startswith("acme:")


def test_the_state_of_an_order_is_found_as_its_own_fold_finds_it() -> None:
    fold, states = order_space(RULES), set()
    known: dict[str, tuple[Facts, OrderFacts]] = {}
    for event in told(40, 7, "mixed").events:
        if event.aggregate != "ProductOrder":
            continue
        (place,) = fold.places(event)
        here, own = known.setdefault(event.subject, (Facts(), OrderFacts()))
        here.hear(event, fold.says(event, place))
        times = event.time_us, event.recorded_us
        own.apply(Fact(event.kind, event.version, event.event_id, event.content, *times, dict(event.data), "", 0, 0))
        mine, theirs = Matter(event.subject, here).view, derive(own, REFERENCE_V1)
        assert mine is not None
        assert (mine.state, mine.declared) == (theirs.state, theirs.declared)
        assert [(i.item_id, i.state) for i in mine.items] == [(i.item_id, i.state) for i in theirs.items]
        states.add(mine.state)
    assert len(states) > 6
    assert set(DECLARES) <= {event.__name__ for event in ORDER_EVENTS}


def test_the_documentation_lists_every_rule_as_it_is() -> None:
    text = (Path(__file__).parents[2] / "docs" / "drift.md").read_text()
    assert "\n".join(rows()) in text
