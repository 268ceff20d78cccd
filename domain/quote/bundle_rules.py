"""What a configured bundle must satisfy, as data from the catalog (R281, R545)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, NamedTuple

from pydantic import Field

from domain.model import Model
from domain.quote.structure import LineDraft


class MemberRule(Model):
    """How many lines of an offering belong to each line of a bundle; at least one is mandatory."""

    bundle_offering_id: str
    member_offering_id: str
    at_least: Annotated[int, Field(ge=0)] = 0
    at_most: int | None = None


class Pair(Model):
    """Two offerings: the first needs the second, or the two do not go together."""

    offering_id: str
    other_offering_id: str


class CharacteristicRule(Model):
    """A characteristic an offering must have, and the values it may have."""

    offering_id: str
    name: str
    allowed: frozenset[str] | None = None


class CompatibilityRule(Model):
    """Where one offering has one of these values, the other must have one of those."""

    offering_id: str
    name: str
    values: frozenset[str]
    other_offering_id: str
    other_name: str
    other_values: frozenset[str]


class BundleRules(Model):
    """All rules of a catalog publication that concern more than one offering or a choice."""

    members: tuple[MemberRule, ...] = ()
    dependencies: tuple[Pair, ...] = ()
    exclusions: tuple[Pair, ...] = ()
    characteristics: tuple[CharacteristicRule, ...] = ()
    compatibilities: tuple[CompatibilityRule, ...] = ()


class Breach(NamedTuple):
    """One rule that is not satisfied, and by which line."""

    code: str
    line_id: str
    message: str


def breaches(lines: Iterable[LineDraft], rules: BundleRules, installed: frozenset[str]) -> Iterator[Breach]:
    """Every rule the lines break; `installed` are offerings the customer has already."""
    known = tuple(lines)
    for line in known:
        yield from _members(line, known, rules)
        yield from _pairs(line, {each.offering_id for each in known}, rules, installed)
        yield from _characteristics(line, rules)
        yield from _compatibilities(line, known, rules)


def _members(line: LineDraft, lines: tuple[LineDraft, ...], rules: BundleRules) -> Iterator[Breach]:
    for rule in rules.members:
        if rule.bundle_offering_id != line.offering_id:
            continue
        count = sum(e.parent_line_id == line.line_id and e.offering_id == rule.member_offering_id for e in lines)
        if count < rule.at_least or (rule.at_most is not None and count > rule.at_most):
            most = "any number" if rule.at_most is None else rule.at_most
            message = f"it has {count} of {rule.member_offering_id}; {rule.at_least} to {most} belong to it"
            yield Breach("POLICY_BUNDLE_CARDINALITY", line.line_id, message)


def _pairs(line: LineDraft, sold: set[str], rules: BundleRules, installed: frozenset[str]) -> Iterator[Breach]:
    for pair in rules.dependencies:
        if pair.offering_id == line.offering_id and pair.other_offering_id not in sold | installed:
            yield Breach("POLICY_BUNDLE_DEPENDENCY", line.line_id, f"it needs {pair.other_offering_id}")
    for pair in rules.exclusions:
        if pair.offering_id == line.offering_id and pair.other_offering_id in sold | installed:
            yield Breach("POLICY_BUNDLE_EXCLUSION", line.line_id, f"it does not go with {pair.other_offering_id}")


def _characteristics(line: LineDraft, rules: BundleRules) -> Iterator[Breach]:
    for rule in rules.characteristics:
        if rule.offering_id != line.offering_id:
            continue
        value = line.configuration.get(rule.name)
        if value is None or (rule.allowed is not None and value not in rule.allowed):
            choice = "any value" if rule.allowed is None else f"one of {sorted(rule.allowed)}"
            message = f"its {rule.name} is {value}; it must be {choice}"
            yield Breach("POLICY_CHARACTERISTIC", line.line_id, message)


def _compatibilities(line: LineDraft, lines: tuple[LineDraft, ...], rules: BundleRules) -> Iterator[Breach]:
    for rule in rules.compatibilities:
        if rule.offering_id != line.offering_id or line.configuration.get(rule.name) not in rule.values:
            continue
        for other in lines:
            value = other.configuration.get(rule.other_name)
            if other.offering_id == rule.other_offering_id and value not in rule.other_values:
                message = f"its {rule.name} does not go with {rule.other_name} {value} of line {other.line_id}"
                yield Breach("POLICY_INCOMPATIBLE", line.line_id, message)
