"""Platform time for each tenant: the wall clock for the living, the events' own time for the simulated."""

from __future__ import annotations

SIMULATED_PREFIX = "sim-"
LIVE = ""
"""Name of the clock that all tenants share which are not simulated: the wall clock."""

_SIMULATED_BYTES = SIMULATED_PREFIX.encode()


def clock_of(key: bytes) -> str:
    """Name of the clock a key lives by: the tenant it begins with when that one is simulated, else LIVE."""
    if not key.startswith(_SIMULATED_BYTES):
        return LIVE
    return key.partition(b":")[0].decode(errors="backslashreplace")


class PlatformClock:
    """What time it is for a tenant, in microseconds since the epoch.

    A simulated tenant (`sim-…`) lives in the time its events were recorded in: its clock stands at the newest one
    read. Every other tenant has the wall clock, which the caller passes in.
    """

    def __init__(self) -> None:
        self._simulated: dict[str, int] = {}

    def read(self, tenant: str, recorded_us: int, now_us: int) -> int:
        """The tenant's time on reading an event recorded at `recorded_us`."""
        if not tenant.startswith(SIMULATED_PREFIX):
            return now_us
        newest = max(recorded_us, self._simulated.get(tenant, 0))
        self._simulated[tenant] = newest
        return newest
