"""Every hosted aggregate publishes on the topic of its owner, all of its events and no other."""

from __future__ import annotations

from collections import Counter

import pytest

from topics.catalogue import topic_named
from topics.store.hosting import HOSTED, HostedAggregate


@pytest.mark.parametrize("hosted", HOSTED, ids=lambda hosted: hosted.name)
def test_a_hosted_aggregate_fits_its_topic(hosted: HostedAggregate) -> None:
    topic = topic_named(hosted.topic)
    assert (topic.aggregate, topic.owner) == (hosted.name, hosted.aggregate.owner)
    assert set(topic.events) == set(hosted.aggregate.events)
    assert hosted.captures <= hosted.commands


def test_a_command_goes_to_one_aggregate() -> None:
    names = Counter(command.__name__ for hosted in HOSTED for command in hosted.commands)
    assert [name for name, times in names.items() if times > 1] == []
    assert len({hosted.topic for hosted in HOSTED}) == len({hosted.name for hosted in HOSTED}) == len(HOSTED)
