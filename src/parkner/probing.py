"""How much the layers of an encoder know of spans, without fine-tuning (tier 4).

A linear probe (Alain & Bengio 2017, arXiv:1610.01644): ridge regression from the state of a character after a layer to
its tag. It takes a minute on one core where fine-tuning takes an hour, and tells which layers to keep and whether an
adaptation pays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from parkner.clean import clean_document
from parkner.encoding import IGNORED, LabelledWindow, Lost, PieceEncoder, labelled_windows
from parkner.model import load_encoder_for_tagging, load_tokenizer
from parkner.runtime import has_fast_bf16
from parkner.spans import DataError, Document
from parkner.tagging import bio_tags

# Strength of the penalty, for standardised states: small against some 40,000 characters.
RIDGE = 100.0


@dataclass(frozen=True, slots=True)
class LayerScore:
    """What a linear probe finds after one layer.

    Attributes:
        layer: 0 for the embeddings.
        f1: Micro F1 over characters of the tags other than ``O``.
        variance: Share of the states' squared length that differs from character to character.
    """

    layer: int
    f1: float
    variance: float


def probe_layers(
    encoder: str,
    train: Sequence[Document],
    dev: Sequence[Document],
    *,
    labels: Sequence[str],
    num_layers: int | None = None,
    windows: tuple[int, int] = (240, 120),
    size: int = 254,
    seed: int = 0,
) -> list[LayerScore]:
    """Probes an encoder after its embeddings and each layer.

    Args:
        encoder: Name or path, see `parkner.model.resolve_encoder`.
        train: Documents to fit on.
        dev: Documents to score on.
        labels: Their labels.
        num_layers: As for `parkner.model.load_encoder_for_tagging`.
        windows: At most so many windows of either.
        size: Pieces in a window.
        seed: Of the choice of windows.

    Raises:
        ModelError: If the encoder cannot be loaded.
        DataError: If there is no text to fit or score on.
    """
    model = load_encoder_for_tagging(encoder, labels=labels, num_layers=num_layers)
    model.train(False)
    pieces = PieceEncoder.from_transformers(load_tokenizer(encoder, num_layers=num_layers))
    ids = {tag: i for i, tag in enumerate(bio_tags(labels))}
    generator = np.random.default_rng(seed)
    sets = []
    for name, documents, most in (("train", train, windows[0]), ("dev", dev, windows[1])):
        cut: list[LabelledWindow] = []
        for document in documents:
            clean, _ = clean_document(document)
            cut += labelled_windows(
                clean.text, clean.spans, pieces, ids, size=size, overlap=0, outside_weight=1.0, lost=Lost()
            )
        if not cut:
            raise DataError(f"linear probe: no text in the {name} documents")
        chosen = generator.permutation(len(cut))[:most]
        sets.append(_states(model, [cut[i] for i in chosen], pieces.pad_id))
    (fitted, targets), (scored, truth) = sets
    wanted = functional.one_hot(targets, len(ids)).float()
    return [
        LayerScore(layer, _f1(_fit(x, wanted, y), truth), float(x.var(0).sum() / x.square().sum(1).mean()))
        for layer, (x, y) in enumerate(zip(fitted, scored, strict=True))
    ]


def _states(
    model: torch.nn.Module, windows: Sequence[LabelledWindow], pad: int
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """States after each layer, *shape* (characters, hidden), and tags, *shape* (characters,)."""
    body = getattr(model, str(model.base_model_prefix))
    states: list[list[torch.Tensor]] = []
    tags = []
    for start in range(0, len(windows), 16):
        batch = windows[start : start + 16]
        length = max(len(window.input_ids) for window in batch)
        ids = torch.full((len(batch), length), pad)
        labels = torch.full((len(batch), length), IGNORED)
        mask = torch.zeros((len(batch), length), dtype=torch.long)
        for row, window in enumerate(batch):
            ids[row, : len(window.input_ids)] = torch.from_numpy(window.input_ids)
            labels[row, : len(window.labels)] = torch.from_numpy(window.labels)
            mask[row, : len(window.input_ids)] = 1
        fast = has_fast_bf16(torch.device("cpu"))
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=fast):
            found = body(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        states.append([state[labels != IGNORED].float() for state in found])
        tags.append(labels[labels != IGNORED])
    return [torch.cat(layer) for layer in zip(*states, strict=True)], torch.cat(tags)


def _fit(x: torch.Tensor, wanted: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Tags that ridge regression on ``x`` gives to ``y``."""
    mean, spread = x.mean(0), x.std(0) + 1e-6
    x, y = (functional.pad((states - mean) / spread, (0, 1), value=1.0) for states in (x, y))
    weights = torch.linalg.solve(x.T @ x + RIDGE * torch.eye(x.shape[1]), x.T @ wanted)
    best: torch.Tensor = (y @ weights).argmax(1)
    return best


def _f1(found: torch.Tensor, truth: torch.Tensor) -> float:
    right = int(((found == truth) & (truth != 0)).sum())
    return 2 * right / max(1, int((found != 0).sum()) + int((truth != 0).sum()))
