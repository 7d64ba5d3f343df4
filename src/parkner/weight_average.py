"""The running mean of a network's weights during training (tier 4).

An exponential moving average of the weights over the last steps is steadier, and mostly better, than where training
happens to stand (Polyak and Juditsky 1992; Morales-Brotons et al. 2024, arXiv:2411.18704): much of what several runs and
their mean would give (`parkner.averaging`), at the cost of one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model, save_model
from torch import nn
from transformers import TrainerCallback

AVERAGE = "average.safetensors"


class WeightAverage(TrainerCallback):
    """Keeps the mean, writes it beside each checkpoint, and puts it into the network when training has ended.

    Attributes:
        mean: A network with the mean weights.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        """Starts with the network's weights.

        Args:
            model: The network that is trained.
            decay: Weight of the mean so far at each step; early on it is smaller, so that the start is soon
                forgotten.
        """
        self._decay = decay
        self._steps = 0

        def merge(mean: torch.Tensor, now: torch.Tensor, _: torch.Tensor | int) -> torch.Tensor:
            ramp = (1 + self._steps) / (10 + self._steps)  # as in tf.train.ExponentialMovingAverage
            return torch.lerp(mean, now, 1 - min(self._decay, ramp))

        self._average = torch.optim.swa_utils.AveragedModel(model, avg_fn=merge)

    @property
    def mean(self) -> nn.Module:
        """The network with the mean weights; not to be trained."""
        return self._average.module

    def on_train_begin(self, args: Any, state: Any, control: Any, **options: Any) -> None:
        """Goes on with the mean of the checkpoint that training goes on from."""
        self._average.update_parameters(options["model"])  # the first call copies
        if state.global_step:
            self._steps = state.global_step
            saved = Path(args.output_dir) / f"checkpoint-{state.global_step}" / AVERAGE
            if saved.is_file():
                load_model(self.mean, saved)

    def on_step_end(self, args: Any, state: Any, control: Any, **options: Any) -> None:
        """Takes in the weights after a step."""
        self._steps = state.global_step
        self._average.update_parameters(options["model"])

    def on_save(self, args: Any, state: Any, control: Any, **options: Any) -> None:
        """Writes the mean into the checkpoint's folder."""
        if state.is_world_process_zero:
            save_model(self.mean, str(Path(args.output_dir) / f"checkpoint-{state.global_step}" / AVERAGE))

    def on_train_end(self, args: Any, state: Any, control: Any, **options: Any) -> None:
        """Puts the mean into the network: that of the best checkpoint where one was chosen, else the last."""
        if state.best_model_checkpoint:
            load_model(self.mean, Path(state.best_model_checkpoint) / AVERAGE)
        options["model"].load_state_dict(self.mean.state_dict())
