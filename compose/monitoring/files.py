"""The files of Prometheus and Grafana in `compose/`: what they hold, writing them, and finding those that are stale."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from compose.monitoring.dashboards import DATASOURCE, dashboards
from compose.monitoring.rules import rules

FOLDER = Path(__file__).resolve().parents[1]
"""`compose/`."""
_MADE = "# Made by `ordertruth monitoring export` from the catalogue of metrics; change that, not this file.\n"


def files() -> dict[str, str]:
    """The text of each file by its path below `compose/`."""
    found = {
        "prometheus/prometheus.yml": _yaml(_prometheus()),
        "prometheus/rules/ordertruth.yml": _yaml(rules()),
        "grafana/provisioning/datasources/ordertruth.yml": _yaml(_datasource()),
        "grafana/provisioning/dashboards/ordertruth.yml": _yaml(_provider()),
    }
    for name, dashboard in dashboards().items():
        found[f"grafana/dashboards/{name}"] = json.dumps(dashboard, indent=1) + "\n"
    return found


def stale(folder: Path = FOLDER) -> list[str]:
    """The files that are missing or are not what the catalogue comes to, by path."""
    made = files()
    return [name for name, text in made.items() if not _is(folder / name, text)]


def write(folder: Path = FOLDER) -> list[str]:
    """Write what is stale; returns the paths."""
    outdated = stale(folder)
    for name in outdated:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files()[name], encoding="utf-8")
    return outdated


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _yaml(value: dict[str, Any]) -> str:
    return _MADE + yaml.safe_dump(value, sort_keys=False, width=118, allow_unicode=True)


def _prometheus() -> dict[str, Any]:
    targets = {"files": ["targets/*.json"], "refresh_interval": "15s"}
    return {
        "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
        "rule_files": ["rules/*.yml"],
        "scrape_configs": [{"job_name": "ordertruth", "file_sd_configs": [targets]}],
    }


def _datasource() -> dict[str, Any]:
    source = {
        "name": "Ordertruth",
        "uid": DATASOURCE["uid"],
        "type": DATASOURCE["type"],
        "access": "proxy",
        "url": "http://127.0.0.1:9090",
        "isDefault": True,
        "editable": False,
    }
    return {"apiVersion": 1, "datasources": [source]}


def _provider() -> dict[str, Any]:
    provider = {
        "name": "Ordertruth",
        "type": "file",
        "disableDeletion": True,
        "allowUiUpdates": False,
        "options": {"path": "/etc/grafana/dashboards"},
    }
    return {"apiVersion": 1, "providers": [provider]}
