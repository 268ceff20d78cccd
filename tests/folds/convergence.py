"""One claim about every fold: any permutation and duplication of its events ends in the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from domain.fold.facts import Facts
from domain.fold.fold import BEFORE_TIME, Derived, Fold, Place
from domain.fold.group import Groups
from domain.fold.heard import Heard


def assert_convergent(fold: Fold, events: Sequence[Heard], until_us: int, random: Random) -> None:
    """Check a fold over events that come permuted and repeated, with deadlines passing in between as they are due.

    While events are still missing, each place derives and lets the deadlines pass that it knows of, up to some time
    between the beginning and `until_us`; once everything has come the rows must be those of an undisturbed run.
    """
    calm = Groups(fold)
    calm.hear(events)
    wanted = {place: done.derived.rows for place, done in calm.settled(until_us)}
    arriving = [*events, *random.choices(events, k=len(events) // 4)]
    random.shuffle(arriving)
    facts: dict[Place, Facts] = {}
    reached: dict[Place, int] = {}
    first = min(event.time_us for event in events)
    for number, event in enumerate(arriving):
        if event.kind not in fold.kinds:
            continue
        for place in fold.places(event):
            facts.setdefault(place, Facts()).hear(event, fold.says(event, place))
            if random.random() < 0.3:
                share = (number + 1) / len(arriving)
                _pass_time(fold, place, facts, reached, int(first + (until_us - first) * share * random.random()))
    for place in facts:
        _pass_time(fold, place, facts, reached, until_us)
    found = {place: _derive(fold, place, facts, reached).rows for place in facts}
    for place, rows in wanted.items():
        assert found[place] == rows, f"{place} ends differently when its events come in another order"
    assert found.keys() == wanted.keys()


def _derive(fold: Fold, place: Place, facts: dict[Place, Facts], reached: dict[Place, int]) -> Derived:
    nothing = Facts()
    shared = facts.get(Place(place.group), nothing)
    return fold.derive(place, shared, facts[place] if place.member else nothing, reached.get(place, BEFORE_TIME))


def _pass_time(fold: Fold, place: Place, facts: dict[Place, Facts], reached: dict[Place, int], until_us: int) -> None:
    wake = _derive(fold, place, facts, reached).wake_us
    while wake is not None and wake <= until_us:
        assert wake > reached.get(place, BEFORE_TIME), f"{place} names a deadline that has passed"
        reached[place] = wake
        wake = _derive(fold, place, facts, reached).wake_us
