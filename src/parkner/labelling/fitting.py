"""Fits label models and stores what they found (tier 2)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parkner.config import Config
from parkner.inputs import iter_documents
from parkner.labelling.engine import read_parameters
from parkner.labelling.label_model import LabelModel, Vote, make_label_model
from parkner.labelling.label_model.calibration import Calibration, fit_calibration
from parkner.labelling.scoring import Gold, gold_of
from parkner.labelling.stream import label_stream
from parkner.runtime import write_json
from parkner.spans import Span, UsageError

_HALVES = 2


def fit_and_store(
    config: Config, inputs: Sequence[str], out: Path, gold: Gold | None = None, *, workers: int = 1
) -> Config:
    """Estimates the config's label model on articles and writes its parameters.

    Reliabilities come from the votes alone. Gold is used for one thing: that a score says how often such a span is right.

    Args:
        config: The recipe; says which label model and functions.
        inputs: Articles to estimate on, as for `parkner.inputs.iter_documents`.
        out: JSON file; what it holds of other label models stays.
        gold: Calibrate the scores on the articles that have gold here.
        workers: Processes.

    Returns:
        The config, with ``labelling.label_model_file`` set to ``out``.

    Raises:
        UsageError: If gold is given and no article has any.
    """
    votes: list[Sequence[Vote]] = []
    measured: list[Sequence[Vote]] = []
    truth: list[Sequence[Span]] = []
    # Unfitted, so that the outcome does not depend on an earlier one.
    for item in label_stream(iter_documents(inputs), config, workers=workers, fitted=False):
        votes.append(item.votes)
        spans = None if gold is None else gold_of(gold, item.document.text)
        if spans is not None:
            measured.append(item.votes)
            truth.append(item.clean.spans_to_clean(list(spans)))
    if gold is not None and not measured:
        raise UsageError("--fit: there is no gold for any of the articles")
    model = make_label_model(config.labelling.label_model)
    model.fit(votes)
    entry: dict[str, Any] = {"articles": len(votes), "parameters": model.parameters()}
    if gold is not None:
        entry["calibrated_on"] = len(measured)
        entry["calibration"] = fit_calibration([model.spans(v) for v in measured], truth).as_dict()
    models = read_parameters(str(out)) if out.is_file() else {}
    write_json(out, {"models": {**models, model.name: entry}})
    section = config.labelling.model_copy(update={"label_model_file": str(out)})
    return config.model_copy(update={"labelling": section})


def cross_calibration(
    name: str,
    votes: Sequence[Sequence[Vote]],
    truth: Sequence[Sequence[Span]],
    *,
    supervised: bool = True,
) -> Calibration:
    """Calibration on articles that the model was not fitted on: each half is scored by a model of the other.

    Args:
        name: The label model.
        votes, truth: Votes and gold spans of each article, on its clean text.
        supervised: Whether the models count on the gold; else they estimate from the votes.
    """
    predicted: list[Sequence[Span]] = []
    gold: list[Sequence[Span]] = []
    for half in range(_HALVES):
        model: LabelModel = make_label_model(name)
        seen = [i for i in range(len(votes)) if i % _HALVES != half]
        held = [i for i in range(len(votes)) if i % _HALVES == half]
        model.fit([votes[i] for i in seen], [truth[i] for i in seen] if supervised else None)
        predicted += [model.spans(votes[i]) for i in held]
        gold += [truth[i] for i in held]
    return fit_calibration(predicted, gold)
