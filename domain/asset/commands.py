"""What may be asked of an Asset; `aggregate_id` is the product instance id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.command import Command
from domain.order_state.states import Action

_Said = Annotated[str, Field(pattern=r"\S")]


class OfItem(Command):
    """What every command for an order item says: whose it is, and from when on it holds."""

    order_id: _Said
    item_id: _Said
    effective_date: AwareDatetime


class Beginning(OfItem):
    """What the beginning of a product says, whether it succeeds or not."""

    account_id: _Said
    offering_id: _Said
    action: Action
    configuration: Mapping[str, str]
    configuration_fingerprint: _Said
    billable: bool = True
    replaces_product_instance_id: str | None = None


class ActivateAsset(Beginning):
    """Record that a product of an ADD or REPLACE item went live; `billable` says whether it bills at all (R469)."""


class FailAssetActivation(Beginning):
    """Record that a product did not go live."""

    failure_code: _Said
    evidence_ref: _Said


class RetryAssetActivation(Command):
    """Record how a further attempt ended; it failed again where a failure code is given."""

    effective_date: AwareDatetime
    failure_code: str | None = None
    evidence_ref: _Said


class ModifyAsset(OfItem):
    """Record a changed configuration (R460); offering and whether it bills stay where they are left out."""

    configuration: Mapping[str, str]
    configuration_fingerprint: _Said
    offering_id: str | None = None
    billable: bool | None = None


class RenewAsset(OfItem):
    """Record a prolonged term (R464); null leaves its end open."""

    term_end_date: AwareDatetime | None = None


class SuspendAsset(OfItem):
    """Record that the product was stopped for a time (R462)."""


class ResumeAsset(OfItem):
    """Record that the product works again (R463)."""


class TerminateAsset(OfItem):
    """Record the product's end, by a DELETE (R461) or because another took its place (R465)."""

    replaced_by_product_instance_id: str | None = None


class CorrectAsset(Command):
    """Bring the record in line with what is installed, by a further event (R497-R502).

    Somebody else approved it, and it says why.
    """

    configuration: Mapping[str, str]
    configuration_fingerprint: _Said
    billable: bool
    effective_date: AwareDatetime
    evidence_ref: _Said
    approval_ref: _Said
    approved_by: _Said
