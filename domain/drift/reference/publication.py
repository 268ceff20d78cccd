"""The fold of space `publication`: a publication and the consumers that have to take it over (R335, R489)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from domain.drift.mismatch import Apart, Mismatch
from domain.drift.rules import Rule, RuleSet
from domain.drift.space import Check, Saying, Space, group_of, named
from domain.fold.facts import Entry, Facts
from domain.fold.fold import Place
from domain.fold.heard import Heard
from domain.fold.reading import text, texts

SPACE = "publication"


class Publication(NamedTuple):
    """A publication as its events have it."""

    publication_id: str
    facts: Facts

    @property
    def published(self) -> Entry | None:
        """When it was published, and for whom."""
        return self.facts.entry(self.publication_id, "published")

    @property
    def waiting(self) -> list[str]:
        """Declared consumers that have not taken it over."""
        declared = self.published.value if self.published else []
        return [c for c in declared if self.facts.entry(self.publication_id, f"consumed/{c}") is None]


def _places(event: Heard) -> Iterable[Place]:
    return (Place(group_of(event, SPACE, event.subject)),)


def _published(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    yield "published", sorted(texts(event.data, "declaredConsumers"))


def _consumed(event: Heard, _: Place) -> Iterator[tuple[str, Any]]:
    consumer = text(event.data, "consumer")
    if consumer:
        yield f"consumed/{consumer}", None


def _view(place: Place, shared: Facts, _: Facts) -> Publication:
    return Publication(named(place), shared)


def _consumer_behind(one: Publication, _: Rule) -> Iterator[Mismatch]:
    published, waiting = one.published, one.waiting
    if published is not None and waiting:
        consumers = ", ".join(waiting)
        yield Mismatch(
            entity_type="CatalogPublication",
            entity_id=one.publication_id,
            since_us=published.time_us,
            apart=tuple(Apart(f"consumers.{consumer}", "taken over", None) for consumer in waiting),
            evidence=(published,),
            names={"publication": one.publication_id, "consumers": consumers},
            system=consumers,
        )


CHECKS: dict[str, Check[Publication]] = {"catalog.consumer-behind": _consumer_behind}
SAYINGS: Mapping[str, Saying] = {"CatalogPublished": _published, "CatalogPublicationConsumed": _consumed}


def publication_space(rules: RuleSet) -> Space[Publication]:
    """The fold with these rules."""
    return Space(SPACE, rules, places=_places, sayings=SAYINGS, view=_view, checks=CHECKS)
