"""Free ports on the loopback interface, kept from one start to the next where they stay free."""

from __future__ import annotations

import errno
import random
import socket
from typing import TYPE_CHECKING

from domain.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LOOPBACK = "127.0.0.1"
# Below the range systems hand out to outgoing connections, so that none of those takes the port between two starts.
PORT_LOWEST = 20_000
PORT_HIGHEST = 32_000
ATTEMPTS = 500


def is_free(port: int) -> bool:
    """Whether nothing listens on the port of the loopback interface and this process may bind it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: a connection that is still winding down must not make the port look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def choose(names: Collection[str], kept: Mapping[str, int], fixed: Mapping[str, int]) -> dict[str, int]:
    """A free port for each name: the fixed one, else the one of the last start if it is free, else a new one.

    `fixed` maps names to the ports the settings ask for. Raises ConfigurationError when such a port is taken or
    given twice, and UnavailableError when no free port is found.
    """
    chosen: dict[str, int] = {}
    for name in names:
        port = fixed.get(name)
        if port is None:
            continue
        setting = f"ORDERTRUTH_STACK__{name.upper()}_PORT"
        if port in chosen.values():
            msg = f"{setting}: port {port} is given to two parts."
            raise ConfigurationError(msg, remediation="Give each part a port of its own.")
        if not is_free(port):
            msg = f"{setting}: port {port} is taken by another process."
            raise ConfigurationError(
                msg, remediation="Stop that process, set another port, or remove the setting to have one chosen."
            )
        chosen[name] = port
    for name in names:
        if name not in chosen:
            port = kept.get(name)
            taken = {*chosen.values(), *fixed.values()}
            chosen[name] = port if port and port not in taken and is_free(port) else _pick(taken)
    return chosen


def _pick(taken: Collection[int]) -> int:
    source = random.SystemRandom()
    for _attempt in range(ATTEMPTS):
        port = source.randint(PORT_LOWEST, PORT_HIGHEST)
        if port not in taken and is_free(port):
            return port
    msg = f"No free port between {PORT_LOWEST} and {PORT_HIGHEST} was found."
    raise UnavailableError(msg, remediation="Stop some of the processes that listen there.")
