from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ContractError
from topics.catalogue import ORDER_STATE, PRODUCT_ORDERS, TOPICS, Topic
from topics.plan import ActualTopic, Change, ConfigValue, Verb, make_plan


def as_wanted(topic: Topic, partitions: int = 4) -> ActualTopic:
    config = {k: ConfigValue(v, explicit=True) for k, v in topic.config().items()}
    return ActualTopic(topic.name, topic.partitions(partitions), config)


def cluster(*topics: ActualTopic) -> dict[str, ActualTopic]:
    return {t.name: t for t in topics}


def test_an_empty_cluster_gets_everything() -> None:
    plan = make_plan(TOPICS, {}, 4)
    assert plan.create == TOPICS
    assert {c.verb for c in plan.changes} == {Verb.CREATE}
    assert {c.want for c in plan.changes} == {"4"}
    assert not plan.alter
    plan.require_applicable()


def test_a_cluster_that_matches_needs_nothing() -> None:
    plan = make_plan(TOPICS, cluster(*(as_wanted(t) for t in TOPICS)), 4)
    assert plan.empty
    assert plan.unchanged == tuple(t.name for t in TOPICS)


def test_a_setting_that_differs_is_set_and_nothing_else() -> None:
    have = as_wanted(PRODUCT_ORDERS)
    config = {
        **have.config,
        "retention.ms": ConfigValue("1000", explicit=True),
        "flush.ms": ConfigValue("1", explicit=True),
    }
    plan = make_plan((PRODUCT_ORDERS,), cluster(replace(have, config=config)), 4)
    assert plan.alter == {PRODUCT_ORDERS.name: {"retention.ms": "-1"}}
    assert plan.changes == (Change(PRODUCT_ORDERS.name, Verb.SET, "retention.ms", "1000", "-1"),)


def test_an_inherited_setting_is_pinned() -> None:
    have = as_wanted(PRODUCT_ORDERS)
    config = {**have.config, "cleanup.policy": ConfigValue("delete", explicit=False)}
    plan = make_plan((PRODUCT_ORDERS,), cluster(replace(have, config=config)), 4)
    assert plan.alter == {PRODUCT_ORDERS.name: {"cleanup.policy": "delete"}}
    assert plan.changes[0].have == "delete (inherited)"


def test_a_setting_the_broker_does_not_report_is_set() -> None:
    have = as_wanted(PRODUCT_ORDERS)
    config = {k: v for k, v in have.config.items() if k != "retention.ms"}
    plan = make_plan((PRODUCT_ORDERS,), cluster(replace(have, config=config)), 4)
    assert plan.alter == {PRODUCT_ORDERS.name: {"retention.ms": "-1"}}


@given(have=st.integers(1, 50), want=st.integers(1, 50))
def test_any_change_of_a_partition_count_is_refused(have: int, want: int) -> None:
    plan = make_plan((PRODUCT_ORDERS,), cluster(as_wanted(PRODUCT_ORDERS, have)), want)
    if have == want:
        plan.require_applicable()
        return
    with pytest.raises(ContractError) as caught:
        plan.require_applicable()
    assert f"{PRODUCT_ORDERS.name} has {have} and should have {want}" in caught.value.message
    assert f"ORDERTRUTH_PARTITIONS={have}" in caught.value.remediation


def test_every_refused_topic_is_named() -> None:
    plan = make_plan(TOPICS, cluster(as_wanted(PRODUCT_ORDERS, 3), as_wanted(ORDER_STATE, 5)), 4)
    with pytest.raises(ContractError) as caught:
        plan.require_applicable()
    assert PRODUCT_ORDERS.name in caught.value.message
    assert ORDER_STATE.name in caught.value.message


def test_topics_of_others_are_listed_and_the_brokers_own_are_not() -> None:
    others = (ActualTopic("zoo", 1, {}), ActualTopic("__consumer_offsets", 4, {}), ActualTopic("ant", 9, {}))
    plan = make_plan((), cluster(*others), 4)
    assert plan.unknown == ("ant", "zoo")
    assert plan.empty
