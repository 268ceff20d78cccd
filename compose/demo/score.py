"""What was done wrong held against what was found: every fault its case, and no case without a fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, Self

from compose.simulate.faults.consequences import follows
from compose.simulate.faults.truth import Truth
from domain.case.states import CLOSED, CaseStatus

SHOWN_MAX = 100


class Found(NamedTuple):
    """A case, as far as it is scored."""

    rule: str
    entity_type: str
    entity_id: str
    verdicts: tuple[str, ...]
    status: str
    order_id: str | None
    quote_id: str | None
    account_id: str | None
    product_instance_id: str | None
    money: tuple[tuple[str, Decimal], ...]

    @classmethod
    def of(cls, case: Mapping[str, Any]) -> Self:
        """A case record by wire names."""
        sides = (case["leakage"], case["overbilling"])
        return cls(
            case["ruleId"],
            case["entityType"],
            case["entityId"],
            tuple(v for v in (case["verdict"], *case["alsoFound"]) if v),
            case["status"],
            case["orderId"],
            case["quoteId"],
            case["accountId"],
            case["productInstanceId"],
            tuple((side["currency"], side["amount"]) for side in sides if side),
        )

    @property
    def is_open(self) -> bool:
        """Whether somebody has something to do."""
        return CaseStatus(self.status) not in CLOSED

    @property
    def kind(self) -> str:
        """The rule, and the verdict where there is one."""
        return "/".join((self.rule, *self.verdicts[:1]))


@dataclass(slots=True)
class Score:
    """How many faults of each kind were made and found; which were missed, and what was found without a fault."""

    injected: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    missed: list[Truth] = field(default_factory=list)
    false: list[Found] = field(default_factory=list)

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it; a kind is a rule, with the verdict for billing."""
        return {
            "injected": dict(sorted(self.injected.items())),
            "found": dict(sorted(self.found.items())),
            "missed": dict(Counter(kind_of(truth) for truth in self.missed)),
            "false_cases": dict(Counter(found.kind for found in self.false)),
            "missed_details": [f"{t.fault}: {t.entity_type} {t.entity_id}" for t in self.missed[:SHOWN_MAX]],
            "false_details": [f"{f.kind}: {f.entity_type} {f.entity_id}" for f in self.false[:SHOWN_MAX]],
        }


def kind_of(truth: Truth) -> str:
    """The rule a fault must be found by, with the verdict for billing."""
    return "/".join(part for part in (truth.rule, truth.verdict) if part)


def score(truths: Iterable[Truth], cases: Iterable[Found], tenant: str, accounts: Mapping[str, str]) -> Score:
    """Hold the cases of a tenant against the truth.

    A fault is found when a case of its rule is about its entity, and for billing names its verdict. A case without a
    fault of its own is false unless it follows from another fault (`compose.simulate.faults.consequences`);
    `accounts` names the account of each order.
    """
    result = Score()
    mine = [case for case in cases if case.entity_id.startswith(f"{tenant}:")]
    by_entity: dict[tuple[str, str, str], list[Found]] = {}
    for case in mine:
        by_entity.setdefault((case.rule, case.entity_type, case.entity_id), []).append(case)
    told = list(truths)
    for truth in told:
        result.injected[kind_of(truth)] += 1
        about = by_entity.get((truth.rule, truth.entity_type, truth.entity_id), [])
        if any(truth.verdict is None or truth.verdict in case.verdicts for case in about):
            result.found[kind_of(truth)] += 1
        else:
            result.missed.append(truth)
    true = {(t.rule, t.entity_type, t.entity_id) for t in told}
    result.false = [
        case
        for case in mine
        if (case.rule, case.entity_type, case.entity_id) not in true and not follows(case, told, accounts)
    ]
    return result
