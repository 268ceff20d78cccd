"""The wire between outbox and topic in the place where the relay hands its batches over."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from avro.codec import frame
from compose.simulate.direct import Message, SchemaId
from compose.simulate.faults.wire import Wire
from topics.outbox import OutboxMessage, Published
from topics.relay.delivery import Carrier, Framed, Report

NOWHERE = -1
"""Partition and offset of what was lost on the way: the relay believes it is published."""


class FaultyCarrier:
    """Hands batches over to an honest carrier, after the wire has had them.

    A batch that failed comes again, so what the wire made of each row is kept until the row is delivered.
    """

    def __init__(self, honest: Carrier, wire: Wire, schema_id: SchemaId) -> None:
        self._honest = honest
        self._wire = wire
        self._schema_id = schema_id
        self._kept: dict[int, list[Framed]] = {}
        self.sent: Counter[str] = Counter()
        """How many records of the run went to each topic; the outbox may hold those of others."""
        self._never = threading.Event()

    def deliver(self, batch: Sequence[Framed], stop: threading.Event) -> Report:
        """Publish what the wire leaves of a batch; rows it swallows are reported as delivered.

        A batch that was begun is finished even when the relay is to stop: what a stopped one has on its way would be
        sent once more, and the topics of one seed would not be the same.
        """
        passed = [(framed, self._passed(framed)) for framed in batch]
        report = self._honest.deliver([one for _, parts in passed for one in parts], self._never)
        for framed, parts in passed:
            seq = framed.message.seq
            if not parts:
                report.delivered.setdefault(seq, Published(seq, NOWHERE, NOWHERE))
            if seq in report.delivered and self._kept.pop(seq, None) is not None:
                self.sent.update(one.message.topic for one in parts if self._wire.carries(one.message.key))
        return report

    def close(self) -> None:
        """Close the honest carrier."""
        self._honest.close()

    def _passed(self, framed: Framed) -> list[Framed]:
        row = framed.message
        if row.seq not in self._kept:
            name = row.record.rpartition(".")[2]
            message = Message(row.topic, row.key, row.event_id, name, list(row.headers), row.body)
            self._kept[row.seq] = [self._framed(framed, one, message) for one in self._wire.pass_on(message)]
        return self._kept[row.seq]

    def _framed(self, framed: Framed, one: Message, original: Message) -> Framed:
        if one is original:
            return framed
        row: OutboxMessage = replace(framed.message, key=one.key, headers=tuple(one.headers), body=one.body)
        return replace(framed, message=row, value=frame(self._schema_id(one.topic, one.record), one.body))
