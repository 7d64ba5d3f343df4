"""A model directory's network as ONNX, in float32 or int8 (tier 4)."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from parkner.backends import OnnxBackend, TorchBackend, load_token_classifier
from parkner.clean import clean_document
from parkner.encoding import PieceEncoder, cut_windows
from parkner.inference import Tagger
from parkner.metrics import count_table, scores
from parkner.model_folder import ONNX_MODEL, ModelDescription
from parkner.smoothing import smooth
from parkner.spans import Document

Ints = npt.NDArray[np.int64]

OPSET = 17  # the newest that the TorchScript exporter writes without further packages
FP32_MODEL = "model.onnx"
TYPICAL_WINDOWS = 400  # enough to have met the largest activations, seconds to run


def export_onnx(folder: Path, out: Path) -> None:
    """Writes a model directory's network as float32 ONNX with free batch and sequence sizes.

    Args:
        folder: A model directory.
        out: File to write.
    """
    import torch

    model = load_token_classifier(folder).eval()
    model.config._attn_implementation = (
        "eager"  # plain matrix products, which ONNX Runtime fuses and quantises
    )

    class Network(torch.nn.Module):
        """Logits from positional inputs, so that the graph has just these two."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
            return logits

    example = torch.ones((2, 8), dtype=torch.int64)
    free = {0: "batch", 1: "pieces"}
    with torch.no_grad(), warnings.catch_warnings():
        # Tracing warns of every shape that Python code looked at; score_backends compares the results instead.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Network(),
            (example, example),
            str(out),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes={"input_ids": free, "attention_mask": free, "logits": free},
            opset_version=OPSET,
            dynamo=False,
        )


def quantise(source: Path, out: Path, windows: Sequence[tuple[Ints, Ints]] = ()) -> None:
    """Quantises a float32 ONNX file to int8 weights, a scale a channel; activations are scaled as they come.

    Args:
        source: A float32 ONNX file.
        out: File to write.
        windows: Typical inputs, as `typical_windows` makes them: with them, activations are evened out before (see
            `parkner.smoothing`), which costs nothing later.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    evened = out.with_name(out.name + ".evened")
    prepared = out.with_name(out.name + ".prepared")
    if windows:
        smooth(source, evened, windows)
    quant_pre_process(str(evened if windows else source), str(prepared), skip_symbolic_shape=True)
    quantize_dynamic(
        str(prepared),
        str(out),
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Gather", "Gemm"],
    )
    prepared.unlink()
    evened.unlink(missing_ok=True)


def typical_windows(
    folder: Path, description: ModelDescription, documents: Sequence[Document]
) -> list[tuple[Ints, Ints]]:
    """Inputs of a network as its tagger would make them: ids and mask of the windows of some documents.

    Args:
        folder: The model directory, for its tokenizer.
        description: Its window and cleaning options.
        documents: Any; `TYPICAL_WINDOWS` windows at most are taken from the first.
    """
    encoder = PieceEncoder.from_folder(folder)
    windows: list[tuple[Ints, Ints]] = []
    for document in documents:
        cleaned, _ = clean_document(document, description.clean)
        pieces = encoder.encode(cleaned.text)
        cuts = cut_windows(
            len(pieces), size=description.window.size, overlap=description.window.overlap, stops=pieces.stops
        )
        for start, end in cuts:
            ids = np.concatenate(([encoder.cls_id], pieces.ids[start:end], [encoder.sep_id]))[None]
            windows.append((ids, np.ones_like(ids)))
        if len(windows) >= TYPICAL_WINDOWS:
            break
    return windows[:TYPICAL_WINDOWS]


@dataclass(frozen=True, slots=True)
class BackendScore:
    """What one backend reaches on a dev file.

    Attributes:
        name: The backend.
        f1: Strict micro F1.
        characters_per_second: Speed, the whole way from text to spans.
        documents: What it found.
    """

    name: str
    f1: float
    characters_per_second: float
    documents: Sequence[Document]


def score_backends(
    folder: Path, description: ModelDescription, gold: Sequence[Document], *, threads: int = 0
) -> list[BackendScore]:
    """Scores and times torch and every ONNX file of a model directory on the same documents."""
    backends: list[TorchBackend | OnnxBackend] = [
        TorchBackend.from_folder(folder, device="cpu", precision="fp32", threads=threads)
    ]
    for name in (FP32_MODEL, ONNX_MODEL):
        if (folder / name).is_file():
            backends.append(OnnxBackend(folder / name, threads=threads))
    encoder = PieceEncoder.from_folder(folder)
    characters = sum(len(document.text) for document in gold)
    out = []
    for backend in backends:
        tagger = Tagger(
            backend,
            encoder,
            description.labels,
            window=description.window,
            clean=description.clean,
            values=False,
            minimum_lengths=description.minimum_lengths,
        )
        list(tagger.tag(gold[:1]))  # first call allocates
        started = time.perf_counter()
        tagged = list(tagger.tag(gold))
        seconds = time.perf_counter() - started
        f1 = scores(count_table([(g.spans, t.spans) for g, t in zip(gold, tagged, strict=True)]))["micro"].f1
        out.append(BackendScore(backend.name, f1, characters / seconds, tagged))
    return out


def agreement(left: Sequence[Document], right: Sequence[Document]) -> float:
    """Share of spans that two backends have in common: twice the common ones over all (1.0 where there are none)."""
    same = total = 0
    for a, b in zip(left, right, strict=True):
        same += 2 * len(set(a.spans) & set(b.spans))
        total += len(a.spans) + len(b.spans)
    return same / total if total else 1.0
