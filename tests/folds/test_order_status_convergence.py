"""Any permutation and duplication of an order's events, across its topics, ends in the same six rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.fold.facts import Facts
from domain.fold.heard import Heard
from domain.order_state.build import version_gaps
from domain.order_state.derive import OrderView, derive
from domain.order_state.facts import Fact, OrderFacts
from domain.order_state.policy import POLICIES, HeaderPolicy
from domain.order_status.fold import OrderStatusFold
from domain.order_status.known import known
from tests.domain.event_streams import ORDER, streams
from tests.folds.convergence import assert_convergent
from tests.folds.enterprise import told

FOLD = OrderStatusFold()
TOPICS_MIN = 8
PIECE = 8


@cache
def by_order() -> list[list[Heard]]:
    """The events of each order of a simulated enterprise, those with the most kinds of events first."""
    found: dict[str, list[Heard]] = defaultdict(list)
    for event in told(300, 3).events:
        if event.kind in FOLD.kinds:
            for place in FOLD.places(event):
                found[place.group].append(event)
    return sorted(found.values(), key=lambda events: -len({e.kind for e in events}))


def until(events: list[Heard]) -> int:
    return max(e.recorded_us for e in events) + 40 * 86_400_000_000


def forged(event: Heard, random: Random) -> Heard:
    """Another content under the same version, as a producer makes by mistake."""
    return replace(event, content=random.getrandbits(62), event_id=f"{event.event_id}-again", actor_id="")


@settings(max_examples=1_000, deadline=None)
@given(st.integers(0, 2**32))
def test_any_arrival_of_pieces_of_an_order_ends_alike(seed: int) -> None:
    """Pieces, so that whatever may be missing is, with events forged in between."""
    random = Random(seed)
    events = random.choice(by_order()[:120])
    piece = random.sample(events, min(PIECE, len(events)))
    piece += [forged(event, random) for event in piece if random.random() < 0.1]
    assert_convergent(FOLD, piece, until(events), random)


@pytest.mark.parametrize("number", range(0, 24, 3))
def test_any_arrival_of_a_whole_order_ends_alike(number: int) -> None:
    events = by_order()[number]
    assert len({event.topic for event in events}) >= TOPICS_MIN - number // 8
    assert_convergent(FOLD, events, until(events), Random(number))


def test_two_orders_of_one_tenant_and_two_tenants_never_meet() -> None:
    one = by_order()[0][0]
    foreign = replace(one, kind="ChargeActivated", subject="other:charge", data={"orderId": one.subject})
    assert list(FOLD.places(foreign)) == []
    nameless = replace(one, kind="ChargeActivated", data={})
    assert list(FOLD.places(nameless)) == []


def as_heard(fact: Fact) -> Heard:
    return Heard(
        kind=fact.kind,
        subject=ORDER,
        aggregate="ProductOrder",
        version=fact.version,
        event_id=fact.event_id,
        content=fact.content_hash,
        time_us=fact.time_us,
        recorded_us=fact.recorded_us,
        data=fact.payload,
        topic=fact.topic,
        partition=fact.partition,
        offset=fact.offset,
    )


def shown(view: OrderView) -> tuple[object, ...]:
    items = [
        (i.item_id, i.state, i.work and (i.work.since_us, i.work.caused_by, i.work.cause), i.executable)
        for i in view.items
    ]
    return view.state, view.clause, view.declared, items, view.cancellation_open, view.order_fallout


@settings(max_examples=200, deadline=None)
@given(streams, st.sampled_from(sorted(POLICIES.values(), key=lambda p: p.policy_id)))
def test_the_header_state_is_that_of_the_order_state_fold(stream: list[Fact], policy: HeaderPolicy) -> None:
    """Arbitrary events, conflicting ones included: the registers here put the same facts together."""
    plain, facts = OrderFacts(), Facts()
    for fact in stream:
        plain.apply(fact)
        event = as_heard(fact)
        for place in FOLD.places(event):
            facts.hear(event, FOLD.says(event, place))
    order = known(ORDER, facts, policy)
    assert order is not None
    assert shown(order.view) == shown(derive(plain, policy))
    assert version_gaps(order.facts) == version_gaps(plain)
    assert order.facts.conflicts == plain.conflicts
    names = ("version", "content_hash", "event_id", "time_us", "recorded_us", "order_number", "account_id", "state")
    assert [getattr(order.newest, name) for name in names] == [getattr(plain.newest, name) for name in names]
