"""The state of a CatalogPublication and how each event changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.catalog_publication import events as e
from domain.catalog_publication.states import PublicationState
from domain.catalog_publication.structure import BundleRule, Offering
from domain.model import Model


@dataclass(frozen=True, slots=True)
class CatalogPublication:
    """A publication as the catalog knows it.

    What was published never changes; `retired` and `consumed` say since when an offering is not newly sold and when a
    consumer took the publication over.
    """

    catalog_publication_id: str
    version: int
    state: PublicationState
    catalog_id: str
    publication_number: int
    effective_from: datetime
    published_at: datetime
    offerings: Mapping[str, Offering]
    bundle_rules: tuple[BundleRule, ...]
    declared_consumers: tuple[str, ...]
    retired: Mapping[str, datetime] = field(default_factory=dict)
    consumed: Mapping[str, datetime] = field(default_factory=dict)


def evolve(publication: CatalogPublication | None, event: Model) -> CatalogPublication:
    """The publication after an event."""
    if not isinstance(event, e.CatalogPublicationEvent):
        message = f"{type(event).__name__} is no event of a CatalogPublication"
        raise TypeError(message)
    if publication is None:
        return _published(event)
    publication = replace(publication, version=event.version)
    match event:
        case e.OfferingRetired():
            retired = {**publication.retired, event.offering_id: event.effective_from}
            over = retired.keys() == publication.offerings.keys()
            state = PublicationState.RETIRED if over else publication.state
            return replace(publication, retired=retired, state=state)
        case e.CatalogPublicationConsumed():
            return replace(publication, consumed={**publication.consumed, event.consumer: event.consumed_at})
        case _:
            return publication


def _published(event: e.CatalogPublicationEvent) -> CatalogPublication:
    if not isinstance(event, e.CatalogPublished):
        message = f"the first event of {event.catalog_publication_id} is {type(event).__name__}, not CatalogPublished"
        raise ValueError(message)
    return CatalogPublication(
        catalog_publication_id=event.catalog_publication_id,
        version=event.version,
        state=PublicationState.PUBLISHED,
        catalog_id=event.catalog_id,
        publication_number=event.publication_number,
        effective_from=event.effective_from,
        published_at=event.occurred_at,
        offerings={offering.offering_id: offering for offering in event.offerings},
        bundle_rules=event.bundle_rules,
        declared_consumers=event.declared_consumers,
    )
