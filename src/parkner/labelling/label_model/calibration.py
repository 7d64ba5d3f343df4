"""Scores that mean what they say: calibration on gold (tier 2).

A label model that never saw gold knows how far functions agree, not how often they are right together: they share lexicons. Where gold is
at hand, the accuracy of every function is counted on it, a span's evidence is what its functions add up to, and for each label
a non-decreasing step function maps the evidence to the share of such spans that are right (isotonic regression by pool adjacent
violators; Zadrozny and Elkan 2002). Which spans there are is the label model's choice alone.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parkner.spans import Span

# (evidence from which on, score), rising.
Steps = list[tuple[float, float]]
# A function of which gold says nothing counts as this, and every function as that many such votes beforehand.
_UNKNOWN, _PRIOR_WEIGHT = 0.8, 4.0
# The second, third, ... function adds this part of its log-odds: functions of one author err together. The label model's
# own score adds that part.
_FURTHER, _OWN = 0.5, 0.5
# A step rests on this many spans at least, and counts two more that are half right (Laplace's rule).
_LEAST = 20


@dataclass(frozen=True)
class Calibration:
    """What maps the scores of a label model to calibrated ones.

    Attributes:
        accuracy: Label -> function -> share of its spans that gold has.
        steps: Label -> steps; a label without any keeps the label model's scores.
    """

    accuracy: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    steps: Mapping[str, Steps] = field(default_factory=dict)

    def score(self, span: Span) -> float:
        """The calibrated score of a span."""
        raw = 1.0 if span.score is None else span.score
        steps = self.steps.get(span.label)
        if not steps:
            return raw
        place = bisect_right(steps, (evidence(span, self.accuracy.get(span.label, {})) + 1e-6, 2.0))
        return steps[max(0, place - 1)][1]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; `from_dict` takes it back."""
        return {
            "accuracy": {label: dict(row) for label, row in self.accuracy.items()},
            "steps": {label: [list(step) for step in steps] for label, steps in self.steps.items()},
        }

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Calibration:
        """Reads `as_dict`; an empty table calibrates nothing."""
        steps = {
            label: [(float(a), float(b)) for a, b in rows] for label, rows in table.get("steps", {}).items()
        }
        return cls(table.get("accuracy", {}), steps)


def evidence(span: Span, accuracy: Mapping[str, float]) -> float:
    """Log-odds that the functions behind a span, and the label model's score, add up to."""
    odds = sorted((_logit(accuracy.get(name, _UNKNOWN)) for name in span.sources), reverse=True)
    best = odds[0] if odds else 0.0
    return best + _FURTHER * sum(odds[1:]) + _OWN * _logit(1.0 if span.score is None else span.score)


def fit_calibration(predicted: Sequence[Sequence[Span]], gold: Sequence[Sequence[Span]]) -> Calibration:
    """Counts accuracies and fits the steps.

    Args:
        predicted: Scored spans of each article, as the label model gives them.
        gold: Its gold spans, same order.

    Returns:
        The calibration; labels that nothing was predicted for have no steps.
    """
    right: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    total: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    seen: list[tuple[Span, bool]] = []
    for spans, truth in zip(predicted, gold, strict=True):
        exact = {(span.start, span.end, span.label) for span in truth}
        for span in spans:
            hit = (span.start, span.end, span.label) in exact
            seen.append((span, hit))
            for name in span.sources:
                right[span.label][name] += hit
                total[span.label][name] += 1
    accuracy = {
        label: {
            name: round((right[label][name] + _UNKNOWN * _PRIOR_WEIGHT) / (count + _PRIOR_WEIGHT), 4)
            for name, count in sorted(row.items())
        }
        for label, row in sorted(total.items())
    }
    pairs: dict[str, list[tuple[float, bool]]] = {}
    for span, hit in seen:
        pairs.setdefault(span.label, []).append((evidence(span, accuracy.get(span.label, {})), hit))
    return Calibration(accuracy, {label: _steps(sorted(found)) for label, found in sorted(pairs.items())})


def _logit(value: float) -> float:
    value = min(0.98, max(0.02, value))
    return math.log(value / (1 - value))


def _steps(pairs: Sequence[tuple[float, bool]]) -> Steps:
    blocks: list[list[float]] = []  # [lowest evidence, right, count, highest evidence]
    for value, hit in pairs:
        if blocks and (value == blocks[-1][3] or blocks[-1][2] < _LEAST):
            blocks[-1][1] += hit
            blocks[-1][2] += 1
            blocks[-1][3] = value
        else:
            blocks.append([value, float(hit), 1.0, value])
        while len(blocks) > 1 and blocks[-1][2] >= _LEAST and _rate(blocks[-2]) >= _rate(blocks[-1]):
            _merge_last(blocks)
    if len(blocks) > 1 and blocks[-1][2] < _LEAST:
        _merge_last(blocks)
    while len(blocks) > 1 and _rate(blocks[-2]) >= _rate(blocks[-1]):
        _merge_last(blocks)
    return [(round(block[0], 6), round(_rate(block), 4)) for block in blocks]


def _merge_last(blocks: list[list[float]]) -> None:
    last = blocks.pop()
    blocks[-1][1] += last[1]
    blocks[-1][2] += last[2]
    blocks[-1][3] = last[3]


def _rate(block: Sequence[float]) -> float:
    return (block[1] + 1) / (block[2] + 2)
