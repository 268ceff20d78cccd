"""The shipped order-state application on topics of its own: what is measured is what runs in production."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from avro.registry import Registry
from compose.workers import run_stream
from domain.order_state.policy import REFERENCE_V1
from streams.engine.app import create_app
from streams.engine.engine import EngineConfig
from streams.engine.opening import StoreKind
from streams.order_state import OrderStateProcessor
from topics.catalogue import ORDER_STATE


class OnTopic(Registry):
    """Finds schema ids where they are registered, whatever the topic of the measurement is called."""

    def id_for(self, topic: str, record_name: str) -> int:
        """The id on the catalogue's topic."""
        return super().id_for(ORDER_STATE.name, record_name)


def main() -> None:
    """Run the worker that the plan on the command line describes."""
    plan = json.loads(sys.argv[1])
    contracts = OnTopic(plan["registry_url"])
    data_dir = Path(plan["data_dir"])
    config = EngineConfig(
        app=plan["group"],
        instance=plan["instance"],
        kafka_config=plan["kafka"],
        changelog=plan["changelog"],
        dead_letter_topics={plan["input"]: plan["dead_letters"]},
        store=StoreKind(plan.get("store", StoreKind.MEMORY)),
        store_dir=data_dir / "stores",
    )
    processor = OrderStateProcessor(contracts, REFERENCE_V1, plan["output"])
    app = create_app(config, processor, [plan["input"]], data_dir)
    run_stream(app)


if __name__ == "__main__":
    main()
