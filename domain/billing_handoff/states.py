"""The closed vocabularies of billing handoffs, and what each request leads to."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from domain.order_state.states import Action


class HandoffState(StrEnum):
    """What billing was last asked for; what it does about it is billing's to say."""

    BILLING = "BILLING"
    SUSPENDED = "SUSPENDED"
    ENDED = "ENDED"
    WITHDRAWN = "WITHDRAWN"


class BillingEffect(StrEnum):
    """What one request asks billing to do."""

    BEGIN = "BEGIN"
    AMEND = "AMEND"
    SUSPEND = "SUSPEND"
    RESUME = "RESUME"
    RENEW = "RENEW"
    END = "END"


_E, _H = BillingEffect, HandoffState

FIRST: Mapping[BillingEffect, HandoffState] = {
    _E.BEGIN: _H.BILLING,
    _E.AMEND: _H.BILLING,
    _E.RENEW: _H.BILLING,
    _E.RESUME: _H.BILLING,
    _E.SUSPEND: _H.SUSPENDED,
    _E.END: _H.ENDED,
}
"""Where a first request leads. One that does not begin is about a product billed since before the platform."""

NEXT: Mapping[HandoffState, Mapping[BillingEffect, HandoffState]] = {
    _H.BILLING: {
        _E.AMEND: _H.BILLING,
        _E.RENEW: _H.BILLING,
        _E.SUSPEND: _H.SUSPENDED,
        _E.END: _H.ENDED,
    },
    _H.SUSPENDED: {
        _E.AMEND: _H.SUSPENDED,
        _E.RENEW: _H.SUSPENDED,
        _E.RESUME: _H.BILLING,
        _E.END: _H.ENDED,
    },
    _H.ENDED: {_E.BEGIN: _H.BILLING},
    _H.WITHDRAWN: FIRST,
}
"""Which requests follow on what was asked before, and where they lead."""

EFFECTS_OF: Mapping[Action, frozenset[BillingEffect]] = {
    Action.ADD: frozenset({_E.BEGIN}),
    Action.MODIFY: frozenset({_E.AMEND, _E.BEGIN, _E.END}),
    Action.DELETE: frozenset({_E.END, _E.BEGIN}),
    Action.SUSPEND: frozenset({_E.SUSPEND, _E.BEGIN}),
    Action.RESUME: frozenset({_E.RESUME, _E.BEGIN}),
    Action.RENEW: frozenset({_E.RENEW, _E.BEGIN, _E.END}),
    Action.REPLACE: frozenset({_E.BEGIN, _E.END}),
    Action.NO_CHANGE: frozenset(),
}
"""What each action may ask of billing; BEGIN beside a change is a component or a fee that is new (R305)."""

ONE_TIME_EFFECTS = frozenset({_E.BEGIN, _E.AMEND})
"""What has been charged once is neither suspended nor ended."""
