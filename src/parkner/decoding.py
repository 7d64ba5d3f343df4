"""Tag probabilities -> spans: constrained Viterbi decoding and span scores (tier 2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from parkner.spans import Span
from parkner.tagging import OUTSIDE, allowed_transitions

Scores = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_FORBIDDEN = np.float32(-1e9)


def log_softmax(logits: Scores) -> Scores:
    """Log probabilities over the last axis, in float32."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    out: Scores = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return out


class Decoder:
    """Finds the most probable valid IOB2 sequence."""

    def __init__(self, tags: Sequence[str]) -> None:
        """Prepares the transitions of a tag list.

        Args:
            tags: BIO tags by id, as `parkner.tagging.bio_tags` gives them.
        """
        self.tags = list(tags)
        steps, starts = allowed_transitions(self.tags)
        self._valid_step, self._valid_start = steps, starts
        self._step = np.where(steps, np.float32(0), _FORBIDDEN)
        self._start = np.where(starts, np.float32(0), _FORBIDDEN)
        self._outside = self.tags.index(OUTSIDE)
        self._begins = np.array([tag.startswith("B-") for tag in self.tags])
        self._inside_of = {
            j: self.tags.index(f"I-{tag[2:]}") for j, tag in enumerate(self.tags) if tag.startswith("B-")
        }

    def best_paths(self, log_probabilities: Sequence[Scores]) -> list[Ints]:
        """The best valid tag sequence of each text line.

        Without transition scores the unconstrained best path is the best path wherever it is valid; only the other
        sequences go through Viterbi, together in one padded batch a step (all lengths at once, longest first).

        Args:
            log_probabilities: One array of *shape* (pieces, tags) a sequence.

        Returns:
            Tag ids, one array of *shape* (pieces,) a sequence.
        """
        paths: list[Ints] = [lp.argmax(axis=-1) for lp in log_probabilities]
        broken = [i for i, path in enumerate(paths) if len(path) and not self._is_valid(path)]
        broken.sort(key=lambda i: -len(paths[i]))
        for first in range(0, len(broken), 256):
            batch = broken[first : first + 256]
            for i, path in zip(batch, self._viterbi([log_probabilities[i] for i in batch]), strict=True):
                paths[i] = path
        return paths

    def _is_valid(self, path: Ints) -> bool:
        return bool(self._valid_start[path[0]]) and bool(self._valid_step[path[:-1], path[1:]].all())

    def _viterbi(self, sequences: list[Scores]) -> list[Ints]:
        """Viterbi over sequences sorted by falling length."""
        lengths = np.array([len(s) for s in sequences])
        longest, count = int(lengths[0]), len(self.tags)
        best = np.stack([s[0] for s in sequences]) + self._start
        back = np.zeros((longest, len(sequences), count), dtype=np.int16)
        for t in range(1, longest):
            active = int((lengths > t).sum())
            candidates = best[:active, :, None] + self._step[None]
            back[t, :active] = candidates.argmax(axis=1)
            best[:active] = candidates.max(axis=1) + np.stack([s[t] for s in sequences[:active]])
        paths = []
        for row, length in enumerate(lengths.tolist()):
            path = np.empty(length, dtype=np.int64)
            path[-1] = int(best[row].argmax())
            for t in range(length - 1, 0, -1):
                path[t - 1] = back[t, row, path[t]]
            paths.append(path)
        return paths

    def spans_of(self, path: Ints, probabilities: Scores, characters: Ints, ends: Ints) -> list[Span]:
        """Spans of one tag sequence with their scores.

        The score is the least sure of the decisions a span rests on: that it begins there, that each further piece
        is inside, and that the piece behind is not. A span is right only if all of them are.

        Args:
            path: A valid tag sequence, *shape* (pieces,).
            probabilities: Tag probabilities, *shape* (pieces, tags).
            characters: First character of each piece, *shape* (pieces,).
            ends: Position behind the last character of each piece, *shape* (pieces,).
        """
        spans = []
        for start in np.flatnonzero(self._begins[path]).tolist():
            tag = int(path[start])
            inside = self._inside_of[tag]
            end = start + 1
            while end < len(path) and path[end] == inside:
                end += 1
            score = float(probabilities[start, tag])
            if end - start > 1:
                score = min(score, float(probabilities[start + 1 : end, inside].min()))
            if end < len(path):
                score = min(score, 1.0 - float(probabilities[end, inside]))
            spans.append(
                Span(
                    int(characters[start]),
                    int(ends[end - 1]),
                    self.tags[tag][2:],
                    score=min(1.0, max(0.0, score)),
                )
            )
        return spans
