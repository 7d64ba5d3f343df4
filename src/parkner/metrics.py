"""Counts -> scores, intervals, calibration: arithmetic only (tier 1).

Matching modes are those of SemEval-2013 task 9.1 (Segura-Bedmar et al. 2013), precision and recall over all predicted
and all gold spans:

- ``strict``: same place and same label count 1. The score of CoNLL and of seqeval (``mode="strict"``).
- ``exact``: same place counts 1, whatever the label.
- ``partial``: same place counts 1, any overlap 0.5, whatever the label.
- ``type``: any overlap of the same label counts 1.

The scores of one label look at the spans of that label only, gold and predicted; ``micro`` looks at all spans at once,
so in ``exact`` and ``partial`` it is more than the sum of the labels. ``macro`` is the mean over labels. A quotient of
zero by zero is 0, as in seqeval with ``zero_division=0``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from parkner.matching import count_matches
from parkner.spans import DataError, Span

MODES = ("strict", "exact", "partial", "type")
METRICS = ("precision", "recall", "f1")
MICRO, MACRO = "micro", "macro"

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scores:
    """Precision, recall, F1 and the counts behind them.

    Attributes:
        precision, recall, f1: In [0, 1].
        support: Gold spans.
        predicted: Predicted spans.
        correct: Matches (an overlap counts 0.5 in mode ``partial``).
    """

    precision: float
    recall: float
    f1: float
    support: int
    predicted: int
    correct: float


@dataclass(frozen=True, slots=True)
class CountTable:
    """What every document contributes; all scores are sums over its rows.

    Attributes:
        labels: The labels, sorted.
        by_label: Gold, predicted, equal and overlapping spans, *shape* (documents, labels, 4).
        overall: Pairs at the same place, overlapping pairs, labels not looked at, *shape* (documents, 2).
    """

    labels: tuple[str, ...]
    by_label: Counts
    overall: Counts

    def __len__(self) -> int:
        return len(self.overall)

    def rows(self, chosen: Sequence[int] | Counts) -> CountTable:
        """The table of some documents."""
        index = np.asarray(chosen, dtype=np.int64)
        return CountTable(self.labels, self.by_label[index], self.overall[index])

    def targets(self) -> tuple[str, ...]:
        """What there is a score of: ``micro``, ``macro``, and the labels."""
        return (MICRO, MACRO, *self.labels)


def count_table(
    documents: Sequence[tuple[Sequence[Span], Sequence[Span]]], labels: Sequence[str] | None = None
) -> CountTable:
    """Counts the matches of every document.

    Args:
        documents: Gold and predicted spans of each document.
        labels: Labels to count; by default all that occur in gold or predictions (as seqeval does).

    Raises:
        DataError: If a label is called ``micro`` or ``macro``.
    """
    counted = [count_matches(gold, predicted) for gold, predicted in documents]
    names = tuple(
        sorted({name for by_label, _ in counted for name in by_label} if labels is None else labels)
    )
    if clash := {MICRO, MACRO} & set(names):
        raise DataError(f"label {clash.pop()!r}: this name is kept for the mean over labels")
    column = {name: index for index, name in enumerate(names)}
    table = np.zeros((len(counted), len(names), 4), dtype=np.int64)
    overall = np.zeros((len(counted), 2), dtype=np.int64)
    for row, (by_label, places) in enumerate(counted):
        for name, counts in by_label.items():
            if name not in column:
                raise DataError(f"label {name!r} is none of {', '.join(names)}")
            table[row, column[name]] = counts
        overall[row] = places
    return CountTable(names, table, overall)


def score_arrays(
    by_label: npt.NDArray[np.number], overall: npt.NDArray[np.number], mode: str
) -> dict[str, Floats]:
    """Scores from summed counts, for any number of sums at once.

    Args:
        by_label: *Shape* (..., labels, 4), as in `CountTable`.
        overall: *Shape* (..., 2).
        mode: One of `MODES`.

    Returns:
        ``precision``, ``recall``, ``f1``, ``support``, ``predicted`` and ``correct``, each of *shape* (..., 2 + labels):
        micro, macro, then the labels.
    """
    support, predicted, equal, overlapping = np.moveaxis(by_label.astype(np.float64), -1, 0)
    weight = {"strict": 0.0, "exact": 0.0, "partial": 0.5, "type": 1.0}[mode]
    correct = equal + weight * overlapping
    by_place = mode in ("exact", "partial")
    micro = overall[..., 0] + weight * overall[..., 1] if by_place else correct.sum(axis=-1)
    correct = np.concatenate((micro[..., None], correct), axis=-1)
    support, predicted = (
        np.concatenate((x.sum(-1, keepdims=True), x), axis=-1) for x in (support, predicted)
    )
    precision, recall = _quotient(correct, predicted), _quotient(correct, support)
    f1 = _quotient(2 * precision * recall, precision + recall)
    # A label that occurs neither in gold nor in predictions says nothing and is left out of the mean.
    occurs = (support + predicted)[..., 1:] > 0
    seen = occurs.sum(axis=-1)
    out = {}
    for name, values in (("precision", precision), ("recall", recall), ("f1", f1)):
        mean = _quotient((values[..., 1:] * occurs).sum(axis=-1), seen)
        out[name] = np.insert(values, 1, mean, axis=-1)
    for name, values in (("support", support), ("predicted", predicted), ("correct", correct)):
        out[name] = np.insert(values, 1, values[..., 0], axis=-1)
    return out


def scores(table: CountTable, mode: str = "strict") -> dict[str, Scores]:
    """The scores of a table: ``micro``, ``macro``, and each label.

    Args:
        table: Counts of documents.
        mode: ``strict``, ``exact``, ``partial`` or ``type`` (see the module).
    """
    arrays = score_arrays(table.by_label.sum(axis=0), table.overall.sum(axis=0), mode)
    return {
        target: Scores(
            precision=float(arrays["precision"][index]),
            recall=float(arrays["recall"][index]),
            f1=float(arrays["f1"][index]),
            support=int(arrays["support"][index]),
            predicted=int(arrays["predicted"][index]),
            correct=float(arrays["correct"][index]),
        )
        for index, target in enumerate(table.targets())
    }


def _quotient(top: npt.NDArray[np.number], bottom: npt.NDArray[np.number]) -> Floats:
    out = np.zeros(np.broadcast_shapes(top.shape, bottom.shape), dtype=np.float64)
    np.divide(top, bottom, out=out, where=np.asarray(bottom) != 0)
    return out


def resampled_scores(
    tables: Sequence[CountTable], *, mode: str = "strict", resamples: int = 1000, seed: int = 13
) -> list[dict[str, Floats]]:
    """Scores of bootstrap samples of the documents (drawn with replacement, as many as there are).

    The documents are the unit, because spans of one article are not independent of each other. Tables of the same
    documents are resampled together, so that their differences are paired.

    Args:
        tables: Counts of the same documents in the same order, one table for each run.
        mode: As in `scores`.
        resamples: How many samples.
        seed: Of the random numbers.

    Returns:
        For each table the arrays of `score_arrays`, *shape* (resamples, 2 + labels).
    """
    size = len(tables[0])
    if any(len(table) != size for table in tables):
        raise ValueError(f"tables of different documents: {[len(table) for table in tables]}")
    flat = np.concatenate(
        [part.reshape(size, -1) for table in tables for part in (table.by_label, table.overall)], axis=1
    ).astype(np.float64)
    sums = np.concatenate([weights @ flat for weights in _resample_weights(size, resamples, seed)], axis=0)
    out, column = [], 0
    for table in tables:
        width = len(table.labels) * 4
        by_label = sums[:, column : column + width].reshape(resamples, len(table.labels), 4)
        out.append(score_arrays(by_label, sums[:, column + width : column + width + 2], mode))
        column += width + 2
    return out


def _resample_weights(size: int, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each document is drawn, *shape* (some resamples, documents) a time: all at once would not fit."""
    rng = np.random.default_rng(seed)
    for first in range(0, resamples, 50):
        count = min(50, resamples - first)
        drawn = rng.integers(0, size, size=(count, size))
        yield np.stack([np.bincount(row, minlength=size) for row in drawn]).astype(np.float64)


def interval(values: Floats, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of resampled values (Efron & Tibshirani 1993, ch. 13)."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def paired_p_value(differences: Floats, observed: float) -> float:
    """How probable a difference at least this large is if there were none, from paired resamples.

    The resampled differences are moved to mean "no difference" by taking off the observed one (Efron & Tibshirani 1993,
    ch. 16; for tagging Berg-Kirkpatrick et al. 2012); two-sided, and never 0 with a finite number of resamples.
    """
    if observed == 0 and not np.any(differences):
        return 1.0
    # Differences are sums of rounded quotients: equal ones may differ in the last bits.
    extreme = int(np.count_nonzero(np.abs(differences - observed) >= abs(observed) - 1e-12))
    return (extreme + 1) / (len(differences) + 1)
