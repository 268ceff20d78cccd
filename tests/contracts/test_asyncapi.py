"""The AsyncAPI document against the specification's JSON Schema, another implementation of it, and the catalogue."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
import subprocess
import tarfile
import warnings
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from fastavro import parse_schema
from jsonschema import Draft7Validator

from domain.catalogue import RECORDS
from topics.catalogue import DERIVED_TOPICS, OWNER_TOPICS
from topics.contracts.asyncapi import channel_id
from topics.contracts.examples import example_of
from topics.contracts.export import DEFAULT_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # fields of its models shadow others; nothing we could mend
    from asyncapi3.models.asyncapi import AsyncAPI3

SPECS = "@asyncapi/specs@6.11.1"
TARBALL = "asyncapi-specs-6.11.1.tgz"
TARBALL_SHA256 = "01af8744dc33c0c7eb2e908f6a955319ee58b70ecadc9387d1aeb16c0cd28928"
SCHEMA = "package/schemas/3.0.0.json"

Document = dict[str, Any]


@pytest.fixture(scope="module")
def official(jar_cache_dir: Path) -> jsonschema_rs.Draft7Validator:
    """The schema the specification is published with, fetched once as its own package."""
    tarball = jar_cache_dir / "schemas" / TARBALL
    if not tarball.is_file():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("there is no npm to fetch the schema with")
        tarball.parent.mkdir(parents=True, exist_ok=True)
        command = [npm, "pack", SPECS, "--silent", "--pack-destination", str(tarball.parent)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            pytest.skip(f"the schema could not be fetched: {done.stderr.strip()[-200:]}")
    assert hashlib.sha256(tarball.read_bytes()).hexdigest() == TARBALL_SHA256
    with tarfile.open(tarball) as archive:
        member = archive.extractfile(SCHEMA)
        assert member is not None
        return jsonschema_rs.Draft7Validator(json.load(member))


def _spoiled(document: Document, spoil: Callable[[Document], object]) -> Document:
    copied = copy.deepcopy(document)
    spoil(copied)
    return copied


CHANNEL, OPERATION = "oms_product-orders_v1", "oms_sends_oms_product-orders_v1"
SPOILS: dict[str, Callable[[Document], object]] = {
    "no info": lambda d: d.pop("info"),
    "no partitions": lambda d: d["channels"][CHANNEL]["bindings"]["kafka"].update(partitions=0),
    "a cleanup policy of its own": lambda d: d["channels"][CHANNEL]["bindings"]["kafka"]["topicConfiguration"].update(
        {"cleanup.policy": ["burn"]}
    ),
    "an action of version 2": lambda d: d["operations"][OPERATION].update(action="publish"),
    "an unknown word in a binding": lambda d: d["servers"]["kafka"]["bindings"]["kafka"].update(oops=1),
}


def test_it_is_valid_by_the_schema_of_the_specification(
    official: jsonschema_rs.Draft7Validator, asyncapi: Document
) -> None:
    assert [(list(e.instance_path), e.message[:300]) for e in official.iter_errors(asyncapi)] == []


@pytest.mark.parametrize("spoil", SPOILS)
def test_that_schema_refuses_what_is_wrong(
    official: jsonschema_rs.Draft7Validator, asyncapi: Document, spoil: str
) -> None:
    assert not official.is_valid(_spoiled(asyncapi, SPOILS[spoil]))


def test_it_is_valid_by_another_implementation(asyncapi: Document) -> None:
    AsyncAPI3.model_validate(asyncapi)


@pytest.mark.parametrize("spoil", sorted(set(SPOILS) - {"a cleanup policy of its own"}))
def test_that_implementation_refuses_what_is_wrong(asyncapi: Document, spoil: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        AsyncAPI3.model_validate(_spoiled(asyncapi, SPOILS[spoil]))


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from _references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _references(inner)


def test_every_reference_leads_somewhere(asyncapi: Document) -> None:
    references = set(_references(asyncapi))
    assert references
    for reference in references:
        if reference.startswith("#/"):
            node: Any = asyncapi
            for step in reference.removeprefix("#/").split("/"):
                assert step in node, reference
                node = node[step]
        else:
            parse_schema(json.loads((DEFAULT_FOLDER / reference).read_text(encoding="utf-8")))


def test_every_owned_and_derived_topic_is_a_channel_and_nothing_else_is(asyncapi: Document) -> None:
    assert {c["address"] for c in asyncapi["channels"].values()} == {t.name for t in (*OWNER_TOPICS, *DERIVED_TOPICS)}
    for topic in (*OWNER_TOPICS, *DERIVED_TOPICS):
        config = asyncapi["channels"][channel_id(topic.name)]["bindings"]["kafka"]["topicConfiguration"]
        assert {k: v if isinstance(v, list) else str(v) for k, v in config.items()} == {
            **topic.config(),
            "cleanup.policy": [topic.cleanup.value],
        }


def test_every_record_is_a_message_and_those_without_a_contract_are_said_to_be(asyncapi: Document) -> None:
    assert set(asyncapi["components"]["messages"]) == {r.name for r in RECORDS}
    contracted = {r.name for r in RECORDS}
    for topic in OWNER_TOPICS:
        channel = asyncapi["channels"][channel_id(topic.name)]
        assert list(channel["messages"]) == [n for n in topic.records if n in contracted]
        assert channel.get("x-records-without-contract", []) == [n for n in topic.records if n not in contracted]


def test_only_the_owner_sends_and_every_consumer_receives(asyncapi: Document) -> None:
    operations = asyncapi["operations"]
    for topic in (*OWNER_TOPICS, *DERIVED_TOPICS):
        here = {
            name: o for name, o in operations.items() if o["channel"]["$ref"] == f"#/channels/{channel_id(topic.name)}"
        }
        senders = [o["bindings"]["kafka"]["clientId"]["const"] for o in here.values() if o["action"] == "send"]
        readers = [o["bindings"]["kafka"]["groupId"]["const"] for o in here.values() if o["action"] == "receive"]
        assert senders == [topic.owner]
        assert readers == list(topic.consumers)


def test_the_headers_of_every_example_fit_its_message(asyncapi: Document) -> None:
    checked = 0
    for record in RECORDS:
        example = example_of(record)
        if example is None:
            continue
        whole = {**asyncapi["components"]["messages"][record.name]["headers"], "components": asyncapi["components"]}
        validator = Draft7Validator(whole)
        assert list(validator.iter_errors(dict(example.headers))) == []
        assert list(validator.iter_errors({**example.headers, "content-type": "application/json"}))
        checked += 1
    assert checked
