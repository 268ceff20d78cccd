"""Start the server: `python -m sinks.clickhouse_server --path FOLDER --port N`.

User and password come from CLICKHOUSE_SERVER_USER and CLICKHOUSE_SERVER_PASSWORD, because a command line can be read
by everyone on the machine.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path


def main() -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m sinks.clickhouse_server", description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="folder of the data")
    parser.add_argument("--port", type=int, required=True, help="port on the loopback interface")
    arguments = parser.parse_args()
    # Times without a zone mean UTC everywhere on the platform, and the engine takes the process's zone.
    os.environ["TZ"] = "UTC"
    time.tzset()
    from sinks.clickhouse_server.engine import Engine
    from sinks.clickhouse_server.http import ClickHouseHttpServer

    engine = Engine(arguments.path)
    server = ClickHouseHttpServer(
        ("127.0.0.1", arguments.port),
        engine,
        user=os.environ.get("CLICKHOUSE_SERVER_USER", "default"),
        password=os.environ.get("CLICKHOUSE_SERVER_PASSWORD", ""),
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, name="accept")
    serving.start()
    stop.wait()
    server.shutdown()
    serving.join()
    server.server_close()
    engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
