"""A log followed line by line, across its rotation."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

LINE_BYTES_MAX = 64 * 1024
LOOKS_MAX = 10
"""How often the files are listed again when they are renamed between being listed and being opened."""

_File = tuple[int, int]
"""Device and inode: what stays of a file when it is renamed."""


class Tail:
    """Reads `path` and the older files beside it, `path.1` being the newest of them, from the oldest line on.

    Each call of `lines` goes on where the last one ended: after the last complete line of the file that was being
    read, even when it has been renamed meanwhile. Lines are lost only with a file that is deleted before it was read.
    A file that is emptied in place is read from its beginning; a log that does not exist yet is waited for.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def lines(self) -> Iterator[str]:
        """Every complete line written since the last call. Raises OSError when a file cannot be read."""
        self._file = self._file or self._next()
        while self._file is not None:
            yield from _rest(self._file)
            following = self._next()
            if following is None:
                return
            try:
                # Once more: what was written before the renaming is in the file that is left now.
                yield from _rest(self._file)
            except GeneratorExit:
                following.close()  # the reader stopped before it came to it
                raise
            self._file.close()
            self._file = following

    def close(self) -> None:
        """Close the file being read."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _next(self) -> BinaryIO | None:
        """The file that follows the one being read, open at its beginning; the oldest when that one is gone."""
        mine = _identity(os.fstat(self._file.fileno())) if self._file is not None else None
        for _ in range(LOOKS_MAX):
            files = self._listed()
            identities = [identity for _, identity in files]
            after = files[identities.index(mine) + 1 :] if mine in identities else files
            if not after:
                return None
            path, identity = after[0]
            try:
                opened = path.open("rb")
            except FileNotFoundError:
                continue
            if _identity(os.fstat(opened.fileno())) == identity:
                return opened
            opened.close()
        return None

    def _listed(self) -> list[tuple[Path, _File]]:
        """The files there are, the oldest first."""
        numbered = [p for p in self._path.parent.glob(f"{self._path.name}.*") if p.suffix[1:].isdigit()]
        found = []
        for path in [*sorted(numbered, key=lambda p: -int(p.suffix[1:])), self._path]:
            try:
                found.append((path, _identity(path.stat())))
            except FileNotFoundError:
                continue
        return found


def _identity(status: os.stat_result) -> _File:
    return status.st_dev, status.st_ino


def _rest(file: BinaryIO) -> Iterator[str]:
    if os.fstat(file.fileno()).st_size < file.tell():
        file.seek(0)
    while line := file.readline(LINE_BYTES_MAX):
        if not line.endswith(b"\n") and len(line) < LINE_BYTES_MAX:
            file.seek(-len(line), os.SEEK_CUR)  # its end is still to be written
            return
        yield line.decode(errors="replace")
