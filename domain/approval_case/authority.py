"""How large an exception each role may allow (R288, R316, R563): the approval matrix, as data."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from domain.model import Classification, Doc, Model
from domain.money import Percent

MATRIX_VERSION = "approval-authority.v1"

AUTHORITY_PERCENT_BY_LEVEL: Mapping[str, Decimal] = {
    "sales-manager": Decimal(30),
    "deal-desk": Decimal(50),
    "finance-director": Decimal(100),
}
"""Largest discount in percent that a level may approve; the levels are roles, from the smallest up."""

APPROVER_ROLES = frozenset(AUTHORITY_PERCENT_BY_LEVEL)


class AuthorityLimit(Model):
    """How far the authority of whoever decides goes."""

    level: Annotated[str, Doc("Level of the approval matrix the authority is of.")]
    discount_percent: Annotated[
        Percent, Doc("Largest discount the decider may approve in person.", Classification.CONFIDENTIAL)
    ]
    matrix_version: Annotated[str, Doc("Version of the approval matrix.")] = MATRIX_VERSION


def level_for(discount_percent: Decimal) -> str:
    """The smallest level whose authority covers a discount."""
    return next(level for level, limit in AUTHORITY_PERCENT_BY_LEVEL.items() if discount_percent <= limit)
