"""Where each character of a derived text came from (tier 0).

Cleaning drops and replaces characters; an `OffsetMap` keeps the place of every character that is left, so that spans
found on the derived text can be reported on the source. Maps compose: page -> text -> clean text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Offsets = npt.NDArray[np.int64]


class OffsetMap:
    """Places of the characters of a derived text in its source.

    Character ``i`` of the derived text stands for ``source[starts[i]:ends[i]]``. Places never go backwards:
    ``starts`` and ``ends`` are non-decreasing and ``starts[i] < ends[i]``.
    """

    __slots__ = ("ends", "source_length", "starts")

    def __init__(
        self, starts: Sequence[int] | Offsets, ends: Sequence[int] | Offsets, *, source_length: int
    ) -> None:
        """Checks and keeps the places.

        Args:
            starts: First source character of each derived character, *shape* (derived length,).
            ends: Source position behind each derived character, same shape.
            source_length: Length of the source in characters.

        Raises:
            ValueError: If the places go backwards, are empty or lie outside the source.
        """
        self.starts: Offsets = np.asarray(starts, dtype=np.int64)
        self.ends: Offsets = np.asarray(ends, dtype=np.int64)
        self.source_length = source_length
        if self.starts.shape != self.ends.shape or self.starts.ndim != 1:
            raise ValueError(f"starts and ends differ in shape: {self.starts.shape} and {self.ends.shape}")
        if len(self.starts) and not (
            self.starts[0] >= 0
            and self.ends[-1] <= source_length
            and bool(np.all(self.starts < self.ends))
            and bool(np.all(self.starts[1:] >= self.starts[:-1]))
            and bool(np.all(self.ends[1:] >= self.ends[:-1]))
        ):
            raise ValueError("places must be non-empty, lie in the source and never go backwards")

    @classmethod
    def identity(cls, length: int) -> OffsetMap:
        """The map of a text to itself."""
        places = np.arange(length, dtype=np.int64)
        return cls(places, places + 1, source_length=length)

    @classmethod
    def from_runs(cls, runs: Iterable[Sequence[int]], *, source_length: int) -> OffsetMap:
        """Reverses `runs`.

        Args:
            runs: ``[source_start, characters]`` or ``[source_start, 1, width]`` items in order.
            source_length: Length of the source in characters.
        """
        starts: list[Offsets] = []
        ends: list[Offsets] = []
        for run in runs:
            first, count = run[0], run[1]
            width = run[2] if len(run) > 2 else 1
            places = np.arange(first, first + count, dtype=np.int64)
            starts.append(places)
            ends.append(places + width)
        empty: list[Offsets] = [np.zeros(0, dtype=np.int64)]
        return cls(
            np.concatenate(starts or empty), np.concatenate(ends or empty), source_length=source_length
        )

    def runs(self) -> list[list[int]]:
        """A compact JSON-ready form: ``[source_start, characters]`` for characters that stand side by side in the
        source, ``[source_start, 1, width]`` for one that stands for ``width`` source characters (an entity)."""
        if not len(self):
            return []
        widths = self.ends - self.starts
        joins = (self.starts[1:] == self.starts[:-1] + 1) & (widths[1:] == 1) & (widths[:-1] == 1)
        firsts = np.concatenate(([0], np.flatnonzero(~joins) + 1))
        counts = np.diff(np.concatenate((firsts, [len(self)])))
        out = []
        for first, count in zip(firsts.tolist(), counts.tolist(), strict=True):
            run = [int(self.starts[first]), int(count)]
            if widths[first] != 1:
                run.append(int(widths[first]))
            out.append(run)
        return out

    def __len__(self) -> int:
        return len(self.starts)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, OffsetMap)
            and self.source_length == other.source_length
            and np.array_equal(self.starts, other.starts)
            and np.array_equal(self.ends, other.ends)
        )

    __hash__ = None  # type: ignore[assignment]

    def to_source(self, start: int, end: int) -> tuple[int, int]:
        """The source stretch from the first to the last character of a derived span (characters, end exclusive).

        Raises:
            IndexError: If the span is empty or reaches outside the derived text.
        """
        if not 0 <= start < end <= len(self):
            raise IndexError(f"span [{start}, {end}) is empty or outside the text of {len(self)} characters")
        return int(self.starts[start]), int(self.ends[end - 1])

    def to_derived(self, start: int, end: int) -> tuple[int, int]:
        """The derived characters that stand for any part of a source span; empty (``start == end``) if none is left."""
        first = int(np.searchsorted(self.ends, start, side="right"))
        last = int(np.searchsorted(self.starts, end, side="left"))
        return first, max(first, last)

    def compose(self, outer: OffsetMap) -> OffsetMap:
        """Chains two steps.

        Args:
            outer: Map of this map's source into its own source (``clean -> text`` composed with ``text -> page``).

        Returns:
            Map of the derived text into the outer source (``clean -> page``).
        """
        if self.source_length != len(outer):
            raise ValueError(
                f"maps do not meet: source of {self.source_length}, outer text of {len(outer)} characters"
            )
        return OffsetMap(
            outer.starts[self.starts], outer.ends[self.ends - 1], source_length=outer.source_length
        )
