"""Which choices may be made on a line, and which go together across lines, as data (R281, R545).

What bundles are made of is the catalog's own rule (`domain/catalog_publication/bundle.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from domain.model import Model, Unordered
from domain.quote.structure import LineDraft


class CharacteristicRule(Model):
    """A characteristic an offering must have, and the values it may have."""

    offering_id: str
    name: str
    allowed: Unordered[str] | None = None


class CompatibilityRule(Model):
    """Where one offering has one of these values, the other must have one of those."""

    offering_id: str
    name: str
    values: Unordered[str]
    other_offering_id: str
    other_name: str
    other_values: Unordered[str]


class OptionRules(Model):
    """All rules about choices."""

    characteristics: tuple[CharacteristicRule, ...] = ()
    compatibilities: tuple[CompatibilityRule, ...] = ()


class Breach(NamedTuple):
    """One rule that is not satisfied, and by which line."""

    code: str
    line_id: str
    message: str


def breaches(lines: Iterable[LineDraft], rules: OptionRules) -> Iterator[Breach]:
    """Every rule the choices on the lines break."""
    known = tuple(lines)
    for line in known:
        yield from _characteristics(line, rules)
        yield from _compatibilities(line, known, rules)


def _characteristics(line: LineDraft, rules: OptionRules) -> Iterator[Breach]:
    for rule in rules.characteristics:
        if rule.offering_id != line.offering_id:
            continue
        value = line.configuration.get(rule.name)
        if value is None or (rule.allowed is not None and value not in rule.allowed):
            choice = "any value" if rule.allowed is None else f"one of {sorted(rule.allowed)}"
            message = f"its {rule.name} is {value}; it must be {choice}"
            yield Breach("POLICY_CHARACTERISTIC", line.line_id, message)


def _compatibilities(line: LineDraft, lines: tuple[LineDraft, ...], rules: OptionRules) -> Iterator[Breach]:
    for rule in rules.compatibilities:
        if rule.offering_id != line.offering_id or line.configuration.get(rule.name) not in rule.values:
            continue
        for other in lines:
            value = other.configuration.get(rule.other_name)
            if other.offering_id == rule.other_offering_id and value not in rule.other_values:
                message = f"its {rule.name} does not go with {rule.other_name} {value} of line {other.line_id}"
                yield Breach("POLICY_INCOMPATIBLE", line.line_id, message)
