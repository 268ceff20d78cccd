"""The exported documents, made once for all tests that look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from compose.contracts.jobs import jobs
from topics.contracts.agreed import TopicContract, topic_contracts
from topics.contracts.export import DEFAULT_FOLDER, documents
from topics.contracts.index import ASYNCAPI_FILE
from topics.contracts.places import Places

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture(scope="package")
def contracts() -> tuple[TopicContract, ...]:
    return topic_contracts()


@pytest.fixture(scope="package")
def made(contracts: tuple[TopicContract, ...]) -> Mapping[str, str]:
    """Every document as it belongs into the repository."""
    return documents(contracts, jobs(Places()), Places(), DEFAULT_FOLDER)


@pytest.fixture(scope="package")
def asyncapi(made: Mapping[str, str]) -> dict[str, Any]:
    return dict(yaml.safe_load(made[ASYNCAPI_FILE]))


@pytest.fixture(scope="package")
def data_contracts(made: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The data contracts by topic."""
    return {
        name.removeprefix("odcs/").removesuffix(".odcs.yaml"): yaml.safe_load(text)
        for name, text in made.items()
        if name.startswith("odcs/")
    }
