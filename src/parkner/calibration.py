"""Whether a span's score means what it says: reliability, ECE, precision-recall curves (tier 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

BINS = 10


@dataclass(frozen=True, slots=True)
class Calibration:
    """How span scores compare with how often the spans are right (strict).

    Attributes:
        count: Predicted spans with a score.
        unscored: Predicted spans without one; they are left out.
        ece: Expected calibration error, the mean distance of score and precision over equally wide bins, weighted by
            spans (Naeini et al. 2015; Guo et al. 2017); None without scored spans.
        brier: Mean squared distance of score and outcome (Brier 1950); None without scored spans.
        bins: Lower edge, upper edge, spans, mean score and precision of each bin that holds any.
    """

    count: int
    unscored: int
    ece: float | None
    brier: float | None
    bins: tuple[tuple[float, float, int, float, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        keys = ("low", "high", "count", "score", "precision")
        return {
            "count": self.count,
            "unscored": self.unscored,
            "ece": None if self.ece is None else round(self.ece, 6),
            "brier": None if self.brier is None else round(self.brier, 6),
            "bins": [{k: round(v, 6) for k, v in zip(keys, line, strict=True)} for line in self.bins],
        }


def calibration(scores: Sequence[float | None], correct: Sequence[bool], *, bins: int = BINS) -> Calibration:
    """Compares scores with outcomes.

    Args:
        scores: Score of each predicted span in [0, 1], or None.
        correct: Whether the span is right (strict).
        bins: Equally wide bins on [0, 1].
    """
    kept = [(score, right) for score, right in zip(scores, correct, strict=True) if score is not None]
    unscored = len(scores) - len(kept)
    if not kept:
        return Calibration(0, unscored, None, None, ())
    score = np.array([s for s, _ in kept], dtype=np.float64)
    right = np.array([r for _, r in kept], dtype=np.float64)
    place = np.minimum((score * bins).astype(np.int64), bins - 1)
    lines, ece = [], 0.0
    for index in range(bins):
        inside = place == index
        count = int(inside.sum())
        if not count:
            continue
        # Sorted before summing: the order of the spans must not show in the last bits.
        mean, precision = float(np.sort(score[inside]).mean()), float(right[inside].sum()) / count
        ece += abs(mean - precision) * count / len(kept)
        lines.append((index / bins, (index + 1) / bins, count, mean, precision))
    brier = float(np.sort((score - right) ** 2).mean())
    return Calibration(len(kept), unscored, ece, brier, tuple(lines))


@dataclass(frozen=True, slots=True)
class Curve:
    """Precision and recall when only spans with at least some score are kept.

    Attributes:
        points: Threshold, precision, recall; falling thresholds, rising recall.
        average_precision: Area under the curve (sum of precision times gain in recall).
        best: Threshold, precision, recall and F1 where F1 is largest; None without scored spans.
    """

    points: tuple[tuple[float, float, float], ...]
    average_precision: float
    best: tuple[float, float, float, float] | None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        best = None
        if self.best is not None:
            keys = ("threshold", "precision", "recall", "f1")
            best = {k: round(v, 6) for k, v in zip(keys, self.best, strict=True)}
        return {
            "average_precision": round(self.average_precision, 6),
            "best": best,
            "points": [[round(value, 4) for value in point] for point in self.points],
        }


def precision_recall_curve(
    scores: Sequence[float | None], correct: Sequence[bool], support: int, *, most: int = 100
) -> Curve:
    """Precision and recall at every score threshold.

    Args:
        scores: Score of each predicted span; spans without one are left out.
        correct: Whether the span is right (strict).
        support: Gold spans.
        most: Points to keep of a longer curve, evenly spread; the best threshold is found on the whole curve.
    """
    kept = [(score, right) for score, right in zip(scores, correct, strict=True) if score is not None]
    if not kept or not support:
        return Curve((), 0.0, None)
    score = np.array([s for s, _ in kept], dtype=np.float64)
    order = np.argsort(-score, kind="stable")
    score, right = score[order], np.array([r for _, r in kept], dtype=np.int64)[order]
    # Spans of equal score come and go together: a point stands behind the last of them.
    last: npt.NDArray[np.int64] = np.flatnonzero(np.append(np.diff(score) != 0, True))
    hits = np.cumsum(right)[last]
    precision, recall, threshold = hits / (last + 1), hits / support, score[last]
    gain = np.diff(recall, prepend=0.0)
    f1 = 2 * hits / (last + 1 + support)
    top = int(np.argmax(f1))
    shown = np.unique(np.linspace(0, len(last) - 1, min(most, len(last))).round().astype(np.int64))
    return Curve(
        tuple((float(threshold[i]), float(precision[i]), float(recall[i])) for i in shown),
        float((precision * gain).sum()),
        (float(threshold[top]), float(precision[top]), float(recall[top]), float(f1[top])),
    )
