"""The page of a topic: who owns and reads it, what may be relied on, what its records mean, how to read it again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from topics.contracts.agreed import Agreed, TopicContract
from topics.contracts.envelope import DERIVED_HEADERS, FACT_HEADERS
from topics.contracts.fields import FieldOf, Types, fields_in, kind_of
from topics.contracts.guarantees import guarantees_of
from topics.contracts.places import Beside, Places
from topics.platform_topics import DEAD_LETTERS
from topics.topic import Kind, Topic

MADE = "<!-- Made by `ordertruth contracts export` from the catalogue; edits are lost. -->"


def topic_page(contract: TopicContract, places: Places, beside: Beside) -> str:
    """A topic as Markdown; `beside` is seen from the folder of the pages."""
    topic = contract.topic
    parts = [MADE, f"# {topic.name}", f"{topic.description} [All topics](../README.md)", _facts(contract, places)]
    if not contract.is_interface:
        parts.append("For the platform alone: its records may change with every release. Build on other topics.")
        return "\n\n".join(parts) + "\n"
    parts += [_reliance(topic), _headers(topic), *_records(contract, beside), _aliases(contract), _replay(topic)]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar within a cell does not end it."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _facts(contract: TopicContract, places: Places) -> str:
    topic = contract.topic
    letters = DEAD_LETTERS.get(topic.name)
    rows = [
        ("owner, the only producer", f"`{topic.owner}`"),
        ("consumers", " ".join(f"`{c}`" for c in topic.consumers) or "none yet"),
        ("kind", topic.kind.value),
        ("aggregate", topic.aggregate or "none"),
        ("key", topic.key),
        ("classification", topic.classification.value),
        ("partitions", f"{topic.partitions(places.partitions)} by default; equal for all topics that are joined"),
        ("largest record", f"{topic.max_bytes} bytes"),
    ]
    if contract.is_interface:
        rows.append(("contract", f"{contract.version}, {contract.status}"))
    if letters is not None:
        rows.append(("dead letters", f"`{letters.name}`"))
    return table(("", ""), rows)


def _reliance(topic: Topic) -> str:
    return "## What may be relied on\n\n" + table(("", ""), guarantees_of(topic).rows)


def _headers(topic: Topic) -> str:
    known = FACT_HEADERS if topic.kind is Kind.OWNER else DERIVED_HEADERS
    rows = [(f"`{h.name}`", "" if h.required else "optional", h.meaning) for h in known]
    return "## Headers\n\n" + table(("header", "", "meaning"), rows)


def _records(contract: TopicContract, beside: Beside) -> list[str]:
    parts = ["## Records"]
    if contract.missing:
        names = " ".join(f"`{name}`" for name in contract.missing)
        parts.append(f"Without a contract yet, and therefore not published: {names}.")
    if not contract.agreed:
        if not contract.missing:
            parts.append("No record is agreed yet, and none is published.")
        return parts
    common = _common(contract.agreed)
    if common:
        parts.append("Every record on this topic has these fields:\n\n" + _field_table(common))
    shared = {f.name for f in common}
    for agreed in contract.agreed:
        parts += _record(contract, agreed, shared, beside)
    return [*parts, *_types(contract.agreed)]


def _common(agreed: Sequence[Agreed]) -> list[FieldOf]:
    """The fields that all records have alike; none when there is only one record to have them."""
    if len(agreed) < 2:
        return []
    first, *others = ({f.name: f for f in fields_in(a.schema)} for a in agreed)
    return [f for n, f in first.items() if all(n in o and o[n].plain == f.plain for o in others)]


def _record(contract: TopicContract, agreed: Agreed, shared: set[str], beside: Beside) -> list[str]:
    own = [f for f in fields_in(agreed.schema) if f.name not in shared]
    schema = beside.schema(agreed.record.owner, agreed.name)
    parts = [
        f"### {agreed.name}",
        str(agreed.schema.get("doc", "")),
        f"[Schema]({schema}), subject `{contract.subject(agreed)}`.",
        _field_table(own) if own else "It has no further fields.",
    ]
    if agreed.example is None:
        parts.append("It has no example yet.")
    else:
        link = beside.example(agreed.record.owner, agreed.name)
        parts.append(f"<details><summary>Example</summary>\n\n[As a file]({link})\n\n{_block(agreed)}\n\n</details>")
    return parts


def _block(agreed: Agreed) -> str:
    assert agreed.example is not None
    shown: dict[str, Any] = {
        "key": agreed.example.key,
        "headers": dict(agreed.example.headers),
        "value": dict(agreed.example.value),
    }
    return f"```json\n{json.dumps(shown, indent=1, ensure_ascii=False)}\n```"


def _field_table(fields: Iterable[FieldOf]) -> str:
    rows = [(f"`{f.name}`", _linked(f), "null, too" if f.nullable else "", f.meaning, f.classification) for f in fields]
    return table(("field", "type", "", "meaning", "class"), rows)


def _linked(field: FieldOf) -> str:
    word = kind_of(field.type)
    name = word.rpartition(" ")[2]
    return f"{word.removesuffix(name)}[{name}](#{name.lower()})" if name[:1].isupper() else word


def _types(agreed: Iterable[Agreed]) -> list[str]:
    """The nested types of all records, each once: within one topic a name means one type."""
    found: dict[str, dict[str, Any]] = {}
    for one in agreed:
        for named in Types(one.schema).named():
            found.setdefault(named["name"], named)
    parts = ["## Types"] if found else []
    for name, named in sorted(found.items()):
        parts += [f"### {name}", named.get("doc", "")]
        if named["type"] == "enum":
            unknown = named.get("default")
            parts.append(" ".join(f"`{symbol}`" for symbol in named["symbols"] if symbol != unknown))
            if unknown:
                parts.append(f"A reader of an older schema sees a new symbol as `{unknown}`; nobody writes it.")
        else:
            parts.append(_field_table(fields_in(named)))
    return parts


def _aliases(contract: TopicContract) -> str:
    rows = [(f"`{alias}`", f"`{a.name}`") for a in contract.agreed for alias in a.aliases]
    if not rows:
        return ""
    return "## Other names\n\nForeign systems may publish the same under other names:\n\n" + table(
        ("name", "is read as"), rows
    )


def _replay(topic: Topic) -> str:
    return (
        f"## Reading it again\n\n{guarantees_of(topic).replay}\n\n"
        "A group of your own goes back to the beginning, while none of its members run, by\n\n"
        "```sh\nkafka-consumer-groups.sh --bootstrap-server HOST:PORT --group GROUP \\\n"
        f"  --topic {topic.name} --reset-offsets --to-earliest --execute\n```\n\n"
        "How to read correctly, with a program to start from: [consuming.md](../../consuming.md)."
    )
