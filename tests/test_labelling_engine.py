"""The engine and `parkner label`: offsets on the original, debris left alone, workers, resume, a label of one's own."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner.cli import main
from parkner.config import load_config
from parkner.corpus import read_documents, write_documents
from parkner.labelling.engine import Labeller, load_functions, weak_label
from parkner.labelling.functions import Article, LabellingFunction, labelling_function
from parkner.labelling.label_model import make_label_model
from parkner.labelling.lexicon import Lexicons
from parkner.labelling.stream import label_documents
from parkner.spans import Document, Span, UsageError


@pytest.fixture(scope="module")
def config(root):
    return load_config(root / "configs" / "default.yaml")


@pytest.fixture(scope="module")
def labeller(config):
    return Labeller.from_config(config)


def texts(document):
    return [(document.text_of(span), span.label) for span in document.spans]


def test_spans_lie_on_the_original_text(labeller):
    text = "實(shí)現(xiàn)產(chǎn)值387.6億元,2023年加快發(fā)展電(diàn)子信息產(chǎn)業(yè)。"
    document = labeller.label(Document("d", text)).document
    assert document.text == text
    assert ("387.6億元", "AMOUNT") in texts(document)
    assert ("2023年", "DATE") in texts(document)
    assert ("電(diàn)子信息產(chǎn)業", "INDUSTRY") in texts(document)
    assert all(span.sources and 0.5 <= span.score <= 1 for span in document.spans)


def test_debris_is_left_alone(labeller):
    menu, article = "扫一扫 2023年 投资10亿元\n", "2022年完成投资5亿元。"
    document = Document("d", menu + article, meta={"debris": [[0, len(menu)]]})
    assert [t for t, _ in texts(labeller.label(document).document)] == ["2022年", "5亿元"]


def test_earlier_spans_are_replaced(labeller):
    document = labeller.label(Document("d", "没有名字的一句话", (Span(0, 2, "ORG"),))).document
    assert document.spans == ()


@given(st.text(alphabet="开江经区2021年投资亿元产业、和公司“”(）\n 會業(yè)", max_size=60))
def test_any_text_gives_flat_spans_without_marks_at_the_edges(labeller, text):
    document = labeller.label(Document("d", text)).document
    for span in document.spans:
        covered = document.text_of(span)
        assert covered[0] not in " “”、\n（("
        assert covered[-1] not in " “”、\n（("


def run_of(function, text, root, labels=("X",)):
    wrapped = LabellingFunction("f", labels, function)
    return weak_label(
        Document("d", text), [wrapped], make_label_model("majority"), Lexicons(root / "configs" / "lexicons")
    )


def test_marks_are_trimmed_and_sentences_never_crossed(root):
    document = run_of(lambda article: [(0, 6), (6, 11)], "“江天科技”一。二三四", root)
    assert texts(document) == [("江天科技", "X")]


@pytest.mark.parametrize("found", [[(3, 99)], [(2, 2)], [(0, 2, "Y")]])
def test_a_function_that_errs_is_named(root, found):
    with pytest.raises(UsageError, match="labelling function f"):
        run_of(lambda article: found, "江天科技", root)


def test_register(root):
    with pytest.raises(UsageError, match="at least one label"):
        labelling_function()(lambda article: [])
    with pytest.raises(UsageError, match="no_such_function"):
        load_functions(disable=["no_such_function"])
    with pytest.raises(UsageError, match="no_such_module"):
        load_functions(["no_such_module"])
    first, second = load_functions(disable=["amount_range"])
    assert "amount_range" not in {f.name for f in first}
    assert {f.name for f in second} >= {"same_name_elsewhere"}
    assert all(f.summary for f in [*first, *second])


def test_memo_is_worked_out_once(root):
    calls = []
    article = Article("甲", Lexicons(root / "configs" / "lexicons"))
    for _ in range(2):
        assert article.memo("k", lambda a: calls.append(a.text) or len(calls)) == 1


def test_two_workers_give_what_one_gives(config, seeds, root):
    from parkner.inputs import iter_documents

    documents = list(iter_documents([seeds]))
    one = list(label_documents(documents, config))
    assert one == list(label_documents(documents, config, workers=2))
    assert sum(len(d.spans) for d in one) > 250


def test_seeds_reach_their_floor(labeller, root):
    """Guards against a broken function; `parkner evaluate` has the figures."""
    right = found = known = 0
    for gold in read_documents(root / "annotations" / "seeds.jsonl"):
        weak = labeller.label(Document(gold.id, gold.text)).document
        truth = {(s.start, s.end, s.label) for s in gold.spans}
        right += sum((s.start, s.end, s.label) in truth for s in weak.spans)
        found += len(weak.spans)
        known += len(truth)
    assert 2 * right / (found + known) > 0.8


def test_command_writes_report_resumes_and_is_complete(seeds, root, tmp_path, capsys):
    out = tmp_path / "weak.jsonl"
    gold = str(root / "annotations" / "seeds.jsonl")
    command = ["label", str(seeds), "--out", str(out)]
    assert main([*command, "--report", str(tmp_path / "report"), "--gold", gold]) == 0
    documents = list(read_documents(out))
    assert len(documents) == 5
    report = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert report["articles_with_gold"] == 5
    assert report["labels"]["AMOUNT"]["f1"] > 0.9
    by_name = {f["function"]: f for f in report["functions"]}
    assert by_name["amount_with_currency"]["precision"] > 0.9
    assert by_name["amount_with_currency"]["only"] > 10
    assert report["conflicts"][0]["examples"][0]["text"]
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "amount_with_currency" in page
    assert "<script" not in page
    assert main([*command, "--resume"]) == 0
    assert "complete already" in capsys.readouterr().out
    assert main([*command, "--resume", "--report", str(tmp_path / "r")]) == 2


def test_report_escapes_what_articles_bring(config, root, tmp_path):
    from parkner.labelling.report import Report

    labeller = Labeller.from_config(config)
    report = Report(config, {})
    text = "<script>alert(1)</script>2023年至2025年投资10亿元以上,发展<b>生物医药</b>产业。"
    report.add(labeller.label(Document("<img src=x>", text)))
    report.write(tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<img" not in page


def test_fit_estimates_and_calibrates(seeds, root, tmp_path):
    out, parameters = tmp_path / "weak.jsonl", tmp_path / "model.json"
    gold = str(root / "annotations" / "seeds.jsonl")
    command = ["label", str(seeds), "--out", str(out), "--fit", str(parameters), "--gold", gold]
    assert main([*command, "--set", "labelling.label_model=weighted"]) == 0
    stored = json.loads(parameters.read_text(encoding="utf-8"))["models"]["weighted"]
    assert stored["articles"] == stored["calibrated_on"] == 5
    assert stored["calibration"]["steps"]["ORG"]
    assert 0 < stored["parameters"]["accuracy"]["industry_with_suffix"]["INDUSTRY"] < 1


def test_bad_gold_and_bad_parameters_are_named(seeds, tmp_path, capsys):
    bad = tmp_path / "gold.jsonl"
    bad.write_text('{"id": "a", "text": "甲", "spans": [[0, 9, "ORG"]]}\n', encoding="utf-8")
    assert main(["label", str(seeds), "--out", str(tmp_path / "w.jsonl"), "--gold", str(bad)]) == 1
    assert "gold.jsonl:1" in capsys.readouterr().err
    bad.write_text("[]", encoding="utf-8")
    setting = f"labelling.label_model_file={bad}"
    assert main(["label", str(seeds), "--out", str(tmp_path / "w.jsonl"), "--set", setting]) == 2
    assert "gold.jsonl" in capsys.readouterr().err


def test_standoff_gold_is_found_by_its_text(root, tmp_path):
    from parkner.corpus import standoff_record
    from parkner.labelling.scoring import gold_of, read_gold

    documents = list(read_documents(root / "annotations" / "seeds.jsonl"))
    path = tmp_path / "standoff.jsonl"
    path.write_text("\n".join(json.dumps(standoff_record(d)) for d in documents), encoding="utf-8")
    gold = read_gold(path)
    assert tuple(gold_of(gold, documents[0].text)) == documents[0].spans
    assert gold_of(gold, "another text") is None
    with pytest.raises(UsageError, match="split dev"):
        read_gold(path, split="dev")


def test_a_label_of_ones_own_from_function_to_prediction(root, tmp_path):
    """docs/labelling.md, "Add a label": one file with functions and one config; label, train and predict know it."""
    from tiny import TEXTS, save_encoder

    recipe = str(root / "configs" / "examples" / "percent.yaml")
    more = [f"增长{n}.5%,占百分之三十。" for n in range(1, 7)]
    articles = [Document(f"d{i}", text) for i, text in enumerate([*TEXTS, *more])]
    write_documents(tmp_path / "docs.jsonl", articles)
    weak, encoder = tmp_path / "weak.jsonl", save_encoder(tmp_path / "encoder", layers=1)
    assert main(["label", str(tmp_path / "docs.jsonl"), "--out", str(weak), "--config", recipe]) == 0
    found = [t for d in read_documents(weak) for t in texts(d)]
    assert ("1.5%", "PERCENT") in found
    assert ("百分之三十", "PERCENT") in found
    assert ("2亿元", "AMOUNT") in found
    settings = [
        f"encoder.name={encoder}", "train.max_steps=40", "train.batch_size=4", "train.learning_rate=0.01",
        "train.dropout=0.0", "train.precision=fp32", "window={size: 24, overlap: 8}",
    ]  # fmt: skip
    command = [
        "train",
        "--config",
        recipe,
        "--train",
        str(weak),
        "--dev",
        str(weak),
        "--out",
        str(tmp_path / "run"),
    ]
    assert main([*command, *(part for s in settings for part in ("--set", s))]) == 0
    pred = tmp_path / "pred.jsonl"
    model = str(tmp_path / "run" / "model")
    assert main(["predict", str(tmp_path / "docs.jsonl"), "--model", model, "--out", str(pred)]) == 0
    predicted = {t for d in read_documents(pred) for t in texts(d)}
    assert any(label == "PERCENT" for _, label in predicted)


def test_a_broken_module_is_named(root, tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("def f(:\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"broken\.py"):
        load_functions([str(broken)])


def test_labelling_imports_neither_torch_nor_transformers():
    import subprocess
    import sys

    code = (
        "import sys; import parkner.labelling.engine as e; e.load_functions();"
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_workers_end_with_a_killed_parent(seeds, tmp_path):
    import os
    import signal
    import subprocess
    import sys
    import time

    documents = [Document(f"d{i}", "2023年投资10亿元发展生物医药产业。" * 400) for i in range(200)]
    write_documents(tmp_path / "docs.jsonl", documents)
    command = [sys.executable, "-m", "parkner", "label", str(tmp_path / "docs.jsonl"), "--workers", "2"]
    run = subprocess.Popen([*command, "--out", str(tmp_path / "weak.jsonl")], start_new_session=True)
    children: list[int] = []
    listing = f"/proc/{run.pid}/task/{run.pid}/children"
    until = time.monotonic() + 60
    while len(children) < 3 and time.monotonic() < until:  # two workers and the resource tracker
        time.sleep(0.2)
        try:
            with open(listing) as file:  # noqa: PTH123
                children = [int(pid) for pid in file.read().split()]
        except FileNotFoundError:
            pytest.skip("no /proc with children on this machine")
    time.sleep(2)
    run.send_signal(signal.SIGKILL)
    run.wait()
    until = time.monotonic() + 30
    alive = children
    while alive and time.monotonic() < until:
        time.sleep(0.3)
        alive = [pid for pid in alive if os.path.exists(f"/proc/{pid}")]  # noqa: PTH110
    assert alive == []
