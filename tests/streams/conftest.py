"""The platform of this package's worker tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from compose.platform import prepare
from compose.settings import Settings
from compose.stack.lifecycle import running_stack
from compose.supervise import Supervised
from compose.verify.run import verify
from domain.errors import UnavailableError
from tests.conftest import EMBEDDED
from tests.streams.patient import Patient
from tests.streams.platform import Platform, told_on_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="package")
def platform(new_state_dir: Callable[[], Path], jar_cache_dir: Path) -> Iterator[Platform]:
    """A stack whose owner topic holds what these tests publish and nothing else."""
    settings = Settings(state_dir=new_state_dir(), cache_dir=jar_cache_dir, _env_file=None, **EMBEDDED)
    with running_stack(settings) as endpoints:
        with pytest.raises(UnavailableError) as early:
            verify(endpoints, settle_seconds=0, apps=())
        assert early.value.remediation, "verifying before anything is prepared says what to do"
        prepare(settings, endpoints)
        with Supervised(settings, ["sink-postgres", "sink-clickhouse"]):
            yield Platform(settings, endpoints)


@pytest.fixture
def patient(platform: Platform, tmp_path: Path) -> Iterator[Patient]:
    """An order-state application of its own, on topics of one partition."""
    with told_on_failure(tmp_path / "worker.log"):
        yield Patient(platform, tmp_path)
