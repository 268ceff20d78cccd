"""Segregation of duties: who may not do two things about one deal, and where somebody did (R503, R510).

A pure check over a history. The aggregates refuse what they can see alone (whoever requested may not approve); this
finds what only shows across aggregates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import combinations
from typing import Protocol

from domain.envelope import Envelope
from domain.governance_record.policies import PolicyKind
from domain.model import Model
from domain.ownership.corrections import CorrectionKind
from domain.ownership.questions import MATRIX


class Duty(StrEnum):
    """The five duties of which nobody may have two about one deal."""

    CREATE_POLICY = "CREATE_POLICY"
    APPLY = "APPLY"
    APPROVE = "APPROVE"
    EDIT_EVIDENCE = "EDIT_EVIDENCE"
    CORRECT_BILLING = "CORRECT_BILLING"


_SELLING = frozenset({Duty.APPLY, Duty.APPROVE})

GOVERNS: Mapping[PolicyKind, frozenset[Duty]] = {
    PolicyKind.PRICE_BOOK: _SELLING,
    PolicyKind.DISCOUNT: _SELLING,
    PolicyKind.PROMOTION: _SELLING,
    PolicyKind.APPROVAL_MATRIX: frozenset({Duty.APPROVE}),
    PolicyKind.BILLING_MAPPING: frozenset({Duty.CORRECT_BILLING}),
}
"""The duties whoever wrote a policy of a kind may not have in its tenant; other kinds govern no deal."""

SYSTEM_ROLES = frozenset(row.owner for row in MATRIX)
"""Roles in which systems act."""

_LINKS = ("quote_id", "order_id", "subject_id", "product_instance_id", "case_id")


@dataclass(frozen=True, slots=True)
class MaterialDecision:
    """Somebody did one of the duties. `ids` name the deal; a policy has none, and `governs` duties everywhere."""

    actor_id: str
    duty: Duty
    tenant_id: str
    ids: frozenset[str]
    decided_at: datetime
    event_id: str
    governs: frozenset[Duty] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Breach:
    """One actor and two duties that do not go together, by the first event of each."""

    actor_id: str
    first: MaterialDecision
    second: MaterialDecision


def ids_of(envelope: Envelope, event: Model) -> frozenset[str]:
    """What an event is about: its aggregate and the quote, order, product and case it names."""
    named = (getattr(event, name, None) for name in _LINKS)
    return frozenset({envelope.subject, *(f"{value}" for value in named if value is not None)})


def decisions_of(envelope: Envelope, event: Model) -> tuple[MaterialDecision, ...]:
    """The duties an event shows people to have done; most events show none.

    An owner's system that acts by its rules decides nothing by itself: the duties are those of people.
    """
    done = duties_shown(type(event).__name__, envelope, event)
    return tuple(_decision(envelope, event, actor, duty) for actor, duty in done)


class Actor(Protocol):
    """Who an event says has acted, in which role; an envelope is one."""

    @property
    def actor_id(self) -> str:
        """Who."""
        ...

    @property
    def actor_role(self) -> str:
        """In which role."""
        ...


def duties_shown(name: str, actor: Actor, event: object) -> tuple[tuple[str, Duty], ...]:
    """Who did which duty by an event of this name; `event` has its fields as attributes, as far as they are known."""
    reading = _DUTIES.get(name)
    found = [] if reading is None else reading(actor, event)
    return tuple(
        (person, duty)
        for person, duty in found
        if person and not (person == actor.actor_id and actor.actor_role in SYSTEM_ROLES)
    )


def _decision(envelope: Envelope, event: Model, actor_id: str, duty: Duty) -> MaterialDecision:
    ids, governs = ids_of(envelope, event), frozenset[Duty]()
    if duty is Duty.CREATE_POLICY:
        kind = getattr(event, "kind", None)
        ids, governs = frozenset(), GOVERNS.get(kind, frozenset()) if isinstance(kind, PolicyKind) else frozenset()
    return MaterialDecision(actor_id, duty, envelope.tenant_id, ids, envelope.time, envelope.event_id, governs)


def breaches(decisions: Iterable[MaterialDecision], linked: Iterable[frozenset[str]] = ()) -> tuple[Breach, ...]:
    """Where one actor did two duties about one deal, each pair once, in order of the later decision.

    `linked` are ids that belong to one deal, such as those an order's creation names: without them a quote and its
    order are two deals. Neither the order of the input nor duplicates in it make a difference.
    """
    known = sorted(set(decisions), key=lambda d: (d.decided_at, d.event_id, d.duty, d.actor_id, sorted(d.ids)))
    deals = _Deals()
    for ids in (*(d.ids for d in known), *linked):
        deals.join(ids)
    first: dict[tuple[str, str, str], dict[Duty, MaterialDecision]] = {}
    policies: dict[tuple[str, str], list[MaterialDecision]] = {}
    for decision in known:
        if decision.duty is Duty.CREATE_POLICY:
            policies.setdefault((decision.tenant_id, decision.actor_id), []).append(decision)
        else:
            key = (decision.tenant_id, decision.actor_id, deals.of(decision.ids))
            first.setdefault(key, {}).setdefault(decision.duty, decision)
    found = []
    for (tenant, actor, _), by_duty in first.items():
        found += [Breach(actor, *_ordered(a, b)) for a, b in combinations(by_duty.values(), 2)]
        for duty, decision in by_duty.items():
            governing = [p for p in policies.get((tenant, actor), ()) if duty in p.governs]
            found += [Breach(actor, *_ordered(p, decision)) for p in governing[:1]]
    return tuple(sorted(found, key=lambda b: (b.second.decided_at, b.second.event_id, b.first.event_id, b.actor_id)))


def _ordered(a: MaterialDecision, b: MaterialDecision) -> tuple[MaterialDecision, MaterialDecision]:
    return (a, b) if (a.decided_at, a.event_id) <= (b.decided_at, b.event_id) else (b, a)


class _Deals:
    """Which ids belong together, however they were linked."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def join(self, ids: frozenset[str]) -> None:
        roots = sorted({self._root(one) for one in ids})
        for root in roots[1:]:
            self._parents[root] = roots[0]

    def of(self, ids: frozenset[str]) -> str:
        return min(self._root(one) for one in ids)

    def _root(self, one: str) -> str:
        self._parents.setdefault(one, one)
        while (parent := self._parents[one]) != one:
            self._parents[one] = self._parents[parent]
            one = parent
        return one


Done = Sequence[tuple[str | None, Duty]]


def _actor_did(duty: Duty) -> Callable[[Actor, object], Done]:
    return lambda actor, _: ((actor.actor_id, duty),)


def _priced(actor: Actor, event: object) -> Done:
    """Only a discount beyond the limit is an exception that somebody applied."""
    beyond = getattr(event, "discount_percent", 0) > getattr(event, "discount_limit_percent", 0)
    return ((actor.actor_id, Duty.APPLY),) if beyond else ()


def _amended(actor: Actor, event: object) -> Done:
    if not getattr(event, "corrects_former_terms", False):
        return ()
    return ((actor.actor_id, Duty.CORRECT_BILLING), (getattr(event, "approved_by", None), Duty.APPROVE))


def _invoiced(actor: Actor, event: object) -> Done:
    """An adjustment corrects billing; an invoice by the agreement does not."""
    adjusted = any(line.reason_code is not None for line in getattr(event, "lines", ()))
    return ((actor.actor_id, Duty.CORRECT_BILLING),) if adjusted else ()


def _approved_by_another(actor: Actor, event: object) -> Done:
    """What somebody applied by the approval of somebody else."""
    approver = getattr(event, "approved_by", None)
    return ((actor.actor_id, Duty.APPLY), (approver, Duty.APPROVE)) if approver else ()


def _correction_applied(actor: Actor, event: object) -> Done:
    financial = getattr(event, "kind", None) is CorrectionKind.FINANCIAL
    return ((actor.actor_id, Duty.CORRECT_BILLING if financial else Duty.APPLY),)


def _case_closed(actor: Actor, event: object) -> Done:
    """What somebody proposed or asked for about a mismatch, by the approval of somebody else."""
    asked_by = getattr(event, "proposed_by", None) or getattr(event, "requested_by", None)
    return ((asked_by, Duty.APPLY), (actor.actor_id, Duty.APPROVE))


_DUTIES: Mapping[str, Callable[[Actor, object], Done]] = {
    "PolicyChanged": lambda _, event: ((getattr(event, "author_id", None), Duty.CREATE_POLICY),),
    "QuotePriced": _priced,
    "QuoteSubmittedForApproval": _actor_did(Duty.APPLY),
    "ManualOverrideRecorded": lambda actor, event: (
        (actor.actor_id, Duty.APPLY),
        (getattr(event, "authorised_by", None), Duty.APPROVE),
    ),
    "ApprovalDecided": _actor_did(Duty.APPROVE),
    "QuoteCorrectionApproved": _actor_did(Duty.APPROVE),
    "CorrectionApproved": _actor_did(Duty.APPROVE),
    "NonBillingReasonRequested": _actor_did(Duty.CORRECT_BILLING),
    "NonBillingReasonApproved": _actor_did(Duty.APPROVE),
    "EvidenceAttached": _actor_did(Duty.EDIT_EVIDENCE),
    "ChargeAmended": _amended,
    "InvoiceIssued": _invoiced,
    "CorrectionApplied": _correction_applied,
    "OrderRepairApplied": _approved_by_another,
    "AssetModified": _approved_by_another,
    "CaseResolved": _case_closed,
    "CaseWaived": _case_closed,
}
DECISIVE_EVENTS = frozenset(_DUTIES)
"""Events that can show one of the duties."""
