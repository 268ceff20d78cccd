"""Asset: commands in, events out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain.aggregate import AggregateType
from domain.asset import commands as c
from domain.asset import events as e
from domain.asset.asset import Asset, evolve
from domain.asset.machine import CREATION_GUARDS, GUARDS, ROWS
from domain.asset.states import REPAIR_ASSET_STATES, TERMINAL_ASSET_STATES, AssetState
from domain.machine import Draft, Machine, claims
from domain.order_state.states import Action

POLICY_VERSION = "asset.v1"

_BEGINNING = (
    "order_id",
    "item_id",
    "offering_id",
    "action",
    "configuration",
    "configuration_fingerprint",
    "billable",
    "effective_date",
    "replaces_product_instance_id",
)
_CORRECTION = ("configuration", "configuration_fingerprint", "effective_date", "evidence_ref", "approval_ref")


def _activate(_: None, command: c.ActivateAsset) -> list[Draft]:
    fields = {name: getattr(command, name) for name in _BEGINNING}
    return [Draft(e.AssetActivated, {**fields, "chargeable": command.billable})]


def _fail(_: None, command: c.FailAssetActivation) -> list[Draft]:
    fields = {name: getattr(command, name) for name in _BEGINNING}
    failure = {"failure_code": command.failure_code, "evidence_ref": command.evidence_ref}
    return [Draft(e.AssetActivationFailed, {**fields, **failure, "chargeable": False})]


def _retry(asset: Asset, command: c.RetryAssetActivation) -> list[Draft]:
    fields = {name: getattr(asset, name) for name in _BEGINNING}
    fields |= {"effective_date": command.effective_date, "evidence_ref": command.evidence_ref}
    if command.failure_code is None:
        return [Draft(e.AssetActivated, {**fields, "chargeable": asset.billable})]
    return [Draft(e.AssetActivationFailed, {**fields, "failure_code": command.failure_code, "chargeable": False})]


def _changed(asset: Asset, command: Any, action: Action, state: AssetState, **fields: object) -> dict[str, Any]:
    """What an event about an installed product carries, as it stands but for what changes."""
    return {
        "order_id": command.order_id,
        "item_id": command.item_id,
        "offering_id": asset.offering_id,
        "action": action,
        "configuration_fingerprint": asset.configuration_fingerprint,
        "billable": asset.billable,
        "chargeable": asset.billable and state is AssetState.ACTIVE,
        "effective_date": command.effective_date,
        **fields,
    }


def _modify(asset: Asset, command: c.ModifyAsset) -> list[Draft]:
    billable = asset.billable if command.billable is None else command.billable
    changed = {
        "billable": billable,
        "chargeable": billable and asset.state is AssetState.ACTIVE,
        "offering_id": command.offering_id or asset.offering_id,
        "configuration": command.configuration,
        "configuration_fingerprint": command.configuration_fingerprint,
        "prior_configuration_fingerprint": asset.configuration_fingerprint,
    }
    return [Draft(e.AssetModified, _changed(asset, command, Action.MODIFY, asset.state, **changed))]


def _renew(asset: Asset, command: c.RenewAsset) -> list[Draft]:
    renewed = {
        "configuration": asset.configuration,
        "prior_configuration_fingerprint": asset.configuration_fingerprint,
        "term_end_date": command.term_end_date,
    }
    return [Draft(e.AssetModified, _changed(asset, command, Action.RENEW, asset.state, **renewed))]


def _suspend(asset: Asset, command: c.SuspendAsset) -> list[Draft]:
    return [Draft(e.AssetSuspended, _changed(asset, command, Action.SUSPEND, AssetState.SUSPENDED))]


def _resume(asset: Asset, command: c.ResumeAsset) -> list[Draft]:
    return [Draft(e.AssetResumed, _changed(asset, command, Action.RESUME, AssetState.ACTIVE))]


def _terminate(asset: Asset, command: c.TerminateAsset) -> list[Draft]:
    successor = command.replaced_by_product_instance_id
    action = Action.DELETE if successor is None else Action.REPLACE
    ended = _changed(asset, command, action, AssetState.TERMINATED, replaced_by_product_instance_id=successor)
    return [Draft(e.AssetTerminated, ended)]


def _correct(asset: Asset, command: c.CorrectAsset) -> list[Draft]:
    """A correction changes the record, not the product: order, item and action stay those of before (R124)."""
    corrected = {name: getattr(command, name) for name in _CORRECTION}
    fields = {
        "order_id": asset.order_id,
        "item_id": asset.item_id,
        "offering_id": asset.offering_id,
        "action": asset.action,
        "billable": command.billable,
        "chargeable": command.billable and asset.state is AssetState.ACTIVE,
        "prior_configuration_fingerprint": asset.configuration_fingerprint,
        "corrected_version": asset.version,
        "approved_by": command.approved_by,
    }
    return [Draft(e.AssetModified, {**fields, **corrected})]


REACTIONS: Mapping[str, Callable[[Any, Any], list[Draft]]] = {
    "ActivateAsset": _activate,
    "FailAssetActivation": _fail,
    "RetryAssetActivation": _retry,
    "ModifyAsset": _modify,
    "RenewAsset": _renew,
    "SuspendAsset": _suspend,
    "ResumeAsset": _resume,
    "TerminateAsset": _terminate,
    "CorrectAsset": _correct,
}


def _identity(asset: Asset | None, command: Any) -> dict[str, Any]:
    owner = command if asset is None else asset
    return {"product_instance_id": command.aggregate_id, "account_id": owner.account_id}


MACHINE: Machine[Asset, e.AssetEvent] = Machine(
    noun="asset",
    code="ASSET",
    rows=ROWS,
    reactions=REACTIONS,
    identity=_identity,
    evolve=evolve,
    initial=AssetState.ACTIVE,
    terminal=TERMINAL_ASSET_STATES,
    repair=REPAIR_ASSET_STATES,
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
)
decide = MACHINE.decide

ASSET: AggregateType[Asset] = AggregateType(
    name=e.AGGREGATE,
    owner=e.OWNER,
    events={event.__name__: event for event in e.EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
