"""Losses of adaptation that need more than a line (tier 4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from parkner.adaptation_data import CharacterStream
from parkner.encoding import IGNORED
from parkner.teachers import PieceTeacher

Ints = npt.NDArray[np.int64]


def alignment_loss(
    stream: CharacterStream,
    teacher: PieceTeacher,
    windows: Ints,
    states: Sequence[torch.Tensor],
    *,
    layers: Sequence[int],
    dtype: torch.dtype | None,
) -> torch.Tensor:
    """How far the mean state of a piece's characters is from the teacher's state of that piece.

    Args:
        stream: The text.
        teacher: The unconverted network.
        windows: Start pieces of the windows, *shape* (windows,).
        states: States of the pupil for the windows without ``[CLS]`` and ``[SEP]``, *shape* (windows, size, hidden).
        layers: The teacher's layer that each of them is held against, from 1.
        dtype: Autocast type of the teacher, or None for float32.

    Returns:
        Mean squared difference of the states, each scaled to mean 0 and variance 1 over its dimensions (2 for
        unrelated states, 0 for equal ones), over pieces and layers.
    """
    encoded, targets = teacher.states(
        [stream.text(window) for window in windows.tolist()], layers, dtype=dtype
    )
    rows, starts, ends, places = [], [], [], []
    for row, (window, pieces) in enumerate(zip(windows.tolist(), encoded, strict=True)):
        # From characters of the window's text to places among its pieces; white space has no place.
        position = stream.places(window)
        first, behind = position[pieces.starts], position[pieces.ends]
        kept = np.flatnonzero((pieces.starts < pieces.ends) & (first < behind))
        rows.append(np.full(len(kept), row))
        starts.append(first[kept])
        ends.append(behind[kept])
        places.append(kept)
    row_ids = torch.from_numpy(np.concatenate(rows)).to(teacher.device)
    first_ids = torch.from_numpy(np.concatenate(starts)).to(teacher.device)
    end_ids = torch.from_numpy(np.concatenate(ends)).to(teacher.device)
    piece_ids = torch.from_numpy(np.concatenate(places)).to(teacher.device)
    loss = torch.zeros((), device=teacher.device)
    for state, target in zip(states, targets, strict=True):
        # Sums of character ranges as differences of running sums, in float32.
        running = functional.pad(state.float().cumsum(dim=1), (0, 0, 1, 0))
        mean = (running[row_ids, end_ids] - running[row_ids, first_ids]) / (end_ids - first_ids)[:, None]
        wanted = target[row_ids, piece_ids].float()
        size = (wanted.shape[-1],)
        loss = loss + functional.mse_loss(
            functional.layer_norm(mean, size), functional.layer_norm(wanted, size)
        )
    return loss / len(targets)


def weighted_tag_loss(logits: torch.Tensor, tags: Ints, weights: npt.NDArray[np.float32]) -> torch.Tensor:
    """Cross-entropy of span tags, each character weighted by the confidence of its span.

    Args:
        logits: *Shape* (windows, size, tags).
        tags: *Shape* (windows, size); `IGNORED` where nothing is known.
        weights: *Shape* (windows, size).

    Returns:
        The mean by weight; 0 where nothing is known.
    """
    wanted = torch.from_numpy(tags).to(logits.device)
    weight = torch.from_numpy(weights).to(logits.device) * (wanted != IGNORED)
    losses = functional.cross_entropy(
        logits.float().flatten(0, 1), wanted.flatten(), ignore_index=IGNORED, reduction="none"
    )
    return (losses * weight.flatten()).sum() / weight.sum().clamp(min=1.0)


def rounded_targets(targets: Ints, multiple: int = 128) -> tuple[torch.Tensor, torch.Tensor]:
    """Places of targets in the flattened batch, and the targets, filled up to a multiple.

    oneDNN prepares and caches a matrix product for each shape it meets; so there are few.
    """
    places = np.flatnonzero(targets.ravel() != IGNORED)
    fill = -len(places) % multiple
    wanted = np.concatenate((targets.ravel()[places], np.full(fill, IGNORED)))
    places = np.concatenate((places, np.zeros(fill, dtype=np.int64)))
    return torch.from_numpy(places), torch.from_numpy(wanted)
