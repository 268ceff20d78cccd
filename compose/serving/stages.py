"""Which application fills which topic, as the lineage of the platform has it."""

from __future__ import annotations

from compose.contracts.jobs import jobs
from compose.derivations import DERIVATIONS, PLACING, placed_topics
from compose.serving.completeness import Stage
from sinks.tables import TABLES
from topics.catalogue import FEEDS, TOPICS, Kind
from topics.contracts.lineage import Dataset, topic_dataset
from topics.contracts.places import Places


def stages() -> dict[str, Stage]:
    """What fills each topic from which read-model tables follow, however far back."""
    places = Places()
    kafka = topic_dataset(places, "").namespace

    def topics(datasets: tuple[Dataset, ...]) -> tuple[str, ...]:
        return tuple(d.name for d in datasets if d.namespace == kafka)

    filled = {
        output: Stage(job.name, topics(job.inputs))
        for job in jobs(places)
        if topics(job.inputs)
        for output in topics(job.outputs)
    }
    for app in DERIVATIONS:
        # the job feeds every application; each is fed what it listens to
        filled[FEEDS[app].name] = Stage(PLACING, tuple(topic.name for topic in placed_topics(app)))
    return {topic: filled[topic] for topic in sorted(upstream({t.topic for t in TABLES}, filled) & filled.keys())}


def sources() -> frozenset[str]:
    """The topics owners fill."""
    return frozenset(topic.name for topic in TOPICS if topic.kind is Kind.OWNER)


def upstream(wanted: set[str], filled: dict[str, Stage]) -> set[str]:
    """These topics and everything they follow from."""
    found: set[str] = set()
    ahead = list(wanted)
    while ahead:
        topic = ahead.pop()
        if topic not in found:
            found.add(topic)
            ahead += filled[topic].inputs if topic in filled else ()
    return found
