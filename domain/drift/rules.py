"""A drift rule as data: what it is called, how long a mismatch settles, who corrects it, how people are told.

What a rule looks at is a pure function of the facts of its space (`domain.drift.space`); everything somebody may want
to set is a parameter here, so that a second version can run beside the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from domain.drift.finding import Kind
from domain.errors import ConfigurationError
from domain.tolerance import EXACT, Tolerance

REFERRER = "the owner of what refers"
"""Corrector of a finding: whoever owns its entity, which refers to what is not there, or says what is not so."""
CONSUMER = "the consumer"
"""Corrector of a finding: the consumer it is about."""

NO_WINDOW = timedelta(0)


class Cause(StrEnum):
    """What findings have in common that are told of together."""

    ACCOUNT = "account"
    PUBLICATION = "publication"
    PRODUCER = "producer"
    HOUR = "hour"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule in one version.

    `window` is how long a mismatch settles before it is a finding; without one it is believed as soon as everything
    up to its moment is known, and at once if it is `shown_by_itself`: nothing that comes takes it back.

    `bound` is the parameter of rules that measure a time, such as how late an event may be. `corrected_by` is a system,
    REFERRER or CONSUMER. `summary` and `next_action` are plain sentences with the names of what a mismatch says in
    braces. `regulatory` findings are critical whatever they cost.
    """

    rule_id: str
    window: timedelta
    corrected_by: str
    cause: Cause
    summary: str
    next_action: str
    version: str = "1"
    tolerance: Tolerance = EXACT
    bound: timedelta | None = None
    regulatory: bool = False
    shown_by_itself: bool = False

    @property
    def kind(self) -> Kind:
        """Kind of reconciliation, which its name begins with. Raises `ValueError` for another beginning."""
        return Kind(self.rule_id.partition(".")[0])

    @property
    def window_us(self) -> int:
        """The window in microseconds."""
        return self.window // timedelta(microseconds=1)

    @property
    def bound_us(self) -> int:
        """The bound in microseconds; 0 for a rule without one."""
        return 0 if self.bound is None else self.bound // timedelta(microseconds=1)


SETTABLE = frozenset({"window", "bound", "tolerance", "version"})
"""Parameters that settings may replace."""


class RuleSet(Mapping[str, Rule]):
    """Rules by id, one version of each: what a run of the folds is given."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Raises `ConfigurationError` for two rules of one id."""
        self._rules: dict[str, Rule] = {}
        for rule in rules:
            if rule.rule_id in self._rules:
                message = f"There are two rules {rule.rule_id}."
                raise ConfigurationError(message, remediation="Run a second version in a rule set of its own.")
            self._rules[rule.rule_id] = rule

    def __getitem__(self, rule_id: str) -> Rule:
        return self._rules[rule_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

    @property
    def version(self) -> str:
        """A short name of exactly these rules with these parameters: it changes when any of them does."""
        text = "\n".join(repr(self._rules[rule_id]) for rule_id in sorted(self._rules))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def changed(self, parameters: Mapping[str, Mapping[str, Any]]) -> RuleSet:
        """The same rules with other parameters, by rule id and name; raises `ConfigurationError` for unknown ones."""
        unknown = sorted(set(parameters) - set(self._rules))
        names = sorted({name for wanted in parameters.values() for name in wanted} - SETTABLE)
        if unknown or names:
            message = f"There are no rules {unknown}." if unknown else f"Rules have no parameters {names}."
            raise ConfigurationError(message, remediation=f"Set {sorted(SETTABLE)} of the rules in domain/drift.")
        changed = (replace(rule, **parameters.get(rule_id, {})) for rule_id, rule in self._rules.items())
        return RuleSet(changed)

    def without(self, *rule_ids: str) -> RuleSet:
        """The other rules."""
        return RuleSet(rule for rule_id, rule in self._rules.items() if rule_id not in rule_ids)
