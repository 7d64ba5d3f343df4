"""The mean of several fine-tuned networks (tier 4).

Networks fine-tuned from one start with different seeds lie in one basin, and the mean of their weights is often better
than each, at the cost of one: "model soups" (Wortsman et al. 2022, arXiv:2203.05482).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from parkner.model_folder import read_description, write_description
from parkner.spans import UsageError

WEIGHTS = "model.safetensors"


def average_models(folders: Sequence[Path], out: Path) -> None:
    """Writes a model directory with the mean weights of others.

    Args:
        folders: Model directories of one architecture, with the same labels.
        out: Folder to write; replaced. All files but the weights are those of the first. Scores are dropped: they
            have to be measured anew.

    Raises:
        ModelError: If a folder is no model directory or was altered.
        UsageError: If labels or tensors differ; names the folder.
    """
    from safetensors.torch import load_file, save_file

    descriptions = [read_description(folder) for folder in folders]
    for folder, description in zip(folders, descriptions, strict=True):
        if description.labels != descriptions[0].labels:
            raise UsageError(
                f"{folder}: labels {list(description.labels)}, not {list(descriptions[0].labels)}"
            )
    first, *others = (load_file(folder / WEIGHTS) for folder in folders)
    mean = {name: tensor.double() for name, tensor in first.items()}
    for folder, weights in zip(folders[1:], others, strict=True):
        if {name: t.shape for name, t in weights.items()} != {name: t.shape for name, t in mean.items()}:
            raise UsageError(f"{folder}: other tensors than {folders[0]}")
        for name, tensor in weights.items():
            mean[name] += tensor.double()
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(folders[0], partial, ignore=shutil.ignore_patterns("*.onnx", "README.md"))
    save_file(
        {name: (tensor / len(folders)).to(first[name].dtype).contiguous() for name, tensor in mean.items()},
        partial / WEIGHTS,
        {"format": "pt"},
    )
    write_description(partial, replace(descriptions[0], scores={}))
    shutil.rmtree(out, ignore_errors=True)
    partial.replace(out)
