"""Jobs over many inputs: the same output for any number of workers and after any death; what is refused, and why."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from parkner import preparation
from parkner.batch import FailedRecord, Job, OutputError
from parkner.cli import batching, main
from parkner.inputs import InputError, iter_records
from parkner.rules import RuleTagger
from parkner.spans import DataError, Document, Span, UsageError
from tiny import TEXTS, save_model


def kill_myself(document):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    pytest.importorskip("torch")
    return save_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A page, a text, and lines of which some are bad."""
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "a.html").write_text(
        "<html><head><meta charset='utf-8'></head><body>"
        + "".join(f"<p>{t * 3}</p>" for t in TEXTS)
        + "</body></html>",
        encoding="utf-8",
    )
    (folder / "b.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    with (folder / "c.jsonl").open("w", encoding="utf-8") as file:
        for number in range(90):
            text = TEXTS[number % 3] * (1 + number % 7)
            bad = number % 10 == 4
            file.write("{oops\n" if bad else json.dumps({"id": f"c{number}", "text": text}) + "\n")
    return folder


def predict(inputs, out, model, *more):
    return main(
        ["predict", str(inputs), "--out", str(out), "--model", str(model), "--backend", "onnx", *more]
    )


@pytest.fixture(scope="module")
def expected(inputs, model, tmp_path_factory):
    """What an undisturbed run in one process writes."""
    out = tmp_path_factory.mktemp("expected") / "out.jsonl"
    assert predict(inputs, out, model) == 1  # bad lines
    return out


def test_bad_records_are_named_and_the_others_are_there(expected):
    ids = [json.loads(line)["id"] for line in expected.open(encoding="utf-8")]
    assert ids == ["a", "b", *(f"c{n}" for n in range(90) if n % 10 != 4)]
    errors = [json.loads(line) for line in expected.with_name("out.jsonl.errors.jsonl").open()]
    assert [error["line"] for error in errors] == [n + 1 for n in range(90) if n % 10 == 4]
    job = json.loads(expected.with_name("out.jsonl.job.json").read_text())
    assert (job["documents"], job["failed"]) == (83, 9)


def test_workers_change_nothing(inputs, model, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(preparation, "CHUNK_RECORDS", 7)
    out = tmp_path / "out.jsonl"
    assert predict(inputs, out, model, "--workers", "2") == 1
    assert out.read_bytes() == expected.read_bytes()
    errors = "out.jsonl.errors.jsonl"
    assert (tmp_path / errors).read_bytes() == expected.with_name(errors).read_bytes()


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_killed_again_and_again_it_still_writes_the_same(inputs, model, tmp_path, monkeypatch, suffix):
    """The program dies at every tenth document that is written, without a chance to clean up."""
    monkeypatch.setattr("parkner.batch.PART_DOCUMENTS", 7)
    whole = tmp_path / f"whole{suffix}"
    assert predict(inputs, whole, model) == 1
    out = tmp_path / f"out{suffix}"
    code = (
        "import os, signal, sys, parkner.batch as batch, parkner.cli.batching as batching\n"
        "batch.PART_DOCUMENTS = 7\n"
        "count, seen = batching.Meter.count, []\n"
        "def die(self, document):\n"
        "    count(self, document); seen.append(1)\n"
        "    if len(seen) == 24: os.kill(os.getpid(), signal.SIGKILL)\n"
        "batching.Meter.count = die\n"
        "from parkner.cli import main\n"
        f"sys.exit(main({['predict', str(inputs), '--out', str(out), '--model', str(model), '--resume']!r}))"
    )
    codes = []
    while not codes or codes[-1] == -signal.SIGKILL:
        codes.append(subprocess.run([sys.executable, "-c", code], capture_output=True).returncode)
        assert len(codes) < 9
    assert codes == [-signal.SIGKILL] * 3 + [1]
    assert out.read_bytes() == whole.read_bytes()
    lines = [p.with_name(p.name + ".errors.jsonl").read_bytes() for p in (out, whole)]
    assert lines[0] == lines[1]


def documents(count, *, first=0):
    return [Document(f"d{n}", f"江天公司{n}", (Span(0, 4, "ORG", 0.9),)) for n in range(first, count)]


def test_damaged_parts_are_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr("parkner.batch.PART_DOCUMENTS", 2)
    job = Job(tmp_path / "o.jsonl", {"model": "a"})
    job.begin(resume=False)
    list(job.write(documents(8), 0))
    parts = sorted(job.parts_folder.glob("part-*.jsonl"))
    assert len(parts) == 4
    parts[2].write_bytes(
        parts[2].read_bytes()[:-10]
    )  # a machine that went down: what lies behind counts for nothing
    job = Job(tmp_path / "o.jsonl", {"model": "a"})
    assert job.begin(resume=True) == 4
    assert sorted(job.parts_folder.glob("part-*.jsonl")) == parts[:2]


def test_records_done_counts_the_bad_ones(tmp_path, monkeypatch):
    monkeypatch.setattr("parkner.batch.PART_DOCUMENTS", 2)
    job = Job(tmp_path / "o.jsonl")
    job.begin(resume=False)
    job.failed += [FailedRecord(0, {"n": 0}), FailedRecord(1, {"n": 1}), FailedRecord(2, {"n": 2})]
    stream = job.write(documents(4), 0)
    next(stream), next(stream), next(stream)  # the part of the first two is written
    assert job.records_done() == 4
    assert [f.report for f in job.failed] == [{"n": 2}]


def test_parts_are_written_by_time(tmp_path, monkeypatch):
    monkeypatch.setattr("parkner.batch.PART_SECONDS", 0.0)
    job = Job(tmp_path / "o.jsonl")
    job.begin(resume=False)
    list(job.write(documents(3), 0))
    assert len(list(job.parts_folder.glob("part-*.json"))) == 3


def test_full_disk_is_named_and_what_is_written_stays(tmp_path, monkeypatch):
    monkeypatch.setattr("parkner.batch.PART_DOCUMENTS", 2)
    job = Job(tmp_path / "o.jsonl", {})
    job.begin(resume=False)
    real, left = os.fsync, [2]

    def full(descriptor):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr("parkner.batch.os.fsync", full)
    with pytest.raises(
        OutputError, match=r"part-0000000004\.jsonl: cannot write: No space left on device.*--resume"
    ):
        list(job.write(documents(9), 0))
    monkeypatch.setattr("parkner.batch.os.fsync", real)
    assert Job(job.out, {}).begin(resume=True) == 4


def test_full_disk_in_the_last_step_keeps_the_parts(tmp_path, monkeypatch):
    job = Job(tmp_path / "o.jsonl", {})
    job.begin(resume=False)
    list(job.write(documents(3), 0))

    def full(source, target):
        target.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("parkner.batch.shutil.copyfileobj", full)
    with pytest.raises(OutputError, match="No space left"):
        job.finish()
    assert not list(tmp_path.glob("*.partial"))
    monkeypatch.undo()
    again = Job(job.out, {})
    assert again.begin(resume=True) == 3
    assert again.finish() == (3, 0)
    assert len(job.out.read_text().splitlines()) == 3


def test_killed_while_the_parts_are_cleared_away(tmp_path, monkeypatch):
    """The output is there, the parts are half deleted: nothing is to be done, and nothing is lost."""
    job = Job(tmp_path / "o.jsonl", {"a": 1})
    job.begin(resume=False)
    list(job.write(documents(3), 0))
    monkeypatch.setattr("parkner.batch.shutil.rmtree", lambda *_, **__: None)
    job.finish()
    monkeypatch.undo()
    again = Job(job.out, {"a": 1})
    assert again.begin(resume=True) == -1
    assert not list(tmp_path.glob("*.parts*"))
    with pytest.raises(UsageError, match="a was 1, is 2"):
        Job(job.out, {"a": 2}).begin(resume=True)


def test_changed_inputs_are_refused(inputs, model, tmp_path, capsys):
    lines = tmp_path / "in.jsonl"
    lines.write_text(json.dumps({"text": TEXTS[0]}) + "\n")
    out = tmp_path / "o.jsonl"
    assert predict(lines, out, model) == 0
    lines.write_text(lines.read_text() * 2)
    assert predict(lines, out, model, "--resume") == 2
    assert "input files was '1 files" in capsys.readouterr().err


def test_output_inside_an_input_folder_is_refused(inputs, model, capsys):
    assert predict(inputs, inputs / "deep" / "o.jsonl", model) == 2
    assert "lies in the input folder" in capsys.readouterr().err


def test_a_lock_that_was_taken_away_is_not_believed(tmp_path):
    first = Job(tmp_path / "o.jsonl")
    lock = tmp_path / "o.jsonl.lock"
    with first.locked():
        lock.unlink()
        lock.touch()  # another job's lock file: ours has no name any more
        with Job(tmp_path / "o.jsonl").locked():
            pass
    assert not lock.exists()


def test_a_record_on_which_the_program_fails_is_an_error_like_others():
    def prepare(document):
        if document.id == "d1":
            raise RecursionError("too deep")
        return document

    records = [lambda d=d: d for d in documents(3)] + [InputError("x", "bad", "json", 3)]
    out = list(preparation.prepare_stream(records, prepare))
    assert [item.id for item in out[:1] + out[2:3]] == ["d0", "d2"]
    assert out[1].to_dict() == {
        "file": "d1", "line": None, "error": "the program failed on it: RecursionError: too deep", "kind": "internal",
    }  # fmt: skip
    assert out[3].line == 3


def test_a_killed_worker_is_said(inputs):
    with pytest.raises(DataError, match="worker process died"):
        list(preparation.prepare_stream(iter_records([inputs]), kill_myself, workers=2))


def test_workers_end_with_their_parent(inputs, tmp_path):
    code = (
        "import os, signal, sys\n"
        "from parkner.inputs import iter_records\n"
        "from parkner.preparation import as_is, prepare_stream\n"
        "if __name__ == '__main__':\n"
        f"    stream = prepare_stream(iter_records([{str(inputs)!r}]), as_is, workers=2)\n"
        "    next(stream)\n"
        "    import multiprocessing\n"
        "    print(*[p.pid for p in multiprocessing.active_children()], flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    workers = [int(pid) for pid in done.stdout.split()]
    assert len(workers) == 2
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in workers if alive(pid)]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_signal_lets_what_was_read_be_finished(inputs, model, expected, tmp_path, monkeypatch, capsys):
    count, seen = batching.Meter.count, []

    def interrupt(self, document):
        count(self, document)
        seen.append(document.id)
        if len(seen) == 5:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("parkner.inference.LEAST_LOOK_AHEAD_PIECES", 600)
    monkeypatch.setattr(batching.Meter, "count", interrupt)
    out = tmp_path / "out.jsonl"
    assert predict(inputs, out, model) == 143
    assert "stopped by SIGTERM; go on with --resume" in capsys.readouterr().err
    assert 5 <= len(seen) < 83
    monkeypatch.undo()
    assert predict(inputs, out, model, "--resume") == 1
    assert out.read_bytes() == expected.read_bytes()


class Clock:
    now = 0.0

    def monotonic(self):
        return self.now


def test_time_left_is_that_of_the_bytes_left(monkeypatch, capsys):
    clock = Clock()
    monkeypatch.setattr(batching, "time", clock)

    class Feed:
        done = 100
        places = batching.deque([500, 600, 700, 900])  # 500 bytes were passed by: a resumed run

    meter = batching.Meter(Feed(), 1000)
    meter.count(Document("a", "江" * 10))
    assert meter.seconds_left() is None
    for seconds in (30, 60, 120):
        clock.now = seconds
        meter.count(Document("a", "江" * 10))
    assert meter.seconds_left() == pytest.approx(30)
    assert meter.line() == "104 articles  0.0 articles/s  0 characters/s  0:00:30 left"
    assert capsys.readouterr().err.count("articles/s") == 2  # one line a minute
    assert batching.Meter(Feed(), None).seconds_left() is None


def test_without_a_model_the_labelling_functions_tag(seeds, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("parkner.model_folder.SHIPPED_MODEL", "models/none")
    out = tmp_path / "p.jsonl"
    assert main(["predict", str(seeds), "--out", str(out)]) == 0
    shown = capsys.readouterr()
    assert "no model ships with this version: tagging with labelling functions" in shown.err
    assert "5 articles tagged by labelling-functions" in shown.out
    lines = [json.loads(line) for line in out.open(encoding="utf-8")]
    assert len(lines) == 5
    spans = [span for line in lines for span in line["spans"]]
    assert {span["label"] for span in spans} == {"ORG", "PARK", "INDUSTRY", "AMOUNT", "DATE"}
    assert all("sources" not in span for span in spans)
    assert any(span.get("value") for span in spans if span["label"] == "AMOUNT")
    assert main(["predict", str(seeds), "--out", str(out), "--backend", "onnx"]) == 2
    assert "no model ships" in capsys.readouterr().err


def test_model_and_rules_together(seeds, tmp_path, capsys):
    """Any number of workers, and a span is one that both found or one that one of the two is sure of."""
    outs = {}
    for name, more in {
        "model": [],
        "both": ["--with-rules"],
        "both2": ["--with-rules", "--workers", "2"],
    }.items():
        out = tmp_path / f"{name}.jsonl"
        assert main(["predict", str(seeds), "--out", str(out), *more]) == 0
        outs[name] = [json.loads(line) for line in out.open(encoding="utf-8")]
    assert "onnx-int8 and labelling-functions" in capsys.readouterr().out
    assert outs["both"] == outs["both2"]
    rules = list(RuleTagger().tag([line["text"] for line in outs["model"]]))
    key = lambda span: (span["start"], span["end"], span["label"])  # noqa: E731
    added = 0
    for line, plain, labelled in zip(outs["both"], outs["model"], rules, strict=True):
        model = {key(span): span["score"] for span in plain["spans"]}
        functions = {(s.start, s.end, s.label): s.score for s in labelled.spans}
        for span in map(key, line["spans"]):
            assert (
                (span in model and span in functions) or model.get(span, 0) >= 0.6 or functions[span] >= 0.85
            )
            added += span not in model
        assert all(span.get("value") for span in line["spans"] if span["label"] == "AMOUNT")
    assert added > 5


def test_rules_cannot_be_asked_beside_a_model_with_other_labels(seeds, tmp_path, capsys):
    folder = save_model(tmp_path / "model", labels=("ORG", "PERSON"))
    command = ["predict", str(seeds), "--out", str(tmp_path / "x.jsonl"), "--model", str(folder)]
    assert main([*command, "--with-rules"]) == 2
    assert "--with-rules: the model's labels ['ORG', 'PERSON']" in capsys.readouterr().err


def test_rules_keep_to_the_least_score():
    text = "开江经开区2021年引进江天科技公司,投资2亿元。"
    (everything,) = RuleTagger(values=False).tag([text])
    best = max(span.score for span in everything.spans)
    (some,) = RuleTagger(values=False, minimum_score=best).tag([text])
    assert set(some.spans) == {span for span in everything.spans if span.score == best}
    (none,) = RuleTagger(values=False, minimum_score=min(1.0, best + 1e-6)).tag([text])
    assert not none.spans
