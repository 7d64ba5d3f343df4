"""`evaluate`, what it refuses, comparison, gates, and the command."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from parkner.cli import main
from parkner.comparison import compare, evaluate_baseline
from parkner.corpus import standoff_record, write_documents
from parkner.evaluation import SCHEMA, evaluate
from parkner.gate import check_gates, parse_gate
from parkner.matching import ERROR_KINDS
from parkner.metrics import MODES
from parkner.pairing import read_unique
from parkner.report import metrics_dict, metrics_json
from parkner.spans import DataError, Document, Span, UsageError

LABELS = ("ORG", "PARK", "DATE")


def make_gold(count: int = 30, seed: int = 1) -> list[Document]:
    rng = random.Random(seed)
    documents = []
    for number in range(count):
        spans = tuple(Span(20 * i + 2, 20 * i + rng.randint(5, 9), rng.choice(LABELS)) for i in range(6))
        documents.append(
            Document(f"{'news' if number % 3 else 'notices'}/{number}", f"文𠀀{number:05d}字" * 20, spans)
        )
    return documents


def predict(gold: Sequence[Document], right: float, seed: int = 2) -> list[Document]:
    """Copies gold, and spoils some spans in every way there is."""
    rng = random.Random(seed)
    documents = []
    for document in gold:
        spans = []
        for span in document.spans:
            start, end, label = span.start, span.end, span.label
            if rng.random() > right:
                way = rng.choice(ERROR_KINDS)
                if way == "missed":
                    continue
                start += {"too_short": 1, "shifted": 2, "too_long": -1}.get(way, 0)
                end += {"shifted": 2, "too_long": 1, "wrong_label_and_boundary": 3}.get(way, 0)
                if way.startswith("wrong_label"):
                    label = rng.choice([other for other in LABELS if other != label])
                if way == "spurious":
                    spans.append(Span(span.end + 4, span.end + 6, label, score=0.4))
            spans.append(Span(start, end, label, score=round(rng.uniform(0.5, 1), 3)))
        documents.append(Document(document.id, document.text, tuple(spans)))
    return documents


def write(path: Path, documents: Sequence[Document]) -> Path:
    write_documents(path, documents)
    return path


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


# Comparison


def test_comparison_of_a_run_with_itself_is_nothing() -> None:
    gold = make_gold()
    run = evaluate(gold, predict(gold, 0.7))
    found = compare(run, run)
    assert (found.better, found.worse, found.same, len(found.changes)) == (0, 0, 30, 0)
    assert {value.p_value for values in found.differences.values() for value in values.values()} == {1.0}


def test_comparison_says_what_changed() -> None:
    gold = [Document("a", "0123456789", (Span(0, 2, "ORG"), Span(4, 6, "ORG"))), Document("b", "0123456789")]
    before = [
        Document("a", "0123456789", (Span(0, 2, "ORG"), Span(8, 9, "ORG"))),
        Document("b", "0123456789"),
    ]
    now = [
        Document("a", "0123456789", (Span(4, 6, "ORG"),)),
        Document("b", "0123456789", (Span(1, 2, "DATE"),)),
    ]
    found = compare(evaluate(gold, now), evaluate(gold, before))
    assert [(c.kind, c.document.id, c.span) for c in found.changes] == [
        ("lost", "a", Span(0, 2, "ORG")),
        ("found", "a", Span(4, 6, "ORG")),
        ("removed", "a", Span(8, 9, "ORG")),
        ("added", "b", Span(1, 2, "DATE")),
    ]
    assert dict(found.gains) == {"a": 1, "b": -1}
    assert (found.better, found.worse) == (1, 1)


def test_a_clear_gain_is_significant_and_turns_round() -> None:
    gold = make_gold(60)
    good, bad = evaluate(gold, predict(gold, 0.9)), evaluate(gold, predict(gold, 0.6))
    gain, loss = (compare(*pair).differences["micro"]["f1"] for pair in ((good, bad), (bad, good)))
    assert gain.p_value is not None
    assert gain.p_value < 0.01
    assert gain.p_value == loss.p_value
    assert gain.change == pytest.approx(-loss.change)
    assert gain.low is not None
    assert 0 < gain.low < gain.change


def test_metrics_json_is_as_good_a_baseline_as_its_predictions(tmp_path: Path) -> None:
    gold = make_gold()
    now, before = evaluate(gold, predict(gold, 0.8)), predict(gold, 0.7, seed=5)
    predictions = write(tmp_path / "before.jsonl", before)
    metrics = tmp_path / "metrics.json"
    metrics.write_text(metrics_json(metrics_dict(evaluate(gold, before))), encoding="utf-8")
    found = [compare(now, evaluate_baseline(path, now)) for path in (predictions, metrics)]
    assert found[0].to_dict() == found[1].to_dict()
    assert found[0].changes == found[1].changes


def test_a_baseline_on_fewer_documents_is_compared_on_those(tmp_path: Path) -> None:
    gold = make_gold()
    predicted = predict(gold, 0.8)
    path = write(tmp_path / "before.jsonl", predicted[:10])
    now = evaluate(gold, predicted)
    found = compare(now, evaluate_baseline(path, now))
    assert found.documents == 10
    assert found.notes == ("compared on the 10 documents that baseline has too, of 30",)
    # The gate looks at the same documents on both sides.
    (result,) = check_gates([parse_gate("micro.f1=0", "max-drop")], now.scores, found.scores)
    assert result.passed
    assert result.value == result.baseline != now.scores["strict"]["micro"].f1


def test_baselines_that_do_not_fit(tmp_path: Path) -> None:
    gold = make_gold(3)
    now = evaluate(gold, gold)
    path = tmp_path / "metrics.json"
    path.write_text('{"schema": "other/9"}')
    with pytest.raises(DataError, match=r"not a metrics file of schema 'parkner.metrics/1', but 'other/9'"):
        evaluate_baseline(path, now)
    path.write_text("{")
    with pytest.raises(DataError, match="not JSON"):
        evaluate_baseline(path, now)
    path.write_text(metrics_json(metrics_dict(evaluate(make_gold(1, seed=9)[:1], make_gold(1, seed=9)[:1]))))
    other = [Document("notices/0", "another text")]
    with pytest.raises(DataError, match="'notices/0' was another text then"):
        evaluate_baseline(path, evaluate(other, other))
    other = [Document("elsewhere", "another text")]
    with pytest.raises(DataError, match="has none of this run's documents"):
        evaluate_baseline(path, evaluate(other, other))


# Gates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("micro.f1=0.85", ("strict", "micro", "f1", 0.85)),
        ("PARK.recall=1", ("strict", "PARK", "recall", 1.0)),
        ("partial.micro.precision=0", ("partial", "micro", "precision", 0.0)),
        ("type.macro.f1=.5", ("type", "macro", "f1", 0.5)),
        ("my.label.f1=0.5", ("strict", "my.label", "f1", 0.5)),
        ("exact.f1=0.5", ("strict", "exact", "f1", 0.5)),
    ],
)
def test_gates_are_read(text: str, expected: tuple[str, str, str, float]) -> None:
    gate = parse_gate(text, "fail-under")
    assert (gate.mode, gate.target, gate.metric, gate.limit) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("micro.f1", "needs the form micro.f1=0.85"),
        ("f1=0.8", "needs the form"),
        ("micro.f2=0.8", r"unknown metric 'f2' \(did you mean f1\?\)"),
        ("micro.f1=high", "'high' is not a number"),
        ("micro.f1=85", "scores lie between 0 and 1, not 85"),
        ("micro.f1=nan", "scores lie between 0 and 1"),
    ],
)
def test_gates_that_make_no_sense(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_gate(text, "fail-under")


def test_gates_hold_or_break_at_the_limit() -> None:
    gold = make_gold()
    run = evaluate(gold, predict(gold, 0.7))
    f1 = run.scores["strict"]["micro"].f1
    for limit, passed in ((f1, True), (f1 + 1e-9, False), (0, True)):
        (result,) = check_gates([parse_gate(f"micro.f1={limit!r}", "fail-under")], run.scores)
        assert result.passed is passed
        assert str(result.message).startswith("micro.f1 is 0.")
    with pytest.raises(UsageError, match=r"no 'PRAK' in gold or predictions \(did you mean PARK\?\)"):
        check_gates([parse_gate("PRAK.f1=0.1", "fail-under")], run.scores)


# The command


def test_command_writes_the_report_and_gates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold = make_gold()
    files = [
        write(tmp_path / f"{name}.jsonl", documents)
        for name, documents in (
            ("gold", gold),
            ("pred", predict(gold, 0.8)),
            ("old", predict(gold, 0.95, seed=8)),
        )
    ]
    call = ["evaluate", "--gold", str(files[0]), "--pred", str(files[1]), "--resamples", "50"]
    out = tmp_path / "out"
    assert main([*call, "--out", str(out), "--fail-under", "micro.f1=0.5"]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "junit.xml",
        "metrics.json",
        "report.html",
        "report.md",
    ]
    assert "0.5 (--fail-under)" in (out / "report.md").read_text(encoding="utf-8")
    capsys.readouterr()
    gates = [
        "--fail-under",
        "PARK.f1=0.99",
        "--fail-under",
        "micro.recall=0.1",
        "--max-drop",
        "micro.f1=0.01",
    ]
    assert main([*call, "--out", str(out), "--baseline", str(files[2]), *gates]) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("gate broken")]
    assert [line.split()[2] for line in lines] == ["PARK.f1", "micro.f1"]
    data = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert [gate["passed"] for gate in data["gates"]] == [False, True, False]
    assert data["comparison"]["strict"]["micro"]["f1"]["change"] < 0
    assert [item["file"] for item in data["run"]["data"]] == ["gold.jsonl", "pred.jsonl", "old.jsonl"]
    assert str(tmp_path) not in (out / "report.html").read_text(encoding="utf-8")


def test_command_takes_standoff_gold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold = make_gold(3)
    standoff = tmp_path / "gold.jsonl"
    standoff.write_text("\n".join(json.dumps(standoff_record(d)) for d in gold))
    pred = write(tmp_path / "pred.jsonl", gold)
    out = ["--out", str(tmp_path / "out"), "--resamples", "0"]
    assert main(["evaluate", "--gold", str(standoff), "--pred", str(pred), *out]) == 0
    data = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert data["strict"]["micro"]["f1"] == 1
    # Stand-off predictions find their texts in --texts.
    call = ["evaluate", "--gold", str(standoff), "--pred", str(standoff), *out]
    assert main([*call, "--texts", str(pred)]) == 0
    assert main(call) == 1
    assert "gold.jsonl:1: no text is known for sha256" in capsys.readouterr().err
    # The id is there, but with another text.
    changed = [Document(gold[0].id, gold[0].text + "。", gold[0].spans), *gold[1:]]
    pred = write(tmp_path / "pred.jsonl", changed)
    assert main(["evaluate", "--gold", str(standoff), "--pred", str(pred), *out]) == 1
    assert "gold.jsonl:1: id 'notices/0' has another text in the predictions" in capsys.readouterr().err


def test_command_scores_one_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold = make_gold(4)
    path = tmp_path / "gold.jsonl"
    path.write_text(
        "\n".join(
            json.dumps({"id": d.id, "text": d.text, "split": "dev" if i % 2 else "train", "spans": []})
            for i, d in enumerate(gold)
        )
    )
    pred = write(tmp_path / "pred.jsonl", gold)
    call = ["evaluate", "--gold", str(path), "--pred", str(pred), "--out", str(tmp_path / "out")]
    assert main([*call, "--split", "dev"]) == 0
    assert len(json.loads((tmp_path / "out" / "metrics.json").read_text())["documents"]) == 2
    assert main([*call, "--split", "test"]) == 2
    assert "no record of split 'test'; there are dev, train" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "needs --pred FILE or --model DIR"),
        (["--pred", "gold.jsonl", "--model", "m"], "one of them"),
        (["--pred", "missing.jsonl"], "missing.jsonl: no such file"),
        (["--pred", "gold.jsonl", "--ids", "some"], "--ids some: must be strict or common"),
        (["--pred", "gold.jsonl", "--max-drop", "micro.f1=0.1"], "needs --baseline"),
        (["--pred", "gold.jsonl", "--fail-under", "micro=0.1"], "needs the form"),
    ],
)
def test_wrong_usage_is_code_2_and_writes_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("gold.jsonl"), make_gold(2))
    assert main(["evaluate", "--gold", "gold.jsonl", "--out", "out", *options]) == 2
    assert message in capsys.readouterr().err
    assert not Path("out").exists()


def test_command_tags_with_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is given the gold texts without their spans."""
    import parkner.inference

    gold = make_gold(3)

    class Fake:
        @classmethod
        def from_pretrained(cls, folder: object) -> Fake:
            return cls()

        def tag(self, documents: Sequence[Document]) -> list[Document]:
            assert not any(d.spans for d in documents)
            return [Document(d.id, d.text, (Span(0, 2, "ORG"),)) for d in documents]

    monkeypatch.setattr(parkner.inference, "Tagger", Fake)
    call = ["evaluate", "--gold", str(write(tmp_path / "g.jsonl", gold)), "--model", str(tmp_path)]
    assert main([*call, "--out", str(tmp_path / "out")]) == 0
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["totals"]["predicted"] == 3


def test_seqeval_that_disagrees_stops_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    import parkner.evaluation
    from parkner.spans import ParknerError

    gold = make_gold(2)
    wrong = {"micro": {"precision": 0.5, "recall": 1.0, "f1": 1.0, "support": 12}}
    monkeypatch.setattr(parkner.evaluation, "seqeval_scores", lambda documents: wrong)
    with pytest.raises(ParknerError, match=r"our counts say 1.000000, seqeval says 0.500000"):
        evaluate(gold, gold)
