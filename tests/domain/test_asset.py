"""Asset: its machine, what each action does to it, and when it may be charged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.asset import commands as c
from domain.asset import events as e
from domain.asset.aggregate import ASSET, MACHINE
from domain.asset.asset import Asset, evolve
from domain.asset.delivery import asset_commands
from domain.asset.states import AssetState
from domain.command import Actor, Command, Origin
from domain.errors import Refusal
from domain.order_state.states import Action
from domain.product_order.order import ProductOrder
from domain.product_order.structure import OrderIntent
from tests.domain.machine_walk import (
    NOW,
    Choose,
    Subject,
    check_beginning,
    check_emissions,
    check_matrix,
    check_roles,
    check_table,
    envelope,
    walk,
)
from tests.domain.orders import ORDER_ID, Desk, item, price

INSTANCE = f"{ORDER_ID}/a"
BEGINNING: dict[str, Any] = {
    "order_id": ORDER_ID,
    "item_id": "a",
    "account_id": "acme:acc-1",
    "offering_id": "acme:offering-a",
    "action": Action.ADD,
    "configuration": {"speed": "100"},
    "configuration_fingerprint": "fp-100",
    "effective_date": NOW,
}
CORRECTION: dict[str, Any] = {
    "configuration": {"speed": "50"},
    "configuration_fingerprint": "fp-50",
    "billable": True,
    "evidence_ref": "audit-1",
    "approval_ref": "approval-1",
    "approved_by": "lee",
}
FAILURE = {"failure_code": "NO_LINK", "evidence_ref": "answer-1"}
A = AssetState
INVENTORY = Origin(Actor(actor_id="inventory-1", role="inventory", system="inventory"), "corr-1")


def sample(asset: Asset | None, kind: type[Command], command_id: str, choose: Choose) -> Command:
    base = envelope(MACHINE, kind, INSTANCE, command_id, choose)
    at = NOW + timedelta(hours=choose((0, 0, 1, 2, 5)))
    if kind in (c.ActivateAsset, c.FailAssetActivation):
        replaced = choose((None, None, "acme:installed/a"))
        action = choose((Action.ADD, Action.REPLACE, Action.MODIFY))
        extra = FAILURE if kind is c.FailAssetActivation else {}
        fields = {**BEGINNING, "action": action, "replaces_product_instance_id": replaced, **extra}
        return kind(**base, **fields, billable=choose((True, False)))
    if kind is c.RetryAssetActivation:
        return kind(**base, effective_date=at, evidence_ref="answer-2", failure_code=choose((None, "NO_LINK")))
    if kind is c.CorrectAsset:
        again = {"configuration": {"speed": "100"}, "configuration_fingerprint": "fp-100"}
        fields = {**CORRECTION, **choose(({}, again)), "approved_by": choose(("lee", "inventory-operator-1"))}
        return kind(**base, **fields, effective_date=at - timedelta(hours=choose((0, 1))))
    fields = {"order_id": choose((ORDER_ID, "acme:order-2")), "item_id": "a", "effective_date": at}
    if kind is c.ModifyAsset:
        fields |= {"configuration": {"speed": "1000"}, "configuration_fingerprint": "fp-1000"}
    if kind is c.TerminateAsset:
        fields["replaced_by_product_instance_id"] = choose((None, "acme:order-2/a", INSTANCE))
    return kind(**base, **fields)


SUBJECT = Subject(MACHINE, e.EVENTS, AssetState, sample)
TestWalk = walk(SUBJECT)


class AssetDesk:
    """Sends commands to one asset, each an hour after the one before."""

    def __init__(self, **fields: Any) -> None:
        self.asset: Asset | None = None
        self.events: list[e.AssetEvent] = []
        self.send(c.ActivateAsset, **{**BEGINNING, **fields})

    @property
    def standing(self) -> Asset:
        assert self.asset is not None
        return self.asset

    def command(self, kind: type[Command], role: str = "inventory", /, **fields: Any) -> Command:
        if issubclass(kind, c.OfItem):
            fields = {"order_id": "acme:order-2", "item_id": "x", **fields}
        fields.setdefault("effective_date", NOW + timedelta(hours=len(self.events)))
        actor = Actor(actor_id=f"{role}-1", role=role, system="inventory")
        command_id = f"command-{len(self.events)}"
        return kind(aggregate_id=INSTANCE, command_id=command_id, correlation_id="corr-1", actor=actor, **fields)

    def carry_out(self, command: Command) -> Any:
        (event,) = MACHINE.decide(self.asset, command, NOW)
        self.asset = evolve(self.asset, event)
        self.events.append(event)
        return event

    def send(self, kind: type[Command], role: str = "inventory", /, **fields: Any) -> Any:
        return self.carry_out(self.command(kind, role, **fields))

    def refused(self, kind: type[Command], role: str = "inventory", /, **fields: Any) -> Refusal:
        with pytest.raises(Refusal) as caught:
            MACHINE.decide(self.asset, self.command(kind, role, **fields), NOW)
        assert caught.value.remediation
        return caught.value


def test_the_table_and_the_machine_agree() -> None:
    """R153-R162."""
    check_table(SUBJECT, c)
    check_emissions(SUBJECT)
    check_matrix(SUBJECT)
    check_roles(SUBJECT)
    check_beginning(SUBJECT)
    assert set(ASSET.events) == {event.__name__ for event in e.EVENTS}


def test_a_product_may_be_charged_while_it_is_active() -> None:
    """R256: chargeable state and effective date are in every event."""
    desk = AssetDesk()
    desk.send(c.SuspendAsset)
    desk.send(c.RenewAsset)
    desk.send(c.ResumeAsset)
    desk.send(c.TerminateAsset)
    assert [event.chargeable for event in desk.events] == [True, False, False, True, False]
    assert [event.effective_date for event in desk.events] == [NOW + timedelta(hours=n) for n in range(5)]
    free = AssetDesk(billable=False)
    free.send(c.SuspendAsset)
    free.send(c.ResumeAsset)
    assert [event.chargeable for event in free.events] == [False] * 3


def test_an_upgrade_modifies_the_installed_product() -> None:
    """R460, R536, R562: the same product, another configuration, and both fingerprints."""
    desk = AssetDesk()
    new = {"configuration": {"speed": "1000"}, "configuration_fingerprint": "fp-1000"}
    event = desk.send(c.ModifyAsset, **new)
    assert (event.prior_configuration_fingerprint, event.configuration_fingerprint) == ("fp-100", "fp-1000")
    assert (event.order_id, event.item_id, event.action) == ("acme:order-2", "x", Action.MODIFY)
    assert event.offering_id == "acme:offering-a"
    assert desk.send(c.ModifyAsset, **new, offering_id="acme:offering-b").offering_id == "acme:offering-b"
    assert desk.standing.configuration == {"speed": "1000"}
    free = AssetDesk(billable=False)
    assert not free.send(c.ModifyAsset, **new).chargeable
    assert free.send(c.ModifyAsset, **new, billable=True).chargeable


def test_a_renewal_prolongs_the_term_and_changes_nothing_else() -> None:
    """R464."""
    desk = AssetDesk()
    event = desk.send(c.RenewAsset, term_end_date=NOW + timedelta(days=365))
    assert (event.action, event.configuration) == (Action.RENEW, {"speed": "100"})
    assert event.prior_configuration_fingerprint == event.configuration_fingerprint == "fp-100"
    desk.send(c.RenewAsset)
    assert desk.standing.term_end_date == NOW + timedelta(days=365)


def test_suspension_and_resumption_take_turns() -> None:
    """R462, R463."""
    desk = AssetDesk()
    assert desk.refused(c.ResumeAsset).code == "STATE_ILLEGAL_TRANSITION"
    desk.send(c.SuspendAsset)
    assert desk.refused(c.SuspendAsset).code == "STATE_ILLEGAL_TRANSITION"
    assert desk.send(c.ResumeAsset).to_state is A.ACTIVE


def test_what_has_ended_stays_ended() -> None:
    """R461."""
    desk = AssetDesk()
    assert desk.send(c.TerminateAsset).action is Action.DELETE
    for kind in (c.ResumeAsset, c.RenewAsset, c.TerminateAsset):
        assert desk.refused(kind).code == "STATE_ILLEGAL_TRANSITION"


def test_a_replaced_product_names_its_successor() -> None:
    """R465."""
    desk = AssetDesk()
    assert desk.refused(c.TerminateAsset, replaced_by_product_instance_id=INSTANCE).code.endswith("PRODUCT_INSTANCE")
    event = desk.send(c.TerminateAsset, replaced_by_product_instance_id="acme:order-2/x")
    assert (event.action, event.replaced_by_product_instance_id) == (Action.REPLACE, "acme:order-2/x")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"order_id": "other:order-1"}, "AUTHORIZATION_TENANT"),
        ({"offering_id": "offering-a"}, "STRUCTURAL_ID"),
        ({"action": Action.MODIFY}, "STRUCTURAL_ACTION"),
        ({"action": Action.REPLACE}, "STRUCTURAL_PRODUCT_INSTANCE"),
        ({"replaces_product_instance_id": "acme:old"}, "STRUCTURAL_PRODUCT_INSTANCE"),
        ({"action": Action.REPLACE, "replaces_product_instance_id": INSTANCE}, "STRUCTURAL_PRODUCT_INSTANCE"),
    ],
)
def test_only_an_add_or_a_replace_begins_a_product(fields: dict[str, Any], code: str) -> None:
    """R459, R465."""
    desk = AssetDesk()
    desk.asset = None
    assert desk.refused(c.ActivateAsset, **{**BEGINNING, **fields}).code == code


def test_a_failed_activation_is_not_charged_and_can_be_tried_again() -> None:
    """R255."""
    desk = AssetDesk()
    desk.asset, desk.events = None, []
    event = desk.send(c.FailAssetActivation, **BEGINNING, **FAILURE)
    assert (event.state, event.chargeable, event.failure_code) == (A.ACTIVATION_FAILED, False, "NO_LINK")
    again = desk.send(c.RetryAssetActivation, evidence_ref="answer-2", failure_code="NO_LINK")
    assert (again.state, again.from_state) == (A.ACTIVATION_FAILED, None)
    assert (
        desk.refused(c.ModifyAsset, configuration={}, configuration_fingerprint="x").code == "STATE_ILLEGAL_TRANSITION"
    )
    live = desk.send(c.RetryAssetActivation, evidence_ref="answer-3")
    assert (live.to_state, live.chargeable, live.configuration) == (A.ACTIVE, True, {"speed": "100"})
    assert desk.standing.begun_at == live.effective_date


def test_changes_come_in_the_order_of_their_dates() -> None:
    """R256."""
    desk = AssetDesk()
    early = desk.refused(c.SuspendAsset, effective_date=NOW - timedelta(seconds=1))
    assert early.code == "CONFLICT_EFFECTIVE_DATE"
    assert desk.refused(c.SuspendAsset, order_id="other:order-1").code == "AUTHORIZATION_TENANT"


def test_a_correction_is_a_further_event() -> None:
    """R124, R261, R497-R503, R510: with reason, evidence and somebody else's approval."""
    desk = AssetDesk()
    who = "inventory-operator"
    assert desk.refused(c.CorrectAsset, **CORRECTION).code == "AUTHORIZATION_ROLE"
    assert desk.refused(c.CorrectAsset, who, **CORRECTION).code == "STRUCTURAL_REASON_MISSING"
    said = {**CORRECTION, "reason_code": "AUDIT"}
    own = {**said, "approved_by": f"{who}-1"}
    assert desk.refused(c.CorrectAsset, who, **own).code == "AUTHORIZATION_FOUR_EYES"
    same = {**said, "configuration": {"speed": "100"}, "configuration_fingerprint": "fp-100"}
    assert desk.refused(c.CorrectAsset, who, **same).code == "CONFLICT_NOTHING_CORRECTED"
    early = {**said, "effective_date": NOW - timedelta(days=1)}
    assert desk.refused(c.CorrectAsset, who, **early).code == "CONFLICT_EFFECTIVE_DATE"
    event = desk.send(c.CorrectAsset, who, **said)
    assert (event.corrected_version, event.prior_configuration_fingerprint) == (1, "fp-100")
    assert (event.order_id, event.item_id, event.action) == (ORDER_ID, "a", Action.ADD)
    assert (event.evidence_ref, event.approval_ref, event.approved_by) == ("audit-1", "approval-1", "lee")
    assert desk.events[0].configuration == {"speed": "100"}  # type: ignore[attr-defined]
    assert desk.standing.configuration == {"speed": "50"}


def accepted_order(action: Action, **fields: Any) -> ProductOrder:
    intent = fields.pop("intent", OrderIntent.CUSTOMER_PURCHASE)
    fields.setdefault("configuration", {"speed": "1000"})
    fields.setdefault("configuration_fingerprint", "fp-1000")
    if action in (Action.MODIFY, Action.DELETE, Action.SUSPEND, Action.RESUME, Action.RENEW):
        fields.setdefault("product_instance_id", INSTANCE)
    if action is Action.REPLACE:
        fields.setdefault("replaces_product_instance_id", "acme:installed/old")
    prices = fields.pop("price_components", (price("10.00"),))
    lines = (item("a", action, price_components=prices, **fields), item("b"))
    return Desk(*lines, intent=intent).accepted().standing


@pytest.mark.parametrize(
    ("action", "kinds"),
    [
        (Action.ADD, [c.ActivateAsset]),
        (Action.MODIFY, [c.ModifyAsset]),
        (Action.DELETE, [c.TerminateAsset]),
        (Action.SUSPEND, [c.SuspendAsset]),
        (Action.RESUME, [c.ResumeAsset]),
        (Action.RENEW, [c.RenewAsset]),
        (Action.REPLACE, [c.ActivateAsset, c.TerminateAsset]),
        (Action.NO_CHANGE, []),
    ],
)
def test_each_action_has_its_commands(action: Action, kinds: list[type[Command]]) -> None:
    """R305, R459-R466, R476."""
    order = accepted_order(action)
    commands = asset_commands(order, "a", NOW + timedelta(hours=9), INVENTORY)
    assert [type(command) for command in commands] == kinds
    assert asset_commands(order, "a", NOW + timedelta(hours=9), INVENTORY) == commands
    for command in commands:
        begins = command.name == "ActivateAsset"
        desk = AssetDesk()
        if command.name == "ResumeAsset":
            desk.send(c.SuspendAsset)
        desk.asset = None if begins else replace(desk.standing, product_instance_id=command.aggregate_id)
        event = desk.carry_out(command)
        assert (event.order_id, event.item_id) == (ORDER_ID, "a")
        assert event.action is action
        assert ASSET.claims(command)
    if action is Action.REPLACE:
        assert [command.aggregate_id for command in commands] == [INSTANCE, "acme:installed/old"]


def test_whether_a_product_bills_follows_intent_and_item() -> None:
    """R469, R470."""
    through = (price("5.00", billed_through_item_id="b"),)
    for fields, billable in (
        ({}, True),
        ({"intent": OrderIntent.INTERNAL_MIGRATION}, False),
        ({"price_components": through}, False),
        ({"price_components": ()}, False),
    ):
        (command,) = asset_commands(accepted_order(Action.ADD, **fields), "a", NOW, INVENTORY)
        assert isinstance(command, c.ActivateAsset)
        assert command.billable is billable


def test_what_was_not_accepted_is_not_recorded() -> None:
    order = Desk(item("a", configuration_fingerprint="fp")).standing
    with pytest.raises(Refusal) as caught:
        asset_commands(order, "a", NOW, INVENTORY)
    assert caught.value.code == "STATE_NOT_ACCEPTED"
    with pytest.raises(Refusal) as caught:
        asset_commands(Desk(item("a")).accepted().standing, "a", NOW, INVENTORY)
    assert caught.value.code == "STRUCTURAL_CONFIGURATION_FINGERPRINT"


def test_an_asset_begins_with_its_activation() -> None:
    desk = AssetDesk()
    event = desk.send(c.SuspendAsset)
    with pytest.raises(ValueError, match="the first event"):
        evolve(None, event)
    with pytest.raises(TypeError, match="no event"):
        evolve(None, desk.command(c.SuspendAsset))
