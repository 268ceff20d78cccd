"""Whether an offering may be newly sold at a time (R282)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from domain.catalog_publication.publication import CatalogPublication


class Unsellable(StrEnum):
    """Why an offering may not be newly sold."""

    NOT_PUBLISHED = "NOT_PUBLISHED"
    PUBLICATION_NOT_EFFECTIVE = "PUBLICATION_NOT_EFFECTIVE"
    NOT_YET_EFFECTIVE = "NOT_YET_EFFECTIVE"
    NO_LONGER_EFFECTIVE = "NO_LONGER_EFFECTIVE"
    RETIRED = "RETIRED"


def why_not_sellable(publication: CatalogPublication, offering_id: str, at: datetime) -> Unsellable | None:
    """Why an offering may not be newly sold from a publication at `at`; None when it may (R282).

    Beginnings belong to the time of sale, ends do not. What was sold before is nobody's question here (R284).
    """
    offering = publication.offerings.get(offering_id)
    if offering is None:
        return Unsellable.NOT_PUBLISHED
    if at < publication.effective_from:
        return Unsellable.PUBLICATION_NOT_EFFECTIVE
    if at < offering.effective_from:
        return Unsellable.NOT_YET_EFFECTIVE
    if offering.effective_until is not None and at >= offering.effective_until:
        return Unsellable.NO_LONGER_EFFECTIVE
    retired_from = publication.retired.get(offering_id)
    if retired_from is not None and at >= retired_from:
        return Unsellable.RETIRED
    return None


def may_be_sold(
    publication: CatalogPublication, offering_id: str, at: datetime, *, override_ref: str | None = None
) -> bool:
    """Whether an offering may be newly sold at `at`.

    An explicit override opens what is not in effect or retired; what was never published has no terms to be sold on.
    """
    reason = why_not_sellable(publication, offering_id, at)
    return reason is None or (bool(override_ref) and reason is not Unsellable.NOT_PUBLISHED)
