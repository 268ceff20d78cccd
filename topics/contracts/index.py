"""The index of the exported contracts, and the page about dead letters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from topics.contracts.agreed import TopicContract
from topics.contracts.pages import MADE, table
from topics.topic import Kind

ASYNCAPI_FILE = "asyncapi.yaml"
ACLS_FILE = "acls.sh"
LINEAGE_FILE = "openlineage.json"
ALIASES_FILE = "aliases.json"
DEAD_LETTERS_FILE = "topics/dead-letters.md"

_HEADINGS = {
    Kind.OWNER: "Facts, published by their owners",
    Kind.DERIVED: "Derived by the platform",
    Kind.INTERNAL: "Internal to the platform",
    Kind.CHANGELOG: "Changelogs of the platform",
}


def index_page(contracts: Sequence[TopicContract]) -> str:
    """Every topic with its owner and how far its contract goes."""
    parts = [MADE, "# Contracts", _INTRODUCTION, _files()]
    for kind, heading in _HEADINGS.items():
        chosen = [c for c in contracts if c.topic.kind is kind]
        if chosen:
            parts += [f"## {heading}", table(_COLUMNS, [_row(c) for c in chosen])]
    parts += [f"Dead letters have [a page of their own]({DEAD_LETTERS_FILE}).", *_open(contracts)]
    return "\n\n".join(parts) + "\n"


def dead_letters_page(contracts: Iterable[TopicContract]) -> str:
    """Where records go that could not be read or applied."""
    rows = [
        (f"`{c.topic.name}`", c.topic.key, c.topic.classification.value)
        for c in contracts
        if c.topic.kind is Kind.DEAD_LETTER
    ]
    listed = table(("topic", "key", "classification"), rows)
    return "\n\n".join((MADE, "# Dead letters", _DEAD_LETTERS, listed)) + "\n"


_COLUMNS = ("topic", "owner", "what", "contract", "records", "without contract", "without example")
_INTRODUCTION = (
    "What every topic carries, who owns it, and what may be relied on: one page each, and the same for tools. All of "
    "it is made from the catalogue in `topics/`, the models in `domain/` and the schemas and examples in `avro/`. How "
    "to read a topic correctly: [consuming.md](../consuming.md)."
)
_DEAD_LETTERS = (
    "A record that a consumer cannot read or apply goes to the dead letters of its topic: key, value and headers byte "
    "for byte, and beside them headers that begin with `dlq_` and say where it lay, who gave it up, and why. "
    "[errors.md](../../errors.md) lists headers and codes. Nothing is compacted or expires here: two bad records of "
    "one key are two losses."
)


def _files() -> str:
    rows = [
        (f"[{ASYNCAPI_FILE}]({ASYNCAPI_FILE})", "AsyncAPI 3.0 with Kafka bindings: channels, operations, messages"),
        ("[odcs/](odcs)", "Open Data Contract Standard 3.1, one for each topic that has a record with a contract"),
        (f"[{ACLS_FILE}]({ACLS_FILE})", "who may do what on the broker, as calls of `kafka-acls.sh`"),
        (f"[{LINEAGE_FILE}]({LINEAGE_FILE})", "OpenLineage names: inputs, job, outputs"),
        (f"[{ALIASES_FILE}]({ALIASES_FILE})", "other names of events and actions, to be put right on read"),
    ]
    return table(("file", "what it is"), rows)


def _row(contract: TopicContract) -> tuple[str, ...]:
    topic = contract.topic
    records = len(contract.agreed) + len(contract.missing)
    link = f"[{topic.name}](topics/{topic.name}.md)"
    if not contract.is_interface:
        return link, topic.owner, topic.description, "", "", "", ""
    state = f"[{contract.version}](odcs/{topic.name}.odcs.yaml), {contract.status}" if contract.agreed else "none yet"
    bare = sum(a.example is None for a in contract.agreed)
    counts = (str(records or ""), str(len(contract.missing) or ""), str(bare or ""))
    return link, topic.owner, topic.description, state, *counts


def _open(contracts: Sequence[TopicContract]) -> list[str]:
    """What is not there yet, by name."""
    missing = [name for c in contracts for name in c.missing]
    bare = [a.name for c in contracts for a in c.agreed if a.example is None]
    parts = []
    for what, names in (("a contract", missing), ("an example", bare)):
        if names:
            listed = " ".join(f"`{name}`" for name in names)
            parts.append(f"Still without {what} ({len(names)}): {listed}.")
    return ["## What is missing", *parts] if parts else []
