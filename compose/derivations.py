"""Which folds make up which application."""

from __future__ import annotations

from collections.abc import Mapping

from domain.fold.fold import Fold
from topics.catalogue import TOPICS, Kind, Topic

PLACING = "placing"
"""The application that brings every fact to the groups it belongs to."""

DERIVATIONS: Mapping[str, tuple[Fold, ...]] = {}
"""The folds of each application (`topics.catalogue.FOLD_APPS`)."""


def placed_topics() -> tuple[Topic, ...]:
    """The topics that carry what some fold listens to, in the order of the catalogue."""
    kinds = frozenset[str]().union(*(fold.kinds for folds in DERIVATIONS.values() for fold in folds))
    return tuple(t for t in TOPICS if t.kind in (Kind.OWNER, Kind.DERIVED) and kinds.intersection(t.records))


def derived_topics(app: str) -> tuple[Topic, ...]:
    """The topics an application's rows go to, in the order of the catalogue."""
    records = frozenset[str]().union(*(fold.records for fold in DERIVATIONS[app]))
    return tuple(t for t in TOPICS if t.kind is Kind.DERIVED and records.intersection(t.records))
