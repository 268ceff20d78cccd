"""The list of faults as documentation has it."""

from __future__ import annotations

from collections.abc import Iterator

from compose.simulate.faults.catalogue import FAULTS


def rows() -> Iterator[str]:
    """The table of faults, a row for each, in Markdown."""
    yield "| fault | made | what happens | found as | entity | stands for |"
    yield "|---|---|---|---|---|---|"
    for fault in FAULTS:
        found = f"`{fault.rule}`" if fault.verdict is None else f"`{fault.verdict}`"
        modes = ", ".join(fault.modes) or "-"
        yield f"| `{fault.name}` | {fault.place} | {fault.does} | {found} | {fault.entity} | {modes} |"
