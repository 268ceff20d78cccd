"""How much a worker may hold in memory of what it reads and sends: every bound, in one place."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one worker, in MiB, beside its state.

    - `fetch_queue_mb`: records fetched ahead, waiting in the client;
    - `fetch_mb`: one answer of a broker, on top of that, as it travels (a compressed one is larger once opened);
    - `poll_mb`: what one poll aims to bring; a single record may be larger;
    - `backlog_mb` and `backlog_batches`: batches handed over and not applied yet, whichever is reached first;
    - `send_queue_mb`: outputs and changelog on their way to the broker.

    After waiting `pause_after_seconds` for room in the backlog, fetching is paused.
    """

    fetch_queue_mb: int = 32
    fetch_mb: int = 8
    poll_mb: int = 16
    backlog_mb: int = 64
    backlog_batches: int = 8
    send_queue_mb: int = 64
    pause_after_seconds: float = 15.0

    @property
    def ceiling_bytes(self) -> int:
        """The most a worker holds beside its state, its program, and the changes since its last commit.

        What was fetched ahead counts twice: a poll may bring all of it, and it is fetched anew meanwhile.
        """
        fetched = self.fetch_queue_mb + self.fetch_mb
        return (2 * fetched + self.backlog_mb + self.send_queue_mb) * MEBIBYTE

    def consumer_config(self) -> dict[str, int]:
        """The client's settings that keep to these bounds while reading."""
        return {
            "queued.min.messages": 100_000,
            "queued.max.messages.kbytes": self.fetch_queue_mb * 1024,
            "fetch.max.bytes": self.fetch_mb * MEBIBYTE,
        }

    def producer_config(self) -> dict[str, int]:
        """The client's settings that keep to these bounds while sending."""
        return {"queue.buffering.max.messages": 500_000, "queue.buffering.max.kbytes": self.send_queue_mb * 1024}
