"""A rule as it might be, beside the rule as it is: over the same events, at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from avro.registry import Registry
from compose.rebuild.plan import Plan, note
from compose.rebuild.projections import projection_named
from compose.rebuild.reading import batches
from compose.verify.folds import heard
from domain.difference import differences
from domain.drift.folds import drift_folds
from domain.drift.rules import Rule, RuleSet
from domain.errors import ConfigurationError
from domain.fold.facts import Facts
from domain.fold.fold import Fold, Place, Row, settle
from domain.fold.group import Groups
from domain.fold.heard import Heard
from streams.hearing import Hearing

EXAMPLES = 20
_FOLLOWING = frozenset({"ruleVersion", "settleDeadline"})
"""What of a finding says nothing but which parameters it was found by."""

Findings = dict[str, Mapping[str, Any]]
"""Findings by id, as the rule says them."""


@dataclass(frozen=True, slots=True)
class Example:
    """A finding that would change: `fields` are what it says otherwise, as (field, now, then)."""

    finding_id: str
    entity: str
    summary: str
    fields: tuple[tuple[str, Any, Any], ...] = ()


@dataclass
class Shadow:
    """What another version of a rule would find: findings that would appear, disappear, or say something else."""

    now: Rule
    then: Rule
    events: int
    found_now: int
    found_then: int
    appear: list[Example] = field(default_factory=list)
    disappear: list[Example] = field(default_factory=list)
    differ: list[Example] = field(default_factory=list)

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it; of each kind the number and some examples."""
        told = {"appear": self.appear, "disappear": self.disappear, "differ": self.differ}
        return {
            "ruleId": self.now.rule_id,
            "now": parameters(self.now),
            "then": parameters(self.then),
            "events": self.events,
            "findings": {"now": self.found_now, "then": self.found_then},
            **{
                name: {"count": len(found), "examples": list(map(_plain, found[:EXAMPLES]))}
                for name, found in told.items()
            },
        }


def parameters(rule: Rule) -> dict[str, Any]:
    """What may be set of a rule, as JSON has it."""
    tolerance = rule.tolerance
    return {
        "version": rule.version,
        "window": str(rule.window),
        "bound": None if rule.bound is None else str(rule.bound),
        "tolerance": {
            name: str(getattr(tolerance, name)) for name in ("above", "above_percent", "below", "below_percent")
        },
    }


def rule_named(rules: RuleSet, rule_id: str) -> Rule:
    """A rule by its id. Raises `ConfigurationError` when there is none."""
    if rule_id not in rules:
        raise ConfigurationError(f"There is no rule {rule_id!r}.", remediation="`ordertruth rules list` shows them.")
    return rules[rule_id]


def shadow_on(kafka_config: Mapping[str, str], registry: Registry, now: Rule, then: Rule) -> Shadow:
    """Both versions over everything on the topics, at the time the reconciliation has reached.

    Nothing is written. Raises `UnavailableError` when the broker or the registry is away.
    """
    plan = note(kafka_config, projection_named("drift-findings"))
    return shadow(_events(kafka_config, registry, plan, folds_of(now)), plan, now, then)


def shadow(events: Iterable[Heard], plan: Plan, now: Rule, then: Rule) -> Shadow:
    """Both versions over events; how far the time of each group has come is what the plan says."""
    pairs = [(Groups(old), new) for old, new in zip(folds_of(now), folds_of(then), strict=True)]
    count = 0
    for event in events:
        count += 1
        for groups, _ in pairs:
            groups.hear([event])
    before, after = Findings(), Findings()
    for groups, new in pairs:
        before |= _findings(groups, groups.fold, plan)
        after |= _findings(groups, new, plan)
    found = Shadow(now, then, count, len(before), len(after))
    for key in sorted({*before, *after}):
        _compare(found, key, before.get(key), after.get(key))
    return found


def folds_of(rule: Rule) -> list[Fold]:
    """The folds that look at a rule, with it alone: what they remember is the same in each of its versions."""
    return [fold for fold in drift_folds(RuleSet([rule])) if _looks_at(fold, rule)]


def _looks_at(fold: Fold, rule: Rule) -> bool:
    return rule.rule_id in getattr(fold, "rules", {})


def _compare(found: Shadow, key: str, now: Mapping[str, Any] | None, then: Mapping[str, Any] | None) -> None:
    if now is None and then is not None:
        found.appear.append(_example(key, then))
    elif then is None and now is not None:
        found.disappear.append(_example(key, now))
    elif now is not None and then is not None:
        fields = tuple(differences(_said(now), _said(then)))
        if fields:
            found.differ.append(_example(key, then, fields))


def _said(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in _FOLLOWING}


def _example(key: str, data: Mapping[str, Any], fields: tuple[tuple[str, Any, Any], ...] = ()) -> Example:
    return Example(key, data["entityId"], data["summary"], fields)


def _plain(example: Example) -> dict[str, Any]:
    fields = [{"field": name, "now": now, "then": then} for name, now, then in example.fields]
    return {"findingId": example.finding_id, "entity": example.entity, "summary": example.summary, "fields": fields}


def _findings(groups: Groups, fold: Fold, plan: Plan) -> Findings:
    return {row.key: row.data for row in _rows(groups, fold, plan)}


def _rows(groups: Groups, fold: Fold, plan: Plan) -> Iterator[Row]:
    nothing = Facts()
    for place, own in groups.facts.items():
        shared = groups.facts.get(Place(place.group), nothing) if place.member else own
        own_facts = own if place.member else nothing
        yield from settle(fold, place, shared, own_facts, plan.until_us(place.group)).derived.rows


def _events(kafka_config: Mapping[str, str], registry: Registry, plan: Plan, folds: Iterable[Fold]) -> Iterator[Heard]:
    hearing = Hearing(registry, frozenset[str]().union(*(fold.kinds for fold in folds)))
    for bundle in plan.bundles():
        for batch in batches(kafka_config, bundle):
            yield from heard(hearing, batch)
