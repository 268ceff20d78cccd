"""Dead letters sent back to where they were read from, byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from compose.deadletters.letters import REPLAY_HEADER, Letter
from domain.errors import ConfigurationError, UnavailableError
from streams.engine.copartition import WRONG_PARTITION
from streams.engine.transaction import MESSAGE_BYTES_MAX
from topics.catalogue import topic_named

FLUSH_SECONDS_MAX = 30.0
_PRODUCER: Mapping[str, str | int | bool] = {
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
    "message.max.bytes": MESSAGE_BYTES_MAX,
    "linger.ms": 5,
    "log_level": 2,
}


def replay(config_of: Callable[[str], Mapping[str, str]], letters: Sequence[Letter]) -> int:
    """Publish the records of letters again; how many. Every consumer of their topics reads them once more.

    `config_of` gives the settings of a client that is the owner it is asked for: nobody else may write its topics.

    That is safe: folds and sinks recognise what they know already. A record that still cannot be applied becomes a
    new dead letter, which names the old one. Raises `ConfigurationError` for a letter that has no record, before
    anything is sent, and `UnavailableError` when the broker does not take all of them; sending again is then safe.
    """
    fired = [str(letter.place) for letter in letters if letter.offset is None]
    if fired:
        message = f"{', '.join(fired)} tells of a timer and has no record to send again."
        raise ConfigurationError(message, remediation="Leave it out: mend what it names, and the next event fires it.")
    failures: list[str] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failures.append(error.str())

    owners = {letter.topic: topic_named(letter.topic).owner for letter in letters}
    producers = {owner: Producer({**config_of(owner), **_PRODUCER}) for owner in set(owners.values())}
    for letter in letters:
        _send(producers[owners[letter.topic]], letter, delivered, failures)
    unsent = sum(producer.flush(FLUSH_SECONDS_MAX) for producer in producers.values())
    if unsent or failures:
        reason = failures[0] if failures else "no answer"
        message = f"{unsent + len(failures)} of {len(letters)} records were not taken by the broker: {reason}."
        raise UnavailableError(message, remediation="Check the broker, and replay the same letters again.")
    return len(letters)


def _send(
    producer: Producer,
    letter: Letter,
    delivered: Callable[[KafkaError | None, Message], None],
    failures: list[str],
) -> None:
    headers = [*letter.headers, (REPLAY_HEADER, str(letter.place).encode())]
    # one that lay in a wrong partition goes where its key belongs
    where: dict[str, Any] = {} if letter.code == WRONG_PARTITION else {"partition": letter.partition}
    while True:
        try:
            producer.produce(
                letter.topic,
                key=letter.key,
                value=letter.value,
                headers=headers,  # type: ignore[arg-type]  # the stubs leave bytes out
                on_delivery=delivered,
                **where,
            )
        except BufferError:
            producer.poll(0.1)
        except KafkaException as error:
            failures.append(error.args[0].str())
            return
        else:
            producer.poll(0)
            return
