"""Account: commands in, events out; CRM is the one place where a customer is changed (R330, R331)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from domain.account import commands as c
from domain.account import events as e
from domain.account.account import Account, evolve
from domain.account.change import CHANGES, changed
from domain.account.guards import CREATION_GUARDS, GUARDS
from domain.account.machine import ROWS
from domain.account.states import TERMINAL_STATES, AccountChange, AccountState
from domain.aggregate import AggregateType
from domain.command import Command
from domain.machine import Draft, Machine, claims

POLICY_VERSION = "account.v1"


def _about(account: Account, event: type[e.AccountEvent], **fields: object) -> list[Draft]:
    standing = {
        "address_version": account.address_version,
        "regulated": account.regulated,
        "merged_account_ids": account.merged_account_ids,
    }
    return [Draft(event, {**standing, **fields})]


def _create(_: None, command: c.CreateAccount) -> list[Draft]:
    fields = {"address_version": 1, "regulated": command.regulated, "profile": command.profile}
    return [Draft(e.AccountCreated, fields)]


def _change(account: Account, command: Command) -> list[Draft]:
    profile, regulated = changed(account, command)
    moved = profile.address != account.profile.address
    return _about(
        account,
        e.AccountUpdated,
        change=CHANGES[type(command)],
        profile=profile,
        regulated=regulated,
        address_version=account.address_version + moved,
    )


def _absorb(account: Account, command: c.AbsorbDuplicateAccount) -> list[Draft]:
    return _about(
        account,
        e.AccountUpdated,
        change=AccountChange.DUPLICATE_ABSORBED,
        profile=account.profile,
        absorbed_account_id=command.duplicate_account_id,
        merged_account_ids=(*account.merged_account_ids, command.duplicate_account_id),
    )


def _merge(account: Account, command: c.MergeAccount) -> list[Draft]:
    return _about(
        account,
        e.AccountsMerged,
        surviving_account_id=command.surviving_account_id,
        surviving_account_version=command.surviving_account_version,
        evidence_ref=command.evidence_ref,
    )


REACTIONS: Mapping[str, Callable[[Any, Any], Sequence[Draft]]] = {
    "CreateAccount": _create,
    **{kind.__name__: _change for kind in CHANGES},
    "AbsorbDuplicateAccount": _absorb,
    "MergeAccount": _merge,
    "CloseAccount": lambda account, _: _about(account, e.AccountClosed),
}

MACHINE: Machine[Account, e.AccountEvent] = Machine(
    noun="account",
    code="ACCOUNT",
    rows=ROWS,
    reactions=REACTIONS,
    identity=lambda _, command: {"account_id": command.aggregate_id},
    evolve=evolve,
    initial=AccountState.ACTIVE,
    terminal=TERMINAL_STATES,
    guards=GUARDS,
    creation_guards=CREATION_GUARDS,
)
decide = MACHINE.decide

ACCOUNT: AggregateType[Account] = AggregateType(
    name=e.AGGREGATE,
    owner=e.OWNER,
    events={event.__name__: event for event in e.EVENTS},
    policy_version=POLICY_VERSION,
    decide=decide,
    evolve=evolve,
    claims=claims,
)
