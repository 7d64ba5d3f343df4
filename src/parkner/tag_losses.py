"""Losses of tag logits that fine-tuning adds to cross-entropy (tier 4)."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from parkner.encoding import IGNORED
from parkner.tagging import allowed_transitions


class ConsistencyLoss:
    """How likely neighbouring pieces, each with its own best guess, are to form a pair that IOB2 does not allow.

    A token classifier decides piece by piece, so its best tags need not be valid: ``O I-ORG``. Decoding under constraints
    mends that, but `transformers.pipeline` has none. This term teaches the network to be valid by itself. It is a
    semantic loss (Xu et al. 2018, arXiv:1711.11157) over pairs: the probability, were both drawn independently, of a
    forbidden pair.
    """

    def __init__(self, tags: Sequence[str]) -> None:
        """Prepares the forbidden pairs of a tag list."""
        steps, _ = allowed_transitions(tags)
        self._forbidden = torch.from_numpy(~steps).float()

    def __call__(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The mean over neighbouring pairs.

        Args:
            logits: *Shape* (batch, seq, tags).
            labels: *Shape* (batch, seq); pairs with an `IGNORED` one are not counted.

        Returns:
            A scalar.
        """
        likely = logits.float().softmax(dim=-1)
        forbidden = self._forbidden.to(logits.device)
        pairs = ((likely[:, :-1] @ forbidden) * likely[:, 1:]).sum(dim=-1)
        counted = ((labels[:, :-1] != IGNORED) & (labels[:, 1:] != IGNORED)).float()
        return (pairs * counted).sum() / counted.sum().clamp(min=1.0)


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
