"""The query API as it ships, in a process of its own: endpoints come in on standard input, its address goes out."""

from __future__ import annotations

import json
import sys

from compose.logs import configure_logs
from compose.serving.run import serve
from compose.stack.endpoints import Endpoints


def main() -> None:
    """Serve until SIGTERM."""
    configure_logs("error")  # standard output is for the address
    serve(Endpoints.from_json(json.loads(sys.stdin.readline())), 0, _told)


def _told(address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
