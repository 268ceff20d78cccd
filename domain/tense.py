"""Whether a name says that something happened, or tells somebody to do something (R53-R56, R63)."""

from __future__ import annotations

import re

_IMPERATIVE_WORDS = """
Accept Activate Add Adjust Amend Apply Approve Assign Attach Authorize Begin Calculate Cancel Capture Change Check
Clear Close Complete Configure Confirm Convert Correct Create Decide Decompose Delete Detect Disconnect Do Escalate
Execute Expire Fail Fulfill Generate Get Handle Install Invoke Issue Merge Modify Move Notify Open Perform Process
Provision Publish Raise Reactivate Refuse Register Reject Release Remove Renew Reopen Repair Replace Request Reserve
Resolve Resume Retire Retry Revise Revoke Rollback Run Schedule Send Set Start Stop Submit Suspend Sync Terminate
Trigger Update Validate Void Waive Withdraw Write
"""
_IRREGULAR_PARTICIPLES = """
Begun Bound Bought Broken Built Chosen Cut Done Drawn Driven Fallen Forgotten Found Frozen Given Gone Held Hidden Kept
Known Left Lost Made Met Overridden Paid Put Read Rewritten Sent Set Shown Shut Sold Spent Split Stuck Taken Told
Understood Undone Withdrawn Withheld Won Written
"""
_IMPERATIVE = frozenset(_IMPERATIVE_WORDS.split())
_IRREGULAR = frozenset(_IRREGULAR_PARTICIPLES.split())
_NO_PARTICIPLE = frozenset(
    {"Bed", "Breed", "Embed", "Exceed", "Feed", "Need", "Proceed", "Red", "Seed", "Speed", "Succeed"}
)
_STATES = frozenset({"Pending", "Unknown"})
"""States a fact may end in without a verb: ProductOrderItemPendingExternal, FulfillmentTaskOutcomeUnknown."""


def words(name: str) -> list[str]:
    """`ProductOrderItemStarted` is Product, Order, Item, Started."""
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|\d+", name)


def is_command(name: str) -> bool:
    """Whether a name begins like an order to act: CreateOrder, RetryProvisioning, UpdateRequestedDate."""
    parts = words(name)
    return bool(parts) and parts[0].capitalize() in _IMPERATIVE


def is_past_tense(name: str) -> bool:
    """Whether a name says that something happened."""
    return any(_is_participle(word) or word in _STATES for word in words(name)[1:])


def _is_participle(word: str) -> bool:
    return (word.endswith("ed") and word not in _NO_PARTICIPLE) or word in _IRREGULAR
