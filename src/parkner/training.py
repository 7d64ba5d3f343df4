"""Fine-tuning a token classifier on weak or gold spans, with transformers' Trainer (tier 4)."""

from __future__ import annotations

import logging
import math
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from transformers import (
    EarlyStoppingCallback,
    PreTrainedModel,
    PrinterCallback,
    ProgressCallback,
    TrainingArguments,
    set_seed,
)
from transformers.utils import logging as transformers_logging

from parkner.augmentation import augmented
from parkner.clean import CleanOptions, clean_document
from parkner.config import Config
from parkner.corpus import read_documents
from parkner.encoding import LabelledWindow, Lost, PieceEncoder, labelled_windows
from parkner.model import load_encoder_for_tagging, load_tokenizer
from parkner.model_folder import ModelDescription, write_description
from parkner.runtime import (
    has_fast_bf16,
    pick_device,
    run_manifest,
    set_threads,
    sha256_of_file,
    write_json,
)
from parkner.spans import Document, Span, UsageError
from parkner.tagging import bio_tags
from parkner.trainer import Collator, LossBar, ScoreLog, TaggingTrainer, token_batches

log = logging.getLogger("parkner")

ENOUGH_SPANS = 1000  # to tell what is rare
RARE = 1 / 1000

CHECKPOINTS = "checkpoints"
MODEL = "model"


@dataclass(frozen=True)
class TrainingResult:
    """What a training run made.

    Attributes:
        model: The model directory.
        metrics: Scores and counts, as in ``metrics.json``.
    """

    model: Path
    metrics: dict[str, Any]


def train(
    config: Config,
    *,
    train_files: Sequence[Path],
    dev_file: Path | None,
    out: Path,
    resume: bool = False,
    progress: bool = True,
) -> TrainingResult:
    """Trains a tagger and saves it as a model directory.

    Args:
        config: The recipe.
        train_files: JSON Lines files of documents with spans; weak spans carry a score, gold spans none.
        dev_file: Documents with gold spans to choose the best checkpoint on; None trains to the end.
        out: Run folder: ``model/``, ``metrics.json``, ``manifest.json``, ``checkpoints/``.
        resume: Go on from the last checkpoint in ``out`` where there is one.
        progress: Show progress bars.

    Raises:
        UsageError: If a file is missing or empty, a label is not in the config, or the encoder cannot be loaded.
    """
    started = time.monotonic()
    documents = [document for path in train_files for document in _read_all(path)]
    dev = _read_all(dev_file) if dev_file is not None else []
    _check_labels(documents, config, train_files)
    _check_labels(dev, config, [dev_file] if dev_file else [])
    checkpoint = _last_checkpoint(out / CHECKPOINTS, resume)

    # No bars over the loading of a few tensors.
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    set_seed(config.seed)
    set_threads(config.threads)
    tokenizer = load_tokenizer(config.encoder.name, num_layers=config.encoder.layers)
    model = load_encoder_for_tagging(
        config.encoder.name,
        labels=config.labels,
        num_layers=config.encoder.layers,
        dropout=config.train.dropout,
    )
    if pick_device(config.device).type == "cpu":
        # Plain attention trains 1.6 times as fast as torch's fused kernel on CPUs (docs/encoder.md).
        model.set_attn_implementation("eager")
    _check_window(model, config)
    encoder = PieceEncoder.from_transformers(tokenizer)
    lost = Lost()
    copies = list(augmented(documents, config.augment, seed=config.seed))
    windows = make_windows([*documents, *copies], encoder, config, lost)
    if not windows:
        raise UsageError(f"{', '.join(map(str, train_files))}: no text to train on")
    if lost.total:
        log.warning(
            "%d of %d training spans cannot be expressed: %s",
            lost.total,
            lost.spans,
            "; ".join(lost.examples),
        )
    batches = math.ceil(len(windows) / config.train.batch_size)
    if config.train.batch_tokens:
        batches = len(token_batches(windows, config))
    arguments = _arguments(config, out, batches=batches, has_dev=bool(dev), progress=progress)
    lengths = minimum_lengths(documents)  # dev is scored as the saved model will tag
    trainer = TaggingTrainer(
        model=model,
        args=arguments,
        train_dataset=windows,
        eval_dataset=dev or None,
        data_collator=Collator(encoder.pad_id, config.window.size + 2),
        config=config,
        encoder=encoder,
        mask_id=tokenizer.mask_token_id,
        minimum_lengths=lengths,
        callbacks=[ScoreLog()]
        + ([EarlyStoppingCallback(config.train.patience)] if dev and config.train.patience else []),
    )
    trainer.remove_callback(PrinterCallback)
    if progress:
        trainer.remove_callback(ProgressCallback)
        trainer.add_callback(LossBar())
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)

    folder = out / MODEL
    scores = trainer.evaluate() if dev else {}
    data = [{"file": path.name, "sha256": sha256_of_file(path)} for path in train_files]
    save_model(folder, model, tokenizer, config, data=data, scores=scores, minimum_lengths=lengths)
    metrics = {
        "dev": {key.removeprefix("eval_"): value for key, value in scores.items()},
        "train": {
            "documents": len(documents),
            "copies": len(copies),
            "windows": len(windows),
            "spans": lost.spans,
            "spans_lost": lost.total,
            "steps": trainer.state.global_step,
            "loss": trainer.last_loss(),
        },
        "history": [
            entry for entry in trainer.state.log_history if "loss" in entry or "eval_micro_f1" in entry
        ],
    }
    write_json(out / "metrics.json", metrics)
    files = [*train_files, *([dev_file] if dev_file else [])]
    seconds = round(time.monotonic() - started, 1)
    write_json(
        out / "manifest.json",
        run_manifest(config.model_dump(mode="json"), files, seconds=seconds, resumed=checkpoint is not None),
    )
    return TrainingResult(folder, metrics)


def make_windows(
    documents: Sequence[Document], encoder: PieceEncoder, config: Config, lost: Lost
) -> list[LabelledWindow]:
    """Cleans documents and cuts them into training windows; nothing is truncated."""
    tag_ids = {tag: number for number, tag in enumerate(bio_tags(config.labels))}
    options = CleanOptions(**config.clean.model_dump())
    texts = ((cleaned.text, cleaned.spans) for cleaned, _ in (clean_document(d, options) for d in documents))
    windows: list[LabelledWindow] = []
    for text, spans in packed(texts, length=16 * config.window.size) if config.train.pack else texts:
        windows += labelled_windows(
            text,
            spans,
            encoder,
            tag_ids,
            size=config.window.size,
            overlap=config.window.overlap,
            outside_weight=config.train.outside_weight,
            lost=lost,
        )
    return windows


def packed(
    texts: Iterable[tuple[str, Sequence[Span]]], *, length: int
) -> Iterator[tuple[str, Sequence[Span]]]:
    """Joins neighbouring texts, a line break between two, until a joint one has ``length`` characters or more.

    Args:
        texts: Texts with their spans.
        length: In characters; many windows long, so that the last window of each, which may be short, hardly counts.
    """
    parts: list[str] = []
    spans: list[Span] = []
    at = 0
    for text, own in texts:
        spans += [replace(span, start=span.start + at, end=span.end + at) for span in own]
        parts.append(text)
        at += len(text) + 1
        if at >= length:
            yield "\n".join(parts), spans
            parts, spans, at = [], [], 0
    if parts:
        yield "\n".join(parts), spans


def minimum_lengths(documents: Iterable[Document]) -> dict[str, int]:
    """Labels whose spans are hardly ever of a single character: of such a span a tagger has missed the rest.

    Args:
        documents: Training documents.

    Returns:
        2 by label, for labels with `ENOUGH_SPANS` or more of which fewer than `RARE` are of one character.
    """
    spans: Counter[str] = Counter()
    single: Counter[str] = Counter()
    for document in documents:
        spans.update(span.label for span in document.spans)
        single.update(span.label for span in document.spans if span.end - span.start == 1)
    return {
        label: 2
        for label, count in sorted(spans.items())
        if count >= ENOUGH_SPANS and single[label] < RARE * count
    }


def save_model(
    folder: Path,
    model: PreTrainedModel,
    tokenizer: Any,
    config: Config,
    *,
    data: Sequence[dict[str, Any]],
    scores: dict[str, Any],
    minimum_lengths: dict[str, int] | None = None,
) -> None:
    """Writes a model directory in one step: it is complete or not there."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(partial)
    tokenizer.save_pretrained(partial)
    description = ModelDescription(
        labels=config.labels,
        clean=CleanOptions(**config.clean.model_dump()),
        window=config.window,
        # A folder's path says nothing elsewhere; its name does.
        encoder=Path(config.encoder.name).name if Path(config.encoder.name).is_dir() else config.encoder.name,
        data=tuple(data),
        scores={key.removeprefix("eval_"): value for key, value in scores.items()},
        minimum_lengths=minimum_lengths or {},
    )
    write_description(partial, description)
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)


def _arguments(
    config: Config, out: Path, *, batches: int, has_dev: bool, progress: bool
) -> TrainingArguments:
    recipe = config.train
    device = pick_device(config.device)
    bf16 = recipe.precision == "bf16" or (recipe.precision == "auto" and has_fast_bf16(device))
    total = recipe.max_steps if recipe.max_steps > 0 else math.ceil(batches * recipe.epochs)
    interval = recipe.eval_every or batches
    return TrainingArguments(
        output_dir=str(out / CHECKPOINTS),
        per_device_train_batch_size=recipe.batch_size,
        num_train_epochs=recipe.epochs,
        max_steps=recipe.max_steps,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        warmup_steps=round(total * recipe.warmup_ratio),
        lr_scheduler_type="linear",
        bf16=bf16,
        use_cpu=device.type == "cpu",
        seed=config.seed,
        data_seed=config.seed,
        eval_strategy="steps" if has_dev else "no",
        eval_steps=interval,
        save_strategy="steps",
        save_steps=interval,
        save_total_limit=recipe.keep_checkpoints,
        load_best_model_at_end=has_dev,
        metric_for_best_model="micro_f1" if has_dev else None,
        greater_is_better=True if has_dev else None,
        logging_steps=max(1, min(50, total // 20)),
        remove_unused_columns=False,
        label_names=["labels"],
        report_to="none",
        disable_tqdm=not progress,
        dataloader_pin_memory=device.type == "cuda",
        restore_callback_states_from_checkpoint=True,
    )


def _read_all(path: Path) -> list[Document]:
    documents = list(read_documents(path))
    if not documents:
        raise UsageError(f"{path}: no documents in it")
    return documents


def _check_labels(documents: Sequence[Document], config: Config, files: Sequence[Path]) -> None:
    known = set(config.labels)
    for document in documents:
        for span in document.spans:
            if span.label not in known:
                raise UsageError(
                    f"{', '.join(map(str, files))}: document {document.id!r} has label {span.label!r}, which is not in "
                    f"labels {list(config.labels)}; add it with --set 'labels=[...]'"
                )


def _check_window(model: PreTrainedModel, config: Config) -> None:
    """Windows that the encoder has no positions for would fail in the middle of a run, or on some articles only."""
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions is None or getattr(model.config, "position_embedding_type", "absolute") != "absolute":
        return
    if model.config.model_type in ("roberta", "xlm-roberta", "camembert"):
        positions -= model.config.pad_token_id + 1  # these begin to count behind the padding id
    if config.window.size + 2 > positions:
        raise UsageError(
            f"window.size {config.window.size}: encoder {config.encoder.name} reads at most {positions - 2} pieces"
        )


def _last_checkpoint(folder: Path, resume: bool) -> Path | None:
    found = sorted(
        (path for path in folder.glob("checkpoint-*") if (path / "trainer_state.json").is_file()),
        key=lambda path: int(path.name.rpartition("-")[2]),
    )
    if resume:
        return found[-1] if found else None
    shutil.rmtree(folder, ignore_errors=True)
    return None
