"""What may be asked of a CatalogPublication: business transitions, never field updates (R67)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.catalog_publication.states import ChangeType
from domain.catalog_publication.structure import Approval, BundleRule, Offering, PriceChange, SignOff
from domain.command import Command

Named = Annotated[str, Field(min_length=1)]


class PublishCatalog(Command):
    """Release a version of the catalog that its author wrote and somebody else approved."""

    catalog_id: Named
    publication_number: Annotated[int, Field(ge=1)]
    effective_from: AwareDatetime
    scope: Named
    supersedes_publication_id: str | None = None
    offerings: Annotated[tuple[Offering, ...], Field(min_length=1)]
    bundle_rules: tuple[BundleRule, ...] = ()
    declared_consumers: Annotated[tuple[Named, ...], Field(min_length=1)]
    change_types: Annotated[tuple[ChangeType, ...], Field(min_length=1)]
    price_changes: tuple[PriceChange, ...] = ()
    author_id: Named
    approval: Approval
    sign_offs: tuple[SignOff, ...]


class RetireOffering(Command):
    """End the sale of an offering from a time on."""

    offering_id: str
    effective_from: AwareDatetime
    replacement_offering_id: str | None = None


class RecordCatalogConsumption(Command):
    """Record that a declared consumer took the publication over."""

    consumer: str
    consumed_at: AwareDatetime
