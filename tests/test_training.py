"""Training with a tiny random encoder: whole documents in, a model folder out; resumable, repeatable."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkner.config import load_config
from parkner.corpus import write_documents
from parkner.inference import Tagger
from parkner.model_folder import read_description
from parkner.spans import Document, ModelError, Span, UsageError
from parkner.training import train
from tiny import TEXTS, save_encoder

NAMES = {
    "ORG": ["江天科技公司", "达州市发改委"],
    "PARK": ["开江经开区", "重庆高新区"],
    "AMOUNT": ["2亿元", "30亿元", "100亿元"],
    "DATE": ["2021年", "2023年3月"],
    "INDUSTRY": ["生物医药产业", "电子信息产业"],
}


def toy_documents():
    documents = []
    for number, text in enumerate(TEXTS):
        spans = [
            Span(text.index(name), text.index(name) + len(name), label, 0.9)
            for label, names in NAMES.items()
            for name in names
            if name in text
        ]
        documents.append(Document(f"toy/{number}", text, tuple(spans)))
    return documents


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    save_encoder(folder / "encoder")
    write_documents(folder / "train.jsonl", toy_documents())
    write_documents(folder / "dev.jsonl", [Document(d.id, d.text, d.spans) for d in toy_documents()])
    return folder


def recipe(toy, *more):
    return load_config(
        None,
        [
            f"encoder.name={toy / 'encoder'}",
            "train.learning_rate=0.01",
            "train.batch_size=2",
            "train.precision=fp32",
            "train.dropout=0.0",
            "window={size: 24, overlap: 8}",
            "device=cpu",
            *more,
        ],
    )


def run(toy, out, *more, resume=False):
    return train(
        recipe(toy, *more),
        train_files=[toy / "train.jsonl"],
        dev_file=toy / "dev.jsonl",
        out=out,
        resume=resume,
        progress=False,
    )


@pytest.fixture(scope="module")
def trained(toy, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    return out, run(toy, out, "train.epochs=30")


def test_it_learns_its_own_texts(trained, toy):
    out, result = trained
    assert result.metrics["dev"]["micro_f1"] > 0.9
    assert result.metrics["train"]["spans_lost"] == 0
    description = read_description(result.model)
    assert description.data[0]["file"] == "train.jsonl"
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["config"]["train"]["epochs"] == 30
    assert {entry["file"] for entry in manifest["data"]} == {"train.jsonl", "dev.jsonl"}
    tagged = list(Tagger.from_pretrained(result.model, backend="torch", values=False).tag(toy_documents()))
    assert {span.label for document in tagged for span in document.spans} >= {"ORG", "PARK", "AMOUNT"}


def test_the_folder_loads_in_transformers_pipeline_and_agrees(toy, tmp_path):
    from transformers import pipeline

    # Without dev file, so that the last and surest weights are kept: an unsure network's best tags need not be valid.
    result = train(
        recipe(toy, "train.epochs=60", "window={size: 64, overlap: 8}"),
        train_files=[toy / "train.jsonl"],
        dev_file=None,
        out=tmp_path,
        progress=False,
    )
    tagger = Tagger.from_pretrained(result.model, backend="torch", values=False)
    tagger.backend._bf16 = False  # the pipeline runs in float32
    ner = pipeline("token-classification", model=str(result.model), aggregation_strategy="simple")
    documents = list(tagger.tag(TEXTS))
    assert sum(len(document.spans) for document in documents) >= 8
    for document in documents:
        found = [(entity["start"], entity["end"], entity["entity_group"]) for entity in ner(document.text)]
        assert [(s.start, s.end, s.label) for s in document.spans] == found


@given(st.lists(st.integers(1, 60), max_size=80), st.integers(20, 200), st.integers(0, 99))
def test_batches_by_tokens_hold_every_window_once_and_fit(lengths, tokens, seed):
    from parkner.token_batches import TokenBatches

    batches = TokenBatches(lengths, tokens, pad_to=8, longest=50, seed=seed)
    drawn = list(batches)
    assert sorted(index for batch in drawn for index in batch) == list(range(len(lengths)))
    assert len(drawn) == len(batches)
    for batch in drawn:
        longest = max(lengths[index] for index in batch)
        padded = max(longest, min(-(-longest // 8) * 8, 50))
        assert len(batch) == 1 or len(batch) * padded <= tokens
    assert drawn == list(batches)
    batches.set_epoch(1)
    assert sorted(map(tuple, batches)) == sorted(map(tuple, drawn))


def test_a_run_by_tokens_learns_and_goes_on_where_it_stopped(toy, tmp_path):
    settings = ("train.epochs=4", "train.batch_tokens=64")
    whole = run(toy, tmp_path / "a", *settings)
    assert whole.metrics["train"]["steps"] > 4
    again = run(toy, tmp_path / "b", *settings)
    assert again.metrics["dev"] == whole.metrics["dev"]
    assert again.metrics["train"]["loss"] == whole.metrics["train"]["loss"]


def test_packed_texts_lose_nothing():
    from parkner.spans import Span
    from parkner.training import packed

    texts = [(f"第{i}段，公司", [Span(4, 6, "ORG", 0.5)]) for i in range(10)]
    joint = list(packed(texts, length=15))
    assert [len(text.split("\n")) for text, _ in joint] == [3, 3, 3, 1]
    for text, spans in joint:
        named = [(text[s.start : s.end], s.label, s.score) for s in spans]
        assert named == [("公司", "ORG", 0.5)] * len(text.split("\n"))
    assert "\n".join(text for text, _ in joint) == "\n".join(text for text, _ in texts)
    assert not list(packed([], length=15))


def test_packing_means_fewer_windows_and_the_same_spans(toy, tmp_path):
    long = "window={size: 126, overlap: 8}"
    plain = run(toy, tmp_path / "a", "train.epochs=1", long).metrics["train"]
    dense = run(toy, tmp_path / "b", "train.epochs=1", long, "train.pack=true").metrics["train"]
    assert dense["windows"] < plain["windows"]
    assert (dense["spans"], dense["spans_lost"]) == (plain["spans"], 0)


def test_same_seed_same_metrics(toy, tmp_path):
    first = run(toy, tmp_path / "a", "train.epochs=2").metrics
    second = run(toy, tmp_path / "b", "train.epochs=2").metrics
    assert first["dev"] == second["dev"]
    assert first["train"]["loss"] == second["train"]["loss"]


def test_interrupted_and_resumed_is_the_same_model(toy, tmp_path, monkeypatch):
    import torch
    from safetensors.torch import load_file
    from transformers import Trainer

    straight = run(toy, tmp_path / "a", "train.epochs=4", "train.dropout=0.1")
    steps = 0
    step = Trainer.training_step

    def dying(self, *arguments, **options):
        nonlocal steps
        steps += 1
        if steps > 5:
            raise KeyboardInterrupt
        return step(self, *arguments, **options)

    monkeypatch.setattr(Trainer, "training_step", dying)
    with pytest.raises(KeyboardInterrupt):
        run(toy, tmp_path / "b", "train.epochs=4", "train.dropout=0.1", "train.eval_every=2")
    monkeypatch.setattr(Trainer, "training_step", step)
    resumed = run(
        toy, tmp_path / "b", "train.epochs=4", "train.dropout=0.1", "train.eval_every=2", resume=True
    )
    assert json.loads((tmp_path / "b" / "manifest.json").read_text())["resumed"] is True
    assert resumed.metrics["train"]["steps"] == straight.metrics["train"]["steps"]
    whole = run(toy, tmp_path / "c", "train.epochs=4", "train.dropout=0.1", "train.eval_every=2")
    left = load_file(whole.model / "model.safetensors")
    right = load_file(resumed.model / "model.safetensors")
    assert all(torch.allclose(left[name], right[name], atol=1e-5) for name in left)


def test_unknown_label_and_empty_file_are_named(toy, tmp_path):
    with pytest.raises(UsageError, match=r"train\.jsonl.*'toy/0'.*labels \['ORG'\]"):
        run(toy, tmp_path, "labels=[ORG]")
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(UsageError, match=r"empty\.jsonl: no documents"):
        train(recipe(toy), train_files=[tmp_path / "empty.jsonl"], dev_file=None, out=tmp_path)


def test_it_stops_early_when_dev_does_not_gain(toy, tmp_path):
    result = run(toy, tmp_path, "train.epochs=20", "train.learning_rate=1e-12", "train.patience=2")
    assert result.metrics["train"]["steps"] < 20


def test_a_window_longer_than_the_encoder_reads_is_refused(toy, tmp_path):
    with pytest.raises(UsageError, match=r"window\.size 200: encoder .* at most 126 pieces"):
        run(toy, tmp_path, "window={size: 200, overlap: 8}")


def test_confidence_weighs_the_loss(toy, tmp_path):
    """A span of confidence 0 teaches nothing: the model that ignores confidence learns it, the other does not."""
    text = TEXTS[1]
    wrong = [Document("w", text, (Span(0, 3, "ORG", 0.0),))] * 4
    write_documents(tmp_path / "wrong.jsonl", wrong)

    def tags(use):
        result = train(
            recipe(toy, "train.epochs=25", f"train.use_confidence={use}"),
            train_files=[tmp_path / "wrong.jsonl"],
            dev_file=None,
            out=tmp_path / use,
            progress=False,
        )
        (document,) = Tagger.from_pretrained(result.model, backend="torch", values=False).tag([text])
        return [(s.start, s.end, s.label) for s in document.spans]

    assert (0, 3, "ORG") in tags("false")
    assert (0, 3, "ORG") not in tags("true")


@pytest.mark.parametrize("damage", ["remove", "alter"])
def test_missing_or_altered_file_is_refused_by_name(trained, tmp_path, damage):
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(trained[1].model, folder)
    weights = folder / "model.safetensors"
    if damage == "remove":
        weights.unlink()
    else:
        weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ModelError, match=r"model\.safetensors: (missing|not the file)"):
        Tagger.from_pretrained(folder)


def test_lost_spans_are_reported(toy, tmp_path, caplog):
    write_documents(tmp_path / "lines.jsonl", [Document("x", "开江经\n开区", (Span(0, 6, "PARK"),))])
    with caplog.at_level(logging.WARNING, logger="parkner"):
        train(
            recipe(toy, "train.max_steps=1"),
            train_files=[tmp_path / "lines.jsonl"],
            dev_file=None,
            out=tmp_path / "out",
            progress=False,
        )
    assert "1 of 1 training spans cannot be expressed: across_lines" in caplog.text


def test_labels_without_names_of_one_character_are_told_from_the_data(tmp_path):
    from parkner.training import minimum_lengths

    long = Document("long", "江天科技在开江", (Span(0, 4, "ORG"), Span(5, 7, "PLACE")))
    short = Document("short", "京", (Span(0, 1, "PLACE"),))
    assert minimum_lengths([long] * 999) == {}
    assert minimum_lengths([long] * 2000 + [short]) == {"ORG": 2, "PLACE": 2}
    assert minimum_lengths([long] * 2000 + [short] * 3) == {"ORG": 2}


def test_spans_below_the_least_length_of_the_model_are_left_out(tmp_path):
    from dataclasses import replace

    from parkner.model_folder import write_description
    from tiny import save_model

    folder = save_model(tmp_path / "model")
    found = [s for d in Tagger.from_pretrained(folder, backend="onnx").tag(TEXTS) for s in d.spans]
    assert any(s.end - s.start == 1 for s in found)
    labels = read_description(folder).labels
    write_description(folder, replace(read_description(folder), minimum_lengths=dict.fromkeys(labels[1:], 2)))
    kept = [s for d in Tagger.from_pretrained(folder, backend="onnx").tag(TEXTS) for s in d.spans]
    assert kept == [s for s in found if s.end - s.start > 1 or s.label == labels[0]]
