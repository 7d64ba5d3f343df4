"""The real command line, end to end on the seeds with a tiny model; and what it says when it is used wrongly."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from parkner.cli import main
from tiny import TEXTS, save_encoder


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory, root):
    """clean -> label -> train -> predict -> evaluate, by the commands of the README."""
    folder = tmp_path_factory.mktemp("demo")
    encoder = save_encoder(folder / "encoder", layers=1)
    docs, weak, model = folder / "docs.jsonl", folder / "weak.jsonl", folder / "run" / "model"
    settings = ["train.max_steps=3", "train.batch_size=2", "window={size: 120, overlap: 8}"]
    quick = [part for setting in [f"encoder.name={encoder}", *settings] for part in ("--set", setting)]
    gold = str(root / "annotations" / "seeds.jsonl")
    commands = [
        ["clean", str(root / "seeds"), "--out", str(docs)],
        ["label", str(docs), "--out", str(weak)],
        ["train", "--train", str(weak), "--dev", gold, "--out", str(folder / "run"), *quick],
        ["predict", str(root / "seeds"), "--model", str(model), "--out", str(folder / "pred.jsonl")],
        ["evaluate", "--gold", gold, "--pred", str(folder / "pred.jsonl"), "--out", str(folder / "report")],
    ]
    for command in commands:
        assert main(command) == 0, command
    return folder


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_predictions_are_five_lines_with_texts_that_fit(run_folder, root):
    found = lines(run_folder / "pred.jsonl")
    assert [line["id"] for line in found] == [
        json.loads(x)["id"] for x in (root / "seeds/manifest.jsonl").open()
    ]
    for line in found:
        assert line["text"] == (root / "seeds" / f"{line['id']}.txt").read_bytes().decode()
        for span in line["spans"]:
            assert line["text"][span["start"] : span["end"]] == span["text"]
            assert 0 <= span["score"] <= 1


def test_weak_labels_are_good_enough_to_train_on(run_folder):
    scores = lines_of_metrics(run_folder / "report" / "metrics.json")
    assert scores["strict"]["micro"]["support"] == 406
    assert (run_folder / "report" / "report.html").stat().st_size > 5000
    weak = {span["label"] for line in lines(run_folder / "weak.jsonl") for span in line["spans"]}
    assert weak == {"ORG", "PARK", "INDUSTRY", "AMOUNT", "DATE"}


def lines_of_metrics(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_run_says_how_it_was_made(run_folder):
    manifest = lines_of_metrics(run_folder / "run" / "manifest.json")
    assert manifest["config"]["train"]["max_steps"] == 3
    assert len(manifest["data"][0]["sha256"]) == 64
    assert {"torch", "transformers", "parkner"} <= set(manifest["packages"])
    assert lines_of_metrics(run_folder / "run" / "metrics.json")["train"]["steps"] == 3


def test_export_measures_int8(run_folder, root, capsys):
    model = str(run_folder / "run" / "model")
    dev = str(root / "annotations" / "seeds.jsonl")
    assert main(["export", "--model", model, "--onnx", "--int8", "--dev", dev, "--max-loss", "100"]) == 0
    assert capsys.readouterr().out.count("micro F1") == 3
    out = run_folder / "onnx.jsonl"
    assert (
        main(["predict", str(root / "seeds"), "--model", model, "--out", str(out), "--backend", "onnx"]) == 0
    )
    assert len(lines(out)) == 5


def test_second_predict_with_resume_does_nothing_more(run_folder, root, tmp_path, capsys):
    out = tmp_path / "pred.jsonl"
    command = [
        "predict",
        str(root / "seeds"),
        "--model",
        str(run_folder / "run" / "model"),
        "--out",
        str(out),
    ]
    assert main(command) == 0
    before = out.stat().st_mtime_ns
    assert main([*command, "--resume"]) == 0
    assert "complete already" in capsys.readouterr().out
    assert out.stat().st_mtime_ns == before
    assert main([*command, "--resume", "--min-score", "0.5"]) == 2
    assert "min_score was 0.0, is 0.5" in capsys.readouterr().err


def test_bad_records_are_named_and_the_rest_is_done(run_folder, tmp_path, capsys):
    (tmp_path / "in.jsonl").write_text('{"text": "江天科技公司"}\nnonsense\n{"id": "b"}\n{"text": ""}\n')
    out = tmp_path / "out.jsonl"
    model = str(run_folder / "run" / "model")
    assert main(["predict", str(tmp_path / "in.jsonl"), "--model", model, "--out", str(out)]) == 1
    assert len(lines(out)) == 2
    errors = lines(tmp_path / "out.jsonl.errors.jsonl")
    assert [error["line"] for error in errors] == [2, 3]
    assert "in.jsonl:2" in capsys.readouterr().err


def test_sigterm_keeps_what_is_done(run_folder, tmp_path):
    many = tmp_path / "many.jsonl"
    with many.open("w", encoding="utf-8") as file:
        for number in range(4000):
            file.write(
                json.dumps({"id": str(number), "text": TEXTS[number % 3] * 4}, ensure_ascii=False) + "\n"
            )
    out = tmp_path / "out.jsonl"
    command = [sys.executable, "-m", "parkner", "predict", str(many), "--out", str(out)]
    command += ["--model", str(run_folder / "run" / "model"), "--backend", "torch"]
    job = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    parts = tmp_path / "out.jsonl.parts"
    deadline = time.monotonic() + 60
    while not list(parts.glob("part-*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    job.send_signal(signal.SIGTERM)
    _, said = job.communicate(timeout=60)
    assert job.returncode == 143, said
    assert "--resume" in said
    assert not out.exists()
    done = sum(json.loads(path.read_text())["documents"] for path in parts.glob("part-*.json"))
    assert 0 < done < 4000


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["predict", "none.txt", "--model", "{model}", "--out", "{out}/x.jsonl"], "none.txt: no such file"),
        (
            ["predict", "{seeds}", "--model", "{out}/none", "--out", "{out}/x.jsonl"],
            "none: no such model folder",
        ),
        (
            ["predict", "{seeds}", "--model", "{seeds}", "--out", "{out}/x.jsonl"],
            "parkner.json: no such file",
        ),
        (
            ["predict", "{seeds}", "--model", "{model}", "--out", "{out}/x.csv"],
            "must end in .jsonl or .parquet",
        ),
        (["train", "--train", "none.jsonl", "--out", "{out}"], "none.jsonl: no such file"),
        (["train", "--train", "{weak}", "--out", "{out}", "--set", "trian.epochs=3"], "did you mean train"),
        (["train", "--train", "{weak}", "--out", "{out}", "--config", "none.yaml"], "none.yaml: cannot read"),
        (
            ["train", "--train", "{weak}", "--out", "{out}", "--set", "labels=[ORG]"],
            "is not in labels ['ORG']",
        ),
        (
            ["train", "--train", "{weak}", "--out", "{out}", "--set", "encoder.name={out}/none"],
            "no such folder",
        ),
        (
            ["evaluate", "--gold", "none.jsonl", "--pred", "{weak}", "--out", "{out}"],
            "none.jsonl: no such file",
        ),
        (["export", "--model", "{model}"], "say what to export"),
        (["label", "none.txt", "--out", "{out}/x.jsonl"], "none.txt"),
        (["clean", "none.txt", "--out", "{out}/x.jsonl"], "none.txt"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_exit_code_2(run_folder, root, tmp_path, capsys, arguments, says):
    places = {
        "out": str(tmp_path),
        "seeds": str(root / "seeds"),
        "weak": str(run_folder / "weak.jsonl"),
        "model": str(run_folder / "run" / "model"),
    }
    filled = [argument.format(**places) for argument in arguments]
    assert main(filled) == 2
    said = capsys.readouterr().err.strip()
    assert says in said
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1


def test_help_names_every_command_and_option_errors_exit_2(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for command in ("clean", "label", "train", "evaluate", "predict", "convert", "export", "suggest"):
        assert command in shown
    assert main(["predict"]) == 2
    assert main(["nonsense"]) == 2


def test_the_installed_script_starts(tmp_path):
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, "-m", "parkner", "predict", "x"], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 2
    assert "--out" in done.stderr
