"""The list of drift rules as documentation has it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from domain.drift.folds import drift_folds
from domain.drift.rulebook import RULES
from domain.drift.rules import Rule, RuleSet
from domain.drift.space import Space


def rows(rules: RuleSet = RULES) -> Iterator[str]:
    """The table of rules, a row for each, in Markdown."""
    yield "| rule | space | settles | says | corrected by | told together by |"
    yield "|---|---|---|---|---|---|"
    spaces = {rule_id: fold.space for fold in drift_folds(rules) if isinstance(fold, Space) for rule_id in fold.rules}
    for rule_id, rule in rules.items():
        cells = (f"`{rule_id}`", spaces[rule_id], _settles(rule), rule.summary, rule.corrected_by, rule.cause.value)
        yield f"| {' | '.join(cells)} |"


def _settles(rule: Rule) -> str:
    if rule.bound is not None:
        return f"at once, above {_length(rule.bound)}"
    if rule.shown_by_itself:
        return "at once"
    return _length(rule.window) if rule.window else "when all up to then is known"


def _length(span: timedelta) -> str:
    minutes = span // timedelta(minutes=1)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
