"""The pages: every topic has one, what it says is what the catalogue says, and its links lead somewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from avro.contract import contract
from domain.catalogue import RECORDS
from topics.catalogue import DEAD_LETTERS, DERIVED_TOPICS, OWNER_TOPICS, TOPICS, Kind, topic_of
from topics.contracts.export import DEFAULT_FOLDER
from topics.contracts.fields import Types
from topics.contracts.guarantees import guarantees_of
from topics.contracts.index import DEAD_LETTERS_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from domain.catalogue import RecordType
    from topics.contracts.agreed import TopicContract
    from topics.topic import Topic

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PAGED = [t for t in TOPICS if t.kind is not Kind.DEAD_LETTER]


def test_every_topic_has_a_page_and_stands_in_the_index(made: Mapping[str, str]) -> None:
    pages = {n.removeprefix("topics/").removesuffix(".md") for n in made if n.startswith("topics/")}
    assert pages == {*(t.name for t in PAGED), "dead-letters"}
    for topic in PAGED:
        assert f"(topics/{topic.name}.md)" in made["README.md"], topic.name
    for letters in DEAD_LETTERS.values():
        assert f"`{letters.name}`" in made[DEAD_LETTERS_FILE]


@pytest.mark.parametrize("topic", [*OWNER_TOPICS, *DERIVED_TOPICS], ids=lambda t: t.name)
def test_a_page_says_whose_it_is_who_reads_it_and_what_may_be_relied_on(made: Mapping[str, str], topic: Topic) -> None:
    page = made[f"topics/{topic.name}.md"]
    assert f"| owner, the only producer | `{topic.owner}` |" in page
    assert all(f"`{consumer}`" in page for consumer in topic.consumers)
    promised = guarantees_of(topic)
    assert all(f"| {about} | {promise} |" in page for about, promise in promised.rows)
    assert promised.replay in page
    assert f"--topic {topic.name} --reset-offsets" in page


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.name)
def test_every_field_of_a_record_is_explained_on_its_page(made: Mapping[str, str], record: RecordType) -> None:
    page = made[f"topics/{topic_of(record).name}.md"]
    assert f"\n### {record.name}\n" in page
    for field in contract(record.name).schema["fields"]:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{field['name']}` |"))
        assert field["doc"].replace("|", "\\|") in page
        assert row.endswith(("public |", "internal |", "confidential |", "pii |"))


def test_records_without_contract_or_example_are_said_to_be(made: Mapping[str, str]) -> None:
    contracted = {r.name for r in RECORDS}
    for topic in OWNER_TOPICS:
        page = made[f"topics/{topic.name}.md"]
        missing = [n for n in topic.records if n not in contracted]
        assert ("Without a contract yet" in page) is bool(missing)
        assert all(f"`{n}`" in page and f"`{n}`" in made["README.md"] for n in missing)


def test_every_link_leads_to_a_file_and_a_heading(made: Mapping[str, str]) -> None:
    for name, text in made.items():
        if not name.endswith(".md"):
            continue
        headings = {h.lower().replace(" ", "-").replace(".", "") for h in HEADING.findall(text)}
        for link in LINK.findall(text):
            path, _, anchor = link.partition("#")
            if not path:
                assert anchor in headings, f"{name}: {link}"
                continue
            target = (DEFAULT_FOLDER / name).parent / path
            inside = target.resolve().relative_to(DEFAULT_FOLDER.resolve()) if _within(target) else None
            assert target.exists() or str(inside) in made, f"{name}: {link}"


def _within(path: Path) -> bool:
    return path.resolve().is_relative_to(DEFAULT_FOLDER.resolve())


def test_tables_have_as_many_cells_as_columns(made: Mapping[str, str]) -> None:
    for name, text in made.items():
        if not name.endswith(".md"):
            continue
        for block in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
            widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(widths) == 1, f"{name}: {block[:200]}"


def test_within_a_topic_a_name_means_one_type(contracts: tuple[TopicContract, ...]) -> None:
    """The page explains each nested type once."""
    for contract_of in contracts:
        found: dict[str, object] = {}
        for agreed in contract_of.agreed:
            for named in Types(agreed.schema).named():
                assert found.setdefault(named["name"], named) == named, f"{agreed.name}: {named['name']}"
