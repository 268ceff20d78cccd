"""The API over a database of its own, filled by the real sink with what a simulated enterprise comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg.conninfo import make_conninfo

from compose.access.book import TokenBook
from compose.access.schema import cursor_key
from compose.access.schema import set_up as set_up_access
from compose.access.tokens import Wish, create
from compose.serving.decisions import case_decisions
from console import Service, create_api
from console.measuring import Measurements
from console.paging import Cursors
from domain.access import AUDIENCES, Scope
from domain.fold.heard import Heard
from sinks.clickhouse.metrics import MetricReader
from sinks.postgres.reading import ReadModel
from sinks.postgres.sink import PostgresSink
from sinks.tables import TABLES
from tests.console.enterprise import RUN, records, write
from topics.store import migrate

if TYPE_CHECKING:
    from compose.stack.endpoints import Endpoints

TENANT = "sim-24"
DATABASE = "console_test"


class Standing:
    """A freshness that is what a test says (`console.ports.Freshness`); `looks` counts how often it was asked anew."""

    def __init__(self) -> None:
        self.at: datetime | None = None
        self.looks = 0
        self.after_look: datetime | None = None

    def complete_as_of(self, topic: str) -> datetime | None:
        """The same for every topic there is."""
        assert topic in {table.topic for table in TABLES}
        return self.at

    async def look(self) -> None:
        """Learn what the test has prepared."""
        self.looks += 1
        self.at = self.after_look or self.at


class Remembered:
    """The enterprise's events by where they lie (`console.ports.History`)."""

    def __init__(self) -> None:
        self._events = {(e.topic, e.partition, e.offset): e for e in RUN.events}

    async def events(self, places: Sequence[tuple[str, int, int]]) -> list[Heard]:
        """Those that are there."""
        return [self._events[place] for place in places]


@dataclass
class Clock:
    """The time, as a test sets it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Api:
    """The running API, and what a test moves."""

    client: TestClient
    service: Service
    clock: Clock
    freshness: Standing
    database_url: str
    tokens: Mapping[str, str]

    def get(self, path: str, scope: str = "operations", **params: Any) -> Any:
        return self.client.get(path, params=params, headers=self.bearer(scope))

    def post(self, path: str, body: Any, scope: str = "operations") -> Any:
        return self.client.post(path, json=body, headers=self.bearer(scope))

    def bearer(self, scope: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[scope]}"}

    def new_token(self, *scopes: str, tenant: str = TENANT, days: int = 1, **more: Any) -> str:
        wish = Wish("somebody", tenant, frozenset(map(Scope, scopes)), timedelta(days=days), **more)
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return create(connection, wish, self.clock())[0]


@pytest.fixture(scope="session")
def filled(stack: Endpoints) -> str:
    """The address of a database whose read model is filled."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    url = make_conninfo(stack.database_url, dbname=DATABASE)
    with PostgresSink(url, TABLES) as sink:
        sink.setup()
        for table, found in records().items():
            if found:
                write(sink, table, found)
    with psycopg.connect(url, autocommit=True) as connection:
        set_up_access(connection)
        migrate(connection)
    return url


@pytest.fixture(scope="session")
def running(filled: str, stack: Endpoints) -> Iterator[Api]:
    with psycopg.connect(filled, autocommit=True) as connection:
        key = cursor_key(connection)
        tokens = _tokens(connection)
    clock, freshness = Clock(datetime.now(UTC)), Standing()
    analytics = MetricReader(stack.clickhouse_dsn)
    with closing(analytics), case_decisions(filled, clock) as decisions:
        model, passes = ReadModel(filled, sorted(AUDIENCES)), TokenBook(filled)
        service = Service(
            model=model,
            passes=passes,
            freshness=freshness,
            cursors=Cursors(key),
            measurements=Measurements(),
            decisions=decisions,
            history=Remembered(),
            metrics=analytics,
            now=clock,
            opened=(model, passes),
        )
        with TestClient(create_api(service), raise_server_exceptions=False) as client:
            yield Api(client, service, clock, freshness, filled, tokens)


@pytest.fixture
def api(running: Api) -> Api:
    """The API with a fresh read model, at the present."""
    clock, freshness = running.clock, running.freshness
    clock.now = datetime.now(UTC)
    freshness.at, freshness.looks, freshness.after_look = clock.now - timedelta(milliseconds=40), 0, None
    return running


def _tokens(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """One token for each scope, and some for those who decide about cases."""
    now = datetime.now(UTC)

    def make(name: str, scope: Scope, **more: Any) -> str:
        return create(connection, Wish(name, TENANT, frozenset({scope}), timedelta(days=1), **more), now)[0]

    accounts = (f"{TENANT}:account-000000",)
    found = {s.value: make(s.value, s, accounts=accounts if s is Scope.CUSTOMER else ()) for s in Scope}
    found["analyst"] = make("analyst-1", Scope.OPERATIONS, role="reconciliation-analyst")
    found["supervisor"] = make("supervisor-1", Scope.OPERATIONS, role="reconciliation-supervisor")
    return found
