"""The rule `billing.handoff` and its parameters, which are settings."""

from __future__ import annotations

from dataclasses import dataclass

from domain.tolerance import EXACT, Tolerance

RULE_ID = "billing.handoff"
RULE_VERSION = "1"
MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class BillingRule:
    """How long a mismatch may take to settle, in microseconds, and which amounts agree.

    `unfinished_us` is for one that the completion of an open item would end: billing is asked as soon as a service is
    live, and whatever else belongs to the item may take its time.
    """

    settle_us: int = 30 * MINUTE_US
    unfinished_us: int = 72 * 60 * MINUTE_US
    tolerance: Tolerance = EXACT


BILLING_RULE = BillingRule()
"""The rule as it is without settings."""
