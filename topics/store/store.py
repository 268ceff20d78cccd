"""The aggregate store: commands in, events and outbox rows out, in one transaction (R64-R67, R310-R313)."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
import structlog
from psycopg import Connection, errors
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from avro.contract import contract
from domain.command import Command, CommandResult
from domain.errors import ConfigurationError, UnavailableError
from domain.order_capture.events import EVENTS as ATTEMPT_EVENTS
from topics import outbox
from topics.store import chain, reading, writing
from topics.store.aggregates import FoldCache, Folded, fold
from topics.store.hosting import HOSTED, HostedAggregate
from topics.store.rows import AggregateKey
from topics.store.work import Request, Work, as_request

TRIES_MAX = 12
PAUSE_S_MAX = 0.2
CACHE_SIZE = 20_000

Database = Connection[Any] | ConnectionPool[Any]

log = structlog.get_logger(__name__)

_CONTENTION = (errors.UniqueViolation, errors.DeadlockDetected, errors.SerializationFailure)


class AggregateStore:
    """Carries out commands on the aggregates it hosts, all of them unless told otherwise.

    `database` is a pool, or one connection that is not used for anything else meanwhile; several threads may share
    the store. A command no hosted aggregate lists goes to the first one, which refuses it. Raises `ContractError`
    when a hosted event has no committed schema.
    """

    def __init__(
        self,
        database: Database,
        hosted: Sequence[HostedAggregate] = HOSTED,
        *,
        cache_size: int = CACHE_SIZE,
    ) -> None:
        if not hosted:
            message = "The aggregate store hosts no aggregate."
            raise ConfigurationError(message, remediation="Hand it at least one.")
        self._database = database
        self._hosts = {host.name: host for host in hosted}
        self._default = hosted[0]
        self._by_command = {command: host for host in hosted for command in host.commands}
        self._cache = FoldCache(cache_size)
        self._connection_lock = threading.Lock()
        self._schemas = _schemas(hosted)
        self._schemas_kept = False

    def handle(self, command: Command, now: datetime) -> CommandResult:
        """Carry out one command; see `handle_many`."""
        return self.handle_many(((command, now),))[0]

    def handle_many(self, sent: Sequence[tuple[Command, datetime]]) -> list[CommandResult]:
        """Carry out commands one after the other in one transaction; their results in the same order.

        1. read what is remembered of them, the claims they need and the events their aggregates lack in the cache;
        2. decide each in memory: a refusal is a result like any other and touches no neighbour;
        3. write events, outbox, results and claims, and commit;
        4. when another writer was quicker (a version, a command id or a claim is taken by now), nothing of it was
           written: everything is done again from 1, a bounded number of times.

        Each command comes with the platform clock at which it is decided and its events are recorded. Raises
        `UnavailableError` when the database is away or the contention does not end, and `ContractError` for an id no
        database could hold or an envelope no attempt could be published in. When the connection breaks during the
        commit, the outcome is unknown: the same commands may be sent again, and are then answered from memory.
        """
        requests = [as_request(c, self._by_command.get(type(c), self._default)) for c, _ in sent]
        if not requests:
            return []
        for attempt in range(1, TRIES_MAX + 1):
            try:
                with self._session() as connection:
                    work = self._read(connection, requests)
                    results = [work.carry_out(request, at) for request, (_, at) in zip(requests, sent, strict=True)]
                    self._write(connection, work)
            except _CONTENTION as error:
                constraint = error.diag.constraint_name
                log.info("commands_retried", attempt=attempt, commands=len(sent), constraint=constraint)
                # Jitter, or two writers that collided once would collide again in step.
                time.sleep(random.uniform(0, PAUSE_S_MAX * attempt / TRIES_MAX))
                continue
            except psycopg.OperationalError as error:
                raise _away(error) from error
            self._schemas_kept = True
            self._cache.keep(work.folds)
            return results
        message = f"Other writers were quicker {TRIES_MAX} times in a row; no command of this request was carried out."
        raise UnavailableError(message, remediation="Send the same commands again.")

    def load(self, aggregate_id: str, aggregate_type: str | None = None) -> tuple[Any, int]:
        """State and version of an aggregate; `(None, 0)` when there is none. The type defaults to the first hosted.

        Raises `IntegrityError` when its events cannot be folded, `UnavailableError` when the database is away.
        """
        key = (aggregate_type or self._default.name, aggregate_id)
        try:
            with self._session() as connection:
                folds = self._folds(connection, [key])
        except psycopg.OperationalError as error:
            raise _away(error) from error
        self._cache.keep(folds)
        return folds[key].state, folds[key].version

    def verify_chain(self, aggregate_id: str, aggregate_type: str | None = None) -> int:
        """Check the hash chain of an aggregate; the number of its events (R125).

        Raises `IntegrityError` naming the first version that is missing or was altered, `UnavailableError` when the
        database is away.
        """
        try:
            with self._session() as connection:
                rows, answered = reading.read_chain(connection, (aggregate_type or self._default.name, aggregate_id))
        except psycopg.OperationalError as error:
            raise _away(error) from error
        chain.check(aggregate_id, rows, answered)
        return len(rows)

    def _read(self, connection: Connection[Any], requests: Sequence[Request]) -> Work:
        memories = reading.read_commands(connection, {r.identity for r in requests})
        fresh = [r for r in requests if r.fingerprint not in memories.get(r.identity, {})]
        claims = reading.read_claims(connection, {key for r in fresh for key in r.claim_keys()})
        return Work(memories, claims, self._folds(connection, {r.aggregate_key for r in fresh}))

    def _folds(
        self, connection: Connection[Any], keys: Sequence[AggregateKey] | set[AggregateKey]
    ) -> dict[AggregateKey, Folded]:
        folds = {key: self._cache.get(key) for key in keys}
        if not folds:
            return folds
        newer = reading.read_events(connection, {key: folded.version for key, folded in folds.items()})
        for key, events in newer.items():
            folds[key] = fold(self._hosts[key[0]].aggregate, key[1], folds[key], events)
        return folds

    def _write(self, connection: Connection[Any], work: Work) -> None:
        if not work.commands:
            return
        if not self._schemas_kept:
            writing.keep_schemas(connection, self._schemas)
        writing.append_events(connection, work.events)
        outbox.insert(connection, work.outbox)
        writing.remember_commands(connection, work.commands)
        writing.make_claims(connection, work.new_claims)

    @contextmanager
    def _session(self) -> Iterator[Connection[Any]]:
        """A transaction of its own, committed at the end of the block."""
        if isinstance(self._database, ConnectionPool):
            with self._database.connection() as connection, connection.transaction():
                yield connection
            return
        with self._connection_lock:
            if self._database.info.transaction_status is not TransactionStatus.IDLE and not self._database.closed:
                message = "The connection handed to the aggregate store is in a transaction of somebody else."
                raise ConfigurationError(message, remediation="Give the store a connection or a pool of its own.")
            with self._database.transaction():
                yield self._database


def _schemas(hosted: Sequence[HostedAggregate]) -> Mapping[str, tuple[str, str]]:
    """The schema of every event that may be published, which also shows now and not later when one is missing."""
    names = [name for host in hosted for name in host.aggregate.events] + [m.__name__ for m in ATTEMPT_EVENTS]
    agreed = [contract(name) for name in names]
    return {outbox.schema_fingerprint(a.text): (a.full_name, a.text) for a in agreed}


def _away(error: psycopg.OperationalError) -> UnavailableError:
    why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    message = f"The database of the aggregates does not answer: {why}."
    return UnavailableError(message, remediation="Start it (`ordertruth up`) and send the same commands again.")
