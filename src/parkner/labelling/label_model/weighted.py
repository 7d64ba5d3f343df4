"""Accuracy-weighted vote over flat segmentations (tier 2).

Each function has an accuracy: the probability that what it votes for is a span, borders and label included. The
supporters of a candidate add up their log-odds (naive Bayes; Ratner et al. 2016, "Data Programming"), damped because
functions share lexicons and regular expressions and are not independent. A group of candidates that overlap is
a semi-Markov chain: its paths are the flat segmentations, a candidate's score is the share of the paths through it.

Names inside names need a rule of their own: 两江新区 inside 两江新区管委会 is no argument against the longer name, it is what
the longer name is made of. So a candidate carries the weight of those of another label that lie inside it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from parkner.labelling.label_model.base import (
    Candidate,
    LabelModel,
    Vote,
    candidates_of,
    check_same_length,
    islands,
)
from parkner.spans import Span, without_overlaps

# A function that nothing is known of: somebody wrote it to be right. Counts as PRIOR_WEIGHT votes when estimating.
PRIOR_ACCURACY = 0.85
PRIOR_WEIGHT = 5.0
# How much of the log-odds of the second, third, ... supporter counts: functions of one author err together.
DAMPING = 0.5
_ROUNDS = 20
_LOW, _HIGH = 0.02, 0.99


class WeightedVote(LabelModel):
    """Votes weighed by the estimated accuracy of each function for each label."""

    name = "weighted"

    def __init__(self) -> None:
        self._accuracy: dict[tuple[str, str], float] = {}

    def fit(self, articles: Sequence[Sequence[Vote]], gold: Sequence[Sequence[Span]] | None = None) -> None:
        """Estimates accuracies by expectation maximisation, or counts them on gold.

        Without gold: the score of every candidate under the present accuracies (E), then for each function the mean
        score of what it voted for (M), until nothing moves. A function is trusted when others confirm it and loses
        trust where it loses against functions that are trusted more.
        """
        check_same_length(articles, gold)
        groups = [list(islands(candidates_of(votes))) for votes in articles]
        if gold is not None:
            self._accuracy = _counted(groups, gold)
            return
        self._accuracy = {}
        for _ in range(_ROUNDS):
            right: dict[tuple[str, str], float] = defaultdict(float)
            total: dict[tuple[str, str], float] = defaultdict(float)
            for island in (island for group in groups for island in group):
                if len(island) == 1 and len(island[0].functions) == 1:
                    continue  # nobody confirms or denies it: says nothing of the function
                for candidate, score in zip(island, self._scores(island), strict=True):
                    for name in candidate.functions:
                        right[name, candidate.label] += score
                        total[name, candidate.label] += 1
            fresh = {
                key: (right[key] + PRIOR_ACCURACY * PRIOR_WEIGHT) / (total[key] + PRIOR_WEIGHT)
                for key in total
            }
            moved = max(
                (abs(fresh[key] - self._accuracy.get(key, PRIOR_ACCURACY)) for key in fresh), default=0.0
            )
            self._accuracy = fresh
            if moved < 1e-3:
                break

    def spans(self, votes: Sequence[Vote]) -> list[Span]:
        """See `LabelModel.spans`."""
        out: list[Span] = []
        for island in islands(candidates_of(votes)):
            out += without_overlaps(
                [
                    Span(c.start, c.end, c.label, score=score, sources=c.functions)
                    for c, score in zip(island, self._scores(island), strict=True)
                ]
            )
        return out

    def parameters(self) -> dict[str, Any]:
        """``{"accuracy": {function: {label: accuracy}}}``."""
        table: dict[str, dict[str, float]] = {}
        for (name, label), value in sorted(self._accuracy.items()):
            table.setdefault(name, {})[label] = round(value, 4)
        return {"accuracy": table}

    def load(self, parameters: Mapping[str, Any]) -> None:
        """See `LabelModel.load`."""
        self._accuracy = {
            (name, label): float(value)
            for name, row in parameters["accuracy"].items()
            for label, value in row.items()
        }

    def reliability(self) -> dict[str, float]:
        """The mean accuracy of each function over its labels."""
        rows: dict[str, list[float]] = defaultdict(list)
        for (name, _), value in self._accuracy.items():
            rows[name].append(value)
        return {name: sum(values) / len(values) for name, values in rows.items()}

    def _log_odds(self, candidate: Candidate) -> float:
        odds = sorted(
            (
                _logit(self._accuracy.get((name, candidate.label), PRIOR_ACCURACY))
                for name in candidate.functions
            ),
            reverse=True,
        )
        return odds[0] + DAMPING * sum(odds[1:])

    def _scores(self, island: Sequence[Candidate]) -> list[float]:
        """Marginal probability of each candidate over all flat segmentations of an island."""
        own = [math.exp(self._log_odds(candidate)) for candidate in island]
        if len(island) == 1:
            return [own[0] / (1 + own[0])]
        weights = []
        for i, candidate in enumerate(island):
            inner = [
                (island[j], own[j])
                for j in range(len(island))
                if island[j].label != candidate.label and island[j].lies_inside(candidate)
            ]
            weights.append(own[i] * (_total(inner) if inner else 1.0))
        pairs = list(zip(island, weights, strict=True))
        first = island[0].start
        length = max(candidate.end for candidate in island) - first
        forward = _sums(pairs, first, length)
        mirrored = [
            (
                Candidate(
                    first + length - (c.end - first), first + length - (c.start - first), c.label, c.functions
                ),
                w,
            )
            for c, w in pairs
        ]
        backward = _sums(mirrored, first, length)
        return [
            min(1.0, forward[c.start - first] * w * backward[length - (c.end - first)] / forward[length])
            for c, w in pairs
        ]


def _sums(pairs: Sequence[tuple[Candidate, float]], first: int, length: int) -> list[float]:
    """``out[t]``: summed weight of the flat segmentations of the first t characters of an island."""
    ending: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for candidate, weight in pairs:
        ending[candidate.end - first].append((candidate.start - first, weight))
    out = [1.0] * (length + 1)
    for t in range(1, length + 1):
        out[t] = out[t - 1] + sum(out[start] * weight for start, weight in ending.get(t, ()))
    return out


def _total(pairs: Sequence[tuple[Candidate, float]]) -> float:
    first = min(candidate.start for candidate, _ in pairs)
    length = max(candidate.end for candidate, _ in pairs) - first
    return _sums(pairs, first, length)[length]


def _counted(
    groups: Sequence[Sequence[Sequence[Candidate]]], gold: Sequence[Sequence[Span]]
) -> dict[tuple[str, str], float]:
    """Accuracies counted on gold. A vote inside a longer gold span of another label says nothing of the function:
    the longer name takes it (see the module's docstring)."""
    right: dict[tuple[str, str], float] = defaultdict(float)
    total: dict[tuple[str, str], float] = defaultdict(float)
    for group, spans in zip(groups, gold, strict=True):
        exact = {(span.start, span.end, span.label) for span in spans}
        for candidate in (candidate for island in group for candidate in island):
            hit = (candidate.start, candidate.end, candidate.label) in exact
            if not hit and any(
                span.label != candidate.label
                and span.start <= candidate.start
                and candidate.end <= span.end
                and span.end - span.start > candidate.end - candidate.start
                for span in spans
            ):
                continue
            for name in candidate.functions:
                right[name, candidate.label] += hit
                total[name, candidate.label] += 1
    return {key: (right[key] + PRIOR_ACCURACY * PRIOR_WEIGHT) / (total[key] + PRIOR_WEIGHT) for key in total}


def _logit(value: float) -> float:
    value = min(_HIGH, max(_LOW, value))
    return math.log(value / (1 - value))
