"""Comparison with a baseline, and gates."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation_data import make_gold, predict, write
from parkner.comparison import compare, evaluate_baseline
from parkner.evaluation import evaluate
from parkner.gate import check_gates, parse_gate
from parkner.report import metrics_dict, metrics_json
from parkner.spans import DataError, Document, Span, UsageError


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
