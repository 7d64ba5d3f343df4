"""Two runs on the same documents: what changed, and whether chance explains it (tier 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from parkner.corpus import document_from_dict
from parkner.evaluation import SCHEMA, EvaluatedDocument, Evaluation, evaluate
from parkner.matching import CORRECT
from parkner.metrics import METRICS, MODES, Scores, count_table, interval, paired_p_value, resampled_scores
from parkner.metrics import scores as scores_of
from parkner.pairing import read_unique
from parkner.runtime import sha256_of_text
from parkner.spans import DataError, Document, Span, UsageError

Change = Literal["found", "lost", "removed", "added"]
CHANGES: tuple[Change, ...] = ("found", "removed", "lost", "added")


@dataclass(frozen=True, slots=True)
class Difference:
    """One score of the current run and of the baseline.

    Attributes:
        baseline, current: The scores.
        low, high: 95 % interval of ``current - baseline``; None with one document or no resamples.
        p_value: Two-sided, paired bootstrap over documents; None likewise.
    """

    baseline: float
    current: float
    low: float | None
    high: float | None
    p_value: float | None

    @property
    def change(self) -> float:
        """``current - baseline``."""
        return self.current - self.baseline

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "baseline": round(self.baseline, 6),
            "current": round(self.current, 6),
            "change": round(self.change, 6),
            "interval": None
            if self.low is None or self.high is None
            else [round(self.low, 6), round(self.high, 6)],
            "p_value": None if self.p_value is None else round(self.p_value, 6),
        }


@dataclass(frozen=True, slots=True)
class SpanChange:
    """A span that one run has right and the other wrong.

    Attributes:
        kind: ``found``: a gold span only the current run has; ``lost``: only the baseline has; ``removed``: a wrong
            prediction only the baseline makes; ``added``: only the current run makes.
        document: The document.
        span: The gold span (found, lost) or the wrong prediction (removed, added).
    """

    kind: Change
    document: EvaluatedDocument
    span: Span


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` found; all scores are strict.

    Attributes:
        name: Of the baseline.
        documents: How many both runs share; only they are compared.
        differences: By target (``micro``, ``macro``, label) and metric.
        gains: For each document, how many wrong and missing spans fewer than in the baseline.
        changes: Every span that changed sides, in the order of documents and text.
        scores: Scores by mode and target on the shared documents: this run's, then the baseline's.
        notes: What a reader should know.
    """

    name: str
    documents: int
    differences: Mapping[str, Mapping[str, Difference]]
    gains: Mapping[str, int]
    changes: Sequence[SpanChange]
    scores: tuple[Mapping[str, Mapping[str, Scores]], Mapping[str, Mapping[str, Scores]]]
    notes: tuple[str, ...] = ()

    @property
    def better(self) -> int:
        """Documents with fewer errors than before."""
        return sum(gain > 0 for gain in self.gains.values())

    @property
    def worse(self) -> int:
        """Documents with more errors than before."""
        return sum(gain < 0 for gain in self.gains.values())

    @property
    def same(self) -> int:
        """Documents with as many errors as before."""
        return len(self.gains) - self.better - self.worse

    def count(self, kind: Change, label: str | None = None) -> int:
        """How many spans changed in a way, of one label or of all."""
        return sum(c.kind == kind and label in (None, c.span.label) for c in self.changes)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        labels = [target for target in self.differences if target not in ("micro", "macro")]
        return {
            "baseline": self.name,
            "documents": {
                "compared": self.documents,
                "better": self.better,
                "worse": self.worse,
                "same": self.same,
            },
            "notes": list(self.notes),
            "strict": {
                target: {metric: value.to_dict() for metric, value in values.items()}
                for target, values in self.differences.items()
            },
            "spans": {
                kind: {"all": self.count(kind), **{label: self.count(kind, label) for label in labels}}
                for kind in CHANGES
            },
        }


def compare(current: Evaluation, baseline: Evaluation, *, name: str = "baseline") -> Comparison:
    """Compares two evaluations of the same documents.

    Args:
        current, baseline: Evaluations against the same gold.
        name: What to call the baseline.

    Raises:
        DataError: If they share no document, or the gold spans of a shared document differ.
    """
    others = {document.id: document for document in baseline.documents}
    pairs = [(document, others[document.id]) for document in current.documents if document.id in others]
    notes = []
    if not pairs:
        raise DataError(f"{name} and this run share no document")
    if len(pairs) < len(current.documents):
        notes.append(
            f"compared on the {len(pairs):,} documents that {name} has too, of {len(current.documents):,}"
        )
    for one, other in pairs:
        if one.gold != other.gold:
            raise DataError(f"{name}: gold spans of {one.id!r} differ from this run's")
    labels = sorted({*current.labels, *baseline.labels})
    tables = [count_table([(d.gold, d.predicted) for d in side], labels) for side in zip(*pairs, strict=True)]
    by_mode = [{mode: scores_of(table, mode) for mode in MODES} for table in tables]
    drawn = None
    if len(pairs) > 1 and current.resamples > 0:
        drawn = resampled_scores(tables, resamples=current.resamples, seed=current.seed)
    differences: dict[str, dict[str, Difference]] = {}
    for index, target in enumerate(tables[0].targets()):
        differences[target] = {}
        for metric in METRICS:
            now, before = (float(getattr(values["strict"][target], metric)) for values in by_mode)
            low = high = p_value = None
            if drawn is not None:
                gaps = drawn[0][metric][:, index] - drawn[1][metric][:, index]
                low, high = interval(gaps)
                p_value = paired_p_value(gaps, now - before)
            differences[target][metric] = Difference(before, now, low, high, p_value)
    return Comparison(
        name=name,
        documents=len(pairs),
        differences=differences,
        gains={one.id: _wrong(other) - _wrong(one) for one, other in pairs},
        changes=[change for one, other in pairs for change in _changes(one, other)],
        scores=(by_mode[0], by_mode[1]),
        notes=tuple(notes),
    )


def _wrong(document: EvaluatedDocument) -> int:
    right = sum(match.kind == CORRECT for match in document.matches)
    return len(document.gold) + len(document.predicted) - 2 * right


def _changes(one: EvaluatedDocument, other: EvaluatedDocument) -> list[SpanChange]:
    gold, now, before = set(one.gold), set(one.predicted), set(other.predicted)
    found: list[tuple[Change, set[Span]]] = [
        ("found", (now - before) & gold),
        ("lost", (before - now) & gold),
        ("removed", before - now - gold),
        ("added", now - before - gold),
    ]
    changes = [SpanChange(kind, one, span) for kind, spans in found for span in spans]
    return sorted(changes, key=lambda change: (change.span, change.kind))


def evaluate_baseline(path: Path | str, current: Evaluation, *, labels: Iterable[str] = ()) -> Evaluation:
    """Evaluates a baseline on the gold of the current run.

    Args:
        path: ``metrics.json`` of an earlier run (its predictions are in it, by offsets), or a prediction file.
        current: The current evaluation.
        labels: Score these labels only.

    Returns:
        The baseline on those documents of the current run that it has.

    Raises:
        UsageError: If the file cannot be read.
        DataError: If it is neither, an id occurs twice, the texts differ, or no document is shared.
    """
    path = Path(path)
    gold = {d.id: Document(d.id, d.text, d.gold, source=d.source) for d in current.documents}
    is_metrics = path.suffix == ".json"
    documents = _from_metrics(path, gold) if is_metrics else read_unique(path, other=list(gold.values()))
    theirs = {document.id for document in documents}
    shared = [document for identity, document in gold.items() if identity in theirs]
    if not shared:
        raise DataError(f"{path}: has none of this run's documents")
    return evaluate(
        shared,
        documents,
        labels=labels,
        ids="strict",
        known=theirs,
        resamples=current.resamples,
        seed=current.seed,
        check_with_seqeval=False,
    )


def _from_metrics(path: Path, gold: Mapping[str, Document]) -> list[Document]:
    import json

    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot read: {error.strerror}") from None
    except ValueError as error:
        raise DataError(f"{path}: not JSON: {error}") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        found = data.get("schema") if isinstance(data, dict) else type(data).__name__
        raise DataError(f"{path}: not a metrics file of schema {SCHEMA!r}, but {found!r}")
    documents = []
    for number, record in enumerate(data.get("documents") or ()):
        document = gold.get(str(record.get("id")))
        if document is None:
            continue
        where = f"{path}: documents[{number}]"
        if record.get("sha256") != sha256_of_text(document.text):
            raise DataError(
                f"{where}: id {document.id!r} was another text then (sha256 {record.get('sha256')})"
            )
        spans = [
            {"start": span[0], "end": span[1], "label": span[2], "score": span[3] if len(span) > 3 else None}
            for span in record.get("spans") or ()
        ]
        documents.append(
            document_from_dict({"id": document.id, "text": document.text, "spans": spans}, where=where)
        )
    return documents
