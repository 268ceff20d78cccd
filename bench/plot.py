"""Ratios of a throughput run as a picture: one bar for each side and shape, ours being 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from bench.sides import OURS
from bench.workload import Shape

WIDTH = 760
LEFT, RIGHT, BAR, GAP, GROUP = 190, 90, 16, 4, 14
_COLOURS: Mapping[str, str] = {Shape.BURSTY: "#4a78b5", Shape.UNIFORM: "#b07d1e"}
_STYLE = 'text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #76818f }'


def svg(result: Mapping[str, Any]) -> str:
    """An SVG of events per second relative to ours, longest bar first; it reads on light and on dark ground.

    Sides that failed are left out.
    """
    shares = {name: _shares(result, name) for name in result[Shape.BURSTY.value]["sides"]}
    drawn = sorted((n for n, found in shares.items() if found), key=lambda n: (n != OURS, -max(shares[n].values())))
    longest = max(max(shares[name].values()) for name in drawn)
    scale = (WIDTH - LEFT - RIGHT) / longest
    parts: list[str] = []
    top = 56
    for name in drawn:
        parts += _bars(name, shares[name], top, scale)
        top += len(Shape) * (BAR + GAP) + GROUP
    title = "Events per second relative to Ordertruth, which is 1"
    legend = " ".join(
        f'<rect x="{LEFT + 130 * i}" y="32" width="12" height="12" rx="2" fill="{_COLOURS[shape]}"/>'
        f'<text x="{LEFT + 130 * i + 18}" y="43">{shape}</text>'
        for i, shape in enumerate(Shape)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img" aria-labelledby="title">\n'
        f'<title id="title">{title}</title>\n<style>{_STYLE}</style>\n'
        f'<text x="{LEFT}" y="20">{title}</text>\n{legend}\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _shares(result: Mapping[str, Any], name: str) -> dict[str, float]:
    """The side's share of our speed on each shape."""
    found = {}
    for shape in Shape:
        sides = result[shape.value]["sides"]
        if "failed" not in sides[name] and "failed" not in sides[OURS]:
            found[shape.value] = sides[name]["events_per_second"] / sides[OURS]["events_per_second"]
    return found


def _bars(name: str, shares: Mapping[str, float], top: int, scale: float) -> Iterator[str]:
    yield f'<text x="{LEFT - 10}" y="{top + BAR + GAP // 2 + 4}" text-anchor="end">{escape(name)}</text>'
    for row, (shape, share) in enumerate(shares.items()):
        y = top + row * (BAR + GAP)
        length = max(1.0, share * scale)
        yield f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2" fill="{_COLOURS[shape]}"/>'
        yield f'<text x="{LEFT + length + 8:.1f}" y="{y + BAR - 3}">{share:.3g}</text>'
