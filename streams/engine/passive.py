"""A Faust consumer that leaves offsets and topics alone: they are the engine's transaction's and the catalogue's."""

from __future__ import annotations

from typing import Any

from faust.transport.consumer import Consumer as FaustConsumer
from faust.types import TP


class PassiveConsumer(FaustConsumer):
    """Everything Faust would do to offsets and topics by itself, switched off."""

    async def commit(self, *_: Any, **__: Any) -> bool:
        """Offsets are committed by the engine's transaction."""
        return False

    async def force_commit(self, *_: Any, **__: Any) -> bool:
        """Offsets are committed by the engine's transaction."""
        return False

    async def _commit(self, offsets: Any) -> bool:
        return True

    async def perform_seek(self) -> None:
        """Positions come from the engine."""

    async def seek_to_committed(self) -> dict[TP, int]:
        """Positions come from the engine."""
        return {}

    async def _seek(self, partition: TP, offset: int) -> None: ...

    async def seek_wait(self, partitions: Any) -> None:
        """Positions come from the engine."""

    async def seek_to_beginning(self, *partitions: TP) -> None:
        """Positions come from the engine."""

    async def position(self, tp: TP) -> int | None:
        """Unknown to Faust."""
        return None

    async def earliest_offsets(self, *partitions: TP) -> dict[TP, int]:
        """Unknown to Faust."""
        return {}

    async def highwaters(self, *partitions: TP) -> dict[TP, int]:
        """Unknown to Faust; lag is watched from outside."""
        return {}

    async def _getmany(self, active_partitions: Any, timeout: float) -> dict[TP, Any]:
        return {}

    async def create_topic(self, *args: Any, **kwargs: Any) -> None:
        """Topics come from the catalogue."""

    async def verify_all_partitions_active(self) -> None:
        """Idle partitions are no fault."""

    def highwater(self, tp: TP) -> int:
        """Unknown to Faust; lag is watched from outside."""
        return 0

    def topic_partitions(self, topic: str) -> int | None:
        """Unknown to Faust."""
        return None

    def key_partition(self, topic: str, key: bytes | None, partition: int | None = None) -> int | None:
        """Nothing is sent through Faust's producer."""
        return partition

    def _to_message(self, tp: TP, record: Any) -> Any:
        return record

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)
