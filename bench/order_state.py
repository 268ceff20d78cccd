"""The shipped order-state application on topics of its own: what is measured is what runs in production."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import faust

from avro.registry import Registry
from domain.order_state.policy import REFERENCE_V1
from streams.engine.app import create_app
from streams.engine.engine import EngineConfig
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
    config = EngineConfig(
        app=plan["group"],
        instance=plan["instance"],
        kafka_config=plan["kafka"],
        changelog=plan["changelog"],
        dead_letter_topics={plan["input"]: plan["dead_letters"]},
    )
    processor = OrderStateProcessor(contracts, REFERENCE_V1, plan["output"])
    app = create_app(config, processor, [plan["input"]], Path(plan["data_dir"]))
    faust.Worker(app, loglevel="WARN", redirect_stdouts=False, quiet=True).execute_from_commandline()


if __name__ == "__main__":
    main()
