"""The aggregate store without its database: the same decisions and the same rows, kept by nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from domain.command import Command, CommandResult
from topics.outbox import OutboxRow
from topics.store.aggregates import Folded
from topics.store.hosting import HOSTED, HostedAggregate
from topics.store.told import Hearers
from topics.store.work import Work, as_request


class InMemoryStore:
    """Carries commands out as `AggregateStore` does and hands out what it would have put into the outbox.

    For examples, generators and tests: everything is remembered for as long as the store lives, and nothing longer.
    A command no hosted aggregate lists goes to the first one, which refuses it.
    """

    def __init__(self, hosted: Sequence[HostedAggregate] = HOSTED) -> None:
        self._default = hosted[0]
        self._by_command = {command: host for host in hosted for command in host.commands}
        self._work = Work({}, {}, defaultdict(Folded))

    def handle(self, command: Command, now: datetime) -> tuple[CommandResult, list[OutboxRow]]:
        """Carry out one command at a platform time: its result, and the rows to publish in order.

        Raises `ContractError` for an id no database could hold.
        """
        host = self._by_command.get(type(command), self._default)
        self._work.hearers = Hearers.now()  # it lives longer than logging stays as it is
        result = self._work.carry_out(as_request(command, host), now)
        rows = list(self._work.outbox)
        for kept in (self._work.outbox, self._work.events, self._work.commands):
            kept.clear()
        return result, rows
