"""The model that ships: there, small, whole, as good as its card says."""

from __future__ import annotations

import json

import pytest
import yaml

from parkner import Tagger
from parkner.corpus import read_documents
from parkner.metrics import count_table, scores
from parkner.model_folder import ONNX_MODEL, read_description, shipped_model

SENTENCE = (
    "2023年3月15日，万州经开区管委会与江苏中天科技股份有限公司签约，总投资12.5亿元建设新能源汽车产业园。"
)


@pytest.fixture(scope="module")
def folder():
    return shipped_model()


@pytest.fixture(scope="module")
def seeds(root):
    return list(read_documents(root / "annotations" / "seeds.jsonl"))


def _f1(gold, predicted):
    return scores(count_table([(g.spans, p.spans) for g, p in zip(gold, predicted, strict=True)]))["micro"].f1


def test_it_is_small_and_whole(folder):
    description = read_description(folder)  # compares every file with its SHA-256
    assert description.labels == ("ORG", "PARK", "INDUSTRY", "AMOUNT", "DATE")
    assert set(description.files) >= {"config.json", "model.safetensors", "tokenizer.json", ONNX_MODEL}
    assert (folder / "model.safetensors").stat().st_size <= 30e6
    assert (folder / ONNX_MODEL).stat().st_size <= 16e6


def test_it_tags_at_once():
    (document,) = Tagger.from_pretrained().tag([SENTENCE])
    found = {(span.label, document.text_of(span)) for span in document.spans}
    assert {
        ("DATE", "2023年3月15日"), ("ORG", "万州经开区管委会"), ("ORG", "江苏中天科技股份有限公司"), ("AMOUNT", "12.5亿元"),
    } <= found  # fmt: skip
    amount = next(span for span in document.spans if span.label == "AMOUNT")
    assert amount.value["low"] == amount.value["high"] == 1_250_000_000


def test_the_card_and_the_folder_say_what_the_seeds_score(folder, seeds):
    stated = {name: scores for name, scores in read_description(folder).scores.items() if "seed" in name}
    (scores_of_seeds,) = stated.values()
    measured = _f1(seeds, list(Tagger.from_pretrained(folder, values=False).tag(seeds)))
    # int8 rounds a little differently from processor to processor.
    assert measured == pytest.approx(scores_of_seeds["micro"], abs=0.01)
    card = (folder / "README.md").read_text(encoding="utf-8")
    results = yaml.safe_load(card.split("---")[1])["model-index"][0]["results"]
    assert [r["metrics"][0]["value"] for r in results if "seed" in r["dataset"]["name"]] == [
        scores_of_seeds["micro"]
    ]


def test_int8_finds_what_torch_finds(seeds):
    pytest.importorskip("torch")
    from parkner.export import agreement

    one, other = (
        list(Tagger.from_pretrained(backend=name, values=False).tag(seeds)) for name in ("onnx", "torch")
    )
    assert agreement(one, other) > 0.97


def test_transformers_pipeline_finds_the_same_spans_on_clean_text(folder, seeds):
    """Wherever the network's best tags are valid IOB2; where not, parkner decodes and the pipeline takes them as they are."""
    pytest.importorskip("torch")
    from transformers import pipeline

    from parkner.clean import clean_document

    tagger = Tagger.from_pretrained(folder, backend="torch", values=False)
    tagger.backend._bf16 = False  # the pipeline computes in float32
    ner = pipeline("token-classification", model=str(folder), dtype="float32")
    lines = [
        line for seed in seeds for line in clean_document(seed)[0].text.split("\n") if 20 < len(line) <= 126
    ]
    texts = lines + [
        "\n".join(pair) for pair in zip(lines[::2], lines[1::2], strict=False) if len("".join(pair)) <= 120
    ]
    valid = 0
    for document in tagger.tag(texts):
        pieces = ner(document.text)
        tags = {piece["index"]: piece["entity"] for piece in pieces}
        # A line break is a piece between lines; nothing goes on across it.
        breaks = {place for place, character in enumerate(document.text) if character == "\n"}
        if any(
            tag.startswith("I-") and tags.get(index - 1) not in (f"B-{tag[2:]}", tag)
            for index, tag in tags.items()
        ) or any(piece["start"] in breaks for piece in pieces):
            continue
        valid += 1
        theirs = [
            (e["start"], e["end"], e["entity_group"])
            for e in ner.group_entities([{**p, "score": p["score"]} for p in pieces])
            # What parkner leaves out besides: spans of one character.
            if e["end"] - e["start"] >= tagger.minimum_lengths.get(e["entity_group"], 1)
        ]
        assert [(s.start, s.end, s.label) for s in document.spans] == theirs, document.text
    assert valid > 0.7 * len(texts) > 40


def test_other_labels_can_be_learnt_from_it(tmp_path):
    pytest.importorskip("torch")
    from parkner.config import load_config
    from parkner.training import train

    texts = [
        ("张伟在会上介绍情况", "张伟"),
        ("李娜说，今年不同", "李娜"),
        ("记者见到了王芳", "王芳"),
        ("刘洋表示欢迎", "刘洋"),
    ] * 3
    path = tmp_path / "train.jsonl"
    path.write_text(
        "".join(
            json.dumps({"id": str(i), "text": t, "spans": [[t.index(n), t.index(n) + 2, "PERSON"]]}, ensure_ascii=False) + "\n"
            for i, (t, n) in enumerate(texts)
        ),
        encoding="utf-8",
    )  # fmt: skip
    config = load_config(
        None,
        [
            "labels=[PERSON]",
            "train.epochs=12",
            "train.batch_size=4",
            "train.dropout=0",
            "window={size: 30, overlap: 4}",
        ],
    )
    result = train(config, train_files=[path], dev_file=path, out=tmp_path / "run", progress=False)
    assert result.metrics["dev"]["micro_f1"] > 0.9
    assert read_description(result.model).labels == ("PERSON",)
