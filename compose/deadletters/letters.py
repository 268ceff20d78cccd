"""Dead letters as they lie on their topics, with the reason taken out of the headers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from compose.verify.raw import Raw, read_all
from domain.errors import ConfigurationError
from topics.catalogue import DEAD_LETTERS

PREFIX = "dlq_"
REPLAY_HEADER = "dlq_replay_of"
"""On a record that was sent back: the place of its dead letter."""


class Place(NamedTuple):
    """Where a dead letter lies."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """The inverse of `str`. Raises `ConfigurationError` for anything else, or a topic of no dead letters."""
        topic, _, rest = text.partition("/")
        partition, _, offset = rest.partition("/")
        if not partition.isdigit() or not offset.isdigit():
            message = f"{text!r} is no place of a dead letter."
            raise ConfigurationError(message, remediation="Write TOPIC/PARTITION/OFFSET as `dlq list` does.")
        if topic not in {letters.name for letters in DEAD_LETTERS.values()}:
            message = f"{topic} holds no dead letters."
            raise ConfigurationError(message, remediation="`ordertruth topics list` names the topics that do.")
        return cls(topic, int(partition), int(offset))


@dataclass(frozen=True, slots=True)
class Letter:
    """A record that could not be read or applied, and why.

    `offset` is None for a timer that could not fire, which has no record of its own. `headers` are the record's own.
    """

    place: Place
    topic: str
    partition: int
    offset: int | None
    consumer: str
    stage: str
    code: str
    message: str
    time: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    replay_of: str | None

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it; bytes that are no UTF-8 text are shown as hexadecimal digits behind `0x`."""
        return {
            "letter": str(self.place),
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "consumer": self.consumer,
            "stage": self.stage,
            "code": self.code,
            "message": self.message,
            "time": self.time,
            "key": shown(self.key),
            "value": None if self.value is None else f"0x{self.value.hex()}",
            "headers": [[name, shown(value)] for name, value in self.headers],
            "replayOf": self.replay_of,
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """Which dead letters: those of a source topic, a consumer and an error code; None is any."""

    topic: str | None = None
    consumer: str | None = None
    code: str | None = None

    def topics(self) -> list[str]:
        """The topics to read. Raises `ConfigurationError` when the one that is asked for has no dead letters."""
        if self.topic is None:
            return [letters.name for letters in DEAD_LETTERS.values()]
        found = [letters.name for source, letters in DEAD_LETTERS.items() if self.topic in (source, letters.name)]
        if not found:
            message = f"{self.topic} has no dead letters."
            raise ConfigurationError(message, remediation=f"Choose from {', '.join(DEAD_LETTERS)}.")
        return found

    def takes(self, letter: Letter) -> bool:
        """Whether the letter is among them."""
        return self.consumer in (None, letter.consumer) and self.code in (None, letter.code)


def read(kafka_config: Mapping[str, str], choice: Choice) -> Iterator[Letter]:
    """The chosen letters, topic by topic. Raises `UnavailableError` when the broker does not answer."""
    for topic in choice.topics():
        for record in read_all(kafka_config, topic):
            letter = opened(record)
            if choice.takes(letter):
                yield letter


def unsent(letters: Iterable[Letter]) -> list[Letter]:
    """Of these, the ones that have a record and were not sent back yet, as far as letters tell.

    A record that failed again has a letter of its own, which stands for both; of one that went well no letter tells,
    so it is among these until its dead letter leaves the log.
    """
    found = list(letters)
    sent = {letter.replay_of for letter in found}
    return [letter for letter in found if letter.offset is not None and str(letter.place) not in sent]


def named(kafka_config: Mapping[str, str], places: Iterable[Place]) -> list[Letter]:
    """The letters at these places, in their order. Raises `ConfigurationError` for one that is not there."""
    wanted = list(places)
    found = {
        letter.place: letter
        for topic in dict.fromkeys(place.topic for place in wanted)
        for letter in read(kafka_config, Choice(topic))
    }
    missing = [str(place) for place in wanted if place not in found]
    if missing:
        message = f"There is no dead letter at {', '.join(missing)}."
        raise ConfigurationError(message, remediation="`ordertruth dlq list` shows those there are.")
    return [found[place] for place in wanted]


def opened(record: Raw) -> Letter:
    """A record of a dead-letter topic as a letter; what a foreign one lacks is empty."""
    reason = {name: value for name, value in record.headers if name.startswith(PREFIX)}

    def said(name: str) -> str:
        return (reason.get(f"{PREFIX}{name}") or b"").decode(errors="replace")

    partition, offset = said("partition"), said("offset")
    return Letter(
        place=Place(record.topic, record.partition, record.offset),
        topic=said("topic"),
        partition=int(partition) if partition.isdigit() else 0,
        offset=int(offset) if offset.isdigit() else None,
        consumer=said("consumer"),
        stage=said("stage"),
        code=said("error_code"),
        message=said("error_message"),
        time=said("time"),
        key=record.key,
        value=record.value,
        headers=tuple((name, value) for name, value in record.headers if not name.startswith(PREFIX)),
        replay_of=said("replay_of") or None,
    )


def shown(value: bytes | None) -> str | None:
    """Bytes as text where they are text."""
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"0x{value.hex()}"
