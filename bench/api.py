"""How quickly the query API answers over many orders: a server in a process of its own, asked at a steady rate."""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import Any, Self
from urllib.parse import quote, urlsplit

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from bench.order_rows import Filled, fill
from compose.access.schema import set_up as set_up_access
from compose.access.tokens import Wish, create
from compose.stack.endpoints import Endpoints
from domain.access import Scope
from domain.errors import UnavailableError
from sinks.postgres.sink import PostgresSink
from topics.store import migrate

TENANT = "bench"
STOP_SECONDS_MAX = 60.0
WARM_UP_SECONDS = 3.0
SEED = 20
CLIENTS = 8


@dataclass
class Answers:
    """What was answered: milliseconds from when each request was due, by kind, and how many were no good."""

    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: int = 0


def run(
    endpoints: Endpoints, *, orders: int = 100_000, rate: int = 100, clients: int = CLIENTS, seconds: float = 30.0
) -> dict[str, Any]:
    """Fill a database of its own with `orders`, serve it, and ask `rate` requests a second in all for `seconds`.

    Each kind of request comes in turn: one order, and a search by each filter. A request is timed from the moment it
    was due, so that one that waits for a slow one before it counts as slow, too. `server_cpu_ms` is what one costs the
    API's own process. The database is dropped at the end.
    """
    name = f"bench_api_{random.SystemRandom().randrange(10**8)}"
    url = make_conninfo(endpoints.database_url, dbname=name)
    with psycopg.connect(endpoints.database_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            began = time.monotonic()
            filled, token = _prepared(url, orders)
            fill_seconds = round(time.monotonic() - began, 1)
            with _Server(replace(endpoints, database_url=url)) as server:
                asked = [dict(zip(("kind", "path"), one, strict=True)) for one in _requests(filled)]
                _ask(server.address, token, asked, rate, clients, WARM_UP_SECONDS)
                before = server.cpu_seconds()
                answers = _ask(server.address, token, asked, rate, clients, seconds)
                cpu_seconds = server.cpu_seconds() - before
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    every = [ms for found in answers.ms.values() for ms in found]
    return {
        "orders": orders,
        "rate": rate,
        "clients": clients,
        "seconds": seconds,
        "fill_seconds": fill_seconds,
        "failed": answers.failed,
        "server_cpu_ms": round(cpu_seconds * 1000 / len(every), 2),
        "all": _figures(every),
        "kinds": {kind: _figures(found) for kind, found in sorted(answers.ms.items())},
    }


def _prepared(url: str, orders: int) -> tuple[Filled, str]:
    with PostgresSink(url) as model:
        model.setup()
    with psycopg.connect(url, autocommit=True) as connection:
        migrate(connection)
        set_up_access(connection)
        filled = fill(connection, TENANT, orders)
        wish = Wish("bench", TENANT, frozenset({Scope.OPERATIONS}), timedelta(days=1))
        return filled, create(connection, wish, datetime.now(UTC))[0]


def _requests(filled: Filled) -> Iterator[tuple[str, str]]:
    """Kinds of requests in turn; a thousand of each kind differ in what they look for."""
    choose = random.Random(SEED)
    for _ in range(1000):
        number = choose.randrange(filled.orders)
        yield "order", f"/orders/{quote(filled.order_id(number), safe='')}"
        yield "number", f"/orders?number={quote(filled.number(number))}"
        yield "quote", f"/orders?quote={quote(filled.quote_id(number))}"
        yield "account", f"/orders?account={quote(filled.account_id(number))}"
        yield "state", f"/orders?state={choose.choice(filled.states)}"
        yield "itemState", f"/orders?itemState={choose.choice(filled.item_states)}"
        yield "stuck", "/orders?stuck=true"
        yield "newest", "/orders"
        yield "state and account", f"/orders?state={filled.states[0]}&account={quote(filled.account_id(number))}"


def _ask(
    address: str, token: str, asked: Sequence[Mapping[str, str]], rate: int, clients: int, seconds: float
) -> Answers:
    """Ask at a steady rate, each client what falls to it."""
    answers, lock = Answers(), threading.Lock()
    count = round(rate * seconds)
    begin = time.perf_counter() + 0.2

    def client(number: int) -> None:
        parts = urlsplit(address)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        for turn in range(number, count, clients):
            due, what = begin + turn / rate, asked[turn % len(asked)]
            time.sleep(max(0.0, due - time.perf_counter()))
            good = _answered(connection, what["path"], token)
            ms = (time.perf_counter() - due) * 1000
            with lock:
                answers.ms[what["kind"]].append(ms)
                answers.failed += not good
        connection.close()

    threads = [threading.Thread(target=client, args=(number,), name=f"client-{number}") for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _answered(connection: http.client.HTTPConnection, path: str, token: str) -> bool:
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return False
    return answer.status == http.client.OK


class _Server:
    """The API in a process of its own, while the block runs."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._plan = json.dumps(endpoints.to_json())
        self.address = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.api_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{self._plan}\n")
        self._process.stdin.flush()
        self.address = self._process.stdout.readline().strip()
        if not self.address:
            message = "The API did not start."
            raise UnavailableError(message, remediation="See what its process wrote above.")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=STOP_SECONDS_MAX)

    def cpu_seconds(self) -> float:
        """What the process has used so far; the database's share is not in it."""
        used = psutil.Process(self._process.pid).cpu_times()
        return float(used.user + used.system)


def _figures(ms: Sequence[float]) -> dict[str, Any]:
    cuts = quantiles(ms, n=100, method="inclusive")
    return {
        "requests": len(ms),
        "p50_ms": round(cuts[49], 2),
        "p99_ms": round(cuts[98], 2),
        "max_ms": round(max(ms), 2),
    }
