"""The recount itself: every event once, and at the end what each metric comes to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from compose.verify.business.events import HANDLERS
from compose.verify.business.tallies import Counted, Place, Tallies, day_of, us_of
from domain.fold.heard import Heard

_MINUTE_US = 60_000_000
_HOUR_US = 60 * _MINUTE_US
_STOPPED_US = {"Submitted": 15 * _MINUTE_US, "Validating": 15 * _MINUTE_US, "Accepted": 4 * _HOUR_US}
_STUCK_US = {**_STOPPED_US, "InProgress": 72 * _HOUR_US, "Fallout": 24 * _HOUR_US, "Cancelling": 24 * _HOUR_US}
_NO_PROGRESS = frozenset({"ProductOrderDetailsUpdated"})
_NO_STEP = frozenset(
    {"QuoteConversionFailed", "QuoteCorrectionRequested", "QuoteCorrectionApproved", "QuoteCorrectionApplied"}
)

COUNTS = (
    "manual-corrections",
    "unauthorised-mutation-attempts",
    "quote-creation-rate",
    "floor-price-overrides",
    "order-submit-rate",
    "missing-audit-attributes",
    "failed-evidence-packages",
    "unsigned-proposals",
    "approvals-without-reason",
    "manual-overrides",
    "break-glass-accesses",
    "unapproved-policy-changes",
    "data-corrections",
    "order-request-rate",
    "order-submit-rate-by-source",
    "orders-by-channel",
    "validation-errors",
)
SHARES = (
    "quote-revision-rate",
    "quote-validation-failure-rate",
    "pricing-error-rate",
    "approval-submission-rate",
    "approval-sla-breach-rate",
    "quote-acceptance-rate",
    "quote-expiration-rate",
    "quote-conversion-failure-rate",
    "order-validation-failure-rate",
    "decomposition-failure-rate",
    "task-success-rate",
    "task-retry-rate",
    "billing-handoff-failure-rate",
    "capture-rejection-rate",
    "idempotency-replay-rate",
    "duplicate-conflict-rate",
)
MEANS: Mapping[str, int] = {"catalog-publish-lag": 1, "average-discount": 10**6}
"""Averages, with the units their numbers are in."""
SPANS: Mapping[str, tuple[str, str]] = {
    "pricing-latency": ("configured", "priced"),
    "quote-to-order-latency": ("accepted", "order-created"),
    "order-acceptance-latency": ("submitted", "order-accepted"),
    "asset-activation-delay": ("provisioned", "activated"),
}
COHORTS: Mapping[str, tuple[str, str, int | None]] = {
    "order-fallout-rate": ("submitted", "fallout", None),
    "early-fallout-rate": ("submitted", "fallout", 60 * _MINUTE_US),
    "order-cancellation-rate": ("submitted", "cancelled", None),
    "partial-fulfillment-rate": ("completed", "item-cancelled", None),
}


class Recount:
    """Takes events in the order of their logs, and says at the end what each metric comes to."""

    def __init__(self) -> None:
        self._told = Tallies()
        self._seen: set[str] = set()

    @property
    def events(self) -> int:
        """How many different ones were taken."""
        return len(self._seen)

    @property
    def newest_us(self) -> Mapping[str, int]:
        """When the newest event of each tenant happened, in microseconds since the epoch."""
        return self._told.newest

    def take(self, event: Heard) -> None:
        """Count an event, unless its id was counted before."""
        if event.event_id in self._seen:
            return
        self._seen.add(event.event_id)
        told = self._told
        told.newest[event.tenant] = max(event.time_us, told.newest.get(event.tenant, event.time_us))
        lacking = [event.correlation_id, event.causation_id, event.command_id]
        lacking += [event.actor_id, event.actor_role, event.policy_version]
        if blanks := lacking.count(""):
            told.add("missing-audit-attributes", event, event.kind, blanks)
        if event.kind.startswith("ProductOrder") and event.kind not in _NO_PROGRESS:
            _order(told, event)
        if event.kind.startswith("Quote") and event.kind not in _NO_STEP:
            _quote(told, event)
        if (handle := HANDLERS.get(event.kind)) is not None:
            handle(told, event)

    def counted(self) -> dict[str, dict[Place, Counted]]:
        """Every metric that is a function of events, by id."""
        told = self._told
        found: dict[str, dict[Place, Counted]] = {}
        for name in COUNTS:
            found[name] = {place: Counted(number, 1) for place, number in told.above[name].items()}
        for name in SHARES:
            above, below = told.above[name], told.below[name]
            found[name] = {p: Counted(above.get(p, 0), below.get(p, 0)) for p in {*above, *below}}
        for name, scale in MEANS.items():
            found[name] = {p: _mean(values, scale) for p, values in told.times[name].items()}
        for name, (start, end) in SPANS.items():
            found[name] = _span(told.first[start], told.first[end])
        for name, (start, end, within_us) in COHORTS.items():
            found[name] = _cohort(told.first[start], told.first[end], within_us)
        return found | _standing(told)


def recount(events: Iterable[Heard]) -> dict[str, dict[Place, Counted]]:
    """Every metric that is a function of events, by id."""
    taking = Recount()
    for event in events:
        taking.take(event)
    return taking.counted()


def _order(told: Tallies, event: Heard) -> None:
    key = event.tenant, str(event.data.get("orderId"))
    version, state, at = told.orders.get(key, (0, "", event.time_us))
    if event.version > version:
        version, state = event.version, str(event.data.get("state"))
    told.orders[key] = version, state, max(at, event.time_us)


def _quote(told: Tallies, event: Heard) -> None:
    key = event.tenant, event.subject
    if event.version > told.quotes.get(key, (0, "", ""))[0]:
        told.quotes[key] = event.version, event.kind, str(event.data.get("catalogPublicationId"))


_Firsts = Mapping[tuple[str, ...], int]


def _span(starts: _Firsts, ends: _Firsts) -> dict[Place, Counted]:
    """Times between the first of two things, on the day of the second."""
    times: dict[Place, list[int]] = defaultdict(list)
    for key, ended in ends.items():
        started = starts.get(key)
        if started is not None and ended >= started:
            times[key[0], day_of(ended), ""].append((ended - started) // 1000)
    return {place: _mean(values, 1) for place, values in times.items()}


def _cohort(starts: _Firsts, ends: _Firsts, within_us: int | None) -> dict[Place, Counted]:
    """Of what began on a day, how much came to an end."""
    found: dict[Place, tuple[int, int]] = {}
    for key, started in starts.items():
        place = key[0], day_of(started), ""
        ended = ends.get(key)
        hit = ended is not None and (within_us is None or 0 <= ended - started <= within_us)
        hits, number = found.get(place, (0, 0))
        found[place] = hits + hit, number + 1
    return {place: Counted(hits, number) for place, (hits, number) in found.items()}


def _standing(told: Tallies) -> dict[str, dict[Place, Counted]]:
    """How things stand as of the newest event of each tenant, and at the end of each day for consumers."""
    waiting: dict[Place, list[int]] = defaultdict(list)
    for key, at in told.first["fallout-detected"].items():
        if key not in told.first["fallout-closed"]:
            waiting[_now(told, key[0])].append(max(0, told.newest[key[0]] - at) // 1000)
    behind: dict[Place, int] = defaultdict(int)
    for (tenant, day, _), (_, consumer, lag) in told.checkpoints.items():
        behind[tenant, day, consumer] += lag
    return {
        "repair-queue-age": {place: _mean(ages, 1) for place, ages in waiting.items()},
        "event-consumer-lag": {place: Counted(lag, 1) for place, lag in behind.items()},
        "stuck-orders": _idle(told, _STUCK_US),
        "orders-stopped-early": _idle(told, _STOPPED_US),
        "stale-quote-rate": _stale(told),
    }


def _now(told: Tallies, tenant: str, scope: str = "") -> Place:
    return tenant, day_of(told.newest[tenant]), scope


def _idle(told: Tallies, limits_us: Mapping[str, int]) -> dict[Place, Counted]:
    found: dict[Place, int] = defaultdict(int)
    for (tenant, _), (_, state, at) in told.orders.items():
        if state in limits_us and told.newest[tenant] - at > limits_us[state]:
            found[_now(told, tenant, state)] += 1
    return {place: Counted(number, 1) for place, number in found.items()}


def _stale(told: Tallies) -> dict[Place, Counted]:
    found: dict[Place, tuple[int, int]] = {}
    for (tenant, _), (_, kind, publication) in told.quotes.items():
        if kind not in ("QuoteApproved", "QuotePresented"):
            continue
        since = told.replaced.get((tenant, publication))
        stale, standing = found.get(_now(told, tenant), (0, 0))
        is_stale = since is not None and us_of(since) <= told.newest[tenant]
        found[_now(told, tenant)] = stale + is_stale, standing + 1
    return {place: Counted(stale, standing) for place, (stale, standing) in found.items()}


def _mean(values: list[int], scale: int) -> Counted:
    rank = min(len(values) - 1, int(Decimal("0.95") * len(values)))
    return Counted(sum(values), len(values) * scale, sorted(values)[rank])
