"""``parkner export``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from parkner.errors import UsageError


def export_command(
    model: Annotated[
        Path, typer.Option("--model", "-m", help="Model folder; the files are written into it.")
    ],
    onnx: Annotated[bool, typer.Option("--onnx", help="Write ONNX (float32).")] = False,
    int8: Annotated[bool, typer.Option("--int8", help="Write ONNX with int8 weights.")] = False,
    dev: Annotated[
        Path | None, typer.Option("--dev", help="Gold spans to measure F1 and speed of every form on.")
    ] = None,
    max_loss: Annotated[
        float, typer.Option("--max-loss", help="Refuse int8 that loses more F1 points than this.")
    ] = 0.5,
) -> int:
    """Write a model as ONNX and measure what that costs."""
    if not (onnx or int8):
        raise UsageError("say what to export: --onnx, --int8 or both")
    if int8 and dev is None:
        raise UsageError("--int8 is measured before it is kept: name a gold file with --dev")
    if dev is not None and not dev.is_file():
        raise UsageError(f"{dev}: no such file")

    from parkner.corpus import read_documents
    from parkner.export import FP32_MODEL, agreement, export_onnx, quantise, score_backends, typical_windows
    from parkner.model_folder import ONNX_MODEL, read_description, write_description

    description = read_description(model)
    gold = list(read_documents(dev)) if dev is not None else []
    if dev is not None and not gold:
        raise UsageError(f"{dev}: no documents in it")
    fp32, small = model / FP32_MODEL, model / ONNX_MODEL
    export_onnx(model, fp32)
    if int8:
        quantise(fp32, small, typical_windows(model, description, gold))
    results = score_backends(model, description, gold) if gold else []
    if not onnx:
        fp32.unlink()
    for result in results:
        print(
            f"{result.name:20} micro F1 {result.f1:.4f}  {result.characters_per_second:9,.0f} characters/s  "
            f"{100 * agreement(results[0].documents, result.documents):6.2f} % of spans as torch"
        )
    lost = 100 * (results[0].f1 - results[-1].f1) if int8 else 0.0
    if lost > max_loss:
        small.unlink()
        write_description(model, description)
        print(f"refused: int8 loses {lost:.2f} points of F1, more than --max-loss {max_loss}")
        return 1
    measured = {result.name: {"micro_f1": round(result.f1, 4)} for result in results}
    write_description(model, replace(description, scores={**description.scores, **measured}))
    for file in (fp32, small):
        if file.is_file():
            print(f"{file}: {file.stat().st_size / 2**20:.1f} MiB")
    return 0
