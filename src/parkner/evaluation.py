"""Gold and predictions -> every score, with how sure it is (tier 4).

`evaluate` does the work; `Evaluation.to_dict` is the body of ``metrics.json``. Comparison with another run is in
`parkner.comparison`, gates in `parkner.gate`, pages in `parkner.report`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from parkner.calibration import Calibration, Curve, calibration, precision_recall_curve
from parkner.matching import CORRECT, ERROR_KINDS, Match, align
from parkner.metrics import (
    METRICS,
    MICRO,
    MODES,
    CountTable,
    Scores,
    count_table,
    interval,
    resampled_scores,
    scores,
)
from parkner.pairing import pair_documents, source_of
from parkner.runtime import sha256_of_text
from parkner.seqeval_check import must_agree, seqeval_scores
from parkner.spans import DataError, Document, Span

SCHEMA = "parkner.metrics/1"
NO_SPAN = ""  # the column and row of the confusion table for "nothing there"


@dataclass(frozen=True, slots=True)
class EvaluatedDocument:
    """One document with what was right and wrong in it.

    Attributes:
        id, text, source: Of the gold document.
        gold, predicted: Spans that were scored.
        matches: Every span once, paired where it can be (see `parkner.matching.align`).
    """

    id: str
    text: str
    source: str
    gold: tuple[Span, ...]
    predicted: tuple[Span, ...]
    matches: tuple[Match, ...]

    @property
    def errors(self) -> int:
        """How many matches are not correct."""
        return sum(match.kind != CORRECT for match in self.matches)


@dataclass(frozen=True)
class Evaluation:
    """Everything `evaluate` found; values are computed when they are asked for.

    Attributes:
        documents: Sorted by id.
        table: Counts of each document, same order.
        resamples, seed: Of the bootstrap.
        notes: What a reader of the scores should know (documents left out, spans without score, ...).
        seqeval: What seqeval (strict, IOB2) says: for each target its precision, recall, F1 and support; None where it
            was not asked.
    """

    documents: tuple[EvaluatedDocument, ...]
    table: CountTable
    resamples: int
    seed: int
    notes: tuple[str, ...] = ()
    seqeval: dict[str, dict[str, float]] | None = field(default=None)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in gold or predictions, sorted."""
        return self.table.labels

    @cached_property
    def scores(self) -> dict[str, dict[str, Scores]]:
        """Scores by mode and target (``micro``, ``macro``, label)."""
        return {mode: scores(self.table, mode) for mode in MODES}

    @cached_property
    def intervals(self) -> dict[str, dict[str, dict[str, tuple[float, float]]]]:
        """95 % bootstrap intervals by mode, target and metric; empty with one document or no resamples."""
        if len(self.table) < 2 or self.resamples < 1:
            return {}
        out: dict[str, dict[str, dict[str, tuple[float, float]]]] = {}
        for mode in MODES:
            (drawn,) = resampled_scores([self.table], mode=mode, resamples=self.resamples, seed=self.seed)
            out[mode] = {
                target: {metric: interval(drawn[metric][:, index]) for metric in METRICS}
                for index, target in enumerate(self.table.targets())
            }
        return out

    @cached_property
    def by_source(self) -> dict[str, tuple[int, dict[str, Scores]]]:
        """For each source: how many documents, and their strict scores."""
        rows: dict[str, list[int]] = {}
        for index, document in enumerate(self.documents):
            rows.setdefault(document.source, []).append(index)
        return {
            name: (len(rows[name]), scores(self.table.rows(rows[name]), "strict")) for name in sorted(rows)
        }

    @cached_property
    def errors(self) -> dict[str, Counter[str]]:
        """For each kind of error, how often it befell each label (the gold label where there is one)."""
        found: dict[str, Counter[str]] = {kind: Counter() for kind in ERROR_KINDS}
        for document in self.documents:
            for match in document.matches:
                span = match.gold or match.predicted
                if match.kind != CORRECT and span is not None:
                    found[match.kind][span.label] += 1
        return found

    @cached_property
    def confusion(self) -> Counter[tuple[str, str]]:
        """Gold label and predicted label of every match, `NO_SPAN` where one side has nothing. Spans that share a
        character count as paired: boundaries are the business of `errors`."""
        return Counter(
            (
                match.gold.label if match.gold else NO_SPAN,
                match.predicted.label if match.predicted else NO_SPAN,
            )
            for document in self.documents
            for match in document.matches
        )

    @cached_property
    def calibration(self) -> dict[str, Calibration]:
        """Reliability of the span scores, ``micro`` and by label."""
        return {target: calibration(*self._outcomes(target)) for target in (MICRO, *self.labels)}

    @cached_property
    def curves(self) -> dict[str, Curve]:
        """Precision against recall over score thresholds, ``micro`` and by label."""
        strict = self.scores["strict"]
        return {
            target: precision_recall_curve(*self._outcomes(target), strict[target].support)
            for target in (MICRO, *self.labels)
        }

    def _outcomes(self, target: str) -> tuple[list[float | None], list[bool]]:
        found = [
            (match.predicted.score, match.kind == CORRECT)
            for document in self.documents
            for match in document.matches
            if match.predicted is not None and target in (MICRO, match.predicted.label)
        ]
        return [score for score, _ in found], [right for _, right in found]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, the schema of ``metrics.json`` (docs/evaluation.md); the same for the same documents in
        any order."""
        return {
            "schema": SCHEMA,
            "labels": list(self.labels),
            "totals": {
                "documents": len(self.documents),
                "characters": sum(len(document.text) for document in self.documents),
                "gold": self.scores["strict"][MICRO].support,
                "predicted": self.scores["strict"][MICRO].predicted,
            },
            "notes": list(self.notes),
            **{mode: self._mode_to_dict(mode) for mode in MODES},
            "seqeval": self.seqeval
            and {
                target: {key: int(v) if key == "support" else round(v, 6) for key, v in values.items()}
                for target, values in self.seqeval.items()
            },
            "bootstrap": {"unit": "document", "resamples": self.resamples, "seed": self.seed, "level": 0.95},
            "sources": {
                name: {
                    "documents": count,
                    **{target: scores_to_dict(value) for target, value in strict.items()},
                }
                for name, (count, strict) in self.by_source.items()
            },
            "errors": {
                kind: {"all": sum(found.values()), **{label: found[label] for label in self.labels}}
                for kind, found in self.errors.items()
            },
            "confusion": [
                {
                    "gold": gold or None,
                    "predicted": predicted or None,
                    "count": self.confusion[gold, predicted],
                }
                for gold, predicted in sorted(self.confusion)
            ],
            "calibration": {target: value.to_dict() for target, value in self.calibration.items()},
            "curves": {target: value.to_dict() for target, value in self.curves.items()},
            "documents": [self._document_to_dict(index) for index in range(len(self.documents))],
        }

    def _mode_to_dict(self, mode: str) -> dict[str, Any]:
        intervals = self.intervals.get(mode, {})
        return {
            target: scores_to_dict(value, intervals.get(target))
            for target, value in self.scores[mode].items()
        }

    def _document_to_dict(self, index: int) -> dict[str, Any]:
        document = self.documents[index]
        gold, predicted, equal, _ = self.table.by_label[index].sum(axis=0).tolist()
        out: dict[str, Any] = {
            "id": document.id,
            "source": document.source,
            "sha256": sha256_of_text(document.text),
            "gold": gold,
            "predicted": predicted,
            "correct": equal,
            "f1": round(2 * equal / (gold + predicted), 6) if gold + predicted else None,
            "spans": [
                [s.start, s.end, s.label] + ([] if s.score is None else [round(s.score, 4)])
                for s in sorted(document.predicted)
            ],
        }
        return out


def scores_to_dict(value: Scores, intervals: dict[str, tuple[float, float]] | None = None) -> dict[str, Any]:
    """JSON-ready form of scores; six digits."""
    out: dict[str, Any] = {
        "precision": round(value.precision, 6),
        "recall": round(value.recall, 6),
        "f1": round(value.f1, 6),
        "support": value.support,
        "predicted": value.predicted,
        "correct": int(value.correct) if value.correct == int(value.correct) else value.correct,
    }
    if intervals:
        out["interval"] = {
            metric: [round(low, 6), round(high, 6)] for metric, (low, high) in intervals.items()
        }
    return out


def evaluate(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    *,
    labels: Iterable[str] = (),
    ids: str = "strict",
    known: Iterable[str] = (),
    resamples: int = 1000,
    seed: int = 13,
    check_with_seqeval: bool = True,
) -> Evaluation:
    """Scores predictions against gold.

    Args:
        gold, predicted: The same documents, in any order.
        labels: Score these labels only; all that occur in gold or predictions by default.
        ids: ``strict``: both sides must have the same ids; ``common``: score the ids that both have, and say so.
        known: Ids that predictions may have although gold does not.
        resamples: Bootstrap samples for intervals; 0 for none.
        seed: Of the bootstrap.
        check_with_seqeval: Compute the strict scores with seqeval too.

    Raises:
        DataError: If a side is empty, ids are missing, unknown or double, texts under one id differ, or one of
            ``labels`` does not occur.
        UsageError: If seqeval is not installed.
        ParknerError: If seqeval and our counts disagree (a bug in one of them: no score is given).
    """
    wanted = frozenset(labels)
    pairs, notes = pair_documents(gold, predicted, ids=ids, known=known)
    documents = []
    for one, other in pairs:
        mine, theirs = (
            tuple(s for s in side.spans if not wanted or s.label in wanted) for side in (one, other)
        )
        documents.append(
            EvaluatedDocument(one.id, one.text, source_of(one), mine, theirs, tuple(align(mine, theirs)))
        )
    table = count_table([(d.gold, d.predicted) for d in documents], sorted(wanted) if wanted else None)
    unused = sorted(set(table.labels) - {s.label for d in documents for s in (*d.gold, *d.predicted)})
    if unused:
        there = sorted({span.label for pair in pairs for side in pair for span in side.spans})
        raise DataError(
            f"label {unused[0]!r} is neither in gold nor in predictions; there are {', '.join(there) or 'none'}"
        )
    checked = None
    if check_with_seqeval:
        checked = seqeval_scores([(d.gold, d.predicted) for d in documents])
        must_agree(scores(table, "strict"), checked)
    return Evaluation(
        documents=tuple(documents),
        table=table,
        resamples=resamples,
        seed=seed,
        notes=(*notes, *_notes(documents, table)),
        seqeval=checked,
    )


def _notes(documents: Sequence[EvaluatedDocument], table: CountTable) -> list[str]:
    notes = []
    support, predicted = table.by_label.sum(axis=0)[:, :2].T
    if not support.sum():
        notes.append("gold has no spans at all: recall is 0 by convention and says nothing")
    if not predicted.sum():
        notes.append("predictions have no spans at all: precision is 0 by convention")
    for label, in_gold, in_predictions in zip(table.labels, support, predicted, strict=True):
        if support.sum() and not in_gold and in_predictions:
            notes.append(f"{label} is predicted ({in_predictions} spans) but not in gold: counted as wrong")
        if predicted.sum() and in_gold and not in_predictions:
            notes.append(f"{label} is in gold ({in_gold} spans) but never predicted: counted as missed")
    if len(documents) < 20:
        noun = "document" if len(documents) == 1 else "documents"
        notes.append(f"only {len(documents)} {noun}: intervals over so few say little")
    scored = sum(s.score is not None for d in documents for s in d.predicted)
    if scored and scored < predicted.sum():
        notes.append(
            f"{int(predicted.sum()) - scored:,} predicted spans have no score and are not in the calibration"
        )
    return notes
