"""The records that came to the derived topics while the rebuild went on, brought to the shadow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from confluent_kafka import KafkaException, TopicPartition

from avro.registry import Registry
from compose.verify.raw import committed_reader
from domain.errors import UnavailableError
from sinks.contract import RowRefused, Tally, TopicIdentity
from sinks.intake import Intake, at_end, partition_of, take_in, topic_of
from sinks.postgres.shadow import Positions, ShadowSink

BATCH = 2000
_TIMEOUT_S = 0.2


class CatchUp:
    """Reads on from where the shadow is; what cannot be read or held is a dead letter of the sink in use."""

    def __init__(
        self,
        kafka_config: Mapping[str, str],
        registry: Registry,
        sink: ShadowSink,
        identities: Mapping[str, TopicIdentity],
    ) -> None:
        self._consumer = committed_reader(kafka_config, **{"fetch.wait.max.ms": 20})
        self._registry = registry
        self._sink = sink
        self._identities = identities
        self.tally = Tally()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def up_to(self, ends: Positions) -> None:
        """Bring the shadow up to these places, or to the last committed record where that comes first."""
        here = {(topic, p): at for topic in ends for p, at in self._sink.positions(topic).items()}
        wanted = {(topic, p): end for topic, of in ends.items() for p, end in of.items()}
        behind = {place for place, end in wanted.items() if here.get(place, 0) < end}
        try:
            self._consumer.assign([TopicPartition(*place, here.get(place, 0)) for place in behind])
            while behind:
                self._step(here, wanted, behind)
            self._consumer.unassign()
        except KafkaException as error:
            message = f"The derived topics cannot be read: {error.args[0].str()}."
            raise UnavailableError(message, remediation="Check the broker.") from error

    def _step(
        self, here: dict[tuple[str, int], int], wanted: Mapping[tuple[str, int], int], behind: set[tuple[str, int]]
    ) -> None:
        messages = self._consumer.consume(BATCH, _TIMEOUT_S)
        ended = set()
        for message in messages:
            if at_end(message):
                ended.add((topic_of(message), partition_of(message)))
            elif (error := message.error()) is not None:
                raise KafkaException(error)
        for topic, intake in take_in(messages, self._sink, self._registry.schema_for_id).items():
            self._write(topic, intake, {p: at for (t, p), at in here.items() if t == topic})
            for partition, end in intake.ends.items():
                here[topic, partition] = max(end, here.get((topic, partition), 0))
        behind -= ended
        behind -= {place for place in behind if here.get(place, 0) >= wanted[place]}

    def _write(self, topic: str, intake: Intake, here: Mapping[int, int]) -> None:
        while True:
            try:
                self.tally += self._sink.write(intake.batch(self._identities[topic], here))
            except RowRefused as refusal:
                intake.refuse(refusal.partition, refusal.offset, refusal)
            else:
                return
