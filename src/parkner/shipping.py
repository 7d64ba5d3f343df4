"""A trained network in the form in which it ships: float16, int8 with its own score, the model card (tier 4)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from parkner import conversion
from parkner.averaging import WEIGHTS
from parkner.cli import main as parkner
from parkner.corpus import read_documents
from parkner.evaluation import evaluate
from parkner.inference import Tagger
from parkner.metrics import count_table, scores
from parkner.model_card import Measured, Source, model_card, write_model_card
from parkner.model_folder import ONNX_MODEL, read_description, write_description
from parkner.spans import Document


def ship(model: Path, out: Path, dev: Path) -> int:
    """Writes a trained model in the form in which it ships: float16, and int8 with its score on dev documents.

    Args:
        model: A model directory.
        out: Folder to write; replaced.
        dev: Gold to hold int8 against torch on (see ``parkner export``).

    Returns:
        The exit code of ``parkner export``: 1 where int8 loses too much.
    """
    import torch
    from safetensors.torch import load_file, save_file

    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(model, partial, ignore=shutil.ignore_patterns("*.onnx", WEIGHTS))
    weights = load_file(model / WEIGHTS)
    save_file(
        {name: tensor.to(torch.float16).contiguous() for name, tensor in weights.items()},
        partial / WEIGHTS,
        {"format": "pt"},
    )
    config = json.loads((partial / "config.json").read_text(encoding="utf-8"))
    (partial / "config.json").write_text(
        json.dumps({**config, "dtype": "float16"}, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    conversion.add_line_break(partial)
    write_description(partial, replace(read_description(model), encoder="", scores={}))
    shutil.rmtree(out, ignore_errors=True)
    partial.replace(out)
    return parkner(["export", "--model", str(out), "--int8", "--dev", str(dev)])


def describe(
    out: Path,
    sets: Mapping[str, Path],
    trained_on: Mapping[str, Path],
    *,
    card: Path,
) -> int:
    """Measures a model directory with its default backend, and writes scores and card into it.

    Args:
        out: The model directory.
        sets: Gold by name, the set that the model was chosen on first.
        trained_on: Files of the training data by name.
        card: YAML with ``recipe`` (commands) and ``notes`` (sections by heading) for the card.
    """
    from parkner.rules import RuleTagger

    tagger, rules = Tagger.from_pretrained(out, values=False), RuleTagger(values=False)
    measured = []
    for name, path in sets.items():
        gold = list(read_documents(path))
        weak = list(rules.tag(gold))
        baseline = scores(count_table([(g.spans, w.spans) for g, w in zip(gold, weak, strict=True)]))
        found = evaluate(gold, list(tagger.tag(gold)))
        measured.append(Measured(name, found, {target: score.f1 for target, score in baseline.items()}))
    description = read_description(out)
    shown = {
        one.name: {target: round(score.f1, 4) for target, score in one.evaluation.scores["strict"].items()}
        for one in measured
    }
    description = replace(description, scores={**description.scores, **shown})
    sizes = {name: (out / name).stat().st_size for name in (WEIGHTS, ONNX_MODEL) if (out / name).is_file()}
    write_description(out, description)
    words = yaml.safe_load(card.read_text(encoding="utf-8"))
    text = model_card(
        out.name, description, measured=measured, sources=[_source(name, path) for name, path in trained_on.items()], sizes=sizes,
        recipe=words["recipe"], notes=words["notes"],
    )  # fmt: skip
    write_model_card(out, text)
    return 0


def _source(name: str, path: Path) -> Source:
    documents: list[Document] = list(read_documents(path))
    return Source(
        name, len(documents), sum(len(d.text) for d in documents), sum(len(d.spans) for d in documents)
    )
