"""Accounts: one place where a customer is changed, and one left of two that were the same (R254, R268, R501)."""

from __future__ import annotations

from typing import Any

import pytest

from avro.generate import schema_for
from domain.account import commands as c
from domain.account.aggregate import ACCOUNT, MACHINE
from domain.account.events import AGGREGATE, EVENTS, OWNER, AccountCreated
from domain.account.machine import ROWS, STEWARD_ROLES
from domain.account.states import AccountChange, AccountState, Segment
from domain.account.structure import AccountContact, AccountProfile, CustomerSnapshot, PostalAddress
from domain.catalogue import RecordType
from domain.command import Command
from tests.domain import machine_walk as walks
from tests.domain.desk import Desk, check_claims, check_foreign, check_wire
from tests.domain.machine_walk import NOW, Choose
from tests.domain.orders import creation

ID = "acme:acc-1"
TWIN = "acme:acc-2"
HERE = PostalAddress(street="Mill Lane 3", postal_code="1010", city="Graz", country="AT")
THERE = PostalAddress(street="Quay 7", postal_code="20457", city="Hamburg", country="DE")
PROFILE = AccountProfile(
    customer_id="acme:cust-1",
    display_name="North Wind",
    segment=Segment.ENTERPRISE,
    channel="direct",
    sales_owner_ref="rep-7",
    billing_account_id="acme:bill-1",
    eligibility={"fibre": "yes"},
    address=HERE,
    contact=AccountContact(name="Kim", email="kim@example.test"),
    legal_identity_hash="a" * 64,
)
REASON = {"reason_code": "REASON"}
SAMPLES: dict[type[Command], dict[str, Any]] = {
    c.CreateAccount: {"profile": PROFILE},
    c.ChangeAccountAddress: {"address": THERE},
    c.ChangeAccountContact: {"contact": AccountContact(name="Sam")},
    c.RenameAccount: {"display_name": "South Wind", **REASON},
    c.ReclassifyAccount: {
        "segment": Segment.PUBLIC_SECTOR,
        "regulated": True,
        "eligibility": {"fibre": "no"},
        **REASON,
    },
    c.AssignAccountToSales: {"sales_owner_ref": "rep-8", "channel": "partner"},
    c.ChangeBillingAccount: {"billing_account_id": "acme:bill-2"},
    c.AbsorbDuplicateAccount: {"duplicate_account_id": TWIN, **REASON},
    c.MergeAccount: {"surviving_account_id": TWIN, "surviving_account_version": 2, "evidence_ref": "match-9", **REASON},
    c.CloseAccount: REASON,
}
CHANGES = {
    c.ChangeAccountAddress: AccountChange.ADDRESS,
    c.ChangeAccountContact: AccountChange.CONTACT,
    c.RenameAccount: AccountChange.NAME,
    c.ReclassifyAccount: AccountChange.CLASSIFICATION,
    c.AssignAccountToSales: AccountChange.SALES_ASSIGNMENT,
    c.ChangeBillingAccount: AccountChange.BILLING_ACCOUNT,
}


def sample(_: object, kind: type[Command], command_id: str, choose: Choose) -> Command:
    fields = dict(SAMPLES[kind])
    if kind is c.ChangeAccountAddress:
        fields["address"] = choose((HERE, THERE))
    if kind is c.AbsorbDuplicateAccount:
        fields["duplicate_account_id"] = choose((ID, TWIN, "acme:acc-3"))
    if kind is c.MergeAccount:
        fields["surviving_account_id"] = choose((ID, TWIN, "acme:acc-3"))
    reason = {"reason_code": fields.pop("reason_code")} if choose((True, False)) and "reason_code" in fields else {}
    fields.pop("reason_code", None)
    return kind(**{**walks.envelope(MACHINE, kind, ID, command_id, choose), **fields, **reason})


SUBJECT = walks.Subject(MACHINE, EVENTS, AccountState, sample)
TestWalk = walks.walk(SUBJECT)


def desk(*steps: type[Command], account_id: str = ID) -> Desk:
    return Desk(ACCOUNT, MACHINE, SAMPLES, account_id, *steps)


def test_the_table_is_complete_and_true() -> None:
    walks.check_table(SUBJECT, c)
    walks.check_emissions(SUBJECT)
    walks.check_matrix(SUBJECT)
    walks.check_roles(SUBJECT)
    walks.check_beginning(SUBJECT)
    check_claims(desk())
    told = desk(c.CreateAccount, c.ChangeAccountAddress, c.AbsorbDuplicateAccount, c.CloseAccount)
    check_foreign(told, creation())
    check_wire(told)
    check_wire(desk(c.CreateAccount, c.AbsorbDuplicateAccount))
    check_wire(desk(c.CreateAccount, c.MergeAccount))


def test_each_new_address_is_a_new_version_and_nothing_else_is() -> None:
    """R268."""
    found = desk(c.CreateAccount)
    assert (found.last.address_version, found.last.regulated) == (1, False)
    found.send(c.ChangeAccountContact)
    assert found.last.address_version == 1
    found.send(c.ChangeAccountAddress)
    assert (found.last.address_version, found.last.profile.address) == (2, THERE)
    assert found.refused(c.ChangeAccountAddress).code == "STATE_NOTHING_CHANGED"
    found.send(c.ChangeAccountAddress, address=HERE)
    assert found.last.address_version == 3
    found.send(c.CloseAccount)
    assert found.last.address_version == 3


@pytest.mark.parametrize("kind", CHANGES, ids=lambda kind: kind.__name__)
def test_a_change_says_what_changed_and_gives_the_account_as_a_whole(kind: type[Command]) -> None:
    """R67."""
    found = desk(c.CreateAccount)
    assert found.send(kind) == ["AccountUpdated"]
    assert found.last.change is CHANGES[kind]
    assert found.last.profile == found.state.profile
    assert found.last.absorbed_account_id is None
    assert (found.state.profile, found.state.regulated) != (PROFILE, False)
    touched = set(SAMPLES[kind])
    assert found.state.profile.model_dump(exclude=touched) == PROFILE.model_dump(exclude=touched)
    assert found.refused(kind).code == "STATE_NOTHING_CHANGED"


def test_two_accounts_of_one_customer_become_one() -> None:
    """R501: the survivor records the duplicate first, then the duplicate ends and names the survivor."""
    survivor = desk(c.CreateAccount, account_id=TWIN)
    assert survivor.send(c.AbsorbDuplicateAccount, duplicate_account_id=ID) == ["AccountUpdated"]
    assert survivor.last.change is AccountChange.DUPLICATE_ABSORBED
    assert survivor.last.absorbed_account_id == ID
    assert survivor.last.merged_account_ids == survivor.state.merged_account_ids == (ID,)
    assert survivor.state.state is AccountState.ACTIVE
    duplicate = desk(c.CreateAccount)
    assert duplicate.send(c.MergeAccount, surviving_account_version=survivor.state.version) == ["AccountsMerged"]
    event = duplicate.last
    assert (event.account_id, event.surviving_account_id, event.surviving_account_version) == (ID, TWIN, 2)
    assert (event.from_state, event.to_state) == (AccountState.ACTIVE, AccountState.MERGED)
    assert event.reason_code == "REASON"
    assert duplicate.state.surviving_account_id == TWIN
    for kind in set(SAMPLES) - {c.CreateAccount}:
        assert duplicate.refused(kind).code == "STATE_ILLEGAL_TRANSITION"


def test_a_survivor_can_be_a_duplicate_itself_later() -> None:
    """R501: whoever follows the survivors finds those that ended before."""
    found = desk(c.CreateAccount, c.AbsorbDuplicateAccount)
    found.send(c.MergeAccount, surviving_account_id="acme:acc-3")
    assert found.last.merged_account_ids == (TWIN,)


def test_a_merge_is_a_stewards_with_a_reason_and_makes_sense() -> None:
    """R155, R501, R503, R511."""
    assert ROWS["MergeAccount"].roles == ROWS["AbsorbDuplicateAccount"].roles == STEWARD_ROLES
    found = desk(c.CreateAccount)
    for kind, field in ((c.MergeAccount, "surviving_account_id"), (c.AbsorbDuplicateAccount, "duplicate_account_id")):
        for role in ("crm", "sales", "customer"):
            assert found.refused(kind, role=role).code == "AUTHORIZATION_ROLE"
        assert found.refused(kind, reason_code=None).code == "STRUCTURAL_REASON_MISSING"
        assert found.refused(kind, **{field: ID}).code == "STRUCTURAL_SAME_ACCOUNT"
        assert found.refused(kind, **{field: "other:acc-2"}).code == "AUTHORIZATION_TENANT"
        assert found.refused(kind, **{field: "acc-2"}).code == "STRUCTURAL_ID"
    found.send(c.AbsorbDuplicateAccount)
    assert found.refused(c.AbsorbDuplicateAccount).code == "CONFLICT_ALREADY_ABSORBED"
    assert found.refused(c.MergeAccount).code == "CONFLICT_MERGE_CIRCLE"


def test_a_customer_changes_what_is_their_own() -> None:
    """R503, R509."""
    found = desk(c.CreateAccount)
    stranger = found.refused(c.ChangeAccountAddress, role="customer", actor_id="acme:cust-2")
    assert stranger.code == "AUTHORIZATION_OTHER_ACCOUNT"
    assert found.send(c.ChangeAccountAddress, role="customer", actor_id="acme:cust-1") == ["AccountUpdated"]
    assert found.refused(c.RenameAccount, role="customer", actor_id="acme:cust-1").code == "AUTHORIZATION_ROLE"


@pytest.mark.parametrize("kind", [c.RenameAccount, c.ReclassifyAccount, c.CloseAccount], ids=lambda kind: kind.__name__)
def test_a_decision_about_the_customer_says_why(kind: type[Command]) -> None:
    """R503."""
    assert desk(c.CreateAccount).refused(kind, reason_code=None).code == "STRUCTURAL_REASON_MISSING"


def test_accounts_that_make_no_sense() -> None:
    foreign = PROFILE.model_copy(update={"billing_account_id": "other:bill-1"})
    assert desk().refused(c.CreateAccount, profile=foreign).code == "AUTHORIZATION_TENANT"
    own = PROFILE.model_copy(update={"parent_account_id": ID})
    assert desk().refused(c.CreateAccount, profile=own).code == "STRUCTURAL_SAME_ACCOUNT"
    moved = desk(c.CreateAccount).refused(c.ChangeBillingAccount, billing_account_id="other:bill-1")
    assert moved.code == "AUTHORIZATION_TENANT"


def test_a_snapshot_keeps_what_was_known_and_stays_as_it_was() -> None:
    """R488, R489: eight facts and where they are from."""
    found = desk(c.CreateAccount)
    snapshot = found.state.snapshot(NOW)
    found.send(c.RenameAccount)
    assert snapshot == CustomerSnapshot(
        customer_id="acme:cust-1",
        account_id=ID,
        display_name="North Wind",
        segment=Segment.ENTERPRISE,
        channel="direct",
        sales_owner_ref="rep-7",
        billing_account_id="acme:bill-1",
        eligibility={"fibre": "yes"},
        account_version=1,
        captured_at=NOW,
    )
    assert found.state.snapshot(NOW).display_name == "South Wind"


def test_duplicates_can_be_told_by_their_legal_identity() -> None:
    """R254, R271."""
    twins = [desk(c.CreateAccount, account_id=each).last for each in (ID, TWIN)]
    assert len({event.profile.legal_identity_hash for event in twins}) == 1


def test_what_identifies_people_is_marked() -> None:
    """R94."""
    schema = schema_for(RecordType(OWNER, AGGREGATE, AccountCreated))
    profile = next(field["type"] for field in schema["fields"] if field["name"] == "profile")
    fields = {field["name"]: field for field in profile["fields"]}
    assert fields["displayName"]["classification"] == "pii"
    for nested in (fields["address"]["type"], fields["contact"]["type"][1]):
        marks = {field["name"]: field["classification"] for field in nested["fields"]}
        assert {name for name, mark in marks.items() if mark != "pii"} <= {"country"}
