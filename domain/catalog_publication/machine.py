"""The rows of a CatalogPublication's state machine (R153-R162, R284, R506)."""

from __future__ import annotations

from datetime import timedelta

from domain.catalog_publication import commands as c
from domain.catalog_publication import events as e
from domain.catalog_publication.states import PublicationState
from domain.machine import Transition, rows

CATALOG_ROLES = frozenset({"catalog", "catalog-publisher"})
CONSUMER_ROLES = frozenset({"catalog", "catalog-consumer"})

ROWS = rows(
    Transition(
        c.PublishCatalog,
        frozenset(),
        CATALOG_ROLES,
        (e.CatalogPublished,),
        guards=(
            "same-tenant",
            "duties-apart",
            "signed-off",
            "price-changes-controlled",
            "offerings-sound",
            "rules-sound",
            "bundles-possible",
            "approved-by-now",
            "not-backdated",
        ),
        side_effects="declared consumers sell by it from effectiveFrom on",
        compensation="a further publication; nothing published is taken back",
        timeout=timedelta(hours=1),
        on_timeout="the declared consumers that have not taken it over",
    ),
    Transition(
        c.RetireOffering,
        frozenset({PublicationState.PUBLISHED}),
        CATALOG_ROLES,
        (e.OfferingRetired,),
        guards=("has-reason", "offering-on-sale", "not-backdated"),
        side_effects="no new quote sells it; accepted quotes and submitted orders keep it (R284)",
        compensation="a further publication that lists it again",
    ),
    Transition(
        c.RecordCatalogConsumption,
        frozenset(PublicationState),
        CONSUMER_ROLES,
        (e.CatalogPublicationConsumed,),
        guards=("consumer-declared", "consumed-by-now"),
    ),
)
