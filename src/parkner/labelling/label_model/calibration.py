"""Scores that mean what they say: isotonic calibration on gold (tier 2).

Functions share lexicons, so the label models are too sure of what several of them say. Where gold is at hand, a
non-decreasing step function for each label maps their score to the share of such spans that are right (Zadrozny and Elkan 2002;
pool adjacent violators).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

from parkner.spans import Span

# (score from which on, calibrated score), rising.
Steps = list[tuple[float, float]]
Calibration = dict[str, Steps]
# A step must rest on this many spans, and each step counts two more that are half right (Laplace's rule).
_LEAST = 20


def fit_calibration(predicted: Iterable[Sequence[Span]], gold: Iterable[Sequence[Span]]) -> Calibration:
    """Fits one step function a label.

    Args:
        predicted: Scored spans of each article.
        gold: Its gold spans.

    Returns:
        Steps by label; a label without predicted spans has none.
    """
    seen: dict[str, list[tuple[float, bool]]] = {}
    for spans, truth in zip(predicted, gold, strict=True):
        exact = {(span.start, span.end, span.label) for span in truth}
        for span in spans:
            hit = (span.start, span.end, span.label) in exact
            seen.setdefault(span.label, []).append((1.0 if span.score is None else span.score, hit))
    return {label: _steps(sorted(pairs)) for label, pairs in sorted(seen.items())}


def _steps(pairs: Sequence[tuple[float, bool]]) -> Steps:
    blocks: list[list[float]] = []  # [lowest score, right, count]
    for score, hit in pairs:
        if blocks and (score == blocks[-1][3] or blocks[-1][2] < _LEAST):
            blocks[-1][1] += hit
            blocks[-1][2] += 1
            blocks[-1][3] = score
        else:
            blocks.append([score, float(hit), 1.0, score])
        while len(blocks) > 1 and blocks[-1][2] >= _LEAST and _rate(blocks[-2]) >= _rate(blocks[-1]):
            last = blocks.pop()
            blocks[-1][1] += last[1]
            blocks[-1][2] += last[2]
            blocks[-1][3] = last[3]
    if len(blocks) > 1 and (blocks[-1][2] < _LEAST or _rate(blocks[-2]) >= _rate(blocks[-1])):
        last = blocks.pop()
        blocks[-1][1] += last[1]
        blocks[-1][2] += last[2]
    return [(round(block[0], 9), round(_rate(block), 4)) for block in blocks]


def _rate(block: Sequence[float]) -> float:
    return (block[1] + 1) / (block[2] + 2)


def calibrate(score: float, steps: Sequence[tuple[float, float]] | None) -> float:
    """A score on the calibrated scale; itself where the label has no steps."""
    if not steps:
        return score
    return steps[max(0, bisect_right(steps, (score + 1e-9, 2.0)) - 1)][1]


def calibration_from(table: Mapping[str, Sequence[Sequence[float]]]) -> Calibration:
    """Steps from their JSON form."""
    return {label: [(float(a), float(b)) for a, b in steps] for label, steps in table.items()}
