"""transformers' Trainer for tagging: a loss weighted by confidence, an evaluation on whole documents (tier 4)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from transformers import ProgressCallback, Trainer, TrainerCallback

from parkner.backends import TorchBackend
from parkner.clean import CleanOptions
from parkner.config import Config
from parkner.encoding import IGNORED, LabelledWindow, PieceEncoder
from parkner.inference import Tagger
from parkner.metrics import count_table
from parkner.metrics import scores as metric_scores
from parkner.spans import Document, UsageError
from parkner.token_batches import TokenBatches
from parkner.weight_average import WeightAverage
from parkner.word_dropout import drop_words

PAD_TO = 32  # pieces

log = logging.getLogger("parkner")


class Collator:
    """Pads windows to the longest of a batch, rounded up: oneDNN compiles, and keeps, a kernel for every shape.

    Returns tensors ``input_ids``, ``attention_mask``, ``labels`` (int64) and ``weights`` (float32), all of
    *shape* (batch, seq).
    """

    def __init__(self, pad_id: int, longest: int) -> None:
        """Keeps the id that fills ``input_ids``, and the most pieces that a row may have."""
        self.pad_id = pad_id
        self.longest = longest

    def __call__(self, windows: Sequence[LabelledWindow]) -> dict[str, torch.Tensor]:
        """Stacks windows."""
        longest = max(len(window.input_ids) for window in windows)
        longest = max(longest, min(-(-longest // PAD_TO) * PAD_TO, self.longest))
        shape = (len(windows), longest)
        ids = np.full(shape, self.pad_id, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        labels = np.full(shape, IGNORED, dtype=np.int64)
        weights = np.zeros(shape, dtype=np.float32)
        for row, window in enumerate(windows):
            length = len(window.input_ids)
            ids[row, :length] = window.input_ids
            mask[row, :length] = 1
            labels[row, :length] = window.labels
            weights[row, :length] = window.weights
        return {
            "input_ids": torch.from_numpy(ids),
            "attention_mask": torch.from_numpy(mask),
            "labels": torch.from_numpy(labels),
            "weights": torch.from_numpy(weights),
        }


class TaggingTrainer(Trainer):
    """Trainer with a loss weighted by confidence and an evaluation on whole documents."""

    def __init__(
        self,
        *,
        config: Config,
        encoder: PieceEncoder,
        mask_id: int | None = None,
        minimum_lengths: Mapping[str, int] | None = None,
        **options: Any,
    ) -> None:
        """Takes the recipe, the encoder, the id of ``[MASK]`` and the least lengths of spans besides Trainer's own options.

        Raises:
            UsageError: If the recipe drops words and the tokenizer has no ``[MASK]``.
        """
        super().__init__(**options)
        self.recipe = config
        self.encoder = encoder
        self.minimum_lengths = minimum_lengths
        if config.train.word_dropout and mask_id is None:
            raise UsageError("train.word_dropout: the encoder's tokenizer has no mask token")
        self._mask_id = mask_id or 0
        self.average = (
            WeightAverage(self.model, config.train.average)
            if config.train.average and self.model is not None
            else None
        )
        if self.average:
            self.add_callback(self.average)
        # The loss below normalises by itself; Trainer must not divide by item counts again.
        self.model_accepts_loss_kwargs = False

    def get_train_dataloader(self) -> Any:
        """Batches by tokens where the recipe says so, else Trainer's own."""
        if not self.recipe.train.batch_tokens:
            return super().get_train_dataloader()
        windows: Any = self.train_dataset
        sampler = token_batches(windows, self.recipe)
        loader: Any = torch.utils.data.DataLoader(
            windows,
            batch_sampler=sampler,  # any iterable of lists of indices with a length
            collate_fn=self.data_collator,
            pin_memory=self.args.dataloader_pin_memory,
        )
        return self.accelerator.prepare(loader)

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Cross-entropy over pieces, each weighted by the confidence of its label; mean by total weight."""
        labels, weights, input_ids = inputs["labels"], inputs["weights"], inputs["input_ids"]
        if self.recipe.train.word_dropout:
            input_ids = drop_words(
                input_ids, labels, share=self.recipe.train.word_dropout, mask_id=self._mask_id
            )
        outputs = model(input_ids=input_ids, attention_mask=inputs["attention_mask"])
        losses = torch.nn.functional.cross_entropy(
            outputs.logits.float().flatten(0, 1),
            labels.flatten(),
            ignore_index=IGNORED,
            reduction="none",
            label_smoothing=self.recipe.train.label_smoothing,
        )
        counted = (labels.flatten() != IGNORED).float()
        if self.recipe.train.use_confidence:
            counted = counted * weights.flatten()
        loss = (losses * counted).sum() / counted.sum().clamp(min=1.0)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"training loss is {loss.item()} at step {self.state.global_step}")
        return (loss, outputs) if return_outputs else loss

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Strict F1 on the dev documents: tagged whole, windows merged, spans on the original text."""
        assert self.model is not None  # Trainer's type allows for a model made later
        documents: Any = self.eval_dataset if eval_dataset is None else eval_dataset
        was_training = self.model.training
        measured = self.average.mean if self.average else self.model
        tagger = Tagger(
            TorchBackend(
                measured, device=str(self.args.device), precision="bf16" if self.args.bf16 else "fp32"
            ),
            self.encoder,
            self.recipe.labels,
            window=self.recipe.window,
            clean=CleanOptions(**self.recipe.clean.model_dump()),
            values=False,
            minimum_lengths=self.minimum_lengths,
        )
        scores = dev_scores(documents, list(tagger.tag(documents)))
        self.model.train(was_training)
        metrics = {f"{metric_key_prefix}_{key}": value for key, value in scores.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW; no decay on biases and norms, a rate of its own for the tag layer where the recipe has one."""
        if self.optimizer is None:
            assert self.model is not None  # Trainer's type allows for a model made later
            recipe = self.recipe.train
            decayed = set(self.get_decay_parameter_names(self.model))
            groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
            for name, parameter in self.model.named_parameters():
                if parameter.requires_grad:
                    key = (name in decayed, name.startswith("classifier."))
                    groups.setdefault(key, []).append(parameter)
            self.optimizer = torch.optim.AdamW(
                [
                    {
                        "params": parameters,
                        "weight_decay": recipe.weight_decay if decays else 0.0,
                        "lr": (recipe.head_learning_rate or recipe.learning_rate)
                        if is_head
                        else recipe.learning_rate,
                    }
                    for (decays, is_head), parameters in groups.items()
                ],
                lr=recipe.learning_rate,
                # One pass over the weights instead of five, which a CPU notices.
                fused=True,
            )
        return self.optimizer

    def last_loss(self) -> float | None:
        """The training loss logged last."""
        losses = [entry["loss"] for entry in self.state.log_history if "loss" in entry]
        return float(losses[-1]) if losses else None


def token_batches(windows: Sequence[LabelledWindow], recipe: Config) -> TokenBatches:
    """The batches of a training set, for a recipe with ``batch_tokens``."""
    return TokenBatches(
        [len(window.input_ids) for window in windows],
        recipe.train.batch_tokens,
        pad_to=PAD_TO,
        longest=recipe.window.size + 2,
        seed=recipe.seed,
    )


class ScoreLog(TrainerCallback):
    """One readable line an evaluation, in place of printed dictionaries."""

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **options: Any) -> None:
        """Says the dev score."""
        if logs and "eval_micro_f1" in logs and state.is_local_process_zero:
            log.info("step %d: dev micro F1 %.3f", state.global_step, logs["eval_micro_f1"])


class LossBar(ProgressCallback):
    """The progress bar, with the loss at its end instead of lines that scroll it away."""

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **options: Any) -> None:
        """Shows the loss."""
        if logs and "loss" in logs and self.training_bar is not None:
            self.training_bar.set_postfix(loss=f"{float(logs['loss']):.3f}")


def dev_scores(gold: Sequence[Document], predicted: Sequence[Document]) -> dict[str, float]:
    """Strict F1, micro and per label (see `parkner.metrics`)."""
    table = count_table([(g.spans, p.spans) for g, p in zip(gold, predicted, strict=True)])
    return {f"{name}_f1": score.f1 for name, score in metric_scores(table).items()}
