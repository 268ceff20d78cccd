"""Schema ids must outlive the registry: every record on Kafka names its schema by id.

The ids and a fingerprint of each schema are kept in the state folder and compared at the next start.
"""

from __future__ import annotations

import hashlib
import json
import urllib.error
from typing import TYPE_CHECKING
from urllib.parse import quote

from compose.stack.folder import read_json, write_json
from compose.stack.registry import get_json
from domain.errors import IntegrityError

if TYPE_CHECKING:
    from pathlib import Path

HTTP_NOT_FOUND = 404


def record_schema_ids(file: Path, registry_url: str) -> dict[str, str]:
    """Read every schema the registry holds and keep id and fingerprint in `file` (`StateFolder.schema_ids_file`).

    Call it after registering. Ids already kept stay kept. Returns id to fingerprint. Raises IntegrityError when an id
    now means another schema, and OSError when the registry does not answer.
    """
    known = _read(file)
    found: dict[str, str] = {}
    for subject in get_json(f"{registry_url}/subjects"):
        name = quote(subject, safe="")
        for version in get_json(f"{registry_url}/subjects/{name}/versions"):
            entry = get_json(f"{registry_url}/subjects/{name}/versions/{version}")
            found[str(entry["id"])] = fingerprint(entry["schema"])
    _compare(known, found, file)
    if {**known, **found} != known:
        write_json(file, {**known, **found})
    return {**known, **found}


def check_schema_ids(file: Path, registry_url: str) -> None:
    """Compare every id kept with what the registry says now.

    Raises IntegrityError when an id is gone or means another schema: records on Kafka could not be read, or would be
    read wrongly.
    """
    known = _read(file)
    found: dict[str, str] = {}
    for schema_id in known:
        try:
            found[schema_id] = fingerprint(get_json(f"{registry_url}/schemas/ids/{schema_id}")["schema"])
        except urllib.error.HTTPError as error:
            if error.code != HTTP_NOT_FOUND:
                raise
    lost = sorted(known.keys() - found.keys(), key=int)
    if lost:
        msg = f"The schema registry has lost the schema ids {', '.join(lost)}, which records on Kafka name."
        raise IntegrityError(msg, remediation=_mend(file))
    _compare(known, found, file)


def fingerprint(schema: str) -> str:
    """SHA-256 of a schema, whatever its layout as JSON."""
    try:
        text = json.dumps(json.loads(schema), sort_keys=True, separators=(",", ":"))
    except ValueError:
        text = schema
    return hashlib.sha256(text.encode()).hexdigest()


def _compare(known: dict[str, str], found: dict[str, str], file: Path) -> None:
    changed = sorted((i for i in known.keys() & found.keys() if known[i] != found[i]), key=int)
    if changed:
        msg = f"The schema ids {', '.join(changed)} mean other schemas than when records were written with them."
        raise IntegrityError(msg, remediation=_mend(file))


def _read(file: Path) -> dict[str, str]:
    return {str(k): str(v) for k, v in read_json(file).items()} if file.exists() else {}


def _mend(file: Path) -> str:
    return (
        f"Restore the registry's data ({file.parent / 'registry'}) from a copy. Only when nothing on Kafka is needed "
        f"any more, delete the folder {file.parent} to start from nothing."
    )
