"""Batches of windows by tokens instead of by count (tier 4, no torch)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

# Windows are sorted by length within so many full batches at a time: like lengths come together, and which windows
# meet is still a matter of chance.
POOL_BATCHES = 50


class TokenBatches:
    """A batch sampler: windows of like length, as many as fit a number of padded tokens.

    Which windows share a batch is drawn once; the order of the batches is drawn anew each epoch. For torch's
    ``DataLoader(batch_sampler=...)``; accelerate calls `set_epoch`.
    """

    def __init__(self, lengths: Sequence[int], tokens: int, *, pad_to: int, longest: int, seed: int) -> None:
        """Draws the batches.

        Args:
            lengths: Tokens of each window.
            tokens: Most tokens of a batch, padding included; a window that is longer gets a batch of its own.
            pad_to: Batches are padded to a multiple of this.
            longest: But to no more than this.
            seed: Of everything random.
        """
        self._seed, self._epoch = seed, 0
        order = list(range(len(lengths)))
        random.Random(seed).shuffle(order)
        mean = sum(lengths) / max(1, len(lengths))
        pool = max(1, round(POOL_BATCHES * tokens / max(1.0, mean)))
        self._batches: list[list[int]] = []
        for first in range(0, len(order), pool):
            batch: list[int] = []
            for index in sorted(order[first : first + pool], key=lambda i: -lengths[i]):
                # Sorted from the longest down, so the first of a batch decides its padding.
                head = lengths[batch[0]] if batch else lengths[index]
                padded = max(head, min(-(-head // pad_to) * pad_to, longest))
                if batch and (len(batch) + 1) * padded > tokens:
                    self._batches.append(batch)
                    batch = []
                batch.append(index)
            if batch:
                self._batches.append(batch)

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[int]]:
        order = list(self._batches)
        random.Random(f"{self._seed} {self._epoch}").shuffle(order)
        yield from order

    def set_epoch(self, epoch: int) -> None:
        """Chooses the order of an epoch."""
        self._epoch = epoch
