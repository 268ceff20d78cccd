"""CatalogPublication: commands in, events out; what was published never changes (R284)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from domain.aggregate import AggregateType
from domain.catalog_publication import commands as c
from domain.catalog_publication import events as e
from domain.catalog_publication.guards import CREATION_GUARDS, GUARDS, TIMED_GUARDS
from domain.catalog_publication.machine import ROWS
from domain.catalog_publication.publication import CatalogPublication, evolve
from domain.catalog_publication.states import TERMINAL_STATES, PublicationState
from domain.command import Command
from domain.machine import Draft, Machine, claims

POLICY_VERSION = "catalog-publication.v1"

_PUBLISHED = (
    "effective_from",
    "scope",
    "supersedes_publication_id",
    "offerings",
    "bundle_rules",
    "declared_consumers",
    "change_types",
    "price_changes",
    "author_id",
    "approval",
    "sign_offs",
)


def _identity(publication: CatalogPublication | None, command: Command) -> dict[str, Any]:
    source = publication or cast("c.PublishCatalog", command)
    return {
        "catalog_publication_id": command.aggregate_id,
        "catalog_id": source.catalog_id,
        "publication_number": source.publication_number,
    }


def _publish(_: None, command: c.PublishCatalog) -> list[Draft]:
    return [Draft(e.CatalogPublished, {name: getattr(command, name) for name in _PUBLISHED})]


def _retire(_: CatalogPublication, command: c.RetireOffering) -> list[Draft]:
    fields = {
        "offering_id": command.offering_id,
        "effective_from": command.effective_from,
        "replacement_offering_id": command.replacement_offering_id,
    }
    return [Draft(e.OfferingRetired, fields)]


def _consume(publication: CatalogPublication, command: c.RecordCatalogConsumption) -> list[Draft]:
    lag = command.consumed_at - publication.published_at
    fields = {
        "consumer": command.consumer,
        "consumed_at": command.consumed_at,
        "lag_ms": lag // timedelta(milliseconds=1),
    }
    return [Draft(e.CatalogPublicationConsumed, fields)]


REACTIONS: Mapping[str, Callable[[Any, Any], Sequence[Draft]]] = {
    "PublishCatalog": _publish,
    "RetireOffering": _retire,
    "RecordCatalogConsumption": _consume,
}

MACHINE: Machine[CatalogPublication, e.CatalogPublicationEvent] = Machine(
    noun="catalog publication",
    code="PUBLICATION",
    rows=ROWS,
    reactions=REACTIONS,
    identity=_identity,
    evolve=evolve,
    initial=PublicationState.PUBLISHED,
    terminal=TERMINAL_STATES,
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
    timed_guards=TIMED_GUARDS,
)
decide = MACHINE.decide

CATALOG_PUBLICATION: AggregateType[CatalogPublication] = AggregateType(
    name=e.AGGREGATE,
    owner=e.OWNER,
    events={event.__name__: event for event in e.EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
