"""Two hundred single changes of a clean log: each is found, or makes no difference, or is listed with the reason."""

from __future__ import annotations

from collections import Counter
from functools import cache
from random import Random

import pytest

from tests.folds.enterprise import told
from tests.folds.mutations import DAY_US, HOWS, Log, Mutation, differing, found_by, mutation
from tests.folds.unseen import known_gap, reason_unseen

RUN = 60, 3, "none"
COUNT = 200
SEEDS = [11, *(pytest.param(seed, marks=pytest.mark.full) for seed in (12, 13, 25))]
FOUND, SAME, UNSEEN, GAP = "found", "no difference", "listed: nothing disagrees", "listed: a gap"


@cache
def log() -> Log:
    """A clean log, with time enough behind it for every window to end."""
    run = told(*RUN)
    return Log(run.events, run.end_us + 2 * DAY_US)


def outcome(done: Mutation) -> str | None:
    if found_by(log(), done):
        return FOUND
    if not differing(log(), done):
        return SAME
    if reason_unseen(done):
        return UNSEEN
    return GAP if known_gap(done) else None


@pytest.mark.parametrize("seed", SEEDS)
def test_every_change_is_found_or_cannot_be_seen_or_is_a_gap_that_is_known(seed: int) -> None:
    random = Random(seed)
    counts: Counter[tuple[str, str]] = Counter()
    for number in range(COUNT):
        done = mutation(log().events, HOWS[number % len(HOWS)], random)
        came_to = outcome(done)
        assert came_to is not None, (done.how, done.event.kind, done.about, done.event.subject, done.event.version)
        counts[done.how, came_to] += 1
    each = COUNT // len(HOWS)
    assert counts["repeat", SAME] == each, "an event that is sent again makes no difference to anything"
    assert counts["drop", FOUND] >= each * 0.8
    assert counts["forge", FOUND] >= each * 0.8
    assert counts["alter", FOUND] + counts["alter", SAME] >= each * 0.75
    assert sum(number for (_, came_to), number in counts.items() if came_to == GAP) <= COUNT * 0.05


def test_a_clean_log_has_no_finding() -> None:
    untouched = Mutation("repeat", "", log().events[0], None, None)
    for event in log().events[:: len(log().events) // 40]:
        assert not found_by(log(), untouched._replace(gone=None, come=event))


LAST = [
    ("ProductOrderCompleted", "state.tasks-done-order-open"),
    ("QuoteConvertedToOrder", "referential.conversion-unknown"),
    ("PriceCalculated", "referential.calculation-unknown"),
    ("BillingActivationRequested", "referential.handoff-unknown"),
    ("ResourceReservationReleased", "state.reservation-held"),
    ("PaymentAuthorized", "state.payment-unknown"),
    ("AssetSuspended", "asset.state-differs"),
]
"""Events after which their own aggregate says nothing more, and the rule that misses them elsewhere."""


@pytest.mark.parametrize(("kind", "rule"), LAST)
def test_a_last_word_is_missed_by_those_who_went_on_from_it(kind: str, rule: str) -> None:
    newest = {(event.aggregate, event.subject): event for event in sorted(log().events, key=lambda e: e.version)}
    lost = [event for event in newest.values() if event.kind == kind]
    assert lost
    found = [found_by(log(), Mutation("drop", "", event, event, None)) for event in lost]
    assert rule in set().union(*found)
    assert sum(bool(rules) for rules in found) >= len(lost) * 0.7
