"""Builds the modules that every event goes through ahead of time; without a C compiler they run as plain Python."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from mypyc.build import mypycify
from setuptools import setup

HERE = Path(__file__).parent
COMPILED = tomllib.loads((HERE / "pyproject.toml").read_text())["tool"]["ordertruth"]["compiled"]

# the editable installation leaves compiling to `make compile`, which repeats it whenever a source has changed
INTERPRETED = bool(os.environ.get("ORDERTRUTH_INTERPRETED"))

# what they share lies in a package of ours, where an editable installation finds it
SHARED = "domain.compiled"

modules = [] if INTERPRETED else mypycify([*COMPILED], opt_level="3", debug_level="0", group_name=SHARED)
for module in modules:
    module.optional = True
setup(ext_modules=modules)
