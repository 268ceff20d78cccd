"""Months and pages: how a timeline of any length is kept in small records (ADR 0058)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.fold.facts import Entry, Facts
from domain.fold.fold import Row
from domain.fold.heard import Heard
from domain.fold.reading import moment
from domain.timeline.causal import Step, causal_order
from domain.timeline.entry import TELLINGS, causation_of, entry_of

ENTRIES_PER_PAGE = 50
"""A usual order has one page; a page is written again whenever something new comes onto it."""

TOLD = "told/"
"""What the registers of timeline entries begin with."""


def month_of(event: Heard) -> str:
    """The calendar month (UTC) an event happened in."""
    happened = moment(event.time_us)
    return f"{happened.year:04d}-{happened.month:02d}"


def pages(
    record: str, owner_field: str, owner: str, month: str, facts: Facts, extra: dict[str, Any]
) -> tuple[Row, ...]:
    """The pages of one month; `owner_field` names whose timeline it is."""
    ordered = _in_order(facts)
    count = -(-len(ordered) // ENTRIES_PER_PAGE)
    rows = []
    for page in range(1, count + 1):
        shown = ordered[(page - 1) * ENTRIES_PER_PAGE : page * ENTRIES_PER_PAGE]
        times = [entry.time_us for _, entry in shown]
        page_id = f"{owner}/{month}/{page}"
        data = {
            "pageId": page_id,
            owner_field: owner,
            "month": month,
            "page": page,
            "pages": count,
            "entryCount": len(ordered),
            **extra,
            "firstAt": moment(min(times)),
            "lastAt": moment(max(times)),
            "entries": [entry_of(aggregate_id, entry) for aggregate_id, entry in shown],
        }
        rows.append(Row(record, page_id, data, _Only(shown[-1][1].event_id)))
    return tuple(rows)


class _Only:
    """Cites one event: each entry names its own place, so the page need not name them again."""

    __slots__ = ("event_id",)

    def __init__(self, event_id: str) -> None:
        self.event_id = event_id

    def __call__(self, entry: Entry) -> bool:
        return entry.event_id == self.event_id


def _in_order(facts: Facts) -> list[tuple[str, Entry]]:
    return causal_order(_steps(facts))


def _steps(facts: Facts) -> Iterable[Step[tuple[str, Entry]]]:
    for aggregate_id, _, entry in facts.starting_with(TOLD):
        yield Step(
            entry.time_us,
            # A handoff and the reason not to bill the same component have one id.
            f"{TELLINGS[entry.kind].aggregate} {aggregate_id}",
            entry.version,
            entry.event_id,
            causation_of(entry.value),
            (aggregate_id, entry),
        )
