"""Platform time for each tenant: the wall clock for the living, the events' own time for the simulated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SIMULATED_PREFIX = "sim-"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PlatformClock:
    """What time it is for a tenant.

    A simulated tenant (`sim-…`) lives in the time its events were recorded in: its clock stands at the newest one
    read. Every other tenant has the wall clock, which the caller passes in.
    """

    def __init__(self) -> None:
        self._simulated: dict[str, int] = {}

    def read(self, tenant: str, recorded_us: int, now: datetime) -> datetime:
        """The tenant's time on reading an event recorded at `recorded_us` (microseconds since the epoch)."""
        if not tenant.startswith(SIMULATED_PREFIX):
            return now
        newest = max(recorded_us, self._simulated.get(tenant, 0))
        self._simulated[tenant] = newest
        return _EPOCH + timedelta(microseconds=newest)
