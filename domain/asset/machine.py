"""The rows of an Asset's state machine and the conditions they name (R153-R162)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from domain.asset import commands as c
from domain.asset import events as e
from domain.asset.asset import Asset
from domain.asset.states import AssetState
from domain.conditions import has_reason, same_tenant
from domain.errors import Refusal
from domain.machine import Transition, rows
from domain.order_state.states import Action

INSTALLER_ROLES = frozenset({"inventory", "inventory-operator"})
CORRECTOR_ROLES = frozenset({"inventory-operator"})

_A = AssetState
_INSTALLED = frozenset({_A.ACTIVE, _A.SUSPENDED})


def _refuse(code: str, message: str, remediation: str) -> Refusal:
    return Refusal(code, message, remediation=remediation, stage="FULFILLMENT")


def begun_by_add_or_replace(command: c.ActivateAsset | c.FailAssetActivation) -> None:
    """Only ADD and REPLACE bring a product into being (R459, R465)."""
    if command.action not in (Action.ADD, Action.REPLACE):
        message = f"A {command.action} does not activate product {command.aggregate_id}."
        raise _refuse("STRUCTURAL_ACTION", message, "Activate it for an ADD or a REPLACE item.")
    replaced = command.replaces_product_instance_id
    if (command.action is Action.REPLACE) != bool(replaced) or replaced == command.aggregate_id:
        message = f"The {command.action} of product {command.aggregate_id} names {replaced} as the product it replaces."
        raise _refuse(
            "STRUCTURAL_PRODUCT_INSTANCE", message, "Name another product for a REPLACE, and none for an ADD."
        )


def of_one_tenant(command: c.OfItem) -> None:
    """Whatever the command names belongs to the product's tenant (R511)."""
    named = {"orderId": command.order_id}
    if isinstance(command, c.Beginning):
        named |= {"accountId": command.account_id, "offeringId": command.offering_id}
    same_tenant(command, **named)


def not_before_the_last_change(asset: Asset, command: Any) -> None:
    """What happened to the product happened in order; the past is corrected, not rewritten (R256, R502)."""
    if command.effective_date < asset.effective_date:
        message = f"Product {asset.product_instance_id} was last changed {asset.effective_date.isoformat()}, "
        message += f"{command.name} is to hold from {command.effective_date.isoformat()}."
        raise _refuse("CONFLICT_EFFECTIVE_DATE", message, "Send a later date, or CorrectAsset.")


def replaced_by_another(asset: Asset, command: c.TerminateAsset) -> None:
    """A product does not replace itself (R465)."""
    if command.replaced_by_product_instance_id == asset.product_instance_id:
        message = f"Product {asset.product_instance_id} is said to replace itself."
        raise _refuse("STRUCTURAL_PRODUCT_INSTANCE", message, "Name the product that took its place.")


def approved_by_another(asset: Asset, command: c.CorrectAsset) -> None:
    """Whoever corrects does not approve (R503, R510)."""
    if command.approved_by == command.actor.actor_id:
        message = f"The correction of product {asset.product_instance_id} was approved by whoever makes it."
        raise _refuse("AUTHORIZATION_FOUR_EYES", message, "Have somebody else approve it.")


def something_to_correct(asset: Asset, command: c.CorrectAsset) -> None:
    """A correction changes something."""
    corrected = (command.configuration, command.configuration_fingerprint, command.billable)
    if corrected == (asset.configuration, asset.configuration_fingerprint, asset.billable):
        message = f"Product {asset.product_instance_id} is on record as the correction says."
        raise _refuse("CONFLICT_NOTHING_CORRECTED", message, "Nothing to do.")


def since_it_is_installed(asset: Asset, command: c.CorrectAsset) -> None:
    """A correction may reach back, but not to before the product was there."""
    if asset.begun_at is not None and command.effective_date < asset.begun_at:
        message = f"Product {asset.product_instance_id} is installed since {asset.begun_at.isoformat()}."
        raise _refuse("CONFLICT_EFFECTIVE_DATE", message, "Correct it from then on at the earliest.")


CREATION_GUARDS: Mapping[str, Callable[[Any], None]] = {
    "of-one-tenant": of_one_tenant,
    "begun-by-add-or-replace": begun_by_add_or_replace,
}
GUARDS: Mapping[str, Callable[[Asset, Any], None]] = {
    "of-one-tenant": lambda _, command: of_one_tenant(command),
    "not-before-the-last-change": not_before_the_last_change,
    "replaced-by-another": replaced_by_another,
    "has-reason": has_reason,
    "approved-by-another": approved_by_another,
    "something-to-correct": something_to_correct,
    "since-it-is-installed": since_it_is_installed,
}

_IN_ORDER = ("not-before-the-last-change",)
_FOR_ITEM = ("of-one-tenant", *_IN_ORDER)

ROWS = rows(
    Transition(
        c.ActivateAsset,
        frozenset(),
        INSTALLER_ROLES,
        (e.AssetActivated,),
        guards=("of-one-tenant", "begun-by-add-or-replace"),
        side_effects="the OMS completes the item, and billing becomes due",
        compensation="TerminateAsset",
    ),
    Transition(
        c.FailAssetActivation,
        frozenset(),
        INSTALLER_ROLES,
        (e.AssetActivationFailed,),
        guards=("of-one-tenant", "begun-by-add-or-replace"),
        side_effects="the OMS opens a fallout case",
        compensation="RetryAssetActivation",
        timeout=timedelta(hours=24),
        on_timeout="inventory-operator",
    ),
    Transition(
        c.RetryAssetActivation,
        frozenset({_A.ACTIVATION_FAILED}),
        INSTALLER_ROLES,
        (e.AssetActivated, e.AssetActivationFailed),
        guards=_IN_ORDER,
        side_effects="the OMS resolves the fallout case when it went live",
        compensation="TerminateAsset",
    ),
    Transition(
        c.ModifyAsset,
        _INSTALLED,
        INSTALLER_ROLES,
        (e.AssetModified,),
        guards=_FOR_ITEM,
        side_effects="billing amends the charges",
        compensation="ModifyAsset with the configuration of before",
    ),
    Transition(
        c.RenewAsset,
        _INSTALLED,
        INSTALLER_ROLES,
        (e.AssetModified,),
        guards=_FOR_ITEM,
        side_effects="billing goes on under the renewed terms",
        compensation="CorrectAsset",
    ),
    Transition(
        c.SuspendAsset,
        frozenset({_A.ACTIVE}),
        INSTALLER_ROLES,
        (e.AssetSuspended,),
        guards=_FOR_ITEM,
        side_effects="billing suspends the charges",
        compensation="ResumeAsset",
    ),
    Transition(
        c.ResumeAsset,
        frozenset({_A.SUSPENDED}),
        INSTALLER_ROLES,
        (e.AssetResumed,),
        guards=_FOR_ITEM,
        side_effects="billing resumes the charges",
        compensation="SuspendAsset",
    ),
    Transition(
        c.TerminateAsset,
        _INSTALLED | {_A.ACTIVATION_FAILED},
        INSTALLER_ROLES,
        (e.AssetTerminated,),
        guards=(*_FOR_ITEM, "replaced-by-another"),
        side_effects="billing ends the charges, resources are released",
        compensation="an ADD order: what has ended stays ended",
    ),
    Transition(
        c.CorrectAsset,
        _INSTALLED,
        CORRECTOR_ROLES,
        (e.AssetModified,),
        guards=("has-reason", "approved-by-another", "something-to-correct", "since-it-is-installed"),
        compensation="a further CorrectAsset",
    ),
)
