"""The facts an Asset publishes on `inventory.assets.v1`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from domain.asset.states import AssetState
from domain.event import OwnerEvent
from domain.model import Classification, Doc
from domain.order_state.states import Action

OWNER = "inventory"
AGGREGATE = "Asset"


class AssetEvent(OwnerEvent):
    """What every Asset event carries; order and item are those that caused this event."""

    product_instance_id: Annotated[str, Doc("Identity of the installed product, which is the asset's own.")]
    order_id: Annotated[str, Doc("Order that caused it.")]
    item_id: Annotated[str, Doc("Item of that order.")]
    account_id: Annotated[str, Doc("Commercial account the product belongs to.")]
    offering_id: Annotated[str, Doc("Offering it was sold as.")]
    action: Annotated[Action, Doc("What the item did to the product (R459-R465).")]
    configuration_fingerprint: Annotated[str, Doc("Fingerprint of the configuration from now on (R96).")]
    billable: Annotated[bool, Doc("Whether it bills while it is active (R469).")]
    chargeable: Annotated[bool, Doc("Whether it may be charged from the effective date on (R256).")]
    effective_date: Annotated[datetime, Doc("From when on it holds (R256).")]
    state: Annotated[AssetState, Doc("State of the asset after this event.")]
    from_state: Annotated[AssetState | None, Doc("State the asset left; null when it left none.")] = None
    to_state: Annotated[AssetState | None, Doc("State the asset entered; null when the state stayed.")] = None


class BeginningEvent(AssetEvent):
    """What the beginning of a product carries besides, whether it succeeds or not."""

    configuration: Annotated[dict[str, str], Doc("Characteristic values as installed.", Classification.CONFIDENTIAL)]
    replaces_product_instance_id: Annotated[str | None, Doc("Installed product it replaces (R465).")] = None


class AssetActivated(BeginningEvent):
    """A product went live at the customer."""

    evidence_ref: Annotated[str | None, Doc("What shows that a further attempt succeeded (R129).")] = None


class AssetModified(AssetEvent):
    """An installed product was changed, renewed, or its record corrected."""

    configuration: Annotated[dict[str, str], Doc("Characteristic values from now on.", Classification.CONFIDENTIAL)]
    prior_configuration_fingerprint: Annotated[str, Doc("Fingerprint of the configuration before.")]
    term_end_date: Annotated[datetime | None, Doc("End of the term from now on; null when it stays (R464).")] = None
    corrected_version: Annotated[
        int | None, Doc("Version of the asset this corrects; null when the product itself changed (R124).")
    ] = None
    evidence_ref: Annotated[str | None, Doc("What the correction rests on.")] = None
    approval_ref: Annotated[str | None, Doc("Approval of the correction (R503).")] = None
    approved_by: Annotated[str | None, Doc("Who approved the correction.", Classification.CONFIDENTIAL)] = None


class AssetSuspended(AssetEvent):
    """An installed product was stopped for a time (R462)."""


class AssetResumed(AssetEvent):
    """A suspended product works again (R463)."""


class AssetTerminated(AssetEvent):
    """An installed product came to its end (R461)."""

    replaced_by_product_instance_id: Annotated[str | None, Doc("Product that took its place (R465).")] = None


class AssetActivationFailed(BeginningEvent):
    """A product did not go live; nothing may be charged for it."""

    failure_code: Annotated[str, Doc("Stable code of the failure.")]
    evidence_ref: Annotated[str, Doc("What shows the failure (R129).")]


EVENTS: tuple[type[AssetEvent], ...] = (
    AssetActivated,
    AssetModified,
    AssetSuspended,
    AssetResumed,
    AssetTerminated,
    AssetActivationFailed,
)
