"""A result as tables, page and picture."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from bench.measure import Timing
from bench.performance import page
from bench.plot import svg
from bench.report import tables
from bench.statistics import lower, ratios, summary
from bench.throughput import outputs_differ


def side(speed: float, outputs: float) -> dict[str, Any]:
    timing = Timing(1000, 1000 / speed, 0.5, None, 100.0, complete=True)
    return {"label": "it", **summary([timing]), "outputs_per_event": outputs, "differing_orders": 0}


def result() -> dict[str, Any]:
    sides = {
        "ordertruth": side(1000, 0.1),
        "plain_faust": side(50, 0.105),
        "quix_eos": {"label": "x", "failed": "It <ended>."},
    }
    shape = {
        "events": 1250,
        "warm_up": 250,
        "orders": 100,
        "sides": sides,
        "ratio": ratios(sides, "ordertruth"),
        "outputs_differ": outputs_differ(sides),
        "tables_equal": True,
        "failed": ["quix_eos"],
    }
    machine = {
        "processor": "a processor",
        "cores": 2,
        "memory_gib": 23,
        "system": "Linux",
        "load_before": 0.0,
        "python": "3.11",
        "kafka": "4.3.1",
        "packages": {"fastavro": "1.13"},
        "peers_packages": {"bytewax": "0.21"},
        "partitions": 4,
        "commit_ms": 100,
        "store": "memory",
    }
    return {
        "mode": "throughput",
        "command": "ordertruth bench --events 1000",
        "machine": machine,
        "bursty": shape,
        "uniform": shape,
        "ratio": lower(shape["ratio"], shape["ratio"]),
        "tables_equal": True,
    }


def test_each_shape_has_a_table_and_failed_sides_say_so() -> None:
    found = list(tables(result()))
    assert [table.title.split(":")[0] for table in found] == ["bursty", "uniform"]
    assert found[0].rows[1][0] == "plain_faust"
    assert "20.00 x" in found[0].rows[1]
    assert found[0].rows[2][:2] == ("quix_eos", "failed")
    assert all(len(row) == len(found[0].columns) for row in found[0].rows)


def test_the_page_names_command_machine_and_ratios() -> None:
    text = page([result()])
    for part in ("ordertruth bench --events 1000", "a processor", "bytewax (peers) 0.21", "| plain_faust | 20.00 x |"):
        assert part in text


def test_without_a_run_the_page_says_how_it_is_measured() -> None:
    assert "No run has been recorded yet." in page([])


def test_the_picture_is_well_formed_and_leaves_failed_sides_out() -> None:
    drawn = svg(result())
    root = ET.fromstring(drawn)
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"ordertruth", "plain_faust", "1", "0.05"} <= texts
    assert "quix_eos" not in drawn


def test_outputs_a_tenth_apart_are_not_comparable() -> None:
    sides = {"ordertruth": side(1, 1.0), "near": side(1, 0.91), "far": side(1, 0.85), "failed": {"failed": "x"}}
    assert outputs_differ(sides) == ["far"]
