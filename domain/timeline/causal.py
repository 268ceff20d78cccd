"""Causal order: no effect before its cause, whatever the clocks of the producers say (R203, R207)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Step(NamedTuple, Generic[T]):
    """Something that happened, as its order is found: when, to which aggregate, in which version, caused by what."""

    at: int | datetime
    subject: str
    version: int
    event_id: str
    causation_id: str | None
    what: T


def causal_order(steps: Iterable[Step[T]]) -> list[T]:
    """What happened, by time, where each comes after what caused it and after its aggregate's earlier versions.

    A cause whose clock runs ahead is drawn forward to its first effect. Ties are broken by aggregate, version and
    event id, so that the order is the same whatever order the steps are given in. Causes that are not among the steps
    constrain nothing; of events that claim to cause each other the earliest comes first.
    """
    ordered = sorted(steps, key=_age)
    by_id = {step.event_id: number for number, step in enumerate(ordered)}
    before = _earlier_versions(ordered)
    placed = [False] * len(ordered)
    found: list[T] = []
    for number, step in enumerate(ordered):
        if placed[number]:
            continue
        cause = by_id.get(step.causation_id) if step.causation_id else None
        if (cause is None or placed[cause]) and (before[number] < 0 or placed[before[number]]):
            placed[number] = True
            found.append(step.what)
        else:
            _place(number, ordered, by_id, before, placed, found)
    return found


def _age(step: Step[T]) -> tuple[int | datetime, str, int, str]:
    return step.at, step.subject, step.version, step.event_id


def _earlier_versions(ordered: list[Step[T]]) -> list[int]:
    """For each step that of its aggregate's next lower version, or -1."""
    before = [-1] * len(ordered)
    newest: dict[str, int] = {}
    for number in sorted(range(len(ordered)), key=lambda n: (ordered[n].subject, ordered[n].version, n)):
        before[number] = newest.get(ordered[number].subject, -1)
        newest[ordered[number].subject] = number
    return before


def _place(
    number: int,
    ordered: list[Step[T]],
    by_id: dict[str, int],
    before: list[int],
    placed: list[bool],
    found: list[T],
) -> None:
    """Place a step after everything it waits for. Each is entered once, so a circle of causes ends."""
    waiting, entered = [number], set[int]()
    while waiting:
        top = waiting[-1]
        if placed[top]:
            waiting.pop()
            continue
        entered.add(top)
        causation_id = ordered[top].causation_id
        wanted = (by_id.get(causation_id, -1) if causation_id else -1, before[top])
        open_ones = [n for n in wanted if n >= 0 and not placed[n] and n not in entered]
        if open_ones:
            waiting.extend(open_ones)
            continue
        placed[top] = True
        found.append(ordered[top].what)
        waiting.pop()
