"""The rules of the house, held against every file: what imports what, how big things are, what must not be there."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports
from pydantic import BaseModel

from domain.catalogue import RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("avro", "bench", "compose", "console", "domain", "sinks", "streams", "topics")
FUNCTION_LINES_MAX = 70
MODULE_LINES_MEDIAN_MAX = 150
MODULE_LINES_NINE_OF_TEN_MAX = 475
RULES_MIN = 4
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc)($|_)")


@cache
def kept_files() -> tuple[Path, ...]:
    """Every file that is, or would be, committed; those Git ignores are not."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:  # a release without its history
        skipped = {"__pycache__", ".venv", ".ordertruth", ".git", "build"}
        found = [p for p in ROOT.rglob("*") if not skipped & set(p.relative_to(ROOT).parts)]
    else:
        found = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return tuple(p for p in found if p.is_file())


def modules(*rooms: str) -> list[Path]:
    return [p for p in kept_files() if p.suffix == ".py" and p.relative_to(ROOT).parts[0] in rooms]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_room_imports_only_what_it_may(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(str(ROOT / "pyproject.toml"), no_cache=True)
    said = capsys.readouterr().out
    assert status == EXIT_STATUS_SUCCESS, said
    assert said.count("KEPT") >= RULES_MIN, said


@pytest.mark.parametrize("room", ROOMS)
def test_every_top_level_folder_says_what_lives_in_it(room: str) -> None:
    readme = ROOT / room / "README.md"
    assert readme.is_file()
    assert len(readme.read_text(encoding="utf-8").strip().splitlines()) >= 3


def test_there_are_no_other_top_level_folders() -> None:
    folders = {p.relative_to(ROOT).parts[0] for p in kept_files() if p.parent != ROOT}
    assert folders <= {*ROOMS, "docs", "tests", ".ci"}


@pytest.mark.parametrize("path", modules(*ROOMS, "tests"), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_function_is_longer_than_one_can_see_at_once(path: Path) -> None:
    long = [
        f"{f.name} ({length})"
        for f in functions(path)
        if (length := (f.end_lineno or f.lineno) - f.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not long


def test_modules_are_small() -> None:
    sizes = sorted(len(p.read_text(encoding="utf-8").splitlines()) for p in modules(*ROOMS) if p.stat().st_size)
    assert statistics.median(sizes) < MODULE_LINES_MEDIAN_MAX
    assert sizes[int(len(sizes) * 0.9)] < MODULE_LINES_NINE_OF_TEN_MAX


def test_modules_are_named_for_what_is_in_them() -> None:
    named = [p.relative_to(ROOT) for p in modules(*ROOMS, "tests")]
    assert not [str(p) for p in named if any(VAGUE.search(part.removesuffix(".py")) for part in p.parts)]


def _types_in(annotation: object) -> Iterator[object]:
    yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _types_in(inner)


def _models_of(record: type[BaseModel], seen: set[type[BaseModel]]) -> None:
    if record in seen:
        return
    seen.add(record)
    for inner in chain.from_iterable(_types_in(f.annotation) for f in record.model_fields.values()):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            _models_of(inner, seen)


def test_no_published_record_holds_a_float() -> None:
    seen: set[type[BaseModel]] = set()
    for record in RECORDS:
        _models_of(record.model, seen)
    floats = [
        f"{model.__name__}.{name}"
        for model in seen
        for name, field in model.model_fields.items()
        if float in _types_in(field.annotation)
    ]
    assert not floats
    assert any(model.__name__ == "Money" for model in seen), "the search reaches the money"


CLOCKS = frozenset({"utcnow", "today", "monotonic", "perf_counter", "time_ns", "fromtimestamp"})


@pytest.mark.parametrize("path", modules("domain"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_domain_knows_no_floats_and_no_clock(path: Path) -> None:
    """Money would lose cents, and a fold that asks what time it is cannot be repeated."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Constant(value=float()):
                found.append(f"line {node.lineno}: {node.value}")
            case ast.AnnAssign() | ast.arg() if "float" in ast.unparse(node.annotation or ast.Constant(None)):
                found.append(f"line {node.lineno}: a float")
            case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCKS or (name == "now" and not node.args):
                found.append(f"line {node.lineno}: {name}()")
    assert not found


# Put together from pieces, so that this file does not contain what it looks for.
NEEDLES = {
    "a package registry": [
        "py" + "pi.org",
        "python" + "hosted.org",
        "npm" + "js.",
        "npm" + "js.org",
        "repo1." + "maven",
        "repo." + "maven",
        "maven" + "central",
        "search." + "maven",
        "crates" + ".io",
        "proxy.go" + "lang.org",
        "ruby" + "gems.org",
    ],
    "a folder of one machine": ["/work" + "/main", "/work" + "/shared", "/tmp" + "/w/", "/home" + "/", "/Users" + "/"],
    "a note that was meant to go": ["FIX" + "ME", "XX" + "X ", "TO" + "DO"],
}


@pytest.mark.parametrize("kind", NEEDLES)
def test_committed_files_do_not_name(kind: str) -> None:
    found = []
    for path in kept_files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number}: {needle}"
            for number, line in enumerate(lines, 1)
            for needle in NEEDLES[kind]
            if needle in line
        ]
    assert not found


def test_nothing_that_is_made_is_kept() -> None:
    made = [p for p in kept_files() if p.suffix in {".pyc", ".log", ".db", ".sqlite", ".jar"}]
    assert not made
