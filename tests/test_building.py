"""What the shipped model is made with: line breaks, mean weights, float16, the card, the order of steps."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import yaml

from parkner import conversion
from parkner.encoding import PieceEncoder
from parkner.model_folder import read_description, write_description
from parkner.spans import Document, Span, UsageError
from parkner.steps import StepError
from tiny import TEXTS, save_encoder, save_model

pytest.importorskip("torch")


def _predicted(folder, texts):
    from parkner import Tagger

    tagger = Tagger.from_pretrained(folder, backend="torch", values=False)
    tagger.backend._bf16 = False
    return [[(s.start, s.end, s.label) for s in d.spans] for d in tagger.tag(texts)]


@pytest.fixture
def model(tmp_path):
    folder = save_model(tmp_path / "model")
    (folder / "model.onnx").unlink()
    _hash_again(folder)
    return folder


def _hash_again(folder):
    """As files in a model folder are written by hand here, which it would refuse to load."""
    write_description(folder, read_description(folder, check_files=False))


def test_a_line_break_gets_the_vector_of_the_separator_and_changes_nothing(model):
    texts = ["\n".join(TEXTS), TEXTS[0] + "\n\n" + TEXTS[1] + "\n"]
    before = _predicted(model, texts)
    pieces = PieceEncoder.from_folder(model).encode("公\n\n司").ids.tolist()
    conversion.add_line_break(model)
    after = PieceEncoder.from_folder(model).encode("公\n\n司").ids.tolist()
    assert (pieces[0], pieces[2]) == (after[0], after[2])
    assert pieces[1] == 3 != after[1]
    _hash_again(model)
    assert _predicted(model, texts) == before
    conversion.add_line_break(model)  # once only
    assert PieceEncoder.from_folder(model).encode("公\n\n司").ids.tolist() == after


def test_transformers_reads_several_lines_as_we_do(model):
    from transformers import AutoTokenizer

    conversion.add_line_break(model)
    ours, theirs = PieceEncoder.from_folder(model), AutoTokenizer.from_pretrained(model)
    for text in ("公司\n园区", "\n 公司 \n\u3000\n 园区\n\n", "公司", "\t公 司\r\n2021年"):
        clean = text.replace("\r", "")
        assert theirs(clean, add_special_tokens=False)["input_ids"] == ours.encode(clean).ids.tolist()


def test_the_mean_of_networks_is_their_mean(model, tmp_path):
    from safetensors.numpy import load_file, save_file

    from parkner.averaging import average_models

    other = tmp_path / "other"
    shutil.copytree(model, other)
    weights = {name: value + 1 for name, value in load_file(other / "model.safetensors").items()}
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(Exception, match="SHA-256"):
        average_models([model, other], tmp_path / "mean")
    _hash_again(other)
    average_models([model, other], tmp_path / "mean")
    mean = load_file(tmp_path / "mean" / "model.safetensors")
    for name, value in load_file(model / "model.safetensors").items():
        np.testing.assert_allclose(mean[name], value + 0.5, atol=1e-5)
    read_description(tmp_path / "mean")  # whole, with its own hashes
    with pytest.raises(UsageError, match="labels"):
        average_models([model, save_model(tmp_path / "third", labels=("A", "B"))], tmp_path / "none")


def test_ship_writes_half_floats_and_int8_and_the_card_has_the_scores(model, tmp_path):
    from safetensors.numpy import load_file

    from parkner.corpus import write_documents
    from parkner.shipping import describe, ship

    found = _predicted(model, TEXTS)
    gold = tmp_path / "gold.jsonl"
    write_documents(
        gold,
        [
            Document(str(i), t, tuple(Span(*s) for s in spans))
            for i, (t, spans) in enumerate(zip(TEXTS, found, strict=True))
        ],
    )
    # A toy network's int8 may well lose more than half a point, which ship must not hide.
    out = tmp_path / "shipped"
    code = ship(model, out, gold)
    assert code in (0, 1)
    assert (out / "model.int8.onnx").is_file() == (code == 0)
    assert {value.dtype for value in load_file(out / "model.safetensors").values()} == {np.dtype("float16")}
    card = tmp_path / "card.yaml"
    card.write_text(
        yaml.safe_dump({"recipe": ["python build"], "notes": {"Limits": "Few."}}), encoding="utf-8"
    )
    describe(out, {"dev": gold, "held out": gold}, {"toys": gold}, card=card)
    text = (out / "README.md").read_text(encoding="utf-8")
    head = yaml.safe_load(text.split("---")[1])
    results = head["model-index"][0]["results"]
    scores = read_description(out).scores["held out"]
    assert [result["dataset"]["name"] for result in results] == ["dev", "held out"]
    assert results[1]["metrics"][0]["value"] == scores["micro"]
    assert f"| {len(TEXTS)} | {sum(map(len, TEXTS))} |" in text
    assert "    python build\n" in text
    assert text.endswith("## Limits\n\nFew.\n")


def test_the_whole_build_runs_and_a_second_run_reuses_it(tmp_path, monkeypatch, capsys):
    """On toy data, with a tiny random encoder in the place of the conversion."""
    from contextlib import contextmanager

    from parkner import building
    from parkner.adaptation_options import AdaptOptions
    from parkner.runtime import sha256_of_text
    from parkner.second_round import SecondRound

    @contextmanager
    def no_wheel(wheel=None):
        yield None

    monkeypatch.setattr(conversion, "original", no_wheel)
    monkeypatch.setattr(
        conversion, "convert", lambda e5, folder, layers: save_encoder(folder, layers=len(layers))
    )
    monkeypatch.setattr(building, "_label", lambda corpus, out: out.write_text(corpus.read_text()) and 0)
    lines = [
        {
            "id": f"a{i}",
            "text": "\n".join([*TEXTS, f"{i}日重庆高新区投资{i}亿元。"]),
            "spans": [[0, 5, "PARK"], [5, 10, "DATE"]],
        }
        for i in range(12)
    ]
    corpus, gold, annotated = tmp_path / "corpus.jsonl", tmp_path / "gold.jsonl", tmp_path / "annotated.jsonl"
    corpus.write_text(
        "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8"
    )
    splits = [
        {**lines[0], "id": "g1", "split": "train"},
        {**lines[0], "id": "g2", "split": "dev", "text": TEXTS[0] + "另外"},
    ]
    gold.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in splits), encoding="utf-8")
    part = TEXTS[1]
    start = len(TEXTS[0]) + 1
    record = {
        "id": "a1@1", "article": "a1", "start": start, "end": start + len(part), "sha256": sha256_of_text(part),
        "spans": [[0, 3, "ORG"]],
    }  # fmt: skip
    annotated.write_text(json.dumps(record) + "\n", encoding="utf-8")
    written = tmp_path / "written.jsonl"
    written.write_text(json.dumps({**lines[0], "id": "w1"}, ensure_ascii=False) + "\n", encoding="utf-8")
    recipe, card = tmp_path / "recipe.yaml", tmp_path / "card.yaml"
    recipe.write_text("window: {size: 62, overlap: 8}\ntrain: {epochs: 1, batch_size: 4}\n", encoding="utf-8")
    card.write_text("recipe: [make]\nnotes: {}\n", encoding="utf-8")
    leg = AdaptOptions(
        characters=8 * 2 * 8, batch_size=2, window=8, warmup_steps=1, save_every=4, span_weight=1.0
    )
    plan = building.BuildPlan(
        corpus=corpus, gold=gold, annotated=annotated,
        written=written, held_out=gold, practice=written, recipe=recipe, card=card, layers=2,
        again=SecondRound(recipe, recipe, width=20, seeds=(3, 4), last_seeds=(5,)),
        legs=(leg, replace(leg, span_weight=2.0)),
        first_leg=4 * 2 * 8, runs=((1, ()), (2, ("augment.copies=1",))),
    )  # fmt: skip
    monkeypatch.setattr(building, "ship", lambda model, out, dev: 0 if shutil.copytree(model, out) else 1)
    adapt = building.adapt_encoder
    monkeypatch.setattr(building, "adapt_encoder", lambda *a, **k: adapt(*a, **k, seconds=0))
    with pytest.raises(StepError, match="'adapt, weak labels'") as stopped:
        building.build_model(plan, tmp_path / "work", tmp_path / "out")
    assert stopped.value.code == 130
    monkeypatch.setattr(building, "adapt_encoder", adapt)
    building.build_model(plan, tmp_path / "work", tmp_path / "out")
    assert (tmp_path / "out" / "README.md").is_file()
    assert len((tmp_path / "work" / "adapt" / "losses.jsonl").read_text().splitlines()) == 8
    capsys.readouterr()
    with pytest.raises(UsageError, match=r"none\.jsonl: no such file"):
        building.build_model(replace(plan, gold=tmp_path / "none.jsonl"), tmp_path / "work", tmp_path / "out")
    building.build_model(plan, tmp_path / "work", tmp_path / "out")
    said = capsys.readouterr().out
    assert said.count("as before, reused") == 20, said


def test_evened_activations_compute_the_same(tmp_path):
    import onnxruntime as ort

    from parkner.export import quantise, typical_windows
    from parkner.smoothing import smooth

    folder = save_model(tmp_path / "model")
    documents = [Document(str(i), text) for i, text in enumerate(TEXTS)]
    windows = typical_windows(folder, read_description(folder), documents)
    assert [ids.shape[1] for ids, _ in windows] == [len(text) + 2 for text in TEXTS]
    assert smooth(folder / "model.onnx", tmp_path / "even.onnx", windows) == 7  # q, k, v, three dense, tags
    plain, even = (
        ort.InferenceSession(str(path)) for path in (folder / "model.onnx", tmp_path / "even.onnx")
    )
    for ids, mask in windows:
        feed = {"input_ids": ids, "attention_mask": mask}
        np.testing.assert_allclose(plain.run(None, feed)[0], even.run(None, feed)[0], rtol=1e-2, atol=1e-2)
    quantise(folder / "model.onnx", tmp_path / "x.int8.onnx", windows)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["even.onnx", "model", "x.int8.onnx"]
    logits = ort.InferenceSession(str(tmp_path / "x.int8.onnx")).run(None, feed)[0]
    assert np.corrcoef(logits.ravel(), plain.run(None, feed)[0].ravel())[0, 1] > 0.9
