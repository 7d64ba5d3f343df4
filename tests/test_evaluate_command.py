"""``parkner evaluate`` from the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from evaluation_data import make_gold, predict, write
from parkner.cli import main
from parkner.corpus import standoff_record
from parkner.spans import Document, Span


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


def test_a_missing_extra_is_named_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import parkner.cli.evaluate

    gold = str(write(tmp_path / "g.jsonl", make_gold(2)))
    monkeypatch.setattr(parkner.cli.evaluate, "find_spec", lambda name: None if name == "seqeval" else name)
    assert main(["evaluate", "--gold", gold, "--pred", gold, "--out", str(tmp_path / "out")]) == 2
    assert "seqeval is not installed: pip install 'parkner[report]'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


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
