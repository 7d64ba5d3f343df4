"""How an encoder is adapted (tier 4, no torch)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AdaptOptions:
    """How to adapt.

    Attributes:
        characters: Length of the whole run. A run may be resumed with another length: the learning rate follows it.
        batch_size: Windows a step.
        window: Characters a window, [CLS] and [SEP] not counted. Short ones spend less on attention.
        positions: Windows shorter than this begin at a random position half of the time, so that all positions below
            it are learnt.
        learning_rate: Peak; constant after the warm-up, then falling to zero over the last part (``decay``), so that
            a run can be ended early or prolonged at will (Hu et al. 2024, arXiv:2404.06395, "WSD").
        warmup_steps: Steps of linear rise.
        decay: Share of the run over which the rate falls.
        weight_decay: Of matrices; not of biases and norms.
        masked: Share of characters to predict.
        mlm_weight, align_weight, lac_weight, span_weight: Weight of each loss; 0 leaves the signal out.
        align_layers: How many layers of the encoder are aligned, spread evenly, the last included.
        align_to: The original's layer that the last one is aligned with. Of its 12, the eighth tells most about
            names; the last ones tell less and less (docs/encoder.md).
        seed: Of everything random.
        save_every: Steps between checkpoints.
    """

    characters: int = 10_000_000
    batch_size: int = 16
    window: int = 254
    positions: int = 256
    learning_rate: float = 5e-4
    warmup_steps: int = 100
    decay: float = 0.2
    weight_decay: float = 0.01
    masked: float = 0.2
    mlm_weight: float = 1.0
    align_weight: float = 0.0
    lac_weight: float = 0.0
    span_weight: float = 0.0
    align_layers: int = 2
    align_to: int = 8
    seed: int = 13
    save_every: int = 200

    def rate(self, step: int, steps: int) -> float:
        """Learning rate at a step, as a share of the peak."""
        falling = max(1, round(steps * self.decay))
        return min(1.0, (step + 1) / max(1, self.warmup_steps), max(0.0, (steps - step) / falling))
