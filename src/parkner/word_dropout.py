"""Word dropout: a few characters of the training texts are hidden (tier 4)."""

from __future__ import annotations

import torch

from parkner.encoding import IGNORED


def drop_words(input_ids: torch.Tensor, labels: torch.Tensor, *, share: float, mask_id: int) -> torch.Tensor:
    """Hides some pieces behind ``[MASK]``, so that names are recognised by what stands around them, too.

    "Word dropout" (Dai and Le 2015, arXiv:1511.01432); it costs no time, where dropout of states doubles it on CPUs.

    Args:
        input_ids: *Shape* (batch, seq).
        labels: Same shape; pieces that carry no label (special ones among them) stay.
        share: Probability of each piece.
        mask_id: Id of ``[MASK]``.
    """
    hidden = (torch.rand(input_ids.shape, device=input_ids.device) < share) & (labels != IGNORED)
    return input_ids.masked_fill(hidden, mask_id)
