"""The record published on `derived.order-references.v1`."""

from __future__ import annotations

from typing import Annotated

from domain.derivation import Derivation
from domain.model import Classification, Doc, Model

OWNER = "ordertruth"


class OrderReference(Model):
    """What another system calls an order (R199, R453)."""

    reference_id: Annotated[str, Doc("Identity: order and system.")]
    order_id: Annotated[str, Doc("The order.")]
    order_number: Annotated[str | None, Doc("Number people know it by.", Classification.PUBLIC)] = None
    account_id: Annotated[str | None, Doc("Commercial account.")] = None
    system: Annotated[str, Doc("The other system.")]
    name: Annotated[str, Doc("What the order is called there.")]
    version: Annotated[int, Doc("Rises with what is known of the order's names.")]
    derivation: Annotated[Derivation, Doc("Lineage, rule and authority.")]
