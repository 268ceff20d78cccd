"""The real stack for the whole test session, on a state folder of its own."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

from compose.logs import forget_logs
from compose.settings import Settings
from compose.stack.lifecycle import running_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from compose.stack.endpoints import Endpoints

REPOSITORY = Path(__file__).resolve().parents[1]

# Given outright, so that services named in the developer's own environment are left alone.
EMBEDDED = {
    "kafka_bootstrap_servers": None,
    "kafka_security_protocol": "PLAINTEXT",
    "kafka_sasl_mechanism": None,
    "kafka_sasl_username": None,
    "kafka_sasl_password": None,
    "schema_registry_url": None,
    "database_url": None,
    "clickhouse_dsn": None,
}


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command run in this process points the logs at a stream that is closed after its test."""
    yield
    structlog.reset_defaults()
    forget_logs()


@pytest.fixture(scope="session")
def jar_cache_dir() -> Path:
    """Where the Java parts are kept between sessions: fetching them takes longer than most tests."""
    return Settings(_env_file=None).cache_dir or REPOSITORY / ".ordertruth" / "cache"


@pytest.fixture(scope="session")
def new_state_dir() -> Iterator[Callable[[], Path]]:
    """Makes short-lived state folders; not under pytest's own folder, which is closed to other users."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="ordertruth-test-")))
        return made[-1] / "state"

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def stack_settings(new_state_dir: Callable[[], Path], jar_cache_dir: Path) -> Settings:
    """The settings of the session's stack."""
    return Settings(state_dir=new_state_dir(), cache_dir=jar_cache_dir, _env_file=None, **EMBEDDED)


@pytest.fixture(scope="session")
def stack(stack_settings: Settings) -> Iterator[Endpoints]:
    """The endpoints of a real broker, registry, database and analytics server, stopped with the session."""
    with running_stack(stack_settings) as endpoints:
        yield endpoints
