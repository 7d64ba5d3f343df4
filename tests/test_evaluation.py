"""`evaluate`: what its scores hold to, and what it refuses."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from evaluation_data import LABELS, make_gold, predict
from parkner.evaluation import SCHEMA, evaluate
from parkner.metrics import MODES
from parkner.pairing import read_unique
from parkner.report import metrics_dict, metrics_json
from parkner.spans import DataError, Document, Span


def test_shuffling_documents_and_spans_changes_nothing() -> None:
    gold, rng = make_gold(), random.Random(3)
    predicted = predict(gold, 0.7)
    first = metrics_json(metrics_dict(evaluate(gold, predicted)))
    for _ in range(2):
        for documents in (gold, predicted):
            rng.shuffle(documents)
            documents[:] = [
                Document(d.id, d.text, tuple(rng.sample(d.spans, len(d.spans)))) for d in documents
            ]
        assert metrics_json(metrics_dict(evaluate(gold, predicted))) == first


def test_renaming_labels_renames_scores_and_nothing_else() -> None:
    gold = make_gold()
    predicted = predict(gold, 0.7)
    # Reverses their alphabetical order.
    names = {"DATE": "Z-DATE", "ORG": "Y-ORG", "PARK": "A-PARK"}

    def renamed(documents: Sequence[Document]) -> list[Document]:
        return [
            Document(
                d.id, d.text, tuple(Span(s.start, s.end, names[s.label], score=s.score) for s in d.spans)
            )
            for d in documents
        ]

    one, other = evaluate(gold, predicted), evaluate(renamed(gold), renamed(predicted))
    for mode in MODES:
        for target, value in one.scores[mode].items():
            for field in ("precision", "recall", "f1", "support", "predicted", "correct"):
                expected = pytest.approx(getattr(value, field), abs=1e-12)
                assert getattr(other.scores[mode][names.get(target, target)], field) == expected


def test_errors_confusion_and_scores_tell_the_same_story() -> None:
    gold = make_gold()
    evaluation = evaluate(gold, predict(gold, 0.6))
    strict = evaluation.scores["strict"]["micro"]
    kinds = {kind: sum(found.values()) for kind, found in evaluation.errors.items()}
    assert all(kinds.values()), kinds
    paired = sum(kinds.values()) - kinds["missed"] - kinds["spurious"]
    assert strict.correct + paired + kinds["missed"] == strict.support
    assert strict.correct + paired + kinds["spurious"] == strict.predicted
    for label in evaluation.labels:
        row = sum(count for (one, _), count in evaluation.confusion.items() if one == label)
        column = sum(count for (_, other), count in evaluation.confusion.items() if other == label)
        assert (row, column) == (
            evaluation.scores["strict"][label].support,
            evaluation.scores["strict"][label].predicted,
        )
    low, high = evaluation.intervals["strict"]["micro"]["f1"]
    assert low < strict.f1 < high


def test_per_source_scores_are_scores_of_its_documents() -> None:
    gold = make_gold()
    predicted = predict(gold, 0.6)
    evaluation = evaluate(gold, predicted)
    assert [(name, count) for name, (count, _) in evaluation.by_source.items()] == [
        ("news", 20),
        ("notices", 10),
    ]
    only = [d for d in gold if d.id.startswith("notices/")]
    alone = evaluate(only, [d for d in predicted if d.id.startswith("notices/")])
    assert evaluation.by_source["notices"][1] == alone.scores["strict"]


def test_schema_of_metrics_json() -> None:
    gold = make_gold()
    data = json.loads(metrics_json(metrics_dict(evaluate(gold, predict(gold, 0.7)))))
    assert data["schema"] == SCHEMA == "parkner.metrics/1"
    for mode in MODES:
        assert set(data[mode]) == {"micro", "macro", *LABELS}
        assert {"precision", "recall", "f1", "support"} <= set(data[mode]["ORG"])
        low, high = data[mode]["micro"]["interval"]["f1"]
        assert low <= data[mode]["micro"]["f1"] <= high
    assert data["seqeval"]["micro"]["f1"] == data["strict"]["micro"]["f1"]
    assert len(data["documents"]) == 30
    assert "文" not in json.dumps(data, ensure_ascii=False)


def test_labels_of_one_side_only_count_and_are_named() -> None:
    gold = [Document("a", "0123456789", (Span(0, 2, "ORG"),)), Document("b", "0123456789")]
    predicted = [Document("a", "0123456789", (Span(0, 2, "PERSON"),)), Document("b", "0123456789")]
    evaluation = evaluate(gold, predicted)
    assert evaluation.scores["strict"]["micro"].precision == 0
    assert evaluation.scores["exact"]["micro"].f1 == 1
    assert any(note.startswith("PERSON is predicted (1 spans) but not in gold") for note in evaluation.notes)
    assert any(note.startswith("ORG is in gold (1 spans) but never predicted") for note in evaluation.notes)


def test_chosen_labels_only() -> None:
    gold = make_gold()
    predicted = predict(gold, 0.7)
    whole, part = evaluate(gold, predicted), evaluate(gold, predicted, labels=["ORG"])
    assert part.labels == ("ORG",)
    assert part.scores["strict"]["ORG"] == whole.scores["strict"]["ORG"] == part.scores["strict"]["micro"]
    with pytest.raises(
        DataError, match="'GPE' is neither in gold nor in predictions; there are DATE, ORG, PARK"
    ):
        evaluate(gold, predicted, labels=["GPE"])


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        ([], [Document("a", "x")], "gold: no documents"),
        ([Document("a", "x")], [], "predictions: no documents"),
        ([Document("a", "x"), Document("a", "x")], [Document("a", "x")], "'a' occurs twice in gold"),
        ([Document("a", "x")], [Document("a", "x"), Document("a", "x")], "'a' occurs twice in predictions"),
        ([Document("a", "x")], [Document("b", "x")], "no id in common: 'b' there, 'a' here"),
        (
            [Document("a", "x"), Document("b", "x")],
            [Document("a", "x")],
            "1 id of gold is not in predictions: 'b'",
        ),
        (
            [Document("a", "x")],
            [Document("a", "x"), Document("b", "x")],
            "1 id of predictions is not in gold: 'b'",
        ),
        (
            [Document("a", "xyz")],
            [Document("a", "xyza")],
            "'a' has two texts: 3 characters in gold, 4 in predictions",
        ),
        ([Document("a", "xyz")], [Document("a", "xQz")], "different from character 1 on"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    gold: list[Document], predicted: list[Document], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        evaluate(gold, predicted)


def test_common_ids_are_scored_on_request_and_the_rest_is_named() -> None:
    gold = make_gold(4)
    predicted = [*predict(gold, 0.5)[1:], Document("other", "x")]
    evaluation = evaluate(gold, predicted, ids="common")
    assert len(evaluation.documents) == 3
    assert [note for note in evaluation.notes if note.endswith("left out")] == [
        "1 id of gold is not in predictions: 'notices/0'; left out",
        "1 id of predictions is not in gold: 'other'; left out",
    ]


def test_no_spans_at_all_is_said() -> None:
    bare = [Document(d.id, d.text) for d in make_gold(2)]
    assert any(n.startswith("gold has no spans at all") for n in evaluate(bare, bare).notes)
    assert evaluate(bare, bare).scores["strict"]["micro"].f1 == 0
    assert any(n.startswith("predictions have no spans") for n in evaluate(make_gold(2), bare).notes)


def test_reading_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    records = [{"id": "a", "text": "x", "spans": []}, {"id": "b", "text": "x", "spans": []}]
    path.write_text("\n".join(json.dumps(r) for r in [*records, records[0]]))
    with pytest.raises(DataError, match=r"gold.jsonl:3: id 'a' stands in line 1 already"):
        read_unique(path)
    path.write_text(json.dumps({"text": "x"}))
    with pytest.raises(DataError, match=r"gold.jsonl:1: the record has no id"):
        read_unique(path)
    path.write_text("\n")
    with pytest.raises(DataError, match="holds no documents"):
        read_unique(path)


def test_seqeval_that_disagrees_stops_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    import parkner.evaluation
    from parkner.spans import ParknerError

    gold = make_gold(2)
    wrong = {"micro": {"precision": 0.5, "recall": 1.0, "f1": 1.0, "support": 12}}
    monkeypatch.setattr(parkner.evaluation, "seqeval_scores", lambda documents: wrong)
    with pytest.raises(ParknerError, match=r"our counts say 1.000000, seqeval says 0.500000"):
        evaluate(gold, gold)
