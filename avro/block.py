"""Many records of one schema as one run of bytes, and numbers read from all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avro.codec import HEADER

Positions = NDArray[np.int64]
"""Where something begins or ends in the bytes of a block, one number for each record or item looked at."""
Rows = NDArray[np.int64]
"""Which records of the block those are."""
Raw = NDArray[np.unsignedinteger[Any]]
"""Unsigned numbers as they stand in the bytes, before the zigzag is undone."""

BYTES_PER_LONG = 8
NUMBER_BYTES_MAX = 10
_PADDING = bytes(2 * BYTES_PER_LONG)  # a number may be looked for at the very end, and ends there at once
_HEADER = np.arange(1, HEADER.size + 1)
_CONTINUED = 0x80
_CONTINUATIONS = np.uint64(0x8080808080808080)
_PAYLOAD = np.uint64(0x7F7F7F7F7F7F7F7F)
_FOLDS = tuple(
    (np.uint64(low), np.uint64(high), np.uint64(shift))
    for low, high, shift in (
        (0x007F007F007F007F, 0x7F007F007F007F00, 1),
        (0x00003FFF00003FFF, 0x3FFF00003FFF0000, 2),
        (0x000000000FFFFFFF, 0x0FFFFFFF00000000, 4),
    )
)
_ONE = np.uint64(1)

# Steps through arrays are bounded, for one long array would hold up all records, and damaged bytes could make one of
# any length. What is left then is read one by one, which a step is worth for some four records.
ROUNDS_MIN = 64
RECORDS_PER_ROUND = 4


class Block:
    """Values in wire format laid end to end.

    Reading goes field by field through all records at once. Where a record does not read the usual way it is marked
    in `doubtful` and read on, wherever that leads: nothing read from it is used.
    """

    def __init__(self, values: Sequence[bytes]) -> None:
        self.data = b"".join(values) + _PADDING
        self.octets = np.frombuffer(self.data, np.uint8)
        sizes = np.fromiter(map(len, values), np.int64, len(values))
        self.ends: Positions = np.cumsum(sizes)
        self.starts: Positions = self.ends - sizes + HEADER.size
        self.doubtful = np.zeros(len(values), np.bool_)
        self._rounds_left = ROUNDS_MIN + len(values) // RECORDS_PER_ROUND
        self.spans: list[tuple[Rows, Positions, Positions]] = []
        # Bytes that are no ASCII and stand outside text: what goes beyond this count must be text.
        headers = self.octets[self.starts[:, np.newaxis] - _HEADER]
        self._foreign = int(np.count_nonzero(headers >= _CONTINUED))
        windows = len(self.data) - BYTES_PER_LONG + 1
        self._windows: NDArray[np.uint64] = np.ndarray((windows,), "<u8", self.data, 0, (1,))

    def octet(self, at: Positions) -> NDArray[np.uint8]:
        """The byte at each position; 0 beyond the end."""
        return self.octets.take(at, mode="clip")

    def window(self, at: Positions) -> NDArray[np.uint64]:
        """The 8 bytes from each position as one number, first byte lowest."""
        return self._windows[np.minimum(at, len(self._windows) - 1)]

    def doubt(self, rows: Rows, which: NDArray[np.bool_]) -> None:
        """Mark records to be read by the reference codec."""
        self.doubtful[rows[which]] = True

    def may_go_round(self) -> bool:
        """Whether another step through arrays is worth its while; asking is taking it."""
        self._rounds_left -= 1
        return self._rounds_left >= 0

    def skip_number(self, at: Positions, rows: Rows) -> tuple[Positions, int]:
        """Where the number at each position ends, and the most bytes one of them takes."""
        if bits_of(self.octet(at)) < _CONTINUED:
            return at + 1, 1
        marks = self.window(at) & _CONTINUATIONS
        if marks[0] != _CONTINUATIONS and (marks == marks[0]).all():
            size = _size(int(marks[0]))
            self._foreign += (size - 1) * len(at)
            return at + size, size
        _, _, after = self.number(at, rows)
        return after, int((after - at).max())

    def number(self, at: Positions, rows: Rows) -> tuple[Raw, int, Positions]:
        """The unsigned number at each position, the bits set in any of them, and where each ends."""
        first = self.octet(at)
        bits = bits_of(first)
        if bits < _CONTINUED:
            return first, bits, at + 1
        numbers, sizes = self._wide(at)
        self._foreign += int(sizes.sum()) - len(sizes)
        if sizes.max() > NUMBER_BYTES_MAX:
            self.doubt(rows, sizes > NUMBER_BYTES_MAX)
        return numbers, bits_of(numbers), at + sizes

    def numbers(self, at: Positions) -> Raw:
        """The unsigned number at each position, of those stepped over before."""
        first = self.octet(at)
        return first if bits_of(first) < _CONTINUED else self._wide(at)[0]

    def _wide(self, at: Positions) -> tuple[NDArray[np.uint64], Positions]:
        window = self.window(at)
        ending = ~window & _CONTINUATIONS
        below = (ending & (~ending + _ONE)) - _ONE  # the bits before the one that ends the number; all when none does
        sizes: Positions = (np.bitwise_count(below).astype(np.int64) + 1) >> 3
        numbers = window & below & _PAYLOAD
        for low, high, shift in _FOLDS:
            numbers = (numbers & low) | ((numbers & high) >> shift)
        longer = np.flatnonzero(ending == 0)
        if longer.size:
            ninth, tenth = self.octet(at[longer] + 8), self.octet(at[longer] + 9)
            more = ninth >= _CONTINUED
            numbers[longer] |= (ninth.astype(np.uint64) & np.uint64(0x7F)) << np.uint64(56)
            numbers[longer] |= np.where(more, tenth, 0).astype(np.uint64) << np.uint64(63)
            sizes[longer] = 9 + more + (more & (tenth > 1))
        return numbers, sizes

    def length(self, at: Positions, rows: Rows) -> tuple[Positions, Positions]:
        """The length or count at each position and where its content begins; one that cannot be counts as 0."""
        raw, bits, after = self.number(at, rows)
        lengths: Positions = (raw >> 1).astype(np.int64)
        # An odd number is negative. In one byte there is room for no length that could be too large.
        if bits & 1 or bits >= _CONTINUED:
            wrong = (raw & 1 != 0) | (lengths > len(self.data))
            if wrong.any():
                self.doubt(rows, wrong)
                lengths[wrong] = 0
        return lengths, after

    def note_text(self, rows: Rows, start: Positions, stop: Positions) -> None:
        """Remember where text stands, to be looked at by `check_text`."""
        self.spans.append((rows, start, stop))

    def note_binary(self, start: Positions, stop: Positions) -> None:
        """Remember how many of the bytes that are no ASCII stand outside text."""
        last = len(self._beyond_ascii) - 1
        begun, ended = np.minimum(start, last), np.minimum(stop, last)
        self._foreign += int((self._beyond_ascii[ended] - self._beyond_ascii[begun]).sum())

    @cached_property
    def _beyond_ascii(self) -> NDArray[np.int64]:
        counts = np.zeros(len(self.octets) + 1, np.int64)
        np.cumsum(self.octets >= _CONTINUED, out=counts[1:])
        return counts

    @cached_property
    def text(self) -> str | None:
        """The whole block as text, one character a byte; None when some text of it is not ASCII.

        Only asked of a block without doubtful records: from others bytes are counted twice.
        """
        if np.count_nonzero(self.octets & _CONTINUED) != self._foreign:
            return None
        return self.data.decode("latin-1")

    def check_text(self) -> None:
        """Doubt the records with text that is not UTF-8."""
        if self.text is not None:
            return
        for rows, start, stop in self.spans:
            for i in np.flatnonzero(self._beyond_ascii[stop] > self._beyond_ascii[start]).tolist():
                try:
                    self.data[start[i] : stop[i]].decode()
                except UnicodeDecodeError:
                    self.doubtful[rows[i]] = True


def bits_of(raw: NDArray[np.integer[Any]]) -> int:
    """The bits set in any of the numbers: the cheapest thing that tells what none of them is."""
    return int(np.bitwise_or.reduce(raw))


def signed(raw: Raw) -> NDArray[np.int64]:
    """The numbers with the zigzag undone."""
    wide = raw.astype(np.uint64)
    return (wide >> _ONE).view(np.int64) ^ -(wide & _ONE).view(np.int64)


def _size(marks: int) -> int:
    """How many bytes a number takes whose continuation bits are these, lowest byte first."""
    size = 1
    while marks & _CONTINUED:
        marks >>= 8
        size += 1
    return size
