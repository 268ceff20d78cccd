"""The facts a CatalogPublication publishes on `catalog.publications.v1`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.catalog_publication.states import ChangeType, PublicationState
from domain.catalog_publication.structure import Approval, BundleRule, Offering, PriceChange, SignOff
from domain.event import OwnerEvent
from domain.model import Classification, Doc

OWNER = "catalog"
AGGREGATE = "CatalogPublication"


class CatalogPublicationEvent(OwnerEvent):
    """What every CatalogPublication event carries."""

    catalog_publication_id: Annotated[str, Doc("Identity of the publication; quotes and orders name it.")]
    state: Annotated[PublicationState, Doc("State after this event.")]
    from_state: Annotated[PublicationState | None, Doc("State it left; null when it left none.")] = None
    to_state: Annotated[PublicationState | None, Doc("State it entered; null when the state stayed.")] = None
    catalog_id: Annotated[str, Doc("Catalog it is a version of.")]
    publication_number: Annotated[int, Doc("Which version of the catalog it is, counted from 1.")]


class CatalogPublished(CatalogPublicationEvent):
    """A version of the catalog may be sold from; versions of before stay as they were (R284)."""

    effective_from: Annotated[datetime, Doc("From when on new quotes are made from it.")]
    scope: Annotated[str, Doc("Regions, channels and customers it is for (R493).")]
    supersedes_publication_id: Annotated[str | None, Doc("Publication it replaces; null for the first.")] = None
    offerings: Annotated[tuple[Offering, ...], Doc("What may be sold.")]
    bundle_rules: Annotated[tuple[BundleRule, ...], Doc("What bundles are made of (R281).")] = ()
    declared_consumers: Annotated[tuple[str, ...], Doc("Systems that must take it over; their lag is watched.")]
    change_types: Annotated[tuple[ChangeType, ...], Doc("What it changes against the one before (R506).")]
    price_changes: Annotated[tuple[PriceChange, ...], Doc("Controls of the price lists it changes (R495).")] = ()
    author_id: Annotated[str, Doc("Who wrote it.", Classification.CONFIDENTIAL)]
    approval: Annotated[Approval, Doc("Who let it pass; never the author (R510).")]
    sign_offs: Annotated[tuple[SignOff, ...], Doc("Who answers for what, as its changes need (R506).")]


class OfferingRetired(CatalogPublicationEvent):
    """An offering is not newly sold any more; quotes accepted and orders submitted before keep it (R284)."""

    offering_id: Annotated[str, Doc("Offering that is retired.")]
    effective_from: Annotated[datetime, Doc("From when on it is not newly sold.")]
    replacement_offering_id: Annotated[str | None, Doc("What to sell instead; null when nothing.")] = None


class CatalogPublicationConsumed(CatalogPublicationEvent):
    """A declared consumer sells by this publication from now on."""

    consumer: Annotated[str, Doc("Which of the declared consumers.")]
    consumed_at: Annotated[datetime, Doc("When it took the publication over.")]
    lag_ms: Annotated[int, Doc("Milliseconds between publication and take-over.")]


EVENTS: tuple[type[CatalogPublicationEvent], ...] = (CatalogPublished, OfferingRetired, CatalogPublicationConsumed)
