"""The pricing trace: each calculation as a record of its own, so that quotes stay small (R113, R214)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.fold.facts import Entry, Facts
from domain.fold.fold import Derived, Place, Row
from domain.fold.heard import Heard
from domain.fold.reading import (
    Data,
    home,
    moment,
    moment_or_none,
    money,
    money_texts,
    number,
    number_text,
    parts,
    text,
    time_us,
    whole,
)
from domain.quote_view.facts import CALCULATION_EVENTS

STEPS_SHOWN_MAX = 1_000
"""Steps of one calculation that are kept; a calculation with more says how many it had."""

_KEPT = "calculation"
_TEXTS = (
    "quoteId",
    "accountId",
    "currency",
    "priceBookId",
    "priceBookVersion",
    "inputFingerprint",
    "outputFingerprint",
    "priceFingerprint",
    "replayToken",
    "failureCode",
)


class PricingTraceFold:
    """Calculations, each by itself."""

    space = "pricing-trace"
    rule_id = "pricing-trace"
    rule_version = "1"
    records = frozenset({"PricingTrace"})
    kinds = CALCULATION_EVENTS

    def places(self, event: Heard) -> Iterable[Place]:
        """The calculation."""
        return home(self.space, event, event.subject)

    def says(self, event: Heard, place: Place) -> Iterable[tuple[str, Any]]:
        """All that is told of it."""
        data = event.data
        steps = parts(data, "trace")
        rules = data.get("ruleVersions")
        return [
            (
                _KEPT,
                [
                    [text(data, name) for name in _TEXTS],
                    whole(data, "quoteVersion"),
                    time_us(data, "expiresAt"),
                    dict(rules) if isinstance(rules, dict) else {},
                    len(steps),
                    [_kept_step(step) for step in steps[:STEPS_SHOWN_MAX]],
                    [code for found in parts(data, "warnings") if (code := text(found, "code"))],
                    [code for found in parts(data, "errors") if (code := text(found, "code"))],
                ],
            )
        ]

    def derive(self, place: Place, shared: Facts, own: Facts, reached_us: int) -> Derived:
        """Its record."""
        return Derived(tuple(_row(*each) for each in shared.each(_KEPT)))


def _row(calculation: str, entry: Entry) -> Row:
    told, version, expires, rules, count, steps, warnings, errors = entry.value
    data = {
        "calculationId": calculation,
        **dict(zip(_TEXTS, told, strict=True)),
        "quoteVersion": version,
        "at": moment(entry.time_us),
        "priced": entry.kind == "PriceCalculated",
        "ruleVersions": rules,
        "expiresAt": moment_or_none(expires),
        "stepCount": count,
        "steps": [_step(step) for step in steps],
        "warnings": warnings,
        "errors": errors,
    }
    return Row("PricingTrace", calculation, data)


def _kept_step(step: Data) -> list[Any]:
    return [
        *(text(step, name) for name in ("step", "lineId", "componentId", "rule", "note")),
        number_text(step, "percent"),
        money_texts(step, "before"),
        money_texts(step, "after"),
    ]


def _step(kept: list[Any]) -> dict[str, Any]:
    step, line, component, rule, note, percent, before, after = kept
    return {
        "step": step or "UNKNOWN",
        "lineId": line,
        "componentId": component,
        "rule": rule,
        "percent": number(percent),
        "before": money(before),
        "after": money(after),
        "note": note,
    }
