"""A model directory's network as ONNX, in float32 or int8 (tier 4)."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parkner.backends import OnnxBackend, TorchBackend, load_token_classifier
from parkner.encoding import PieceEncoder
from parkner.inference import Tagger
from parkner.metrics import count_table, scores
from parkner.model_folder import ONNX_MODEL, ModelDescription
from parkner.spans import Document

OPSET = 17  # the newest that the TorchScript exporter writes without further packages
FP32_MODEL = "model.onnx"


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


def quantise(source: Path, out: Path) -> None:
    """Quantises a float32 ONNX file to int8 weights, a scale a channel; activations are scaled as they come.

    Args:
        source: A float32 ONNX file.
        out: File to write.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = out.with_name(out.name + ".prepared")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    quantize_dynamic(
        str(prepared),
        str(out),
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Gather", "Gemm"],
    )
    prepared.unlink()


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
