"""Whether a bundle is made as its publication demands (R281)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.catalog_publication.states import BundleRuleKind
from domain.catalog_publication.structure import BundleRule


@dataclass(frozen=True, slots=True)
class BundleViolation:
    """A rule that a bundle breaks, and what to do about it."""

    rule_id: str
    kind: BundleRuleKind
    message: str
    remediation: str


def violations(
    rules: Iterable[BundleRule], bundle_offering_id: str, members: Mapping[str, int]
) -> tuple[BundleViolation, ...]:
    """The rules a bundle breaks, in the order of the publication; none when it satisfies all (R281).

    `members` counts the offerings the bundle is made of; the bundle itself is not among them.
    """
    counts = {offering: count for offering, count in members.items() if count > 0}
    return tuple(
        BundleViolation(rule.rule_id, rule.kind, *complaint)
        for rule in rules
        if rule.bundle_offering_id == bundle_offering_id and (complaint := _complaint(rule, counts)) is not None
    )


def least_members(rules: Sequence[BundleRule], bundle_offering_id: str) -> dict[str, int]:
    """The smallest bundle that has every mandatory member, all they depend on, and as many as they need."""
    own = [rule for rule in rules if rule.bundle_offering_id == bundle_offering_id]
    least = {r.member_offering_id: 1 for r in own if r.kind is BundleRuleKind.MANDATORY}
    waiting = list(least)
    while waiting:
        member = waiting.pop()
        needed = [
            other
            for rule in own
            if rule.kind is BundleRuleKind.DEPENDENCY and rule.member_offering_id == member
            for other in rule.other_offering_ids
            if other not in least
        ]
        least.update(dict.fromkeys(needed, 1))
        waiting += needed
    for rule in own:
        if rule.member_offering_id in least and rule.count_min is not None:
            least[rule.member_offering_id] = max(least[rule.member_offering_id], rule.count_min)
    return least


def _complaint(rule: BundleRule, counts: Mapping[str, int]) -> tuple[str, str] | None:
    member, bundle = rule.member_offering_id, rule.bundle_offering_id
    count = counts.get(member, 0)
    if rule.kind is BundleRuleKind.MANDATORY:
        return None if count else (f"Bundle {bundle} lacks {member}.", f"Add {member}.")
    if not count:
        return None
    named = set(rule.other_offering_ids)
    others = set(counts) - {member}
    match rule.kind:
        case BundleRuleKind.CARDINALITY:
            least, most = rule.count_min or 1, rule.count_max
            if count >= least and (most is None or count <= most):
                return None
            allowed = f"{least} to {most}" if most is not None else f"at least {least}"
            return f"Bundle {bundle} has {count} of {member}.", f"Take {allowed} of it, or none."
        case BundleRuleKind.DEPENDENCY if missing := sorted(named - others):
            return f"{member} of bundle {bundle} needs {missing}.", f"Add them, or leave {member} out."
        case BundleRuleKind.EXCLUSION if clashing := sorted(named & others):
            return f"{member} of bundle {bundle} excludes {clashing}.", "Take one or the other."
        case BundleRuleKind.COMPATIBILITY if strange := sorted(others - named):
            return f"{member} of bundle {bundle} does not go with {strange}.", f"Beside it go {sorted(named)} only."
        case _:
            return None
