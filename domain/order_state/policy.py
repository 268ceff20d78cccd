"""Header state of an order from the states of its items, as a table of clauses (R174-R183).

A policy is an ordered list of clauses; the first whose conditions all hold decides. Conditions are named
predicates over a `Summary`, so that a further policy can be written down as data (`policy_from_mapping`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.errors import ConfigurationError
from domain.order_state.states import TERMINAL_ITEM_STATES, HeaderState, ItemState

_DECIDED = frozenset({HeaderState.REJECTED, HeaderState.CANCELLED, HeaderState.FAILED_CLOSED})
_NOT_BEGUN = frozenset({HeaderState.DRAFT, HeaderState.SUBMITTED, HeaderState.VALIDATING})

DECLARED = "DECLARED"
"""Result of a clause: the declared state itself."""
AS_DECLARED = "AS_DECLARED"
"""Result of a clause: the declared state unless an open fallout or cancellation overrides it."""


class Summary(NamedTuple):
    """All that decides about a header state.

    `live` is the set of states among the executable items that are not cancelled; `cancelled` says whether
    there are cancelled ones besides. Counts do not matter, only which states occur.
    """

    declared: HeaderState
    live: frozenset[ItemState]
    cancelled: bool
    cancellation_open: bool
    order_fallout: bool


def summarise(
    declared: HeaderState,
    executable: Iterable[ItemState],
    *,
    cancellation_open: bool,
    order_fallout: bool,
) -> Summary:
    """The summary of an order whose executable items (action other than NO_CHANGE) have the given states."""
    states = frozenset(executable)
    return Summary(
        declared,
        states - {ItemState.CANCELLED},
        ItemState.CANCELLED in states,
        cancellation_open,
        order_fallout,
    )


def _begun_beside_not_begun(s: Summary) -> bool:
    return ItemState.NOT_STARTED in s.live and len(s.live) > 1


PREDICATES: Mapping[str, Callable[[Summary], bool]] = {
    "declared-decided": lambda s: s.declared in _DECIDED,
    "declared-not-begun": lambda s: s.declared in _NOT_BEGUN,
    "declared-completed": lambda s: s.declared is HeaderState.COMPLETED,
    "no-live-item": lambda s: not s.live,
    "some-cancelled": lambda s: s.cancelled,
    "no-order-fallout": lambda s: not s.order_fallout,
    "any-fallout": lambda s: s.order_fallout or ItemState.FALLOUT in s.live,
    "any-cancelling": lambda s: (
        ItemState.CANCELLING in s.live or (s.cancellation_open and not s.live <= TERMINAL_ITEM_STATES)
    ),
    "any-active": lambda s: (
        ItemState.IN_PROGRESS in s.live or ItemState.PENDING_EXTERNAL in s.live or _begun_beside_not_begun(s)
    ),
    "all-completed": lambda s: s.live == {ItemState.COMPLETED},
    "all-failed": lambda s: s.live == {ItemState.FAILED_CLOSED},
    "all-terminal": lambda s: bool(s.live) and s.live <= TERMINAL_ITEM_STATES,
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One row of a policy: when all conditions hold, this is the state."""

    name: str
    when: tuple[str, ...]
    then: str


@dataclass(frozen=True, slots=True)
class HeaderPolicy:
    """A total function from summaries to header states, identified and versioned."""

    policy_id: str
    clauses: tuple[Clause, ...]
    decided: dict[int, tuple[HeaderState, str]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Decisions of before, for whoever can number summaries: there are few, and orders go through the same ones."""

    def __post_init__(self) -> None:
        """Refuse unknown words and a table that could run out of clauses."""
        states = {s.value for s in HeaderState} | {DECLARED, AS_DECLARED}
        for clause in self.clauses:
            unknown = [w for w in clause.when if w not in PREDICATES]
            if unknown or clause.then not in states:
                message = f"Policy {self.policy_id}, clause {clause.name}: unknown {unknown or clause.then!r}."
                raise ConfigurationError(message, remediation=f"Use {sorted(PREDICATES)} and {sorted(states)}.")
        if not self.clauses or self.clauses[-1].when:
            message = f"Policy {self.policy_id} has no last clause without conditions."
            raise ConfigurationError(message, remediation="End the table with a clause whose `when` is empty.")

    def decide(self, summary: Summary) -> tuple[HeaderState, str]:
        """The header state, and the name of the clause that decided."""
        clause = next(c for c in self.clauses if all(PREDICATES[w](summary) for w in c.when))
        if clause.then == DECLARED:
            return summary.declared, clause.name
        if clause.then == AS_DECLARED:
            return _as_declared(summary), clause.name
        return HeaderState(clause.then), clause.name


def _as_declared(summary: Summary) -> HeaderState:
    if summary.order_fallout:
        return HeaderState.FALLOUT
    if summary.cancellation_open:
        return HeaderState.CANCELLING
    return summary.declared


_BEFORE_COMPLETION = (
    Clause("declared-decided", ("declared-decided",), DECLARED),
    Clause("not-begun", ("declared-not-begun",), AS_DECLARED),
    Clause("nothing-left-cancelled", ("no-live-item", "some-cancelled"), HeaderState.CANCELLED),
    Clause(
        "nothing-to-do-completed",
        ("no-live-item", "declared-completed", "no-order-fallout"),
        HeaderState.COMPLETED,
    ),
    Clause("nothing-to-do", ("no-live-item",), AS_DECLARED),
    Clause("any-fallout", ("any-fallout",), HeaderState.FALLOUT),
    Clause("any-cancelling", ("any-cancelling",), HeaderState.CANCELLING),
    Clause("any-active", ("any-active",), HeaderState.IN_PROGRESS),
)
_FROM_COMPLETION = (
    Clause("all-completed", ("all-completed",), HeaderState.COMPLETED),
    Clause("all-failed", ("all-failed",), HeaderState.FAILED_CLOSED),
    Clause("mixed-terminal", ("all-terminal",), HeaderState.PARTIALLY_COMPLETED),
    Clause("accepted", (), HeaderState.ACCEPTED),
)

REFERENCE_V1 = HeaderPolicy("reference.v1", (*_BEFORE_COMPLETION, *_FROM_COMPLETION))
MEF123_V1 = HeaderPolicy(
    "mef123.v1",
    (
        *_BEFORE_COMPLETION,
        Clause("completed-beside-cancelled", ("all-completed", "some-cancelled"), HeaderState.PARTIALLY_COMPLETED),
        *_FROM_COMPLETION,
    ),
)
POLICIES: Mapping[str, HeaderPolicy] = {p.policy_id: p for p in (REFERENCE_V1, MEF123_V1)}


def policy_from_mapping(data: Mapping[str, object]) -> HeaderPolicy:
    """A policy from a parsed file: `id`, and `clauses`, a list of `{name, when, then}`.

    Raises `ConfigurationError` naming the clause and the word that is unknown.
    """
    known = data if isinstance(data, Mapping) else {}
    policy_id, clauses = known.get("id"), known.get("clauses")
    if not isinstance(policy_id, str) or not policy_id or not isinstance(clauses, list):
        message = f"A policy needs an `id` and a list of `clauses`; this one has {sorted(map(str, known))}."
        raise ConfigurationError(message, remediation="Write `id: name.v1` and `clauses: [{name, when, then}, ...]`.")
    return HeaderPolicy(policy_id, tuple(_clause(policy_id, row) for row in clauses))


def _clause(policy_id: str, row: object) -> Clause:
    """One clause of a file; a misspelt key must not pass for a clause without conditions."""
    if isinstance(row, Mapping) and {"name", "then"} <= set(row) <= {"name", "when", "then"}:
        name, when, then = row["name"], row.get("when", []), row["then"]
        if isinstance(when, list) and all(isinstance(word, str) for word in (name, then, *when)):
            return Clause(name, tuple(when), then)
    message = f"Policy {policy_id}: {row!r} is not a clause."
    raise ConfigurationError(message, remediation="Give each clause a `name`, a list `when`, and a `then`, no more.")
