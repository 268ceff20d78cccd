"""The rows of an Account's state machine (R153-R162, R501)."""

from __future__ import annotations

from datetime import timedelta

from domain.account import commands as c
from domain.account import events as e
from domain.account.states import AccountState
from domain.machine import Transition, rows

STEWARD_ROLES = frozenset({"crm-steward"})
"""Data stewards: they alone decide who is whom and how a customer is classified."""
CRM_ROLES = STEWARD_ROLES | {"crm"}
SELF_SERVICE_ROLES = CRM_ROLES | {"sales", "customer"}

_ACTIVE = frozenset({AccountState.ACTIVE})
_CHANGE = (e.AccountUpdated,)
_UNDO = "the same command with the values of before"

ROWS = rows(
    Transition(
        c.CreateAccount,
        frozenset(),
        CRM_ROLES | {"sales"},
        (e.AccountCreated,),
        guards=("same-tenant", "not-its-own-parent"),
        compensation="CloseAccount",
    ),
    Transition(
        c.ChangeAccountAddress,
        _ACTIVE,
        SELF_SERVICE_ROLES,
        _CHANGE,
        guards=("own-account", "something-changes"),
        side_effects="billing invoices to the new address; agreements keep the one they were made with",
        compensation=_UNDO,
    ),
    Transition(
        c.ChangeAccountContact,
        _ACTIVE,
        SELF_SERVICE_ROLES,
        _CHANGE,
        guards=("own-account", "something-changes"),
        compensation=_UNDO,
    ),
    Transition(
        c.RenameAccount,
        _ACTIVE,
        CRM_ROLES,
        _CHANGE,
        guards=("has-reason", "something-changes"),
        side_effects="documents of before keep the name of before",
        compensation=_UNDO,
    ),
    Transition(
        c.ReclassifyAccount,
        _ACTIVE,
        STEWARD_ROLES,
        _CHANGE,
        guards=("has-reason", "something-changes"),
        side_effects="quotes made from now on rest on it",
        compensation=_UNDO,
    ),
    Transition(
        c.AssignAccountToSales,
        _ACTIVE,
        CRM_ROLES,
        _CHANGE,
        guards=("something-changes",),
        compensation=_UNDO,
    ),
    Transition(
        c.ChangeBillingAccount,
        _ACTIVE,
        CRM_ROLES,
        _CHANGE,
        guards=("billing-account-of-the-tenant", "something-changes"),
        side_effects="charges activated from now on go there",
        compensation=_UNDO,
    ),
    Transition(
        c.AbsorbDuplicateAccount,
        _ACTIVE,
        STEWARD_ROLES,
        _CHANGE,
        guards=("has-reason", "another-account", "absorbed-once"),
        side_effects="whatever names the duplicate is found here",
        timeout=timedelta(hours=1),
        on_timeout="crm-steward: MergeAccount on the duplicate",
    ),
    Transition(
        c.MergeAccount,
        _ACTIVE,
        STEWARD_ROLES,
        (e.AccountsMerged,),
        guards=("has-reason", "another-account", "no-circle"),
        side_effects="owners of quotes, orders, charges and assets of the duplicate name the survivor from now on",
    ),
    Transition(
        c.CloseAccount,
        _ACTIVE,
        CRM_ROLES,
        (e.AccountClosed,),
        guards=("has-reason",),
        side_effects="quotes and orders that are open are decided by their owners",
    ),
)
