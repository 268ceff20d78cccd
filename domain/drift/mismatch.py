"""A disagreement that a rule sees in the facts, and the finding it becomes when it outlives its window."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from domain.drift.finding import finding_id
from domain.drift.rules import CONSUMER, REFERRER, Cause, Rule
from domain.fold.facts import Entry
from domain.fold.fold import Derived, Row
from domain.fold.reading import moment
from domain.ownership.questions import ownership

RECORD = "DriftFinding"


class Apart(NamedTuple):
    """One thing two systems disagree about, as both sides write it."""

    field: str
    expected: str | None = None
    actual: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """What disagrees with what, since when, and which facts show it.

    `about` tells findings of one rule about one entity apart where an entity can refer to several things. `names` fill
    the sentences of the rule and say which order, item, quote, account, product and component it concerns. `until_us`
    is when it ends by itself. `overbilled` is an amount with its currency.
    """

    entity_type: str
    entity_id: str
    since_us: int
    apart: tuple[Apart, ...]
    evidence: tuple[Entry | None, ...]
    names: Mapping[str, str | None] = field(default_factory=dict)
    about: str = ""
    until_us: int | None = None
    overbilled: tuple[Decimal, str] | None = None
    regulated: bool = False
    system: str = ""

    @property
    def owner(self) -> str:
        """The system that owns the entity."""
        return ownership(self.entity_type).owner


def settled(seen: Iterable[tuple[Rule, Mismatch]], reached_us: int) -> Derived:
    """The findings that stand once time has reached a moment, and when that changes although nothing comes."""
    rows: list[Row] = []
    wake_us: int | None = None
    for rule, mismatch in seen:
        deadline_us = mismatch.since_us + rule.window_us
        until_us = mismatch.until_us
        if until_us is not None and until_us <= max(deadline_us, reached_us):
            continue
        next_us = until_us
        if rule.shown_by_itself or deadline_us <= reached_us:
            rows.append(_row(rule, mismatch, deadline_us))
        else:
            next_us = deadline_us
        if next_us is not None and (wake_us is None or next_us < wake_us):
            wake_us = next_us
    rows.sort(key=_key)
    return Derived(tuple(rows), wake_us)


def _key(row: Row) -> str:
    return row.key


def _row(rule: Rule, mismatch: Mismatch, deadline_us: int) -> Row:
    identity = finding_id(rule.rule_id, mismatch.entity_type, mismatch.entity_id, mismatch.about)
    corrector = _corrector(rule, mismatch)
    names = {"entity": mismatch.entity_id, "corrector": corrector, **mismatch.names}
    data = {
        "findingId": identity,
        "kind": rule.kind.value,
        "ruleId": rule.rule_id,
        "ruleVersion": rule.version,
        "verdict": None,
        "entityType": mismatch.entity_type,
        "entityId": mismatch.entity_id,
        "orderId": names.get("order"),
        "itemId": names.get("item"),
        "quoteId": names.get("quote"),
        "accountId": names.get("account"),
        "productInstanceId": names.get("product"),
        "componentId": names.get("component"),
        "correctedBy": corrector,
        "since": moment(mismatch.since_us),
        "settleDeadline": moment(deadline_us),
        "differences": [one._asdict() for one in mismatch.apart],
        "summary": rule.summary.format_map(_Names(names)),
        "nextAction": rule.next_action.format_map(_Names(names)),
        "leakage": None,
        "overbilling": _money(mismatch.overbilled),
        "regulated": mismatch.regulated,
        "cause": _cause(rule, mismatch, names, corrector),
        "alsoFound": [],
    }
    ids = frozenset(entry.event_id for entry in mismatch.evidence if entry is not None)
    return Row(RECORD, identity, data, lambda entry: entry.event_id in ids)


class _Names(dict[str, str | None]):
    """Names for sentences; what nobody said is called unknown, for a sentence must not fail."""

    def __init__(self, names: Mapping[str, str | None]) -> None:
        super().__init__({name: value for name, value in names.items() if value is not None})

    def __missing__(self, name: str) -> str:
        return f"(unknown {name})"


def _corrector(rule: Rule, mismatch: Mismatch) -> str:
    if rule.corrected_by == REFERRER:
        return mismatch.owner
    return mismatch.system if rule.corrected_by == CONSUMER else rule.corrected_by


def _cause(rule: Rule, mismatch: Mismatch, names: Mapping[str, str | None], corrector: str) -> str:
    """The one thing that most likely made it, so that a hundred findings of one accident are told of once."""
    if rule.cause is Cause.HOUR:
        named: str | None = f"{corrector}/{moment(mismatch.since_us):%Y-%m-%dT%HZ}"
    elif rule.cause is Cause.PRODUCER:
        named = mismatch.system or mismatch.owner
    else:
        named = names.get(rule.cause.value)
    return f"{rule.cause.value}/{named}"


def _money(amount: tuple[Decimal, str] | None) -> dict[str, Any] | None:
    return None if amount is None else {"amount": amount[0], "currency": amount[1]}
