"""Narrower feed-forward layers for a trained network (tier 4).

Two thirds of a BERT's arithmetic are its feed-forward layers, and many of their units say what others say, too. Units are
taken out a few at a time, always those whose absence the remaining ones make up for best, and the second matrix is
fitted anew to what the whole layer gave. That is backward elimination with the exact second-order criterion of
Hassibi and Stork (1993, "Optimal Brain Surgeon"), layer by layer as in Frantar and Alistarh (2023, arXiv:2301.00774),
for whole units (Kurtic et al. 2023, arXiv:2302.04089). No labels are needed, only typical texts; what is lost, a little training brings back.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from parkner.averaging import WEIGHTS
from parkner.backends import load_token_classifier
from parkner.model_folder import read_description, write_description
from parkner.spans import ModelError, UsageError

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

AT_A_TIME = 64  # units taken out between two fits
RIDGE = 1e-4  # of the mean square of a unit's activation: keeps the fit from leaning on noise


def choose_units(states: Doubles, wanted: Doubles, keep: int) -> tuple[Ints, Doubles, Doubles]:
    """Which units of a layer to keep, and the matrix that does most with them.

    Args:
        states: Activations of the units, *shape* (pieces, units).
        wanted: What the layer gave without its bias, *shape* (pieces, hidden).
        keep: How many units.

    Returns:
        ``(units, matrix, bias)``: places of the units, rising, *shape* (keep,); *shape* (keep, hidden); *shape*
        (hidden,): ``states[:, units] @ matrix + bias`` is close to ``wanted``.
    """
    inputs = np.concatenate((states, np.ones((len(states), 1))), axis=1)
    gram, target = inputs.T @ inputs, inputs.T @ wanted
    gram[np.diag_indices_from(gram)] += RIDGE * np.mean(np.diag(gram)[:-1])
    units: Ints = np.arange(states.shape[1])
    while True:
        places = np.append(units, states.shape[1])
        inverse = np.linalg.inv(gram[np.ix_(places, places)])
        matrix = inverse @ target[places]
        if len(units) <= keep:
            return units, matrix[:-1], matrix[-1]
        # What the squared error grows by if this unit goes and the others make up for it.
        cost = (matrix[:-1] ** 2).sum(axis=1) / np.diag(inverse)[:-1]
        gone = min(AT_A_TIME, len(units) - keep)
        units = np.sort(units[np.argsort(cost, kind="stable")[gone:]])


def narrow(folder: Path, out: Path, *, width: int, windows: Sequence[tuple[Ints, Ints]]) -> list[float]:
    """Writes a model directory whose feed-forward layers have fewer units.

    Args:
        folder: A model directory with a BERT.
        out: Folder to write; replaced. Without ONNX files and scores: both have to be made anew.
        width: Units that each feed-forward layer keeps.
        windows: Typical inputs, as `parkner.export.typical_windows` makes them; some 25,000 pieces do.

    Returns:
        For each layer the share of its output's variance that is lost.

    Raises:
        ModelError: If the folder is no model directory, was altered, or is no BERT.
        UsageError: If ``width`` is not less than it is, or there are no windows.
    """
    import torch

    description = read_description(folder)
    whole, narrowed = (
        load_token_classifier(folder).float().eval(),
        load_token_classifier(folder).float().eval(),
    )
    if whole.config.model_type != "bert":
        raise ModelError(f"{folder}: only a BERT can be narrowed, not {whole.config.model_type}")
    if not 0 < width < whole.config.intermediate_size:
        raise UsageError(f"width {width}: the network has {whole.config.intermediate_size} units a layer")
    if not windows:
        raise UsageError("no texts to narrow the network with")

    def activations(model: torch.nn.Module, layer: torch.nn.Module) -> Doubles:
        seen: list[torch.Tensor] = []
        hook = layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].flatten(0, -2)))
        with torch.no_grad():
            for ids, mask in windows:
                model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
        hook.remove()
        return torch.cat(seen).numpy().astype(np.float64)

    lost = []
    for original, layer in zip(whole.bert.encoder.layer, narrowed.bert.encoder.layer, strict=True):
        second = original.output.dense
        # Layers below are narrow already: this one also makes up for what they lost.
        states = activations(narrowed, layer.output.dense)
        matrix = second.weight.detach().numpy().astype(np.float64).T
        wanted = activations(whole, second) @ matrix
        units, fitted, bias = choose_units(states, wanted, width)
        found = states[:, units] @ fitted + bias
        lost.append(float(((found - wanted) ** 2).sum() / ((wanted - wanted.mean(axis=0)) ** 2).sum()))
        first = layer.intermediate.dense
        kept = torch.from_numpy(units)
        first.weight = torch.nn.Parameter(first.weight.detach()[kept].contiguous())
        first.bias = torch.nn.Parameter(first.bias.detach()[kept].contiguous())
        layer.output.dense.weight = torch.nn.Parameter(torch.from_numpy(fitted.T.copy()).float())
        layer.output.dense.bias = torch.nn.Parameter(second.bias.detach() + torch.from_numpy(bias).float())
    narrowed.config.intermediate_size = width
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(folder, partial, ignore=shutil.ignore_patterns("*.onnx", WEIGHTS, "README.md"))
    narrowed.save_pretrained(partial)
    write_description(partial, replace(description, scores={}))
    shutil.rmtree(out, ignore_errors=True)
    partial.replace(out)
    return lost
