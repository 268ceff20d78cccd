"""What the matrix is asked: who owns, who may emit, who corrects (R77, R240, R320, R324, R331)."""

from __future__ import annotations

from collections.abc import Mapping

from domain.errors import ContractError
from domain.ownership.executing import EXECUTING
from domain.ownership.matrix import Ownership, Role
from domain.ownership.selling import SELLING
from domain.ownership.settling import SETTLING

MATRIX: tuple[Ownership, ...] = (*SELLING, *EXECUTING, *SETTLING)
"""Every aggregate that publishes facts."""

_BY_AGGREGATE: Mapping[str, Ownership] = {row.aggregate: row for row in MATRIX}
_BY_EVENT: Mapping[str, Ownership] = {event: row for row in MATRIX for event in row.events}


def ownership(aggregate: str) -> Ownership:
    """The row of an aggregate. Raises `ContractError` when nobody owns it (R334)."""
    found = _BY_AGGREGATE.get(aggregate)
    if found is None:
        message = f"Nobody owns an aggregate named {aggregate!r}."
        raise ContractError(message, remediation="Give it a row in domain/ownership.")
    return found


def ownership_of_event(event: str) -> Ownership:
    """The row an event belongs to. Raises `ContractError` when nobody publishes it."""
    found = _BY_EVENT.get(event)
    if found is None:
        message = f"Nobody publishes an event named {event!r}."
        raise ContractError(message, remediation="Give it to an aggregate in domain/ownership.")
    return found


def may_emit(system: str, event: str) -> bool:
    """Whether a system may publish an event: the owner of its aggregate alone (R77)."""
    found = _BY_EVENT.get(event)
    return found is not None and found.publisher == system


def corrector_of(event: str) -> tuple[str, tuple[str, ...]]:
    """Who corrects what an event says, and by which events: its owner, and nobody else (R240, R265-R267).

    Raises `ContractError` when nobody publishes it.
    """
    found = ownership_of_event(event)
    return found.owner, found.corrected_by


def role_of(system: str, aggregate: str) -> Role | None:
    """What a system is to an aggregate (R513). Raises `ContractError` when nobody owns it."""
    return ownership(aggregate).role_of(system)
