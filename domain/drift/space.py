"""A fold made of rules: what events say in a space, and the checks that look at it.

A space is one of the ways in which facts are brought together (by order, by product, by account, …). Each has a view:
its facts as the checks read them, made once for each derivation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from domain.drift.mismatch import RECORD, Mismatch, settled
from domain.drift.rules import Rule, RuleSet
from domain.fold.facts import Facts
from domain.fold.fold import Derived, Place
from domain.fold.heard import Heard

Said = Iterable[tuple[str, Any]]
Saying = Callable[[Heard, Place], Said]
"""What an event says at a place, as registers."""

V = TypeVar("V")
Check = Callable[[V, Rule], Iterable[Mismatch]]
"""What a rule finds in a view."""


class Space(Generic[V]):
    """A `Fold` of the rules of one space; those not in its rule set are not looked at."""

    records = frozenset({RECORD})

    def __init__(
        self,
        space: str,
        rules: RuleSet,
        *,
        places: Callable[[Heard], Iterable[Place]],
        sayings: Mapping[str, Saying],
        view: Callable[[Place, Facts, Facts], V | None],
        checks: Mapping[str, Check[V]],
    ) -> None:
        self.space = space
        self.rule_id = f"drift.{space}"
        self.rules = RuleSet(rules[rule_id] for rule_id in checks if rule_id in rules)
        self.rule_version = self.rules.version
        self.kinds = frozenset(sayings)
        self._places = places
        self._sayings = sayings
        self._view = view
        self._checks = tuple((rule, checks[rule_id]) for rule_id, rule in self.rules.items())

    def places(self, event: Heard) -> Iterable[Place]:
        """See `Fold.places`."""
        return self._places(event)

    def says(self, event: Heard, place: Place) -> Said:
        """See `Fold.says`."""
        return self._sayings[event.kind](event, place)

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        """See `Fold.derive`."""
        view = self._view(place, shared, own)
        return Derived() if view is None else settled(self._seen(view), reached_us)

    def _seen(self, view: V) -> Iterator[tuple[Rule, Mismatch]]:
        for rule, check in self._checks:
            for mismatch in check(view, rule):
                yield rule, mismatch


def group_of(event: Heard, space: str, identifier: str) -> str:
    """The group of a thing an event names, whole and in the event's own tenant: a strange id finds nobody else's."""
    return f"{event.tenant}:{space}/{identifier}"


def named(place: Place) -> str:
    """The id a group was made from."""
    return place.group.partition("/")[2]


def saying(table: Mapping[tuple[str, ...], Saying]) -> dict[str, Saying]:
    """Sayings by kind of event, where several kinds say alike."""
    found: dict[str, Saying] = {}
    for kinds, says in table.items():
        found.update(dict.fromkeys(kinds, says))
    return found
