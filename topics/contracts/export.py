"""All documents together, written to a folder or compared with what lies there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from avro.aliases import EVENT_ALIASES
from avro.generate import SCHEMA_DIR, pretty
from domain.errors import ConfigurationError
from domain.order_state.states import ACTION_ALIASES
from topics.contracts.acls import acl_script, grants
from topics.contracts.agreed import TopicContract
from topics.contracts.asyncapi import asyncapi
from topics.contracts.examples import EXAMPLES_DIR
from topics.contracts.index import (
    ACLS_FILE,
    ALIASES_FILE,
    ASYNCAPI_FILE,
    DEAD_LETTERS_FILE,
    LINEAGE_FILE,
    dead_letters_page,
    index_page,
)
from topics.contracts.lineage import Job, lineage
from topics.contracts.odcs import data_contract
from topics.contracts.pages import topic_page
from topics.contracts.places import Beside, Places
from topics.topic import Kind

try:
    from yaml import CSafeDumper as SafeDumper
except ImportError:  # built without libyaml: the same text, several times slower
    from yaml import SafeDumper  # type: ignore[assignment]

REPOSITORY = SCHEMA_DIR.parents[1]
DEFAULT_FOLDER = REPOSITORY / "docs" / "contracts"
MARK = "Made by `ordertruth contracts export`"
"""In the first line of every exported file that can hold a comment: only such files are ever removed."""

_INDEX = "README.md"
_FOLDERS = ("topics", "odcs")

Documents = dict[str, str]
"""Text by path, relative to the folder exported to."""


@dataclass(frozen=True, slots=True)
class Stale:
    """A file that is not what the catalogue says; `problem` ends the sentence that the file's name begins."""

    file: str
    problem: str


def documents(contracts: Sequence[TopicContract], jobs: Iterable[Job], places: Places, folder: Path) -> Documents:
    """Every document for a folder.

    Within the repository they point at the schemas and examples where these lie; anywhere else copies lie beside
    them, so that the folder can be handed on.
    """
    inside = folder.resolve().is_relative_to(REPOSITORY)
    here = _beside(folder) if inside else Beside()
    below = Beside(f"../{here.schemas}", f"../{here.examples}")
    granted = grants([c.topic for c in contracts])
    made = {
        _INDEX: index_page(contracts),
        ASYNCAPI_FILE: _yaml(asyncapi(contracts, places, here)),
        ACLS_FILE: acl_script(granted, places.kafka),
        LINEAGE_FILE: _json(lineage(jobs, [c.topic for c in contracts], places)),
        ALIASES_FILE: _json(_aliases()),
        DEAD_LETTERS_FILE: dead_letters_page(contracts),
    }
    for contract in contracts:
        name = contract.topic.name
        if contract.topic.kind is not Kind.DEAD_LETTER:
            made[f"topics/{name}.md"] = topic_page(contract, places, below)
        if contract.is_interface and contract.agreed:
            made[f"odcs/{name}.odcs.yaml"] = _yaml(data_contract(contract, granted, places, below))
    return made if inside else {**made, **_copies(contracts, here)}


def write(made: Mapping[str, str], folder: Path) -> list[str]:
    """Write documents; returns the names of the files that changed, or went because they are no longer made.

    Raises `ConfigurationError` when the folder cannot be written, or is somebody else's.
    """
    if (folder / _INDEX).is_file() and not _is_ours(folder / _INDEX):
        message = f"{folder} has a {_INDEX} that is not an exported one."
        raise ConfigurationError(message, remediation="Give --out a folder for the exported contracts alone.")
    changed = [s.file for s in stale(made, folder)]
    try:
        for name in changed:
            path = folder / name
            if name not in made:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[name], encoding="utf-8")
        (folder / ACLS_FILE).chmod(0o755)
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror or error}."
        raise ConfigurationError(message, remediation="Give --out a folder you may write to.") from None
    return changed


def stale(made: Mapping[str, str], folder: Path) -> list[Stale]:
    """The files of a folder that are missing, differ, or are no longer made, by name."""
    found = []
    for name, text in made.items():
        path = folder / name
        if not path.is_file():
            found.append(Stale(name, "is missing"))
        elif path.read_text(encoding="utf-8", errors="replace") != text:
            found.append(Stale(name, "differs from the catalogue"))
    there = {str(PurePosixPath(p.relative_to(folder))) for d in _FOLDERS for p in (folder / d).glob("*") if _is_ours(p)}
    found += [Stale(name, "is of nothing in the catalogue") for name in there - set(made)]
    return sorted(found, key=lambda s: s.file)


def _is_ours(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        return MARK in file.readline()


def _beside(folder: Path) -> Beside:
    schemas, examples = (PurePosixPath(os.path.relpath(d, folder.resolve())) for d in (SCHEMA_DIR, EXAMPLES_DIR))
    return Beside(str(schemas), str(examples))


def _copies(contracts: Iterable[TopicContract], beside: Beside) -> Documents:
    copies = {}
    for agreed in (a for c in contracts for a in c.agreed):
        owner = agreed.record.owner
        copies[beside.schema(owner, agreed.name)] = pretty(dict(agreed.schema))
        if agreed.example is not None:
            copies[beside.example(owner, agreed.name)] = agreed.example.text()
    return copies


def _aliases() -> dict[str, Any]:
    return {"events": dict(EVENT_ALIASES), "actions": {alias: a.value for alias, a in ACTION_ALIASES.items()}}


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


class _Dumper(SafeDumper):
    """YAML without anchors: a tool that reads the file need not follow them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """Several lines as they stand, so that a person can read them."""
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Dumper.add_representer(str, _Dumper.represent_str)


def _yaml(value: Any) -> str:
    head = f"# {MARK} from the catalogue; edits are lost.\n"
    return head + yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
